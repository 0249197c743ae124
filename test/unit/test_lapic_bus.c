// SPDX-License-Identifier: BSD-2-Clause
/* Messages between emulated LAPICs: who gets what. */
#include "lapic_bus_rig.h"

static void physical(void **state)
{
	rig_start(CPUS);
	icr(0, 2, 0x4051);
	assert_int_equal(rig.kicks[2], 1);
	assert_int_equal(rig.kicks[1] + rig.kicks[3], 0);
	assert_int_equal(who(), 4);
	icr(1, 0xff, 0x4051);
	assert_int_equal(who(), 0xf);
	icr(1, 9, 0x4051);
	assert_int_equal(who(), 0);
	/* Disabled ones take no interrupts. */
	wr(&cpu[2], SVR, 0xff);
	icr(0, 0xff, 0x4051);
	assert_int_equal(who(), 0xb);
}

static void shorthands(void **state)
{
	rig_start(CPUS);
	icr(1, 0, 0x40051);
	assert_int_equal(who(), 2);
	icr(1, 0, 0x80051);
	assert_int_equal(who(), 0xf);
	icr(1, 0, 0xc0051);
	assert_int_equal(who(), 0xd);
	icr(1, 0, 0xc0400);
	assert_int_equal(who_signals(LAPIC_SIGNAL_NMI), 0xd);
	icr(1, 0, 0xc4500);
	assert_int_equal(who_signals(LAPIC_SIGNAL_INIT), 0xd);
	/* A CPU does not reset itself. */
	icr(1, 0, 0x84500);
	icr(1, 0, 0x44500);
	icr(1, 0, 0x44600);
	assert_int_equal(who_signals(0), 0xf);
}

static void flat_and_cluster(void **state)
{
	static const struct {
		u32 dfr, dest, want;
		// clang-format off
	} rows[] = {
		/* LDRs are 01h, 02h, 14h, 18h. */
		{ 0xffffffff, 0x01, 0x1 }, { 0xffffffff, 0x03, 0x3 }, { 0xffffffff, 0x10, 0xc },
		{ 0xffffffff, 0x0c, 0xc }, { 0xffffffff, 0xe0, 0x0 }, { 0xffffffff, 0xff, 0xf },
		{ 0x0fffffff, 0x01, 0x1 }, { 0x0fffffff, 0x0f, 0x3 }, { 0x0fffffff, 0x1c, 0xc },
		{ 0x0fffffff, 0x18, 0x8 }, { 0x0fffffff, 0x2f, 0x0 }, { 0x0fffffff, 0xff, 0xf },
		{ 0x5fffffff, 0x01, 0x0 },
	};
	// clang-format on
	static const u8 ldr[CPUS] = { 0x01, 0x02, 0x14, 0x18 };

	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		rig_start(CPUS);
		for (u32 c = 0; c < CPUS; c++) {
			wr(&cpu[c], DFR, rows[i].dfr);
			wr(&cpu[c], LDR, (u32)ldr[c] << 24);
		}
		icr(0, rows[i].dest, 0x4851);
		assert_int_equal(who(), rows[i].want);
	}
}

static void lowest_priority_takes_turns(void **state)
{
	const struct apic_msg msg = {
		.dest = 0xff, .logical = true, .delivery = APIC_LOWEST, .vector = 0x51
	};
	u32 got[CPUS] = { 0 };

	rig_start(CPUS);
	wr(&cpu[3], SVR, 0xff);
	for (u32 i = 0; i < 40; i++) {
		lapic_bus_send(&rig.bus, &msg);
		switch (who()) {
		case 1:
			got[0]++;
			break;
		case 2:
			got[1]++;
			break;
		case 4:
			got[2]++;
			break;
		default:
			fail_msg("not exactly one");
		}
	}
	assert_true(got[0] && got[1] && got[2]);
}

/* The one whose processor priority is lowest; what it is doing counts, and what it was told. */
static void lowest_priority_by_ppr(void **state)
{
	const struct apic_msg msg = {
		.dest = 0xff, .logical = true, .delivery = APIC_LOWEST, .vector = 0x51
	};

	rig_start(CPUS);
	for (u32 i = 0; i < CPUS; i++)
		wr(&cpu[i], TPR, 0x40);
	wr(&cpu[2], TPR, 0x3f);
	for (u32 i = 0; i < 10; i++) {
		lapic_bus_send(&rig.bus, &msg);
		assert_int_equal(who(), BIT(2));
	}
	/* In service at priority 5, it is the busiest. */
	lapic_bus_send(&rig.bus, &msg);
	lapic_accept(&cpu[2], 0x51);
	wr(&cpu[1], TPR, 0x30);
	for (u32 i = 0; i < 10; i++) {
		lapic_bus_send(&rig.bus, &msg);
		assert_int_equal(who(), BIT(1));
	}
	/* Disabled by software, it is not asked. */
	wr(&cpu[1], SVR, 0xff);
	wr(&cpu[3], TPR, 0x20);
	lapic_bus_send(&rig.bus, &msg);
	assert_int_equal(who(), BIT(3));
}

static void x2apic_destinations(void **state)
{
	rig_start(40);
	for (u32 i = 0; i < 39; i++) {
		to_x2apic(&cpu[i]);
		assert_true(lapic_msr_write(&cpu[i], 0x80f, 0x1ff));
	}
	/* Logical: cluster 2 (ids 32 to 47), members 1 and 3. */
	x2icr(0, 2 << 16 | 0xa, 0x851);
	for (u32 i = 0; i < 39; i++)
		assert_int_equal(lapic_pending(&cpu[i]), i == 33 || i == 35 ? 0x51 : -1);
	/* Physical; FFh is nobody, FFFF_FFFFh is everybody, the xAPIC among them too. */
	x2icr(0, 0xff, 0x60);
	x2icr(0, 0x100, 0x61);
	x2icr(0, 39, 0x62);
	assert_int_equal(lapic_pending(&cpu[39]), 0x62);
	assert_int_equal(lapic_pending(&cpu[0]), -1);
	/* An xAPIC has no clusters of 32 bits. */
	wr(&cpu[39], LDR, 1u << 24);
	x2icr(0, 1 << 16 | 1, 0x863);
	assert_int_equal(lapic_pending(&cpu[39]), 0x62);
	x2icr(0, 0xffffffff, 0x71);
	for (u32 i = 0; i < 40; i++)
		assert_int_equal(lapic_pending(&cpu[i]), 0x71);
	/* Self-IPI. */
	assert_true(lapic_msr_write(&cpu[1], 0x83f, 0x81));
	assert_int_equal(lapic_pending(&cpu[1]), 0x81);
	assert_int_equal(lapic_pending(&cpu[0]), 0x71);
	/* The ICR reads back what was written. */
	u64 val;
	x2icr(2, 0x12345678, 0x4051);
	assert_true(lapic_msr_read(&cpu[2], 0x830, &val));
	assert_true(val == 0x1234567800004051);
}

/* An IOAPIC's 8-bit destinations reach x2APICs as well. */
static void ioapic_to_x2apic(void **state)
{
	struct apic_msg msg = { .dest = 2, .vector = 0x51 };

	rig_start(CPUS);
	for (u32 i = 0; i < CPUS; i++) {
		to_x2apic(&cpu[i]);
		assert_true(lapic_msr_write(&cpu[i], 0x80f, 0x1ff));
	}
	lapic_bus_send(&rig.bus, &msg);
	assert_int_equal(lapic_pending(&cpu[2]), 0x51);
	msg = (struct apic_msg){ .dest = 0x8, .logical = true, .vector = 0x52 };
	lapic_bus_send(&rig.bus, &msg);
	assert_int_equal(lapic_pending(&cpu[3]), 0x52);
	msg = (struct apic_msg){ .dest = 0xff, .vector = 0x62 };
	lapic_bus_send(&rig.bus, &msg);
	for (u32 i = 0; i < CPUS; i++)
		assert_int_equal(lapic_pending(&cpu[i]), 0x62);
}

static void by_id_not_by_index(void **state)
{
	rig_start(0);
	for (u32 i = 0; i < CPUS; i++) {
		rig_add(i, 0x10 + (CPUS - i));
		wr(&cpu[i], SVR, 0x1ff);
	}
	icr(0, 0x12, 0x4051);
	assert_int_equal(who(), 4);
	icr(0, 2, 0x4051);
	assert_int_equal(who(), 0);
	/* An xAPIC knows 8 bits of its id. */
	rig_add(CPUS, 0x123);
	wr(&cpu[CPUS], SVR, 0x1ff);
	icr(0, 0x23, 0x4051);
	assert_int_equal(who(), 0x10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(physical),
		cmocka_unit_test(shorthands),
		cmocka_unit_test(flat_and_cluster),
		cmocka_unit_test(lowest_priority_takes_turns),
		cmocka_unit_test(lowest_priority_by_ppr),
		cmocka_unit_test(x2apic_destinations),
		cmocka_unit_test(ioapic_to_x2apic),
		cmocka_unit_test(by_id_not_by_index),
	};

	return cmocka_run_group_tests_name("lapic_bus", tests, NULL, NULL);
}

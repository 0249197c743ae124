// SPDX-License-Identifier: BSD-2-Clause
/* Messages between emulated LAPICs: INIT and start-up, what is dropped, from other threads, at random. */
#include "lapic_bus_rig.h"

static void startup_sequence(void **state)
{
	u8 sipi = 0;

	rig_power_on(2);
	/* SIPI before INIT is lost; the de-assert is nothing; of two SIPIs the newest counts. */
	icr(0, 1, 0x4611);
	icr(0, 1, 0xc500);
	icr(0, 1, 0x8500);
	assert_true(lapic_has_work(&cpu[1], false));
	assert_int_equal(lapic_take_signals(&cpu[1], &sipi), LAPIC_SIGNAL_INIT);
	icr(0, 1, 0xc500);
	icr(0, 1, 0x4698);
	icr(0, 1, 0x4699);
	assert_int_equal(lapic_take_signals(&cpu[1], &sipi), LAPIC_SIGNAL_INIT | LAPIC_SIGNAL_SIPI);
	assert_int_equal(sipi, 0x99);
	assert_false(lapic_has_work(&cpu[1], true));
	icr(0, 1, 0x8500);
	assert_int_equal(lapic_take_signals(&cpu[1], &sipi), 0);
}

static void signals_need_an_apic(void **state)
{
	rig_power_on(2);
	icr(0, 1, 0x4400);
	assert_int_equal(who_signals(LAPIC_SIGNAL_NMI), 2); /* software-disabled is enough */
	assert_true(lapic_msr_write(&cpu[1], MSR_APIC_BASE, LAPIC_BASE_DEFAULT));
	icr(0, 1, 0x4400);
	icr(0, 1, 0x4500);
	assert_int_equal(rig.kicks[1], 1);
	assert_int_equal(who_signals(0), 3);
}

static void unsupported_deliveries_are_dropped(void **state)
{
	static const u32 delivery[] = { 0x200, 0x300, 0x700 };

	rig_start(2);
	for (u32 i = 0; i < ARRAY_LEN(delivery); i++)
		icr(0, 1, 0x4051 | delivery[i]);
	assert_int_equal(rig.kicks[1], 0);
	assert_false(lapic_has_work(&cpu[1], true));
}

static void ipis_are_edges(void **state)
{
	rig_start(2);
	icr(0, 1, 0xc051);
	lapic_accept(&cpu[1], (u8)lapic_pending(&cpu[1]));
	wr(&cpu[1], EOI, 0);
	assert_int_equal(rig.eois, 0);
}

static void illegal_vector_reaches_the_receiver(void **state)
{
	rig_start(2);
	icr(0, 1, 0x4005);
	assert_int_equal(rig.kicks[1], 1);
	wr(&cpu[0], ESR, 0);
	wr(&cpu[1], ESR, 0);
	assert_int_equal(rd(&cpu[0], ESR), 0x20);
	assert_int_equal(rd(&cpu[1], ESR), 0x40);
}

#define ROUNDS 20000

static atomic_uint senders_running;

static void *sender(void *ctx)
{
	const u8 first = (u8)(uintptr_t)ctx;

	for (u32 i = 0; i < ROUNDS; i++)
		interrupt((u8)(first + i % 32), i & 1);
	atomic_fetch_sub(&senders_running, 1);
	return NULL;
}

/* Two pCPUs send while the owner takes: at the end nothing is left behind, and each vector came. */
static void posting_from_other_threads(void **state)
{
	pthread_t threads[2];
	u32 taken[256] = { 0 };

	rig_start(1);
	atomic_store(&senders_running, 2);
	assert_int_equal(pthread_create(&threads[0], NULL, sender, (void *)0x40), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, sender, (void *)0x50), 0);
	/* First the senders, then the work: what they posted last must be seen. */
	while (atomic_load(&senders_running) || lapic_has_work(&cpu[0], true)) {
		int v = lapic_pending(&cpu[0]);

		if (v < 0)
			continue;
		lapic_accept(&cpu[0], (u8)v);
		wr(&cpu[0], EOI, 0);
		taken[v]++;
	}
	for (u32 i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (u32 v = 0; v < 256; v++)
		assert_int_equal(!!taken[v], v >= 0x40 && v < 0x70);
}

/* Random accesses of all kinds: nothing breaks, the IRR never shows a reserved vector. */
static void random_traffic(void **state)
{
	u64 seed = 88172645463325252ull, val;

	rig_start(4);
	for (u32 i = 0; i < 200000; i++) {
		struct lapic *m = &rig.cpu[i % 4];
		u32 what;
		int v;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		what = (u32)(seed >> 40);
		switch (what % 8) {
		case 0:
			lapic_msr_write(m, MSR_X2APIC_FIRST + (what >> 8 & 0x3f), seed & 0xcffff);
			break;
		case 1:
			lapic_msr_write(m, what & 0x80 ? MSR_APIC_BASE : MSR_TSC_DEADLINE,
					seed & 0xfeefffff);
			break;
		case 2:
			fake_time_advance(seed & 0xffff);
			break;
		case 3:
			v = lapic_pending(m);
			if (v >= 0)
				lapic_accept(m, (u8)v);
			break;
		case 4:
			lapic_msr_read(m, MSR_X2APIC_FIRST + (what >> 8 & 0x3f), &val);
			break;
		default:
			lapic_mmio_write(m, (what >> 8 & 0x3f) * 16, 4, seed & 0xf00fffff);
			lapic_mmio_read(m, (what >> 8) & 0xfff, 4);
			break;
		}
		assert_true(lapic_pending(m) < 0 || lapic_pending(m) >= 16);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(startup_sequence),
		cmocka_unit_test(signals_need_an_apic),
		cmocka_unit_test(unsupported_deliveries_are_dropped),
		cmocka_unit_test(ipis_are_edges),
		cmocka_unit_test(illegal_vector_reaches_the_receiver),
		cmocka_unit_test(posting_from_other_threads),
		cmocka_unit_test(random_traffic),
	};

	return cmocka_run_group_tests_name("lapic_bus_signals", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
/* The KVM-compatible clock, read as Linux reads it. */
#include "vm_rig.h"

#include <lib/bits.h>
#include <vm/kvmclock.h>
#include <vm/msr.h>

#define AT 0x20000ull

/* Linux' arch/x86/include/asm/pvclock-abi.h. */
struct pvclock {
	u32 version;
	u32 pad0;
	u64 tsc_timestamp;
	u64 system_time;
	u32 mul;
	s8 shift;
	u8 flags;
	u8 pad[2];
};

static struct pvclock pvclock_at(gpa_t at)
{
	struct pvclock c;

	assert_int_equal(gmem_read(&vm->gmem, at, &c, sizeof(c)), OK);
	/* Even: complete. 0: never filled. */
	assert_true(c.version && !(c.version & 1));
	return c;
}

/* ns at the guest TSC `tsc` (Linux, __pvclock_read_cycles()). */
static u64 read_clock(const struct pvclock *c, u64 tsc)
{
	u64 delta = tsc - c->tsc_timestamp;

	if (c->shift < 0)
		delta >>= -c->shift;
	else
		delta <<= c->shift;
	return c->system_time + (u64)((unsigned __int128)delta * c->mul >> 32);
}

/* A VM on a host with this TSC. */
static void start_vm(u32 khz)
{
	rig_reset();
	fake_time_tsc_khz = khz;
	fake_time_advance(123456789);
	rig_vm(1);
}

static void expect_rate(u32 khz)
{
	u64 ticks = (u64)khz * 1000 * 1000; /* 1000 s */
	struct pvclock c;
	u64 ns;

	start_vm(khz);
	assert_true(msr_write(v, MSR_KVM_SYSTEM_TIME, AT | 1));
	c = pvclock_at(AT);
	ns = read_clock(&c, c.tsc_timestamp + ticks) - c.system_time;
	/* Less than 1 ppm. */
	if (ns < 999999000000 || ns > 1000001000000)
		fail_msg("%u kHz: 1000 s are %llu ns", khz, (unsigned long long)ns);
	rig_teardown(NULL);
}

static void rates(void **state)
{
	static const u32 odd[] = { 1,       2,       3,       999,     1000,      1001,
				   333333,  499999,  500000,  500001,  999999,    1000000,
				   1000001, 1193182, 1999999, 2000000, 2000001,   2894561,
				   3999999, 4000000, 4000001, 8000000, 100000000, ~0u };

	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		expect_rate(odd[i]);
	for (u32 khz = 100000; khz < 6000000; khz += 77777)
		expect_rate(khz);
}

/* Time since the VM started, not since the host booted; the structure is what it says. */
static void time_structure(void **state)
{
	struct pvclock c;
	u64 val;

	start_vm(2500000);
	fake_time_advance(5 * NS_PER_S);
	assert_true(msr_write(v, MSR_KVM_SYSTEM_TIME, AT | 1));
	c = pvclock_at(AT);
	assert_int_equal(c.flags, 1);
	assert_int_equal(c.system_time, 5 * NS_PER_S);
	assert_int_equal(c.tsc_timestamp, vcpu_tsc(v));
	fake_time_advance(NS_PER_S);
	assert_in_range(read_clock(&c, vcpu_tsc(v)), 6 * NS_PER_S - 10, 6 * NS_PER_S + 10);
	/* Both numbers of the register. */
	assert_true(msr_read(v, MSR_KVM_SYSTEM_TIME_OLD, &val) && val == (AT | 1));
	assert_true(msr_write(v, MSR_KVM_SYSTEM_TIME_OLD, 0x30000 | 1));
	assert_int_equal(pvclock_at(0x30000).system_time, 6 * NS_PER_S);
	/* Switched off: nothing is written. */
	assert_true(msr_write(v, MSR_KVM_SYSTEM_TIME, 0x40000));
	assert_int_equal(rig_get64(0x40000), 0);
}

/* The structure tells the guest's rate, and its TSC at that rate. */
static void scaled(void **state)
{
	struct pvclock c;

	start_vm(2500000);
	vm->tsc = tsc_rate(700000);
	vm->tsc_offset = v->tsc_offset = -tsc_from_host(&vm->tsc, time_to_tsc(vm->epoch));
	fake_time_advance(5 * NS_PER_S);
	assert_in_range(vcpu_tsc(v), 3499999990, 3500000010);
	assert_true(msr_write(v, MSR_KVM_SYSTEM_TIME, AT | 1));
	c = pvclock_at(AT);
	assert_int_equal(c.tsc_timestamp, vcpu_tsc(v));
	fake_time_advance(NS_PER_S);
	assert_in_range(read_clock(&c, vcpu_tsc(v)), 6 * NS_PER_S - 20, 6 * NS_PER_S + 20);
}

static void wall_clock(void **state)
{
	u32 info[4] = { 0 };
	u64 boot = time_wall() - time_now(); /* at 0 ns of the host's */

	start_vm(1000000);
	fake_time_advance(7 * NS_PER_S);
	assert_true(msr_write(v, MSR_KVM_WALL_CLOCK, AT));
	assert_int_equal(gmem_read(&vm->gmem, AT, info, 12), OK);
	assert_true(info[0] && !(info[0] & 1));
	/* The moment when the guest's clock was 0. */
	assert_int_equal(info[1] * NS_PER_S + info[2], boot + 123456789);
	assert_true(msr_write(v, MSR_KVM_WALL_CLOCK_OLD, AT + 0x100));
	assert_int_equal(rig_get64(AT + 0x100), rig_get64(AT));
}

/* #GP, and nothing is remembered. */
static void bad_addresses(void **state)
{
	static const u64 bad[] = { RIG_RAM, RIG_RAM - 4, RIG_RAM - 11, 1ull << 40, ~0ull - 1 };
	u64 val;

	start_vm(1000000);
	assert_true(msr_write(v, MSR_KVM_SYSTEM_TIME, AT | 1));
	assert_true(msr_write(v, MSR_KVM_WALL_CLOCK, AT + 64));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(msr_write(v, MSR_KVM_SYSTEM_TIME, bad[i] | 1));
		assert_false(msr_write(v, MSR_KVM_WALL_CLOCK, bad[i]));
		assert_true(msr_read(v, MSR_KVM_SYSTEM_TIME, &val) && val == (AT | 1));
		assert_true(msr_read(v, MSR_KVM_WALL_CLOCK, &val) && val == AT + 64);
	}
	/* The last bytes of RAM do. */
	assert_true(msr_write(v, MSR_KVM_SYSTEM_TIME, (RIG_RAM - 32) | 1));
	assert_true(msr_write(v, MSR_KVM_WALL_CLOCK, RIG_RAM - 12));
}

/* The guest moves its TSC: its clock goes on as if nothing had happened, and readers notice. */
static void tsc_moves(void **state)
{
	struct pvclock before, after;

	start_vm(3000000);
	assert_true(msr_write(v, MSR_KVM_SYSTEM_TIME, AT | 1));
	before = pvclock_at(AT);
	fake_time_advance(NS_PER_S);
	assert_true(msr_write(v, MSR_TSC, 42));
	after = pvclock_at(AT);
	assert_int_not_equal(after.version, before.version);
	assert_in_range(read_clock(&after, vcpu_tsc(v)), NS_PER_S - 10, NS_PER_S + 10);
	assert_true(msr_write(v, MSR_TSC_ADJUST, 0));
	fake_time_advance(NS_PER_S);
	after = pvclock_at(AT);
	assert_in_range(read_clock(&after, vcpu_tsc(v)), 2 * NS_PER_S - 10, 2 * NS_PER_S + 10);
	/* Not once it is switched off. */
	assert_true(msr_write(v, MSR_KVM_SYSTEM_TIME, 0));
	assert_true(msr_write(v, MSR_TSC, 0));
	assert_int_equal(pvclock_at(AT).version, after.version);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates),
		cmocka_unit_test_teardown(time_structure, rig_teardown),
		cmocka_unit_test_teardown(scaled, rig_teardown),
		cmocka_unit_test_teardown(wall_clock, rig_teardown),
		cmocka_unit_test_teardown(bad_addresses, rig_teardown),
		cmocka_unit_test_teardown(tsc_moves, rig_teardown),
	};

	return cmocka_run_group_tests_name("kvmclock", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
/* Steal time, read as Linux reads it. */
#include "vm_rig.h"

#include <lib/bits.h>
#include <vm/msr.h>
#include <vm/steal.h>

#define AT 0x20000ull

/* Linux' arch/x86/include/uapi/asm/kvm_para.h. */
struct steal {
	u64 steal;
	u32 version;
	u32 flags;
	u8 preempted;
	u8 pad[47];
};

static struct vcpu *v;

static int setup(void **state)
{
	rig_reset();
	rig_vm(1);
	v = vm->vcpu[0];
	v->mode = VCPU_RUNNING;
	return 0;
}

static struct steal read_steal(void)
{
	struct steal s;

	assert_int_equal(gmem_read(&vm->gmem, AT, &s, sizeof(s)), OK);
	assert_false(s.version & 1);
	return s;
}

static void wait_for(u64 ns)
{
	v->run.times.ns[RUN_STATE_READY] += ns;
}

static void test_enabling_tells_at_once(void **state)
{
	wait_for(700);
	assert_true(msr_write(v, MSR_KVM_STEAL_TIME, AT | 1));
	assert_int_equal(read_steal().steal, 700);
	assert_int_equal(read_steal().preempted, 0);
}

static void test_waiting_is_counted_when_it_runs_again(void **state)
{
	u32 version;

	assert_true(steal_set(v, AT | 1));
	version = read_steal().version;
	steal_preempted(v);
	assert_int_equal(read_steal().preempted, 1);
	wait_for(5000);
	steal_running(v);
	assert_int_equal(read_steal().steal, 5000);
	assert_int_equal(read_steal().preempted, 0);
	assert_int_not_equal(read_steal().version, version);
}

/* A guest that does not read it pays one compare. */
static void test_nothing_new_is_not_written(void **state)
{
	u32 version;

	assert_true(steal_set(v, AT | 1));
	version = read_steal().version;
	steal_running(v);
	assert_int_equal(read_steal().version, version);
}

static void test_bad_values_fault_and_change_nothing(void **state)
{
	u64 val;

	assert_true(msr_write(v, MSR_KVM_STEAL_TIME, AT | 1));
	assert_false(msr_write(v, MSR_KVM_STEAL_TIME, AT | 3));
	assert_false(msr_write(v, MSR_KVM_STEAL_TIME, 1ull << 45 | 1));
	assert_false(msr_write(v, MSR_KVM_STEAL_TIME, ~0ull));
	assert_true(msr_read(v, MSR_KVM_STEAL_TIME, &val));
	assert_int_equal(val, AT | 1);
}

static void test_disabled_is_silent(void **state)
{
	assert_true(steal_set(v, AT | 1));
	assert_true(steal_set(v, 0));
	wait_for(10);
	steal_running(v);
	steal_preempted(v);
	assert_int_equal(read_steal().steal, 0);
	assert_int_equal(read_steal().preempted, 0);
}

/* Its RAM may hold a fresh guest by now. */
static void test_a_parked_vcpu_writes_nothing(void **state)
{
	assert_true(steal_set(v, AT | 1));
	v->mode = VCPU_PARKED;
	wait_for(10);
	steal_running(v);
	steal_preempted(v);
	assert_int_equal(read_steal().steal, 0);
	assert_int_equal(read_steal().preempted, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_enabling_tells_at_once, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_waiting_is_counted_when_it_runs_again, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_nothing_new_is_not_written, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_bad_values_fault_and_change_nothing, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_disabled_is_silent, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_a_parked_vcpu_writes_nothing, setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

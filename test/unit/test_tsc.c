// SPDX-License-Identifier: BSD-2-Clause
/* A guest's TSC at a rate of its own. */
#include "vm_rig.h"

#include <lib/bits.h>
#include <vm/tsc.h>

#define HOST_KHZ 2000000u

static void start_vm(u32 khz)
{
	struct vm_recipe r = rig_recipe(1);

	rig_reset();
	fake_time_tsc_khz = HOST_KHZ;
	fake_virt_tsc_scaling = true;
	fake_time_advance(123456789);
	r.tsc_khz = khz;
	assert_int_equal(vm_create(&r, &vm), OK);
	v = vm->vcpu[0];
	fake_run_all(10);
}

static void end_vm(void)
{
	vm_end(vm, VM_STOP, "end of the test");
	fake_run_all(10);
}

/* Who wants nothing, or what there is, needs no scaling, and gets each tick of the host. */
static void plain(void **state)
{
	struct tsc_rate r;

	rig_reset();
	fake_time_tsc_khz = HOST_KHZ;
	for (u32 khz = 0; khz <= HOST_KHZ; khz += HOST_KHZ) {
		r = tsc_rate(khz);
		assert_int_equal(r.khz, HOST_KHZ);
		assert_true(r.ratio == TSC_RATIO_ONE);
		assert_true(tsc_from_host(&r, ~0ull) == ~0ull);
	}
}

static void refusals(void **state)
{
	rig_reset();
	fake_time_tsc_khz = HOST_KHZ;
	assert_string_equal(tsc_refusal(&fake_virt, 1000000), "the CPU cannot scale the TSC");
	fake_virt_tsc_scaling = true;
	assert_null(tsc_refusal(&fake_virt, 1000000));
	assert_null(tsc_refusal(&fake_virt, HOST_KHZ / 64));
	assert_null(tsc_refusal(&fake_virt, HOST_KHZ * 64));
	assert_non_null(tsc_refusal(&fake_virt, HOST_KHZ / 64 - 1));
	assert_non_null(tsc_refusal(&fake_virt, HOST_KHZ * 64 + 1));
	assert_non_null(tsc_refusal(&fake_virt, ~0u));
}

static const u32 rates[] = { HOST_KHZ / 64, 31251,   999999,    1000000,
			     1999999,       2000001, 123456789, HOST_KHZ * 64 };

/* Both vendors have the same: no bits that SVM cuts off. Then a day is exact to 3 ms. */
static void exact(void **state)
{
	rig_reset();
	fake_time_tsc_khz = HOST_KHZ;
	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		struct tsc_rate r = tsc_rate(rates[i]);
		u64 want = 86400000ull * rates[i], got;

		assert_int_equal(r.ratio & 0xffff, 0);
		assert_true(r.ratio >> TSC_RATIO_BITS < 256);
		got = tsc_from_host(&r, 86400000ull * HOST_KHZ);
		assert_true(got <= want);
		assert_true(want - got <= 3ull * rates[i]);
	}
}

/* There and back: never too early, and late by as little as a tick of either is. */
static void back(void **state)
{
	static const u64 ticks[] = { 0, 1, 2, 1000, 123456789, 1ull << 40, 1ull << 50 };

	rig_reset();
	fake_time_tsc_khz = HOST_KHZ;
	for (size_t i = 0; i < ARRAY_LEN(rates); i++)
		for (size_t k = 0; k < ARRAY_LEN(ticks); k++) {
			struct tsc_rate r = tsc_rate(rates[i]);
			u64 host = tsc_to_host(&r, ticks[k]);
			u64 tick = rates[i] / HOST_KHZ + 1;

			assert_true(tsc_from_host(&r, host) >= ticks[k]);
			assert_true(tsc_from_host(&r, host) - ticks[k] <= tick);
		}
	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		struct tsc_rate r = tsc_rate(rates[i]);

		if (r.ratio < TSC_RATIO_ONE)
			assert_true(tsc_to_host(&r, ~0ull) == ~0ull);
	}
}

/* It begins at 0 and counts at its rate, from the start and from what the guest writes. */
static void of_a_guest(void **state)
{
	static const u32 khz[] = { 0, 500000, 3000000 };

	for (size_t i = 0; i < ARRAY_LEN(khz); i++) {
		u64 rate = khz[i] ? khz[i] : HOST_KHZ, from, ticks;

		start_vm(khz[i]);
		assert_in_range(vcpu_tsc(v), 0, 1);
		from = vcpu_tsc(v);
		fake_time_advance(10 * NS_PER_S);
		ticks = vcpu_tsc(v) - from;
		assert_in_range(ticks, rate * 10000 - 20, rate * 10000 + 20);
		/* The CPU gets the same offset. */
		assert_true(v->hw->tsc_offset == v->tsc_offset);
		assert_true(tsc_from_host(&vm->tsc, time_to_tsc(time_now())) + v->tsc_offset ==
			    vcpu_tsc(v));
		end_vm();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain), cmocka_unit_test(refusals),   cmocka_unit_test(exact),
		cmocka_unit_test(back),  cmocka_unit_test(of_a_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

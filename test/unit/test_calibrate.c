// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <drivers/calibrate.h>

/* A machine whose time goes on with each access: 1 us for the reference, 50 ns for the TSC. */
static struct {
	double ns;
	double tsc_ghz;
	double ref_period_ns;
	u64 ref_start;
	u32 accesses;
	u32 smi_every;  /* so many accesses: 200 us are stolen; 0: never */
	u32 speed_up;   /* at this access the TSC doubles its speed; 0: never */
	double dead_at; /* ns at which the reference stops */
	double tsc_skew;
} m;

static void pass(double ns)
{
	m.ns += ns;
	m.accesses++;
	if (m.smi_every && m.accesses % m.smi_every == 0)
		m.ns += 200e3;
	if (m.speed_up && m.accesses == m.speed_up) {
		m.tsc_skew += m.ns * m.tsc_ghz;
		m.tsc_skew -= m.ns * m.tsc_ghz * 2;
		m.tsc_ghz *= 2;
	}
}

static u64 ref_read(void *ctx)
{
	pass(1000);
	return m.ref_start + (u64)((m.ns < m.dead_at ? m.ns : m.dead_at) / m.ref_period_ns);
}

static u64 tsc_read(void *ctx)
{
	pass(50);
	return (u64)(m.ns * m.tsc_ghz + m.tsc_skew);
}

static struct ref_counter machine(double tsc_ghz, double ref_mhz, u64 mask)
{
	m.ns = 0;
	m.tsc_ghz = tsc_ghz;
	m.ref_period_ns = 1000 / ref_mhz;
	m.ref_start = 0;
	m.accesses = m.smi_every = m.speed_up = 0;
	m.dead_at = 1e18;
	m.tsc_skew = 0;
	return (struct ref_counter){
	    .name = "fake", .read = ref_read, .mask = mask, .period_fs = (u64)(1e9 / ref_mhz)};
}

/* Within 50 parts in a million: a guest's clock is good if the host's is. */
static void assert_khz(u32 got, double want)
{
	double error = (got - want) / want;

	if (error > 50e-6 || error < -50e-6)
		fail_msg("%u kHz instead of %.0f", got, want);
}

static void test_every_source_at_every_speed(void **state)
{
	static const struct {
		double mhz;
		u64 mask;
	} refs[] = {
	    {14.31818, 0xFFFFFFFF}, {100, 0xFFFFFFFF},  {3.579545, 0xFFFFFF},
	    {3.579545, 0xFFFFFFFF}, {1.193182, 0xFFFF},
	};
	static const double ghz[] = {0.05, 0.8, 2.1, 3.7, 6};

	for (size_t r = 0; r < ARRAY_LEN(refs); r++) {
		for (size_t g = 0; g < ARRAY_LEN(ghz); g++) {
			struct ref_counter ref = machine(ghz[g], refs[r].mhz, refs[r].mask);
			u32 khz = 0;

			assert_int_equal(calibrate_khz(&ref, tsc_read, NULL, &khz), OK);
			assert_khz(khz, ghz[g] * 1e6);
			assert_true(m.ns < 20e6);
		}
	}
}

static void test_counter_may_wrap_meanwhile(void **state)
{
	struct ref_counter ref = machine(2, 3.579545, 0xFFFFFF);
	u32 khz = 0;

	m.ref_start = 0xFFFFFF - 1000;
	assert_int_equal(calibrate_khz(&ref, tsc_read, NULL, &khz), OK);
	assert_khz(khz, 2e6);
}

static void test_interruptions_below_us_do_not_count(void **state)
{
	for (u32 every = 7; every < 5000; every = every * 3 + 1) {
		struct ref_counter ref = machine(2, 14.31818, 0xFFFFFFFF);
		u32 khz = 0;

		m.smi_every = every;
		assert_int_equal(calibrate_khz(&ref, tsc_read, NULL, &khz), OK);
		assert_khz(khz, 2e6);
	}
}

static void test_dead_counter_is_told_and_ends(void **state)
{
	static const double dead_at[] = {0, 2e6, 6e6, 11e6};

	for (size_t i = 0; i < ARRAY_LEN(dead_at); i++) {
		struct ref_counter ref = machine(3, 14.31818, 0xFFFFFFFF);
		u32 khz = 0;

		m.dead_at = dead_at[i];
		assert_int_equal(calibrate_khz(&ref, tsc_read, NULL, &khz), E_IO);
		assert_true(m.ns < dead_at[i] + 50e6);
	}
}

static void test_changing_tsc_is_told_with_the_median(void **state)
{
	struct ref_counter ref = machine(2, 14.31818, 0xFFFFFFFF);
	u32 khz = 0;

	m.speed_up = 19000; /* in the third run */
	assert_int_equal(calibrate_khz(&ref, tsc_read, NULL, &khz), E_BUSY);
	assert_khz(khz, 2e6);
}

static void test_impossible_speed_is_refused(void **state)
{
	struct ref_counter ref = machine(0.0005, 14.31818, 0xFFFFFFFF);
	u32 khz = 0;

	assert_int_equal(calibrate_khz(&ref, tsc_read, NULL, &khz), E_RANGE);
	ref = machine(30, 14.31818, 0xFFFFFFFF);
	assert_int_equal(calibrate_khz(&ref, tsc_read, NULL, &khz), E_RANGE);
}

static void test_waits_at_least_as_long_as_asked(void **state)
{
	static const u64 waits[] = {0, 1, 10000, 10 * NS_PER_MS, 200 * NS_PER_MS, 2500 * NS_PER_MS};

	for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
		struct ref_counter ref = machine(2, 1.193182, 0xFFFF);

		assert_int_equal(calibrate_wait(&ref, tsc_read, NULL, waits[i]), OK);
		assert_true(m.ns >= waits[i] && m.ns < waits[i] + 10e3 + waits[i] * 1e-5);
	}
	struct ref_counter ref = machine(2, 1.193182, 0xFFFF);

	m.dead_at = 0;
	assert_int_equal(calibrate_wait(&ref, tsc_read, NULL, 1), E_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_source_at_every_speed),
	    cmocka_unit_test(test_counter_may_wrap_meanwhile),
	    cmocka_unit_test(test_interruptions_below_us_do_not_count),
	    cmocka_unit_test(test_dead_counter_is_told_and_ends),
	    cmocka_unit_test(test_changing_tsc_is_told_with_the_median),
	    cmocka_unit_test(test_impossible_speed_is_refused),
	    cmocka_unit_test(test_waits_at_least_as_long_as_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

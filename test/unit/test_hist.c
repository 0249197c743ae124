// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <lib/hist.h>

static void test_empty(void **state)
{
	struct hist h = { 0 };

	assert_int_equal(hist_permille(&h, 500), 0);
}

static void test_small_values_are_exact(void **state)
{
	struct hist h = { 0 };

	for (u64 v = 0; v < 8; v++)
		hist_add(&h, v);
	assert_int_equal(hist_permille(&h, 125), 0);
	assert_int_equal(hist_permille(&h, 500), 3);
	assert_int_equal(hist_permille(&h, 990), 7);
	assert_int_equal(h.total, 8);
}

/* Never too low, and at most a quarter too high. */
static void test_large_values_are_close(void **state)
{
	for (u64 v = 4; v < 1u << 25; v += v / 7 + 1) {
		struct hist h = { 0 };
		u64 got;

		hist_add(&h, v);
		hist_add(&h, 1u << 25);
		got = hist_permille(&h, 500);
		assert_true(got >= v && got <= v + v / 4);
	}
}

static void test_nothing_is_beyond_the_maximum(void **state)
{
	struct hist h = { 0 };

	hist_add(&h, 1000);
	hist_add(&h, ~0ull);
	assert_int_equal(hist_permille(&h, 500), 1000 | 127);
	assert_int_equal(hist_permille(&h, 1000), ~0ull);
	assert_int_equal(h.max, ~0ull);
}

static void test_a_percentile_in_a_crowd(void **state)
{
	struct hist h = { 0 };

	for (int i = 0; i < 990; i++)
		hist_add(&h, 2);
	for (int i = 0; i < 10; i++)
		hist_add(&h, 3000);
	assert_int_equal(hist_permille(&h, 500), 2);
	assert_int_equal(hist_permille(&h, 990), 2);
	assert_int_equal(hist_permille(&h, 991), 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_small_values_are_exact),
		cmocka_unit_test(test_large_values_are_close),
		cmocka_unit_test(test_nothing_is_beyond_the_maximum),
		cmocka_unit_test(test_a_percentile_in_a_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <vm/tag.h>

static struct tag fresh(void)
{
	return (struct tag){ 0 };
}

static void test_first_is_new_and_never_zero(void **state)
{
	struct tag_pool p = tag_pool(8, 0);
	struct tag t = fresh();

	assert_true(tag_take(&p, &t));
	assert_int_equal(t.number, TAG_FIRST);
	assert_int_equal(t.pcpu, 0);
}

static void test_stays_while_nothing_happens(void **state)
{
	struct tag_pool p = tag_pool(8, 0);
	struct tag a = fresh(), b = fresh();

	tag_take(&p, &a);
	tag_take(&p, &b);
	assert_false(tag_take(&p, &a));
	assert_false(tag_take(&p, &b));
	assert_int_not_equal(a.number, b.number);
}

/* Whoever comes back has left translations behind that others may have made stale. */
static void test_new_after_a_stay_elsewhere(void **state)
{
	struct tag_pool p = tag_pool(8, 0), q = tag_pool(8, 1);
	struct tag t = fresh();

	tag_take(&p, &t);
	assert_true(tag_take(&q, &t));
	assert_true(tag_take(&p, &t));
}

/* No number is in use twice at a time, however many vCPUs share the pCPU. */
static void test_all_start_anew_when_numbers_run_out(void **state)
{
	struct tag_pool p = tag_pool(4, 0); /* numbers 1, 2, 3 */
	struct tag t[5];

	for (unsigned i = 0; i < 5; i++) {
		t[i] = fresh();
		assert_true(tag_take(&p, &t[i]));
		assert_in_range(t[i].number, 1, 3);
	}
	assert_int_equal(t[3].number, 1);
	assert_int_equal(t[4].number, 2);
	/* The first three lost theirs, the last two keep them. */
	assert_false(tag_take(&p, &t[3]));
	assert_false(tag_take(&p, &t[4]));
	assert_true(tag_take(&p, &t[0]));
	assert_int_equal(t[0].number, 3);
	assert_true(tag_take(&p, &t[1]));
	assert_true(tag_take(&p, &t[3]));
}

/* A CPU may offer a single number. */
static void test_one_number(void **state)
{
	struct tag_pool p = tag_pool(2, 0);
	struct tag a = fresh(), b = fresh();

	for (unsigned i = 0; i < 10; i++) {
		assert_true(tag_take(&p, &a));
		assert_true(tag_take(&p, &b));
		assert_int_equal(a.number, 1);
		assert_int_equal(b.number, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_first_is_new_and_never_zero),
	    cmocka_unit_test(test_stays_while_nothing_happens),
	    cmocka_unit_test(test_new_after_a_stay_elsewhere),
	    cmocka_unit_test(test_all_start_anew_when_numbers_run_out),
	    cmocka_unit_test(test_one_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

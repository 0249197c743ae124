// SPDX-License-Identifier: BSD-2-Clause
/* lib/ring.h. */
#include "unit.h"

#include <lib/ring.h>

#include <stdlib.h>

static struct ring r;
static u8 *store;

static int setup(void **state)
{
	store = malloc(8);
	ring_init(&r, store, 8);
	return 0;
}

static int teardown(void **state)
{
	free(store);
	return 0;
}

static void first_in_first_out(void **state)
{
	assert_int_equal(ring_get(&r), -1);
	assert_int_equal(ring_free(&r), 8);
	for (u8 i = 0; i < 8; i++)
		assert_true(ring_put(&r, (u8)(0xf8 + i)));
	assert_int_equal(ring_used(&r), 8);
	assert_false(ring_put(&r, 1));
	/* FFh is a byte like any other. */
	for (int i = 0; i < 8; i++)
		assert_int_equal(ring_get(&r), 0xf8 + i);
	assert_int_equal(ring_get(&r), -1);
}

static void push_forgets_the_oldest(void **state)
{
	for (u8 i = 0; i < 11; i++)
		ring_push(&r, i);
	assert_int_equal(ring_used(&r), 8);
	assert_int_equal(ring_get(&r), 3);
	ring_push(&r, 11);
	for (int i = 4; i <= 11; i++)
		assert_int_equal(ring_get(&r), i);
	assert_int_equal(ring_get(&r), -1);
}

/* The counters run over after 4 GiB. */
static void counters_wrap(void **state)
{
	r.head = r.tail = 0xfffffffc;
	for (u8 i = 0; i < 8; i++)
		assert_true(ring_put(&r, i));
	assert_int_equal(r.head, 4);
	assert_int_equal(ring_used(&r), 8);
	assert_false(ring_put(&r, 9));
	ring_push(&r, 9);
	for (int i = 1; i < 8; i++)
		assert_int_equal(ring_get(&r), i);
	assert_int_equal(ring_get(&r), 9);
	assert_int_equal(ring_get(&r), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_in_first_out, setup, teardown),
		cmocka_unit_test_setup_teardown(push_forgets_the_oldest, setup, teardown),
		cmocka_unit_test_setup_teardown(counters_wrap, setup, teardown),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}

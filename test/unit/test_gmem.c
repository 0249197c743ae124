// SPDX-License-Identifier: BSD-2-Clause
/* vm/gmem.c: no byte that is not the guest's. */
#include "unit.h"

#include <vm/gmem.h>

#include <stdlib.h>
#include <string.h>

/* Two regions with a hole between; the memory is exactly as large, so that ASan sees more. */
#define LOW  (4 * PAGE_SIZE)
#define HIGH (8 * PAGE_SIZE)
#define END  (10 * PAGE_SIZE)

static struct gmem g;

static int setup(void **state)
{
	g = (struct gmem){ .ram = { { 0, LOW }, { HIGH, END - HIGH } }, .count = 2 };
	g.window = malloc(END);
	memset(g.window, 0xcc, END);
	return 0;
}

static int teardown(void **state)
{
	free(g.window);
	return 0;
}

static void ranges(void **state)
{
	static const struct {
		u64 gpa, len;
		bool ram;
	} rows[] = {
		{ 0, 1, true },
		{ 0, LOW, true },
		{ 0, LOW + 1, false },
		{ LOW - 1, 1, true },
		{ LOW - 1, 2, false },
		{ LOW, 1, false },
		{ HIGH - 1, 1, false },
		{ HIGH - 1, 2, false },
		{ HIGH, END - HIGH, true },
		{ END - 1, 1, true },
		{ END - 1, 2, false },
		{ END, 1, false },
		/* Over the hole: both ends are RAM. */
		{ LOW - 1, HIGH - LOW + 2, false },
		/* Nothing, at places that are RAM or right behind it. */
		{ 0, 0, true },
		{ END, 0, true },
		{ END + 1, 0, false },
		/* gpa + len wraps. */
		{ 1, ~0ull, false },
		{ ~0ull, 1, false },
		{ ~0ull, 2, false },
		{ HIGH, ~0ull - HIGH + 1, false },
		{ ~0ull, ~0ull, false },
	};
	u8 *buf = calloc(1, END);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		void *p = gmem_ptr(&g, rows[i].gpa, rows[i].len);

		assert_ptr_equal(p, rows[i].ram ? g.window + rows[i].gpa : NULL);
		if (rows[i].ram)
			continue;
		assert_int_equal(gmem_read(&g, rows[i].gpa, buf, rows[i].len), E_RANGE);
		assert_int_equal(gmem_write(&g, rows[i].gpa, buf, rows[i].len), E_RANGE);
		assert_int_equal(gmem_zero(&g, rows[i].gpa, rows[i].len), E_RANGE);
	}
	/* What failed changed nothing. */
	assert_int_equal(buf[0], 0);
	for (u64 i = 0; i < END; i++)
		assert_int_equal(g.window[i], 0xcc);
	free(buf);
}

static void copies(void **state)
{
	u8 buf[4] = { 0 };

	assert_int_equal(gmem_write(&g, LOW - 4, "abcd", 4), OK);
	assert_memory_equal(g.window + LOW - 5,
			    "\xcc"
			    "abcd"
			    "\xcc",
			    6);
	assert_int_equal(gmem_read(&g, LOW - 3, buf, 3), OK);
	assert_memory_equal(buf, "bcd\0", 4);
	assert_int_equal(gmem_zero(&g, HIGH, END - HIGH), OK);
	assert_int_equal(g.window[HIGH - 1], 0xcc);
	for (u64 i = HIGH; i < END; i++)
		assert_int_equal(g.window[i], 0);
	assert_int_equal(gmem_size(&g), 6 * PAGE_SIZE);
}

static void no_ram(void **state)
{
	struct gmem none = { .window = g.window };

	assert_null(gmem_ptr(&none, 0, 0));
	assert_null(gmem_ptr(&none, 0, 1));
	assert_int_equal(gmem_size(&none), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(copies, setup, teardown),
		cmocka_unit_test_setup_teardown(no_ram, setup, teardown),
	};

	return cmocka_run_group_tests_name("gmem", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
/* lib/range.h and lib/bits.h: up to the last byte of the address space. */
#include "unit.h"

#include <lib/bits.h>
#include <lib/range.h>

#define TOP (~0ull) /* the last byte */

static void inside(void **state)
{
	static const struct {
		u64 addr, len, base, size;
		bool in;
	} rows[] = {
		{ 0x1000, 0x1000, 0x1000, 0x1000, true },
		{ 0x1fff, 1, 0x1000, 0x1000, true },
		{ 0x1fff, 2, 0x1000, 0x1000, false },
		{ 0x0fff, 1, 0x1000, 0x1000, false },
		{ 0x0fff, 2, 0x1000, 0x1000, false },
		/* Empty ones: anywhere in it, and right behind it. */
		{ 0x1000, 0, 0x1000, 0x1000, true },
		{ 0x2000, 0, 0x1000, 0x1000, true },
		{ 0x2001, 0, 0x1000, 0x1000, false },
		{ 0x1000, 1, 0x1000, 0, false },
		/* addr + len wraps. */
		{ 0x1800, TOP, 0x1000, 0x1000, false },
		{ TOP, 1, TOP, 1, true },
		{ TOP, 2, TOP, 1, false },
		{ TOP - 1, 2, TOP - 1, 2, true },
		{ TOP, 1, 0, TOP, false },
		{ 0, 1, TOP, 1, false },
		{ 0, TOP, 0, TOP, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(
		    range_inside(rows[i].addr, rows[i].len, rows[i].base, rows[i].size),
		    rows[i].in);
}

static void overlap(void **state)
{
	static const struct {
		u64 a, alen, b, blen;
		bool yes;
	} rows[] = {
		{ 0, 10, 9, 1, true },        { 0, 10, 10, 1, false },
		{ 5, 1, 0, 10, true },        { 0, 0, 0, 10, false },
		{ 3, 0, 0, 10, false },       { TOP, 1, TOP, 1, true },
		{ TOP, 1, 0, TOP, false },    { TOP - 1, 2, 0, 1, false },
		{ 0, TOP, TOP - 1, 2, true }, { 0, TOP, TOP, 1, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(range_overlap(rows[i].a, rows[i].alen, rows[i].b, rows[i].blen),
				 rows[i].yes);
		assert_int_equal(range_overlap(rows[i].b, rows[i].blen, rows[i].a, rows[i].alen),
				 rows[i].yes);
	}
}

/* All small ranges, against the definition. */
static void small_ranges(void **state)
{
	for (u64 a = 0; a < 6; a++)
		for (u64 alen = 0; alen < 6; alen++)
			for (u64 b = 0; b < 6; b++)
				for (u64 blen = 0; blen < 6; blen++) {
					bool share = alen && blen && a < b + blen && b < a + alen;
					bool in = a >= b && a + alen <= b + blen;

					assert_int_equal(range_overlap(a, alen, b, blen), share);
					assert_int_equal(range_inside(a, alen, b, blen), in);
				}
}

static void fields(void **state)
{
	assert_int_equal(BITS(63, 0), TOP);
	assert_int_equal(BITS(11, 4), 0xff0);
	assert_int_equal(BITS(63, 63), BIT(63));
	assert_int_equal(FIELD_GET(BITS(11, 4), 0xabcde), 0xcd);
	assert_int_equal(FIELD_PUT(BITS(11, 4), 0x5cd), 0xcd0);
	assert_int_equal(FIELD_PUT(BITS(63, 32), TOP), 0xffffffff00000000ull);
	for (unsigned bytes = 0; bytes <= 8; bytes++)
		assert_int_equal(width_mask(bytes), bytes ? BITS(8 * bytes - 1, 0) : 0);
	assert_int_equal(sign_extend(0x80, 8), 0xffffffffffffff80ull);
	assert_int_equal(sign_extend(0x17f, 8), 0x7f);
	assert_int_equal(sign_extend(TOP, 64), TOP);
	assert_int_equal(sign_extend(1, 1), TOP);
}

static void alignment(void **state)
{
	assert_int_equal(align_down(0x1fff, 0x1000), 0x1000);
	assert_int_equal(align_up(0x1001, 0x1000), 0x2000);
	assert_int_equal(align_up(0x1000, 0x1000), 0x1000);
	assert_int_equal(align_up(TOP, 0x1000), 0);
	assert_true(is_aligned(0, GIB) && is_aligned(4096, 4096) && !is_aligned(4097, 2));
	assert_int_equal(min_u64(1, TOP), 1);
	assert_int_equal(max_u64(1, TOP), TOP);
}

/* The product has 128 bits. */
static void multiplication(void **state)
{
	assert_int_equal(mul_div(7, 3, 2), 10);
	assert_int_equal(mul_div(TOP, TOP, TOP), TOP);
	assert_int_equal(mul_div(TOP, 1000, 1000), TOP);
	assert_int_equal(mul_div(0, TOP, 1), 0);
	/* 100 years of a 5 GHz TSC, in ns. */
	assert_int_equal(mul_div(15768000000000000000ull, 1000000, 5000000),
			 3153600000000000000ull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inside),       cmocka_unit_test(overlap),
		cmocka_unit_test(small_ranges), cmocka_unit_test(fields),
		cmocka_unit_test(alignment),    cmocka_unit_test(multiplication),
	};

	return cmocka_run_group_tests_name("range", tests, NULL, NULL);
}

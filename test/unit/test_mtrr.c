// SPDX-License-Identifier: BSD-2-Clause
/* Which RAM is write-back, as Intel SDM vol. 3, "MTRR Precedences" has it. */
#include "unit.h"

#include <core/mtrr.h>
#include <lib/bits.h>

#define UC 0
#define WT 4
#define WB 6
#define VALID BIT(11)

static u64 mask(u64 len)
{
	return (~(len - 1) & BITS(39, 12)) | VALID;
}

static void expect(const struct mtrrs *m, hpa_t at, u64 len, bool write_back, u64 same)
{
	assert_int_equal(mtrrs_write_back(m, at, &len), write_back);
	assert_int_equal(len, same);
}

static void test_none_or_off(void **state)
{
	struct mtrrs m = { .on = false, .otherwise = UC };

	mtrrs_add(&m, 0 | UC, mask(4 * GIB));
	expect(&m, GIB, 5 * GIB, true, 5 * GIB);
}

/* As most firmware does it: all is write-back but the hole for devices. */
static void test_a_hole(void **state)
{
	struct mtrrs m = { .on = true, .otherwise = WB };

	mtrrs_add(&m, 3 * GIB | UC, mask(GIB));
	expect(&m, MIB, 8 * GIB, true, 3 * GIB - MIB);
	expect(&m, 3 * GIB + MIB, 8 * GIB, false, GIB - MIB);
	expect(&m, 4 * GIB, 8 * GIB, true, 8 * GIB);
}

/* Or the other way round. */
static void test_only_what_is_covered(void **state)
{
	struct mtrrs m = { .on = true, .otherwise = UC };

	mtrrs_add(&m, 0 | WB, mask(2 * GIB));
	mtrrs_add(&m, 2 * GIB | WB, mask(GIB));
	expect(&m, MIB, 4 * GIB, true, 2 * GIB - MIB);
	expect(&m, 2 * GIB, 4 * GIB, true, GIB);
	expect(&m, 3 * GIB, GIB, false, GIB);
}

static void test_overlaps(void **state)
{
	struct mtrrs m = { .on = true, .otherwise = UC };

	mtrrs_add(&m, 0 | WB, mask(4 * GIB));
	mtrrs_add(&m, 2 * MIB | WT, mask(2 * MIB));
	expect(&m, 0, GIB, true, 2 * MIB);
	expect(&m, 2 * MIB, GIB, false, 2 * MIB);
	expect(&m, 4 * MIB, GIB, true, GIB);
}

static void test_what_is_not_valid(void **state)
{
	struct mtrrs m = { .on = true, .otherwise = WB };

	mtrrs_add(&m, 0 | UC, mask(4 * GIB) & ~VALID);
	mtrrs_add(&m, 0 | UC, VALID);
	assert_int_equal(m.count, 0);
	for (u32 i = 0; i < MTRR_RANGES + 8; i++)
		mtrrs_add(&m, i * GIB | WB, mask(GIB));
	assert_int_equal(m.count, MTRR_RANGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none_or_off),
		cmocka_unit_test(test_a_hole),
		cmocka_unit_test(test_only_what_is_covered),
		cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_what_is_not_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <lib/parse.h>
#include <lib/string.h>

#define RAW(text) ((struct slice){text, sizeof(text) - 1})

static void words_and_cuts(void **state)
{
	struct slice rest = RAW("  one\ttwo  "), list = RAW("a,,b");

	assert_true(slice_equal(slice_word(&rest), "one"));
	assert_true(slice_equal(slice_word(&rest), "two"));
	assert_true(slice_equal(slice_word(&rest), ""));
	assert_true(slice_equal(slice_word(&rest), ""));
	assert_true(slice_equal(slice_cut(&list, ','), "a"));
	assert_true(slice_equal(slice_cut(&list, ','), ""));
	assert_true(slice_equal(slice_cut(&list, ','), "b"));
	assert_int_equal(list.len, 0);
	assert_true(slice_equal(slice_trim(RAW(" \t x y \t")), "x y"));
	assert_true(slice_equal(slice_trim(RAW(" \t ")), ""));
	assert_false(slice_equal(RAW("a\0b"), "a"));
}

static void copies_all_or_nothing(void **state)
{
	char buf[4] = "zzz";

	assert_true(slice_copy(buf, sizeof(buf), RAW("abc")));
	assert_string_equal(buf, "abc");
	assert_false(slice_copy(buf, sizeof(buf), RAW("abcd")));
	assert_string_equal(buf, "");
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		enum status st;
		u64 val;
	} rows[] = {
	    {"0", OK, 0},
	    {"007", OK, 7},
	    {"18446744073709551615", OK, ~0ull},
	    {"18446744073709551616", E_RANGE, 0},
	    {"99999999999999999999999", E_RANGE, 0},
	    {"0x3F8", OK, 0x3f8},
	    {"0XffffFFFFffffFFFF", OK, ~0ull},
	    {"0x10000000000000000", E_RANGE, 0},
	    {"0x", E_FORMAT, 0},
	    {"x1", E_FORMAT, 0},
	    {"1a", E_FORMAT, 0},
	    {"0xg", E_FORMAT, 0},
	    {"", E_FORMAT, 0},
	    {"-1", E_FORMAT, 0},
	    {"+1", E_FORMAT, 0},
	    {"1 ", E_FORMAT, 0},
	    {"1/", E_FORMAT, 0},
	    {"1:", E_FORMAT, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		u64 val = 4711;

		assert_int_equal(slice_u64(slice_of(rows[i].text), &val), rows[i].st);
		assert_int_equal(val, rows[i].st ? 4711 : rows[i].val);
	}
}

static void quantities(void **state)
{
	static const struct unit units[] = {{"", 1}, {"k", KIB}, {"us", 1000}, {}};
	u64 val = 4711;

	assert_int_equal(slice_quantity(RAW("12"), units, &val), OK);
	assert_int_equal(val, 12);
	assert_int_equal(slice_quantity(RAW("2K"), units, &val), OK);
	assert_int_equal(val, 2048);
	assert_int_equal(slice_quantity(RAW("3us"), units, &val), OK);
	assert_int_equal(val, 3000);
	assert_int_equal(slice_quantity(RAW("18014398509481984k"), units, &val), E_RANGE);
	assert_int_equal(slice_quantity(RAW("3 us"), units, &val), E_FORMAT);
	assert_int_equal(slice_quantity(RAW("3kk"), units, &val), E_FORMAT);
	assert_int_equal(slice_quantity(RAW("3k\0"), units, &val), E_FORMAT);
	assert_int_equal(slice_quantity(RAW("3kilobytes"), units, &val), E_FORMAT);
	assert_int_equal(slice_quantity(RAW("k"), units, &val), E_FORMAT);
	assert_int_equal(val, 3000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_and_cuts),
	    cmocka_unit_test(copies_all_or_nothing),
	    cmocka_unit_test(numbers),
	    cmocka_unit_test(quantities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <drivers/cmos.h>
#include <time.h>

#define BCD_24 0x02
#define BCD_12 0x00
#define BIN_24 0x06
#define BIN_12 0x04

static void test_all_spellings_of_a_date(void **state)
{
	static const struct {
		struct cmos_time t; /* second minute hour day month year century status_b */
		u64 seconds;
	} rows[] = {
	    {{0x05, 0x04, 0x03, 0x02, 0x01, 0x26, 0x20, BCD_24}, 1767323045},
	    {{0x05, 0x04, 0x03, 0x02, 0x01, 0x26, 0, BCD_24}, 1767323045},
	    {{5, 4, 3, 2, 1, 26, 20, BIN_24}, 1767323045},
	    {{5, 4, 3, 2, 1, 26, 0, BIN_12}, 1767323045},
	    {{0x05, 0x04, 0x83, 0x02, 0x01, 0x26, 0x20, BCD_12}, 1767323045 + 12 * 3600},
	    {{0x05, 0x04, 0x12, 0x02, 0x01, 0x26, 0x20, BCD_12}, 1767323045 - 3 * 3600}, /* 12 am */
	    {{0x05, 0x04, 0x92, 0x02, 0x01, 0x26, 0x20, BCD_12}, 1767323045 + 9 * 3600}, /* 12 pm */
	    {{0x00, 0x00, 0x00, 0x29, 0x02, 0x24, 0x20, BCD_24}, 1709164800},
	    {{0x59, 0x59, 0x23, 0x31, 0x12, 0x99, 0, BCD_24}, 946684799},
	    {{0x59, 0x59, 0x23, 0x31, 0x12, 0x99, 0xFF, BCD_24}, 946684799},
	    {{0x00, 0x00, 0x00, 0x01, 0x03, 0x00, 0x20, BCD_24}, 951868800},
	    {{0x00, 0x00, 0x00, 0x01, 0x03, 0x00, 0x21, BCD_24}, 4107542400},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(cmos_decode(&rows[i].t), rows[i].seconds * NS_PER_S);
}

static void test_every_day_of_two_centuries(void **state)
{
	u64 seconds = 0;

	for (int y = 1970; y < 2170; y++)
		for (int mon = 1; mon <= 12; mon++)
			for (int d = 1; d <= 31; d++) {
				struct cmos_time t = {
				    0, 0, 0, (u8)d, (u8)mon, (u8)(y % 100), (u8)(y / 100), BIN_24};
				struct tm tm = {
				    .tm_year = y - 1900, .tm_mon = mon - 1, .tm_mday = d};

				seconds = (u64)timegm(&tm);
				if (tm.tm_mday != d)
					assert_int_equal(cmos_decode(&t), 0);
				else
					assert_int_equal(cmos_decode(&t), seconds * NS_PER_S);
			}
}

static void test_nonsense_is_no_date(void **state)
{
	static const struct cmos_time rows[] = {
	    {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, /* nobody at the ports */
	    {0},
	    {0x60, 0, 0, 1, 1, 0x26, 0x20, BCD_24},
	    {0, 0x60, 0, 1, 1, 0x26, 0x20, BCD_24},
	    {0, 0, 0x24, 1, 1, 0x26, 0x20, BCD_24},
	    {0, 0, 0x13, 1, 1, 0x26, 0x20, BCD_12},
	    {0, 0, 0x00, 1, 1, 0x26, 0x20, BCD_12},
	    {0, 0, 0, 0, 1, 0x26, 0x20, BCD_24},
	    {0, 0, 0, 1, 0, 0x26, 0x20, BCD_24},
	    {0, 0, 0, 1, 0x13, 0x26, 0x20, BCD_24},
	    {0, 0, 0, 0x29, 2, 0x25, 0x20, BCD_24},
	    {0x0A, 0, 0, 1, 1, 0x26, 0x20, BCD_24},
	    {0, 0, 0, 1, 1, 0xA6, 0x20, BCD_24},
	    {0, 0, 0, 1, 1, 0x60, 0x19, BCD_24}, /* before 1970 */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(cmos_decode(&rows[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_spellings_of_a_date),
	    cmocka_unit_test(test_every_day_of_two_centuries),
	    cmocka_unit_test(test_nonsense_is_no_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

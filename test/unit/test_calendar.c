// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <devices/calendar.h>

static void known_dates(void **state)
{
	static const struct {
		s64 seconds;
		struct calendar date;
	} rows[] = {
		{ 0, { 1970, 1, 1, 0, 0, 0, 5 } },
		{ -1, { 1969, 12, 31, 23, 59, 59, 4 } },
		{ 951782400, { 2000, 2, 29, 0, 0, 0, 3 } },
		{ 1767323045, { 2026, 1, 2, 3, 4, 5, 6 } },
		{ 2147483648, { 2038, 1, 19, 3, 14, 8, 3 } },
		{ 4107542400, { 2100, 3, 1, 0, 0, 0, 2 } }, /* 2100 is no leap year */
		{ CALENDAR_FIRST, { 0, 1, 1, 0, 0, 0, 7 } },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct calendar c = calendar_from_seconds(rows[i].seconds);

		assert_memory_equal(&c, &rows[i].date, sizeof(c));
		assert_int_equal(calendar_to_seconds(&c), rows[i].seconds);
	}
}

/* Every day of 1200 years follows the one before. */
static void every_day(void **state)
{
	static const u8 length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	struct calendar want = { 1400, 1, 1, 12, 0, 0, 4 };
	s64 t = calendar_to_seconds(&want);

	(void)state;
	for (; want.year < 2600; t += 86400) {
		struct calendar c = calendar_from_seconds(t);
		bool leap = want.year % 400 == 0 || (want.year % 4 == 0 && want.year % 100);

		assert_memory_equal(&c, &want, sizeof(c));
		assert_int_equal(calendar_to_seconds(&c), t);
		want.weekday = want.weekday % 7 + 1;
		if (want.day++ < length[want.month - 1] + (leap && want.month == 2))
			continue;
		want.day = 1;
		if (want.month++ == 12) {
			want.month = 1;
			want.year++;
		}
	}
}

static void what_overflows_carries(void **state)
{
	struct calendar c = {
		.year = 2025, .month = 2, .day = 30, .hour = 25, .minute = 61, .second = 61
	};
	struct calendar months[] = { { .year = 2025, .month = 0, .day = 1 },
				     { .year = 2025, .month = 99, .day = 1 } };

	(void)state;
	c = calendar_from_seconds(calendar_to_seconds(&c));
	assert_int_equal(c.month, 3);
	assert_int_equal(c.day, 3);
	assert_int_equal(c.hour, 2);
	assert_int_equal(c.minute, 2);
	assert_int_equal(c.second, 1);
	assert_int_equal(calendar_from_seconds(calendar_to_seconds(&months[0])).month, 1);
	assert_int_equal(calendar_from_seconds(calendar_to_seconds(&months[1])).month, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_dates),
		cmocka_unit_test(every_day),
		cmocka_unit_test(what_overflows_carries),
	};

	return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}

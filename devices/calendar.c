// SPDX-License-Identifier: BSD-2-Clause
#include "calendar.h"

#define DAY           86400
#define CYCLE_YEARS   400 /* after which the calendar repeats */
#define CYCLE_DAYS    146097
#define EPOCH         (-CALENDAR_FIRST / DAY) /* days from 0000-01-01 to 1970-01-01 */
#define EPOCH_WEEKDAY 4                       /* 1970-01-01 was a Thursday; Sunday is 0 */

static const u16 days_before[13] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 };

static bool is_leap(s64 year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 0000-01-01 to the first of January; year 0 is a leap year. */
static s64 year_start(s64 year)
{
	return 365 * year + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
}

/* Days from the first of January to the first of `month`; 13 is the year's end. */
static s64 month_start(s64 year, s64 month)
{
	return days_before[month - 1] + (month > 2 && is_leap(year));
}

struct calendar calendar_from_seconds(s64 seconds)
{
	s64 all = seconds - CALENDAR_FIRST, days = all / DAY, rest = all % DAY;
	struct calendar c = {
		.year = days % CYCLE_DAYS / 365, /* or one more than the year it is */
		.month = 1,
		.hour = rest / 3600,
		.minute = rest / 60 % 60,
		.second = rest % 60,
		.weekday = (days - EPOCH + EPOCH_WEEKDAY + EPOCH * 7) % 7 + 1,
	};

	if (year_start(c.year) > days % CYCLE_DAYS)
		c.year--;
	c.day = days % CYCLE_DAYS - year_start(c.year);
	while (c.day >= month_start(c.year, c.month + 1))
		c.month++;
	c.day += 1 - month_start(c.year, c.month);
	c.year += days / CYCLE_DAYS * CYCLE_YEARS;
	return c;
}

s64 calendar_to_seconds(const struct calendar *c)
{
	s64 month = c->month < 1 ? 1 : c->month > 12 ? 12 : c->month;
	s64 days = year_start(c->year) + month_start(c->year, month) + c->day - 1 - EPOCH;

	return ((days * 24 + c->hour) * 60 + c->minute) * 60 + c->second;
}

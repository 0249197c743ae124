// SPDX-License-Identifier: BSD-2-Clause
#include "cmos.h"

#include <lib/bits.h>

/* MC146818 data sheet, "Register B". */
#define B_24H    BIT(1)
#define B_BINARY BIT(2)

#define HOUR_PM  BIT(7) /* of the hour, with 12 hours */
#define NO_VALUE 0xFF

static u32 number(u8 reg, u8 status_b)
{
	if (status_b & B_BINARY)
		return reg;
	return (reg & 0xF) < 10 && reg >> 4 < 10 ? (reg >> 4) * 10u + (reg & 0xF) : NO_VALUE;
}

static u32 hour(const struct cmos_time *t)
{
	u32 h;

	if (t->status_b & B_24H)
		return number(t->hour, t->status_b);
	h = number((u8)(t->hour & ~HOUR_PM), t->status_b);
	if (!h || h > 12)
		return NO_VALUE;
	return h % 12 + (t->hour & HOUR_PM ? 12 : 0);
}

/* Without a century register, or with nonsense in it, 70 to 99 are of the last century. */
static u32 year(const struct cmos_time *t)
{
	u32 y = number(t->year, t->status_b), c = number(t->century, t->status_b);

	if (y > 99)
		return 0;
	return c >= 19 && c <= 22 ? c * 100 + y : y < 70 ? 2000 + y : 1900 + y;
}

static bool is_leap(u32 y)
{
	return y % 4 == 0 && (y % 100 || y % 400 == 0);
}

u64 cmos_decode(const struct cmos_time *t)
{
	static const u8 days_in[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	u32 month = number(t->month, t->status_b), day = number(t->day, t->status_b);
	u32 h = hour(t), m = number(t->minute, t->status_b), s = number(t->second, t->status_b);
	u32 y = year(t);
	u64 days = 0;

	if (y < 1970 || !month || month > 12 || !day || h > 23 || m > 59 || s > 59)
		return 0;
	if (day > days_in[month - 1] + (u32)(month == 2 && is_leap(y)))
		return 0;
	for (u32 i = 1970; i < y; i++)
		days += is_leap(i) ? 366 : 365;
	for (u32 i = 1; i < month; i++)
		days += days_in[i - 1] + (u32)(i == 2 && is_leap(y));
	days += day - 1;
	return (((days * 24 + h) * 60 + m) * 60 + s) * NS_PER_S;
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Seconds and dates of the Gregorian calendar, for clocks. Pure.
 */
#pragma once

#include <lib/types.h>

/* 0000-01-01 00:00 in seconds since 1970-01-01 00:00. */
#define CALENDAR_FIRST (-719528ll * 86400)

struct calendar {
	s64 year;  /* 0 and later */
	s64 month; /* 1 to 12 */
	s64 day;   /* 1 to 31 */
	s64 hour, minute, second;
	s64 weekday; /* 1 Sunday to 7 Saturday */
};

/* `seconds` since 1970-01-01 00:00, CALENDAR_FIRST or later. */
struct calendar calendar_from_seconds(s64 seconds);
/*
 * The weekday is not looked at. The year is 0 to 1 million; a month outside 1 to 12 counts as the
 * nearest; of the others any small number will do: what overflows carries over.
 */
s64 calendar_to_seconds(const struct calendar *c);

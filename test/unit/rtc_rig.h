// SPDX-License-Identifier: BSD-2-Clause
/* A real-time clock by itself, for its unit tests. */
#pragma once

#include "unit.h"

#include <devices/rtc.h>
#include <test/host/fake_time.h>

#include "device_rig.h"

enum { SECOND = 0, MINUTE = 2, HOUR = 4, WEEKDAY = 6, DAY, MONTH, YEAR, A, B, C, D };
enum { CENTURY = 0x32 };
enum { SECOND_ALARM = 1, MINUTE_ALARM = 3, HOUR_ALARM = 5 };
enum { B_24H = 0x02, B_BINARY = 0x04, UIE = 0x10, AIE = 0x20, PIE = 0x40, SET = 0x80 };

static struct spinlock lock = SPINLOCK_INIT;
static struct rtc r;
static struct rig_line irq;

static inline u8 get(u8 reg)
{
	rig_out(&r.dev, 0, reg);
	return rig_in(&r.dev, 1);
}

static inline void put(u8 reg, u8 val)
{
	rig_out(&r.dev, 0, reg);
	rig_out(&r.dev, 1, val);
}

/* The fake's wall clock: Friday 2026-01-02 03:04:05. */
static inline int power_on(void **state)
{
	(void)state;
	fake_time_reset();
	rtc_init(&r, &lock, rig_line_to(&irq));
	return 0;
}

static inline void assert_time(u8 hour, u8 minute, u8 second)
{
	assert_int_equal(get(HOUR), hour);
	assert_int_equal(get(MINUTE), minute);
	assert_int_equal(get(SECOND), second);
}

static inline void assert_date(u8 century, u8 year, u8 month, u8 day)
{
	assert_int_equal(get(CENTURY), century);
	assert_int_equal(get(YEAR), year);
	assert_int_equal(get(MONTH), month);
	assert_int_equal(get(DAY), day);
}

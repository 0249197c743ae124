// SPDX-License-Identifier: BSD-2-Clause
#include "rtc.h"

#include <lib/bits.h>
#include "calendar.h"
#include "ticks.h"

/* MC146818A, "Address Map". */
#define REG_SECOND       0x00
#define REG_SECOND_ALARM 0x01
#define REG_MINUTE       0x02
#define REG_MINUTE_ALARM 0x03
#define REG_HOUR         0x04
#define REG_HOUR_ALARM   0x05
#define REG_WEEKDAY      0x06
#define REG_DAY          0x07
#define REG_MONTH        0x08
#define REG_YEAR         0x09
#define REG_A            0x0a
#define REG_B            0x0b
#define REG_C            0x0c
#define REG_D            0x0d
#define REG_CENTURY      0x32

#define A_RATE    0x0fu
#define A_DIVIDER 0x70u
#define A_HELD    0x60u /* 11x: the divider chain is held in reset */
#define A_UIP     0x80u
#define A_DEFAULT 0x26u /* 32768 Hz crystal, 1024 Hz */

#define B_24H     0x02u
#define B_BINARY  0x04u
#define B_UIE     0x10u
#define B_SET     0x80u
#define B_DEFAULT B_24H

#define C_UF    0x10u /* each flag is where its enable is in B */
#define C_AF    0x20u
#define C_PF    0x40u
#define C_IRQF  0x80u
#define C_FLAGS (C_UF | C_AF | C_PF)

#define D_VRT 0x80u

#define HOUR_PM    0x80u
#define ALARM_ANY  0xc0u
#define ALARM_NONE (-2) /* can never match */
#define CRYSTAL_HZ 32768ull

/* MC146818A, "Update Cycle": UIP comes 244 us before an update, and that takes 1984 us. */
#define UIP_NS (2228 * NS_PER_US)
/* ... "Divider Stages": the first update comes half a second after the chain's reset. */
#define HALF_SECOND (NS_PER_S / 2)

static struct rtc *rtc_of(struct device *d)
{
	return container_of(d, struct rtc, dev);
}

/* The divider chain. */
static u64 chain(const struct rtc *r)
{
	return time_wall() + r->phase;
}

static u64 crystal(u64 at)
{
	return ticks_from_ns(at, CRYSTAL_HZ);
}

/* The guest's seconds since 1970 at `at` of the chain. */
static s64 seconds(const struct rtc *r, u64 at)
{
	return (s64)(at / NS_PER_S) + r->offset;
}

static bool is_held(const struct rtc *r)
{
	return (r->cmos[REG_A] & A_HELD) == A_HELD;
}

/* Does the time stand still, with its registers as plain memory? */
static bool is_frozen(const struct rtc *r)
{
	return is_held(r) || (r->cmos[REG_B] & B_SET);
}

static u8 encode(const struct rtc *r, s64 val)
{
	val %= 100;
	return (u8)(r->cmos[REG_B] & B_BINARY ? val : val / 10 << 4 | val % 10);
}

static s64 decode(const struct rtc *r, u8 val)
{
	return r->cmos[REG_B] & B_BINARY ? val : (val >> 4) * 10 + (val & 15);
}

static u8 encode_hour(const struct rtc *r, s64 hour)
{
	if (r->cmos[REG_B] & B_24H)
		return encode(r, hour);
	return encode(r, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? HOUR_PM : 0);
}

static s64 decode_hour(const struct rtc *r, u8 val)
{
	if (r->cmos[REG_B] & B_24H)
		return decode(r, val);
	return decode(r, val & ~HOUR_PM) % 12 + (val & HOUR_PM ? 12 : 0);
}

/* Clock to registers. */
static void refresh(struct rtc *r)
{
	struct calendar c;

	if (is_frozen(r))
		return;
	c = calendar_from_seconds(seconds(r, chain(r)));
	r->cmos[REG_SECOND] = encode(r, c.second);
	r->cmos[REG_MINUTE] = encode(r, c.minute);
	r->cmos[REG_HOUR] = encode_hour(r, c.hour);
	r->cmos[REG_WEEKDAY] = (u8)((c.weekday - 1 + r->weekday) % 7 + 1);
	r->cmos[REG_DAY] = encode(r, c.day);
	r->cmos[REG_MONTH] = encode(r, c.month);
	r->cmos[REG_YEAR] = encode(r, c.year);
	r->cmos[REG_CENTURY] = encode(r, c.year / 100);
}

/* Registers to clock: the time goes on from them with the second that has begun. */
static void take_over(struct rtc *r)
{
	struct calendar c = {
		.year = decode(r, r->cmos[REG_CENTURY]) * 100 + decode(r, r->cmos[REG_YEAR]),
		.month = decode(r, r->cmos[REG_MONTH]),
		.day = decode(r, r->cmos[REG_DAY]),
		.hour = decode_hour(r, r->cmos[REG_HOUR]),
		.minute = decode(r, r->cmos[REG_MINUTE]),
		.second = decode(r, r->cmos[REG_SECOND]),
	};
	s64 now = calendar_to_seconds(&c);

	if (now < CALENDAR_FIRST)
		now = CALENDAR_FIRST;
	r->offset = now - (s64)(chain(r) / NS_PER_S);
	r->weekday = (decode(r, r->cmos[REG_WEEKDAY]) + 7 - calendar_from_seconds(now).weekday) % 7;
}

/* What an alarm register asks for: a number, any (-1) or ALARM_NONE. */
static s64 alarm_field(const struct rtc *r, unsigned reg, s64 limit)
{
	bool hour = reg == REG_HOUR_ALARM;
	u8 raw = r->cmos[reg];
	s64 val = hour ? decode_hour(r, raw) : decode(r, raw);

	if ((raw & ALARM_ANY) == ALARM_ANY)
		return -1;
	if (val >= limit || (hour ? encode_hour(r, val) : encode(r, val)) != raw)
		return ALARM_NONE;
	return val;
}

/* Seconds from `t` until the unit of `unit` seconds that is number `want` of `per` begins, 0: it
 * has. */
static s64 wait_for(s64 t, s64 want, s64 unit, s64 per)
{
	s64 have = t / unit % per;

	return want < 0 || want == have ? 0 : (want - have + per) % per * unit - t % unit;
}

/* The first second after `from` at which the alarm matches; false if there is none. */
static bool next_alarm(const struct rtc *r, s64 from, s64 *at)
{
	s64 hour = alarm_field(r, REG_HOUR_ALARM, 24);
	s64 minute = alarm_field(r, REG_MINUTE_ALARM, 60);
	s64 second = alarm_field(r, REG_SECOND_ALARM, 60), step;

	if (hour == ALARM_NONE || minute == ALARM_NONE || second == ALARM_NONE)
		return false;
	*at = from + 1;
	/* A step reaches the start of its unit, so it can lose a larger one, but that only once. */
	do {
		s64 t = (*at % 86400 + 86400) % 86400;

		step = wait_for(t, hour, 3600, 24);
		if (!step)
			step = wait_for(t, minute, 60, 60);
		if (!step)
			step = wait_for(t, second, 1, 60);
		*at += step;
	} while (step);
	return true;
}

/* MC146818A, "Periodic Interrupt Rate": ticks of the crystal between interrupts, 0: none. */
static u64 period(const struct rtc *r)
{
	unsigned rate = r->cmos[REG_A] & A_RATE;

	if (!rate || is_held(r))
		return 0;
	return rate <= 2 ? BIT(rate + 6) : BIT(rate - 1);
}

static void update_line(struct rtc *r)
{
	u8 c = r->cmos[REG_C] & C_FLAGS;

	if (c & r->cmos[REG_B])
		c |= C_IRQF;
	r->cmos[REG_C] = c;
	irq_set(&r->irq, c & C_IRQF);
}

/* Sets the flags of what has happened since the last time. */
static void settle(struct rtc *r)
{
	u64 now = chain(r), every = period(r);
	s64 alarm;

	if (every && crystal(now) / every != crystal(r->seen) / every)
		r->cmos[REG_C] |= C_PF;
	if (!is_frozen(r) && seconds(r, now) > seconds(r, r->seen)) {
		r->cmos[REG_C] |= C_UF;
		if (next_alarm(r, seconds(r, r->seen), &alarm) && alarm <= seconds(r, now))
			r->cmos[REG_C] |= C_AF;
	}
	r->seen = now;
}

/* Sets the line, and the timer for the first interrupt that is enabled and not pending. */
static void arm(struct rtc *r)
{
	u64 now = chain(r), every = period(r), due = TIME_NEVER;
	u8 wanted = r->cmos[REG_B] & ~r->cmos[REG_C];
	s64 alarm;

	update_line(r);
	if ((wanted & C_PF) && every)
		due = ticks_to_ns((crystal(now) / every + 1) * every, CRYSTAL_HZ);
	if ((wanted & C_UF) && !is_frozen(r))
		due = min_u64(due, (now / NS_PER_S + 1) * NS_PER_S);
	if ((wanted & C_AF) && !is_frozen(r) && next_alarm(r, seconds(r, now), &alarm))
		due = min_u64(due, (u64)(alarm - r->offset) * NS_PER_S);
	if (due == TIME_NEVER)
		dev_timer_cancel(&r->timer);
	else
		dev_timer_set(&r->timer, time_now() + (due - now));
}

static void on_timer(struct device *d)
{
	settle(rtc_of(d));
	arm(rtc_of(d));
}

/* New values of registers A and B, which may stop or start the clock. Flags are settled. */
static void set_control(struct rtc *r, u8 a, u8 b)
{
	bool was_frozen = is_frozen(r), was_held = is_held(r);

	refresh(r);
	if (b & B_SET)
		b &= ~B_UIE;
	r->cmos[REG_A] = a & (A_DIVIDER | A_RATE);
	r->cmos[REG_B] = b;
	if (was_held && !is_held(r))
		r->phase = (NS_PER_S + HALF_SECOND - time_wall() % NS_PER_S) % NS_PER_S;
	if (was_frozen && !is_frozen(r))
		take_over(r);
	r->seen = chain(r);
}

static u8 read_cmos(struct rtc *r, unsigned reg)
{
	u8 val;

	settle(r);
	update_line(r);
	refresh(r);
	val = r->cmos[reg];
	if (reg == REG_A && !is_frozen(r) && chain(r) % NS_PER_S >= NS_PER_S - UIP_NS)
		val |= A_UIP;
	if (reg == REG_C)
		r->cmos[REG_C] = 0;
	if (reg == REG_D)
		val = D_VRT;
	arm(r);
	return val;
}

static void write_cmos(struct rtc *r, unsigned reg, u8 val)
{
	settle(r);
	switch (reg) {
	case REG_SECOND:
	case REG_MINUTE:
	case REG_HOUR:
	case REG_WEEKDAY:
	case REG_DAY:
	case REG_MONTH:
	case REG_YEAR:
	case REG_CENTURY:
		refresh(r);
		r->cmos[reg] = val;
		if (!is_frozen(r))
			take_over(r);
		break;
	case REG_A:
		set_control(r, val, r->cmos[REG_B]);
		break;
	case REG_B:
		set_control(r, r->cmos[REG_A], val);
		break;
	case REG_C:
	case REG_D:
		break;
	default:
		r->cmos[reg] = val;
	}
	arm(r);
}

static u8 read8(struct device *d, u64 off)
{
	struct rtc *r = rtc_of(d);

	return off ? read_cmos(r, r->index & 0x7f) : r->index;
}

static void write8(struct device *d, u64 off, u8 val)
{
	struct rtc *r = rtc_of(d);

	if (off)
		write_cmos(r, r->index & 0x7f, val);
	else
		r->index = val;
}

static u64 rtc_read(struct device *d, u64 off, unsigned width)
{
	return device_read_bytes(d, off, width, read8);
}

static void rtc_write(struct device *d, u64 off, unsigned width, u64 val)
{
	device_write_bytes(d, off, width, val, write8);
}

static void rtc_reset(struct device *d)
{
	struct rtc *r = rtc_of(d);

	set_control(r, A_DEFAULT, B_DEFAULT);
	r->cmos[REG_C] = 0;
	r->index = 0;
	arm(r);
}

static const struct device_ops ops = {
	.read = rtc_read,
	.write = rtc_write,
	.reset = rtc_reset,
};

void rtc_init(struct rtc *r, struct spinlock *lock, struct irq_line irq)
{
	*r = (struct rtc){
		.dev = { .name = "rtc", .ops = &ops, .lock = lock },
		.irq = irq,
		.cmos = { [REG_A] = A_DEFAULT, [REG_B] = B_DEFAULT },
	};
	dev_timer_init(&r->timer, &r->dev, on_timer);
	r->seen = chain(r);
}

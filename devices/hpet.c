// SPDX-License-Identifier: BSD-2-Clause
#include "hpet.h"

#include <lib/bits.h>

/* HPET specification, "Register Overview". */
#define REG_CAPABILITIES 0x000
#define REG_CONFIG       0x010
#define REG_STATUS       0x020
#define REG_COUNTER      0x0f0
#define REG_TIMER        0x100 /* 20h for each: configuration, comparator, FSB route */
#define TIMER_SIZE       0x20
#define TIMER_CONFIG     0x00
#define TIMER_COMPARATOR 0x08

/* "General Capabilities and ID Register": the period in femtoseconds, vendor 8086h as those that
 * are driven like this one, legacy replacement, 64 bits, the last timer's number, revision 1. */
#define CAPABILITIES                                                                               \
	(HPET_TICK_NS * 1000000 << 32 | 0x80860000u | BIT(15) | BIT(13) | (HPET_TIMERS - 1) << 8 | \
	 1)

/* "General Configuration Register". */
#define CONFIG_ENABLE BIT(0)
#define CONFIG_LEGACY BIT(1)

/* "Timer N Configuration and Capabilities Register". */
#define T_LEVEL        BIT(1)
#define T_ENABLE       BIT(2)
#define T_PERIODIC     BIT(3)
#define T_PERIODIC_CAP BIT(4)
#define T_64BIT_CAP    BIT(5)
#define T_VALUE_SET    BIT(6)
#define T_32BIT        BIT(8)
#define T_ROUTE        BITS(13, 9)
#define T_ROUTE_CAP    (0xfull << 52) /* pins 20 to 23 */
#define T_CAP          (T_ROUTE_CAP | T_64BIT_CAP | T_PERIODIC_CAP)
#define T_WRITABLE     (T_LEVEL | T_ENABLE | T_PERIODIC | T_VALUE_SET | T_32BIT | T_ROUTE)

#define ROUTE_FIRST 20
#define ROUTE_LAST  23
#define NOWHERE     0 /* of T_ROUTE: no pin */

/* Matches so far away (23 years) need no host timer. */
#define FAR BIT(56)

/* "LegacyReplacement Route": what comparators 0 and 1 drive. */
static const u8 legacy_irq[HPET_INPUTS] = { [HPET_FROM_PIT] = 0, [HPET_FROM_RTC] = 8 };

static struct hpet *hpet_of(struct device *d)
{
	return container_of(d, struct hpet, dev);
}

static bool enabled(const struct hpet *h)
{
	return h->config & CONFIG_ENABLE;
}

static bool legacy(const struct hpet *h)
{
	return enabled(h) && (h->config & CONFIG_LEGACY);
}

static u64 counter(const struct hpet *h)
{
	return enabled(h) ? h->base + (time_now() - h->since) / HPET_TICK_NS : h->base;
}

/* --- Lines ----------------------------------------------------------------------------- */

/* Where timer `n` interrupts, NOWHERE if at no pin. */
static unsigned route(const struct hpet *h, unsigned n)
{
	return (unsigned)FIELD_GET(T_ROUTE, h->t[n].config);
}

static bool asserts(const struct hpet *h, unsigned n)
{
	const struct hpet_timer *t = &h->t[n];

	if (!enabled(h) || !(t->config & T_ENABLE))
		return false;
	return t->config & T_LEVEL ? h->status & BIT(n) : t->up;
}

static void drive_irq(const struct hpet *h, unsigned n)
{
	h->line.set(h->line.ctx, legacy_irq[n], legacy(h) ? asserts(h, n) : h->input[n]);
}

/* Timers at the same pin are wired together. */
static void drive_pin(const struct hpet *h, unsigned pin)
{
	bool level = false;

	for (unsigned n = legacy(h) ? 2 : 0; n < HPET_TIMERS; n++)
		level |= route(h, n) == pin && asserts(h, n);
	h->line.set(h->line.ctx, pin, level);
}

static void drive_all(const struct hpet *h)
{
	for (unsigned n = 0; n < HPET_INPUTS; n++)
		drive_irq(h, n);
	for (unsigned pin = ROUTE_FIRST; pin <= ROUTE_LAST; pin++)
		drive_pin(h, pin);
}

static void drive(const struct hpet *h, unsigned n)
{
	if (legacy(h) && n < HPET_INPUTS)
		drive_irq(h, n);
	else if (route(h, n) != NOWHERE)
		drive_pin(h, route(h, n));
}

void hpet_input(struct hpet *h, unsigned input, bool level)
{
	h->input[input] = level;
	if (!legacy(h))
		drive_irq(h, input);
}

static void interrupt(struct hpet *h, unsigned n)
{
	struct hpet_timer *t = &h->t[n];

	if (t->config & T_LEVEL) {
		h->status |= BIT(n);
	} else {
		t->up = false;
		drive(h, n);
		t->up = t->config & T_ENABLE;
	}
	drive(h, n);
}

/* --- Time ------------------------------------------------------------------------------ */

static u64 size_mask(const struct hpet_timer *t)
{
	return t->config & T_32BIT ? BITS(31, 0) : ~0ull;
}

/* How far behind `from` the counter next equals the comparator. */
static u64 distance(const struct hpet_timer *t)
{
	return (t->comparator - t->from) & size_mask(t);
}

/*
 * Does the comparator match in [from, now]? A periodic one then goes on by as many periods as lead
 * past now. HPET specification, "Timer Operating Modes".
 */
static bool match(struct hpet_timer *t, u64 now)
{
	u64 d = distance(t), passed = now - t->from, at = t->comparator;

	t->from = now + 1;
	if (d > passed)
		return false;
	if ((t->config & T_PERIODIC) && t->period)
		at += ((passed - d) / t->period + 1) * t->period;
	t->comparator = at & size_mask(t);
	return true;
}

/* Brings all timers up to `now` of the counter. */
static void settle(struct hpet *h, u64 now)
{
	if (!enabled(h))
		return;
	for (unsigned n = 0; n < HPET_TIMERS; n++) {
		/* Settled within this tick before. */
		if (h->t[n].from == now + 1)
			continue;
		if (match(&h->t[n], now))
			interrupt(h, n);
	}
}

/* Would a match of timer `n` change a line? */
static bool can_interrupt(const struct hpet *h, unsigned n)
{
	const struct hpet_timer *t = &h->t[n];

	if (!(t->config & T_ENABLE) || ((t->config & T_LEVEL) && (h->status & BIT(n))))
		return false;
	return route(h, n) != NOWHERE || (legacy(h) && n < HPET_INPUTS);
}

/* Sets the host's timer for the first match that interrupts. */
static void arm(struct hpet *h)
{
	u64 first = FAR; /* counter ticks since `base` */

	for (unsigned n = 0; enabled(h) && n < HPET_TIMERS; n++)
		if (can_interrupt(h, n) && distance(&h->t[n]) < FAR)
			first = min_u64(first, h->t[n].from - h->base + distance(&h->t[n]));
	if (first < FAR)
		dev_timer_set(&h->timer, max_u64(h->since + first * HPET_TICK_NS, h->not_before));
	else
		dev_timer_cancel(&h->timer);
}

static void on_timer(struct device *d)
{
	struct hpet *h = hpet_of(d);

	h->not_before = time_now() + HPET_MIN_PERIOD;
	settle(h, counter(h));
	arm(h);
}

/* --- Registers ------------------------------------------------------------------------- */

static u64 read_timer(const struct hpet_timer *t, unsigned reg)
{
	switch (reg) {
	case TIMER_CONFIG:
		return t->config | T_CAP;
	case TIMER_COMPARATOR:
		return t->comparator;
	default: /* the FSB route, which is not there */
		return 0;
	}
}

static u64 read_reg(const struct hpet *h, u64 reg, u64 now)
{
	u64 n = (reg - REG_TIMER) / TIMER_SIZE;

	if (reg >= REG_TIMER && n < HPET_TIMERS)
		return read_timer(&h->t[n], reg % TIMER_SIZE);
	switch (reg) {
	case REG_CAPABILITIES:
		return CAPABILITIES;
	case REG_CONFIG:
		return h->config;
	case REG_STATUS:
		return h->status;
	case REG_COUNTER:
		return now;
	default:
		return 0;
	}
}

static void write_config(struct hpet *h, u64 val, u64 now)
{
	bool was_enabled = enabled(h), was_legacy = legacy(h);

	/* Whole ticks: turning bits on and off must not make the clock slow. */
	h->since = was_enabled ? h->since + (now - h->base) * HPET_TICK_NS : time_now();
	h->base = now;
	h->config = val & (CONFIG_ENABLE | CONFIG_LEGACY);
	for (unsigned n = 0; n < HPET_TIMERS; n++) {
		if (!was_enabled)
			h->t[n].from = now;
		/* What is left up of an edge does not move to another line, where it would be one
		 * more. */
		h->t[n].up = h->t[n].up && enabled(h) && legacy(h) == was_legacy;
	}
}

static void write_timer_config(struct hpet *h, unsigned n, u64 val, u64 now)
{
	struct hpet_timer *t = &h->t[n];
	u64 pin = FIELD_GET(T_ROUTE, val);

	val &= T_WRITABLE;
	/* A pin that is not offered does not stay: so software finds out. */
	if (pin < ROUTE_FIRST || pin > ROUTE_LAST)
		val &= ~T_ROUTE;
	t->up = t->up && (val & T_ENABLE) && !(val & T_LEVEL) && !((val ^ t->config) & T_ROUTE);
	t->config = val;
	t->comparator &= size_mask(t);
	t->from = now;
	if (!(val & T_LEVEL))
		h->status &= ~BIT(n);
}

/* `mask`: which bits of the register are written, as there are 32-bit accesses too. */
static void write_comparator(struct hpet_timer *t, u64 val, u64 mask, u64 now)
{
	bool periodic = t->config & T_PERIODIC;

	if (periodic)
		t->period = ((t->period & ~mask) | val) & size_mask(t);
	if (!periodic || (t->config & T_VALUE_SET)) {
		t->comparator = ((t->comparator & ~mask) | val) & size_mask(t);
		t->from = now;
	}
	t->config &= ~T_VALUE_SET;
}

static void write_reg(struct hpet *h, u64 reg, u64 val, u64 mask)
{
	u64 n = (reg - REG_TIMER) / TIMER_SIZE, now = counter(h), whole;

	settle(h, now);
	whole = (read_reg(h, reg, now) & ~mask) | val;

	if (reg >= REG_TIMER && n < HPET_TIMERS) {
		if (reg % TIMER_SIZE == TIMER_CONFIG)
			write_timer_config(h, (unsigned)n, whole, now);
		else if (reg % TIMER_SIZE == TIMER_COMPARATOR)
			write_comparator(&h->t[n], val, mask, now);
		return;
	}
	switch (reg) {
	case REG_CONFIG:
		write_config(h, whole, now);
		break;
	case REG_STATUS:
		h->status &= ~val;
		break;
	case REG_COUNTER:
		/* "Main Counter Value Register": to be written while it stands. */
		if (!enabled(h))
			h->base = whole;
		break;
	}
}

/* An access of 8 bytes that is not aligned reaches the first of its two registers only. */
static u64 hpet_read(struct device *d, u64 off, unsigned width)
{
	struct hpet *h = hpet_of(d);
	u64 now = counter(h);

	settle(h, now);
	arm(h);
	return read_reg(h, align_down(off, 8), now) >> off % 8 * 8 & width_mask(width);
}

static void hpet_write(struct device *d, u64 off, unsigned width, u64 val)
{
	struct hpet *h = hpet_of(d);
	unsigned shift = off % 8 * 8;

	write_reg(h, align_down(off, 8), val << shift, width_mask(width) << shift);
	drive_all(h);
	settle(h, counter(h)); /* the new comparator may be right now */
	arm(h);
}

static void power_on(struct hpet *h)
{
	h->config = h->status = h->base = h->not_before = 0;
	for (unsigned n = 0; n < HPET_TIMERS; n++)
		h->t[n] = (struct hpet_timer){ .comparator = ~0ull };
}

static void hpet_reset(struct device *d)
{
	struct hpet *h = hpet_of(d);

	power_on(h);
	dev_timer_cancel(&h->timer);
	drive_all(h);
}

static const struct device_ops ops = {
	.read = hpet_read,
	.write = hpet_write,
	.reset = hpet_reset,
};

void hpet_init(struct hpet *h, struct spinlock *lock, struct irq_line line)
{
	*h = (struct hpet){
		.dev = { .name = "hpet", .ops = &ops, .lock = lock },
		.line = line,
	};
	dev_timer_init(&h->timer, &h->dev, on_timer);
	power_on(h);
}

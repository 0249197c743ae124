// SPDX-License-Identifier: BSD-2-Clause
/*
 * The timer of an emulated LAPIC (Intel SDM vol. 3, "APIC Timer" and "TSC-Deadline Mode").
 *
 * Its whole state is `timer_expiry`, the time at which the count ends. The count is derived from it
 * when software looks. The host's timer runs only while an interrupt would come of it (LVT not
 * masked), and its callback only leaves a hint: what the expiry means is worked out by the owner.
 * So a vCPU that is not scheduled costs no host timers, periods that it missed are one interrupt,
 * and a callback that comes late or twice does no harm.
 */
#include "lapic_defs.h"

enum timer_mode {
	TIMER_ONE_SHOT,
	TIMER_PERIODIC,
	TIMER_DEADLINE,
	TIMER_RESERVED, /* stands still */
};

static enum timer_mode mode(const struct lapic *l)
{
	return (enum timer_mode)FIELD_GET(LVT_TIMER_MODE, lapic_lvt(l, LVT_TIMER));
}

static bool counts(const struct lapic *l)
{
	return mode(l) == TIMER_ONE_SHOT || mode(l) == TIMER_PERIODIC;
}

/* The divide value is spread over bits 3, 1 and 0: 000 is 2, 001 is 4, ... 110 is 128, and 111
 * is 1. */
static u64 tick_ns(const struct lapic *l)
{
	u32 divide = lapic_get(l, APIC_REG_TIMER_DIVIDE), code = (divide & 3) | (divide & 8) >> 1;

	return (NS_PER_S / APIC_BUS_HZ) << ((code + 1) & 7);
}

/* Any pCPU, no lock. */
static void fired(void *ctx)
{
	struct lapic *l = ctx;

	/* An exchange, as the order against kick()'s read of the sleeper's state needs a full
	 * barrier. */
	atomic_exchange_explicit(&l->timer_fired, true, memory_order_seq_cst);
	l->client->kick(l->ctx, false);
}

static void arm(struct lapic *l)
{
	u64 due = lapic_lvt(l, LVT_TIMER) & LVT_MASKED ? TIME_NEVER : l->timer_expiry;

	/* Off already, nearly always, after it has fired. */
	if (due != TIME_NEVER || l->timer.due != TIME_NEVER)
		timer_set(&l->timer, due);
}

/*
 * The end of the period in which `now` lies. A period too short for the host is stretched to a
 * multiple of itself, which leaves the phase, and with it the count, as it was.
 */
static u64 next_period(const struct lapic *l, u64 now)
{
	u64 period = lapic_get(l, APIC_REG_TIMER_INITIAL) * tick_ns(l);
	u64 next = l->timer_expiry + ((now - l->timer_expiry) / period + 1) * period;

	if (period < LAPIC_TIMER_MIN_NS && next < now + LAPIC_TIMER_MIN_NS)
		next += (now + LAPIC_TIMER_MIN_NS - next + period - 1) / period * period;
	return next;
}

/* Brings the timer up to now. */
static void sync(struct lapic *l)
{
	u64 now = time_now();

	if (l->timer_expiry > now)
		return;
	if (mode(l) == TIMER_PERIODIC) {
		l->timer_expiry = next_period(l, now);
	} else {
		l->timer_expiry = TIME_NEVER;
		l->timer_deadline = 0;
	}
	lapic_raise(l, LVT_TIMER);
}

void lapic_timer_setup(struct lapic *l)
{
	timer_init(&l->timer, fired, l);
}

void lapic_timer_reset(struct lapic *l)
{
	timer_cancel(&l->timer);
	atomic_store_explicit(&l->timer_fired, false, memory_order_relaxed);
	lapic_set(l, APIC_REG_TIMER_INITIAL, 0);
	lapic_set(l, APIC_REG_TIMER_DIVIDE, 0);
	l->timer_deadline = 0;
	l->timer_expiry = TIME_NEVER;
}

void lapic_timer_sync(struct lapic *l)
{
	sync(l);
	arm(l);
}

static u32 count_now(const struct lapic *l)
{
	u64 now = time_now(), left;
	u32 initial = lapic_get(l, APIC_REG_TIMER_INITIAL);

	if (!counts(l) || l->timer_expiry == TIME_NEVER || l->timer_expiry <= now)
		return 0;
	left = (l->timer_expiry - now + tick_ns(l) - 1) / tick_ns(l);
	/* More than a period is left of one that was stretched. */
	if (left > initial)
		left = (left - 1) % initial + 1;
	return (u32)left;
}

u32 lapic_timer_count(struct lapic *l)
{
	sync(l);
	arm(l);
	return count_now(l);
}

void lapic_timer_set_lvt(struct lapic *l, u32 val)
{
	enum timer_mode old = mode(l);

	sync(l);
	lapic_set(l, APIC_REG_LVT + LVT_TIMER, val);
	/* To and from the deadline mode the timer is disarmed; between the counting modes the count
	 * goes on. */
	if (mode(l) != old && (!counts(l) || old == TIMER_DEADLINE || old == TIMER_RESERVED)) {
		lapic_set(l, APIC_REG_TIMER_INITIAL, 0);
		l->timer_deadline = 0;
		l->timer_expiry = TIME_NEVER;
	}
	arm(l);
}

void lapic_timer_set_initial(struct lapic *l, u32 val)
{
	sync(l);
	if (!counts(l))
		return;
	lapic_set(l, APIC_REG_TIMER_INITIAL, val);
	l->timer_expiry = val ? time_now() + val * tick_ns(l) : TIME_NEVER;
	arm(l);
}

void lapic_timer_set_divide(struct lapic *l, u32 val)
{
	u32 left;

	sync(l);
	left = count_now(l);
	lapic_set(l, APIC_REG_TIMER_DIVIDE, val);
	/* The count goes on from where it is, at the new rate. */
	if (left)
		l->timer_expiry = time_now() + left * tick_ns(l);
	arm(l);
}

void lapic_timer_set_deadline(struct lapic *l, u64 tsc)
{
	if (mode(l) != TIMER_DEADLINE)
		return;
	sync(l);
	l->timer_deadline = tsc;
	l->timer_expiry = tsc ? l->client->tsc_to_time(l->ctx, tsc) : TIME_NEVER;
	sync(l);
	arm(l);
}

u64 lapic_timer_deadline(struct lapic *l)
{
	if (mode(l) != TIMER_DEADLINE)
		return 0;
	sync(l);
	arm(l);
	return l->timer_deadline;
}

void lapic_tsc_moved(struct lapic *l)
{
	lapic_timer_set_deadline(l, l->timer_deadline);
}

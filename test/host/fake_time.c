// SPDX-License-Identifier: BSD-2-Clause
#include "fake_time.h"

#include <core/service/time.h>
#include <lib/bits.h>

u32 fake_time_tsc_khz = 1000000;

static u64 now;
static struct list pending = { &pending, &pending };

void fake_time_reset(void)
{
	now = 0;
	fake_time_tsc_khz = 1000000;
	while (!list_empty(&pending))
		timer_cancel(container_of(pending.next, struct timer, node));
}

u64 fake_time_next(void)
{
	return list_empty(&pending) ? TIME_NEVER : container_of(pending.next, struct timer, node)->due;
}

void fake_time_advance(u64 ns)
{
	u64 end = now + ns;

	while (fake_time_next() <= end) {
		struct timer *t = container_of(pending.next, struct timer, node);

		if (t->due > now)
			now = t->due;
		timer_cancel(t);
		t->fn(t->ctx);
	}
	now = end;
}

u64 time_now(void)
{
	return now;
}

u64 time_wall(void)
{
	return 1767323045ull * NS_PER_S + now;
}

u32 time_tsc_khz(void)
{
	return fake_time_tsc_khz;
}

u64 time_to_tsc(u64 ns)
{
	return mul_div(ns, fake_time_tsc_khz, 1000000);
}

u64 time_from_tsc(u64 tsc)
{
	return mul_div(tsc, 1000000, fake_time_tsc_khz);
}

void timer_init(struct timer *t, void (*fn)(void *ctx), void *ctx)
{
	*t = (struct timer){ .fn = fn, .ctx = ctx, .due = TIME_NEVER };
	list_init(&t->node);
}

void timer_set(struct timer *t, u64 due)
{
	struct list *at;

	timer_cancel(t);
	if (due == TIME_NEVER)
		return;
	t->due = due;
	for (at = pending.next; at != &pending; at = at->next)
		if (container_of(at, struct timer, node)->due > due)
			break;
	list_add_before(at, &t->node);
}

void timer_cancel(struct timer *t)
{
	if (t->due == TIME_NEVER)
		return;
	list_del(&t->node);
	t->due = TIME_NEVER;
}

void timer_drain(struct timer *t)
{
	timer_cancel(t);
}

// SPDX-License-Identifier: BSD-2-Clause
#include <core/timer.h>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/lapic.h>
#include <core/clock.h>
#include <core/pcpu.h>
#include <lib/assert.h>
#include <lib/bits.h>

/* The list is another. */
static void note_first(struct pcpu *p)
{
	u64 due = TIME_NEVER;

	if (!list_empty(&p->timers))
		due = container_of(p->timers.next, struct timer, node)->due;
	atomic_store_explicit(&p->next_due, due, memory_order_relaxed);
}

rare void timer_pcpu_init(struct pcpu *p)
{
	spin_init(&p->timer_lock);
	list_init(&p->timers);
	atomic_init(&p->next_due, TIME_NEVER);
	p->armed = TIME_NEVER;
	p->slice_end = TIME_NEVER;
}

rare void timer_init(struct timer *t, void (*fn)(void *ctx), void *ctx)
{
	*t = (struct timer){ .fn = fn, .ctx = ctx, .due = TIME_NEVER };
	list_init(&t->node);
}

void timer_cancel(struct timer *t)
{
	struct pcpu *p = t->home;

	if (!p)
		return;
	spin_lock(&p->timer_lock);
	list_del(&t->node);
	t->due = TIME_NEVER;
	note_first(p);
	spin_unlock(&p->timer_lock);
}

/* An fn may still run where the timer was before it moved, so all pCPUs are looked at. */
rare void timer_drain(struct timer *t)
{
	timer_cancel(t);
	for (u32 i = 0; i < pcpu_count(); i++)
		/* Pairs with the release in run_due: what fn did is visible afterwards. */
		while (atomic_load_explicit(&pcpu_get(i)->timer_running, memory_order_acquire) == t)
			__builtin_ia32_pause();
	timer_cancel(t);
}

void timer_set(struct timer *t, u64 due)
{
	struct pcpu *p = this_pcpu();
	struct list *at;

	timer_cancel(t);
	if (due == TIME_NEVER)
		return;
	spin_lock(&p->timer_lock);
	t->due = due;
	t->home = p;
	for (at = p->timers.next; at != &p->timers; at = at->next)
		if (container_of(at, struct timer, node)->due > due)
			break;
	list_add_before(at, &t->node);
	note_first(p);
	spin_unlock(&p->timer_lock);
	if (due < p->armed)
		timer_arm(p, p->slice_end);
}

/* Takes the first one out, if it is due: another pCPU may have cancelled it meanwhile. */
static inline struct timer *take_due(struct pcpu *p, u64 now)
{
	struct timer *t = NULL;

	spin_lock(&p->timer_lock);
	if (atomic_load_explicit(&p->next_due, memory_order_relaxed) <= now) {
		t = container_of(list_take(&p->timers), struct timer, node);
		t->due = TIME_NEVER;
		note_first(p);
		atomic_store_explicit(&p->timer_running, t, memory_order_relaxed);
	}
	spin_unlock(&p->timer_lock);
	return t;
}

static inline void run_due(struct pcpu *p, u64 now)
{
	struct timer *t;

	while (atomic_load_explicit(&p->next_due, memory_order_relaxed) <= now) {
		t = take_due(p, now);
		if (!t)
			break;
		t->fn(t->ctx);
		/* Pairs with the acquire in timer_drain: what fn did is visible afterwards. */
		atomic_store_explicit(&p->timer_running, NULL, memory_order_release);
	}
}

rare void timer_run_due(struct pcpu *p, u64 now)
{
	run_due(p, now);
}

void timer_arm(struct pcpu *p, u64 limit)
{
	u64 at = min_u64(limit, atomic_load_explicit(&p->next_due, memory_order_relaxed));

	if (at == p->armed)
		return;
	p->armed = at;
	if (at == TIME_NEVER)
		lapic_timer_stop();
	else
		lapic_timer_arm(clock_to_tsc(at));
}

bool run_wanted(u64 until)
{
	struct pcpu *p = this_pcpu();
	u64 now;

	irq_window();
	now = clock_now();
	run_due(p, now);
	if (now < until && !atomic_load_explicit(&p->wanted, memory_order_acquire)) {
		timer_arm(p, until);
		return false;
	}
	p->looked = now;
	return true;
}

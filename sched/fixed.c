// SPDX-License-Identifier: BSD-2-Clause
/*
 * Fixed priorities, round robin among equals, with budgets: a VM with a limit may run for limit * PERIOD in each period and
 * is passed over when that is used up. Shares and reservations mean nothing to it. One queue, sorted by priority.
 */
#include <sched/sched.h>

#include <lib/assert.h>
#include <lib/bits.h>

#define PERIOD (20 * NS_PER_MS)

static size_t bytes(u32 cpus)
{
	return 0;
}

static void init(struct sched *s, void *mem)
{
}

static enum status attach(struct sched *s, struct sched_group *g, const struct sched_params *p)
{
	*g = (struct sched_group){ .params = *p };
	return OK;
}

static void detach(struct sched *s, struct sched_group *g, u64 now)
{
}

static void insert(struct sched *s, struct sched_ent *e)
{
	struct list *at = s->queue.prev;

	while (at != &s->queue && container_of(at, struct sched_ent, node)->group->params.prio > e->group->params.prio)
		at = at->prev;
	list_add_head(at, &e->node);
}

static enum status tune(struct sched *s, struct sched_group *g, const struct sched_params *p, u64 now)
{
	struct list *next;

	g->params = *p;
	g->ready = 0;
	/* Those of this VM that wait move to where their priority is now. */
	for (struct list *it = s->queue.next; it != &s->queue; it = next) {
		struct sched_ent *e = container_of(it, struct sched_ent, node);

		next = it->next;
		if (e->group != g)
			continue;
		list_del(it);
		insert(s, e);
	}
	return OK;
}

/* ns that it may run now. */
static u64 budget(struct sched *s, struct sched_group *g, u64 now)
{
	if (!g->params.limit)
		return s->slice;
	if (now >= g->ready) {
		g->ready = now - now % PERIOD + PERIOD;
		g->budget = (s64)mul_div(PERIOD, g->params.limit, SCHED_ONE);
	}
	return g->budget > 0 ? min_u64((u64)g->budget, s->slice) : 0;
}

/* The pCPUs are asked, not searched: the one that runs the least urgent will find `e` first in the queue. */
static void preempt(struct sched *s, struct sched_ent *e)
{
	for (u32 cpu = 0; cpu < s->cpus; cpu++)
		if (sched_mask_has(&e->group->params.cpus, cpu))
			s->kick(s, cpu);
}

static void enqueue(struct sched *s, struct sched_ent *e, u64 now)
{
	assert(e->state != SCHED_QUEUED);
	if (e->state == SCHED_BLOCKED)
		preempt(s, e);
	else if (!list_empty(&s->queue))
		sched_kick_idle(s, e);
	e->state = SCHED_QUEUED;
	insert(s, e);
}

static void block(struct sched *s, struct sched_ent *e, u64 now)
{
	if (e->state == SCHED_QUEUED)
		list_del(&e->node);
	e->state = SCHED_BLOCKED;
}

static struct sched_pick pick(struct sched *s, u32 cpu, u64 now)
{
	u64 wait = SCHED_NEVER;

	list_for_each(it, &s->queue) {
		struct sched_ent *e = container_of(it, struct sched_ent, node);
		u64 slice;

		if (!sched_mask_has(&e->group->params.cpus, cpu))
			continue;
		slice = budget(s, e->group, now);
		if (!slice) {
			wait = min_u64(wait, e->group->ready - now);
			continue;
		}
		/* Taken in advance, so that two vCPUs of a VM cannot use the same budget. */
		e->group->budget -= (s64)slice;
		e->granted = slice;
		list_del(&e->node);
		e->state = SCHED_RUNNING;
		e->cpu = cpu;
		sched_note_idle(s, cpu, false);
		return (struct sched_pick){ .ent = e, .slice = slice };
	}
	sched_note_idle(s, cpu, true);
	return (struct sched_pick){ .slice = wait };
}

static void charge(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran)
{
	e->ran += ran;
	e->group->budget += (s64)(e->granted - ran);
	e->granted = 0;
}

const struct sched_policy sched_fixed = {
	.name = "fixed",
	.bytes = bytes,
	.init = init,
	.attach = attach,
	.detach = detach,
	.tune = tune,
	.enqueue = enqueue,
	.block = block,
	.pick = pick,
	.charge = charge,
	.turn_alone = sched_turn_in_steps,
};

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Where a vCPU gets a pCPU: one that idles, or one whose vCPU is due last; and if that is none of those that it may run on, by a
 * chain of moves: it takes one of them, who runs there takes another, and so on (Cerqueira, Gujarati and Brandenburg, "Linux's
 * Processor Affinity API, Refined", 2014: shifting). The search goes over lines, not over pCPUs: all of a line may run on the same.
 */
#include <sched/fair_data.h>

#include <lib/bits.h>

struct chain {
	struct place best;
	u32 last;		/* the line whose vCPU takes best.cpu */
	bool late;
	bool too_early;		/* somebody will be sent on soon */
	u64 seen, found;	/* lines that were reached; those whose pCPUs have not been looked at yet */
	u16 via[FLUID_LINES];	/* the pCPU that one of this line would leave */
	u8 from[FLUID_LINES];	/* to one of that line */
};

/* Has it just come, and in its turn? */
static bool is_new(const struct sched *s, const struct sched_ent *e, u64 now)
{
	return !e->found && now - e->came < fair_wake_margin(s);
}

/* What runs on the pCPUs of line `x`. */
static void look(struct sched *s, struct chain *c, u32 x, u64 now)
{
	struct fair *f = fair_of(s);
	const struct sched_mask *m = &f->fluid.line[x].cpus;
	u32 cpu = fair_best_in(&f->idle, m, s->cpus);
	u64 owners;

	if (cpu != TOUR_NONE) {
		c->best.cpu = cpu;
		c->best.idle = true;
		c->last = x;
		return;
	}
	/* Others are guests there. */
	owners = fluid_owners(&f->fluid, BIT(x));
	for (u32 i = 0; i < f->fluid.line_count; i++)
		for (u32 k = 0; k < KINDS; k++) {
			struct tour *t = &f->queue[i][k].running;
			u64 due;

			cpu = fair_best_in(t, m, s->cpus);
			/* Nobody is sent on who has just come: the moves come to an end. */
			if (cpu == TOUR_NONE)
				continue;
			if (c->late && is_new(s, f->current[cpu], now)) {
				c->too_early = true;
				continue;
			}
			due = owners >> i & 1 ? fair_real_due(&f->fluid.line[i], k, ~tour_key(t, cpu), now) : now + NS_PER_S;
			if (tree_before(c->best.due, due)) {
				c->best.cpu = cpu;
				c->best.due = due;
				c->last = x;
			}
			if (c->seen >> i & 1)
				continue;
			c->seen |= BIT(i);
			c->found |= BIT(i);
			c->via[i] = (u16)cpu;
			c->from[i] = (u8)x;
		}
}

static u32 first_of(const struct sched_mask *m)
{
	u32 i = 0;

	while (!m->word[i])
		i++;
	return i * 64 + (u32)__builtin_ctzll(m->word[i]);
}

/* As fair_find_place(), where its own pCPU does not idle. */
static rare struct place find_another(struct sched *s, const struct sched_ent *e, u64 now)
{
	const struct sched_line *l = e->group->line;
	struct chain c = { .best = { TOUR_NONE, false, now - (1ull << 62) }, .seen = BIT(l->index) };

	look(s, &c, l->index, now);
	/* All of them between two vCPUs. */
	if (c.best.cpu == TOUR_NONE)
		c.best.cpu = sched_mask_has(&l->cpus, e->cpu) ? e->cpu : first_of(&l->cpus);
	return c.best;
}

struct place fair_find_place(struct sched *s, const struct sched_ent *e, u64 now)
{
	if (sched_mask_has(&e->group->line->cpus, e->cpu) && fair_is_idle(fair_of(s), e->cpu))
		return (struct place){ e->cpu, true, now };
	return find_another(s, e, now);
}

/* Nobody else is to choose this pCPU now. */
void fair_claim(struct fair *f, u32 cpu)
{
	fair_set_idle(f, cpu, false);
	if (f->current[cpu])
		tour_clear(&queue_of(f, f->current[cpu])->running, cpu);
}

/* Each takes the pCPU of the next one: from the last one back to `e`. */
static void shift(struct sched *s, const struct chain *c, struct sched_ent *e)
{
	struct fair *f = fair_of(s);
	u32 to = c->best.cpu, x = c->last;

	for (;;) {
		bool all = x == e->group->line->index;
		struct sched_ent *o = all ? e : f->current[c->via[x]];

		fair_claim(f, to);
		fair_invite(f, o, to);
		s->kick(s, to);
		if (all)
			return;
		to = c->via[x];
		x = c->from[x];
	}
}

/*
 * The first of those who wait in a queue, on the pCPU `at`, gets another if there is a chain that ends where somebody is due
 * later. Beside others, who runs now is not to be looked at, so that he counts as one who may be sent on; false: there may be one.
 */
static bool place(struct sched *s, const struct sched_line *l, u32 kind, u32 at, u64 now, bool beside)
{
	struct queue *q = &fair_of(s)->queue[l->index][kind];
	struct chain c = { .late = !beside, .seen = BIT(l->index), .found = BIT(l->index) };
	struct sched_ent *e = NULL;

	if (!beside) {
		e = ent_of(tree_earliest(&q->on[at], fair_horizon(s, l, kind, now)));
		if (!e || e->invited)
			return true;
	}
	c.best.cpu = TOUR_NONE;
	c.best.due = fair_real_due(l, kind, tour_key(&q->due, at), now) + fair_wake_margin(s);
	while (c.found && !c.best.idle) {
		u32 x = (u32)__builtin_ctzll(c.found);

		c.found &= c.found - 1;
		look(s, &c, x, now);
	}
	if (c.best.cpu == TOUR_NONE)
		return !c.too_early;
	if (!beside)
		shift(s, &c, e);
	return !beside;
}

/* Time alone lets requests begin: the queue that has waited longest may have one now that it has not published. False: beside others. */
static bool refresh(struct sched *s, const struct sched_line *l, u32 kind, u64 now, bool beside)
{
	struct queue *q = &fair_of(s)->queue[l->index][kind];
	u32 at = tour_best(&q->begin);
	u64 horizon;

	if (at == TOUR_NONE || tour_has(&q->due, at))
		return true;
	horizon = fair_horizon(s, l, kind, now);
	if (tree_before(horizon, tour_key(&q->begin, at)))
		return true;
	if (!beside)
		fair_publish(q, at, horizon, false);
	return !beside;
}

bool fair_place_late(struct sched *s, bool spare, u64 now, bool beside)
{
	struct fair *f = fair_of(s);
	bool done = true;

	spare |= tour_best(&f->idle) != TOUR_NONE;
	for (u64 rest = fair_busy(f, ~0ull); rest && (done || !beside); rest &= rest - 1)
		for (u32 kind = 0; kind < KINDS; kind++) {
			const struct sched_line *l = &f->fluid.line[__builtin_ctzll(rest)];
			const struct tour *t = &f->queue[l->index][kind].due;
			u32 at;

			done &= refresh(s, l, kind, now, beside);
			at = tour_best(t);
			if (at != TOUR_NONE && (spare || !tree_before(now + s->slice / 4, fair_real_due(l, kind, tour_key(t, at), now))))
				done &= place(s, l, kind, at, now, beside);
		}
	return done;
}

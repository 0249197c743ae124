// SPDX-License-Identifier: BSD-2-Clause
/* Which request a pCPU takes. */
#include <sched/fair_data.h>

#include <lib/bits.h>

struct choice {
	struct sched_ent *ent;
	u64 due;    /* ns */
	bool found; /* may not begin yet */
};

/* What a pCPU published may no longer begin, if the pace has slowed down. Each was published once for that. */
#define STALE_TRIES 4

/* The earliest due that may begin on another pCPU than `cpu`, or NULL: none, or there is an earlier one here. */
static struct sched_ent *earliest(struct sched *s, struct sched_line *l, u32 kind, u32 cpu, u64 now, u32 *at)
{
	struct queue *q = &fair_of(s)->queue[l->index][kind];

	for (u32 i = 0; i < STALE_TRIES; i++) {
		struct tree_node *n;

		*at = tour_best(&q->due);
		if (*at == TOUR_NONE || *at == cpu)
			break;
		n = tree_earliest(&q->on[*at], fair_horizon(s, l, kind, now));
		if (n)
			return ent_of(n);
		fair_publish(s, l, kind, *at, now);
	}
	return NULL;
}

/* The earliest due that may begin: here, and elsewhere. */
static void look(struct sched *s, u32 i, u32 kind, u32 cpu, u64 now, struct choice *here, struct choice *there)
{
	struct fair *f = fair_of(s);
	struct sched_line *l = &f->fluid.line[i];
	struct queue *q = &f->queue[i][kind];
	struct tree_node *own = fair_publish(s, l, kind, cpu, now);
	struct sched_ent *e;
	u32 other;
	u64 due;

	/* Time alone lets requests begin: the queue that has waited longest may have one now. */
	other = tour_best(&q->begin);
	if (other != TOUR_NONE && !tour_has(&q->due, other))
		fair_publish(s, l, kind, other, now);
	if (own) {
		due = fair_real_due(l, kind, own->due, now);
		if (!here->ent || due < here->due)
			*here = (struct choice){ ent_of(own), due, false };
	}
	e = earliest(s, l, kind, cpu, now, &other);
	if (!e)
		return;
	due = fair_real_due(l, kind, tour_key(&q->due, other), now);
	if (!there->ent || due < there->due)
		*there = (struct choice){ e, due, false };
}

/*
 * All that wait are ahead of the ideal by as much as they may be, while it serves some that linger. The first of them that may
 * begin runs nevertheless, unless it is limited: no pCPU idles that somebody could use.
 */
static struct sched_ent *first_to_begin(struct sched *s, u32 cpu)
{
	struct fair *f = fair_of(s);

	for (u64 rest = fair_busy(f, f->lines[cpu]); rest; rest &= rest - 1)
		for (u32 kind = 0; kind < LIMITED; kind++) {
			struct queue *q = &f->queue[__builtin_ctzll(rest)][kind];
			u32 at = tour_best(&q->begin);

			if (at == TOUR_NONE)
				continue;
			if (tour_has(&q->begin, cpu) && tour_key(&q->begin, cpu) == tour_key(&q->begin, at))
				at = cpu;
			return ent_of(tree_first(&q->on[at]));
		}
	return NULL;
}

/* Of these lines, what may begin and is due first; what is here is preferred. */
static struct choice choose_of(struct sched *s, u64 lines, u32 cpu, u64 now)
{
	struct choice here = { 0 }, there = { 0 };

	for (lines = fair_busy(fair_of(s), lines); lines; lines &= lines - 1)
		for (u32 i = (u32)__builtin_ctzll(lines), kind = 0; kind < KINDS; kind++)
			if (fair_of(s)->busy[kind] >> i & 1)
				look(s, i, kind, cpu, now, &here, &there);
	if (there.ent && (!here.ent || there.due + fair_fetch_margin(s) < here.due))
		return there;
	return here;
}

/* This pCPU is not for those who wait here of these lines; the others are told who may begin. */
static void announce(struct sched *s, u64 lines, u32 cpu, u64 now)
{
	struct fair *f = fair_of(s);

	for (lines = fair_busy(f, lines); lines; lines &= lines - 1)
		for (u32 kind = 0; kind < KINDS; kind++)
			fair_publish(s, &f->fluid.line[__builtin_ctzll(lines)], kind, cpu, now);
}

static struct choice choose(struct sched *s, u32 cpu, u64 now)
{
	struct fair *f = fair_of(s);
	u64 lines = f->total ? f->lines[cpu] : 0, owners = fluid_owners(&f->fluid, lines);
	struct choice here = choose_of(s, lines & owners, cpu, now);

	/* Who may run elsewhere, too, leaves full pCPUs to those who may not. */
	if (!here.ent && lines & ~owners)
		here = choose_of(s, lines & ~owners, cpu, now);
	else
		announce(s, lines & ~owners, cpu, now);
	if (!here.ent && f->total)
		here = (struct choice){ first_to_begin(s, cpu), now, true };
	return here;
}

/* ns until a limited entity may begin that waits for nothing else. */
static u64 next_begin(struct sched *s, u32 cpu, u64 now)
{
	struct fair *f = fair_of(s);
	u64 next = SCHED_NEVER, caught;

	for (u64 rest = fair_busy(f, f->lines[cpu]); rest; rest &= rest - 1)
		for (u32 kind = LIMITED; kind < KINDS; kind++) {
			u32 i = (u32)__builtin_ctzll(rest);
			struct tour *t = &f->queue[i][kind].begin;
			u32 at = tour_best(t);
			s64 wait;

			if (at == TOUR_NONE)
				continue;
			wait = (s64)(tour_key(t, at) - fair_horizon(s, &f->fluid.line[i], kind, now));
			if (!(kind & REAL))
				wait = fluid_to_ns(&f->fluid.line[i], wait);
			/* Whoever is not sorted anew yet will be by then. */
			if (!(kind & REAL) && f->fluid.line[i].level == FLUID_NO_LEVEL)
				wait = (s64)s->slice / 8;
			next = min_u64(next, wait > 0 ? (u64)wait + 1 : 1);
		}
	/* When one leaves the ideal, the others' pace rises. */
	if (next != SCHED_NEVER && f->lingering) {
		fair_first_caught(f, &caught);
		next = min_u64(next, max_u64(caught, now + 1) - now);
	}
	return next;
}

/* Does anybody wait who has few pCPUs to choose from, this one among them? */
bool fair_awaited(struct sched *s, u32 cpu)
{
	struct fair *f = fair_of(s);

	for (u64 rest = fair_busy(f, f->lines[cpu]); rest; rest &= rest - 1) {
		u32 i = (u32)__builtin_ctzll(rest);

		for (u32 k = 0; f->fluid.line[i].cpu_count < s->cpus && k < KINDS; k++)
			if (tour_best(&f->queue[i][k].begin) != TOUR_NONE)
				return true;
	}
	return false;
}

/*
 * Is there more than one affinity? Where all who wait are of one line it is left to pCPUs that run another: those turns are to be short.
 */
static bool may_shift(struct fair *f, const struct choice *c)
{
	return f->total && f->fluid.roots & (f->fluid.roots - 1) && (!c->ent || c->found || queue_of(f, c->ent)->waiting != f->total);
}

struct sched_pick fair_pick(struct sched *s, u32 cpu, u64 now)
{
	struct fair *f = fair_of(s);
	u32 settled = TOUR_NONE;
	struct choice c;

	fair_catch_up(s, now);
	fair_resort(s, now);
	c = (struct choice){ .ent = fair_invited(f, cpu) };
	if (!c.ent)
		c = choose(s, cpu, now);
	if (c.ent)
		c.ent = fair_gang_turn(s, c.ent, now);
	fair_set_idle(f, cpu, !c.ent);
	if (c.ent) {
		fair_queue_out(s, c.ent, now);
		if (tour_best(&f->idle) != TOUR_NONE && c.ent->cpu == cpu && c.ent->since + c.ent->counted == now &&
		    c.ent->counted >= fair_wake_margin(s))
			settled = cpu;
		fair_take(c.ent, cpu, c.found, now);
		fair_run_anew(f, c.ent, now);
	}
	if (may_shift(f, &c))
		fair_place_late(s, !c.ent || c.found, settled, now);
	if (!c.ent)
		return (struct sched_pick){ .slice = next_begin(s, cpu, now) };
	fair_let_in(s, cpu);
	return (struct sched_pick){ .ent = c.ent, .slice = fair_slice(s, cpu, c.ent) };
}

void fair_charge(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran)
{
	fair_stop(fair_of(s), e);
	e->ran += ran;
	/* Some of it may have been counted already. */
	fair_serve(s, e, e->counted < ran ? ran - e->counted : 0);
}

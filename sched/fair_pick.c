// SPDX-License-Identifier: BSD-2-Clause
/* Which request a pCPU takes. */
#include <sched/fair_data.h>

#include <lib/bits.h>

/* What a pCPU published may no longer begin, if the pace has slowed down. Each was published once for that. */
#define STALE_TRIES 4

/* May the first of those who wait on `at` begin? */
static bool may_begin(const struct queue *q, u32 at, u64 horizon)
{
	return !tree_before(horizon, tour_key(&q->begin, at));
}

/* What another pCPU has published is to be brought up to date; false: but not now. */
static bool refresh(struct seek *k, struct queue *q, u32 at, u64 horizon)
{
	k->stuck |= k->beside;
	if (!k->beside)
		fair_publish(q, at, horizon, false);
	return !k->beside;
}

/* The pCPU with the earliest due that may begin; TOUR_NONE: there is none but here. */
static u32 earliest(struct seek *k, struct queue *q, u64 horizon)
{
	for (u32 i = 0; i < STALE_TRIES; i++) {
		u32 at = tour_best(&q->due);

		if (at == TOUR_NONE || at == k->cpu)
			break;
		if (may_begin(q, at, horizon))
			return at;
		if (!refresh(k, q, at, horizon))
			break;
	}
	return TOUR_NONE;
}

/* The earliest due that may begin: here, and elsewhere. */
static void look(struct seek *k, const struct sched_line *l, u32 kind)
{
	struct queue *q = &fair_of(k->s)->queue[l->index][kind];
	u64 horizon, due;
	struct tree_node *own;
	u32 at;

	/* It is forgotten here only: turns cannot. */
	if (!q->waiting && !k->beside) {
		fair_of(k->s)->busy[kind] &= ~BIT(l->index);
		return;
	}
	horizon = fair_horizon(k->s, l, kind, k->now);
	own = fair_publish(q, k->cpu, horizon, k->beside);
	/* Time alone lets requests begin: the queue that has waited longest may have one now. */
	at = tour_best(&q->begin);
	if (at != TOUR_NONE && !tour_has(&q->due, at) && may_begin(q, at, horizon))
		refresh(k, q, at, horizon);
	if (own) {
		due = fair_real_due(l, kind, own->due, k->now);
		if (!k->here || due < k->here_due) {
			k->here = ent_of(own);
			k->here_due = due;
		}
	}
	at = earliest(k, q, horizon);
	if (at == TOUR_NONE)
		return;
	due = fair_real_due(l, kind, tour_key(&q->due, at), k->now);
	if (!k->there || due < k->there_due) {
		k->there = &q->on[at];
		k->there_due = due;
		k->horizon = horizon;
	}
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

/* Of these lines; what is here is preferred. */
static struct sched_ent *choose_of(struct seek *k, u64 lines)
{
	struct fair *f = fair_of(k->s);

	for (lines = fair_busy(f, lines); lines; lines &= lines - 1)
		for (u32 i = (u32)__builtin_ctzll(lines), kind = 0; kind < KINDS; kind++)
			if (f->busy[kind] >> i & 1)
				look(k, &f->fluid.line[i], kind);
	if (!k->there || (k->here && k->there_due + fair_fetch_margin(k->s) >= k->here_due))
		return k->here;
	k->stuck |= k->beside;
	return k->beside ? NULL : ent_of(tree_earliest(k->there, k->horizon));
}

/* This pCPU is not for those who wait here of these lines; the others are told who may begin. */
static void announce(const struct seek *k, u64 lines)
{
	struct fair *f = fair_of(k->s);

	for (lines = fair_busy(f, lines); lines; lines &= lines - 1)
		for (u32 i = (u32)__builtin_ctzll(lines), kind = 0; kind < KINDS; kind++)
			fair_publish(&f->queue[i][kind], k->cpu, fair_horizon(k->s, &f->fluid.line[i], kind, k->now), k->beside);
}

struct sched_ent *fair_choose(struct seek *k)
{
	const struct fair *f = fair_of(k->s);
	u64 lines = f->lines[k->cpu], owners = fluid_owners(&f->fluid, lines);
	struct sched_ent *e = choose_of(k, lines & owners);

	/* Who may run elsewhere, too, leaves full pCPUs to those who may not. */
	if (!e && !k->stuck && lines & ~owners)
		return choose_of(k, lines & ~owners);
	if (!k->stuck)
		announce(k, lines & ~owners);
	return e;
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

struct sched_pick fair_pick(struct sched *s, u32 cpu, u64 now)
{
	struct fair *f = fair_of(s);
	struct sched_ent *e;
	bool found = false, soon = false;

	fair_catch_up(s, now);
	fair_resort(s, now);
	e = fair_invited(f, cpu);
	if (!e && f->total) {
		e = fair_choose(&(struct seek){ .s = s, .cpu = cpu, .now = now });
		found = !e;
		if (found)
			e = first_to_begin(s, cpu);
	}
	if (e)
		e = fair_gang_turn(s, e, now);
	fair_set_idle(f, cpu, !e);
	if (e) {
		fair_queue_out(s, e, now, false);
		fair_take(e, cpu, found, now);
		fair_run_anew(f, e, now);
	}
	/* Where all who wait are of one line it is left to pCPUs that run another: those turns are to be short. */
	if (f->total && fair_may_shift(f) && (!e || found || queue_of(f, e)->waiting != f->total))
		soon = !fair_place_late(s, !e || found, now, false);
	if (!e)
		return (struct sched_pick){ .slice = min_u64(next_begin(s, cpu, now), soon ? fair_wake_margin(s) : SCHED_NEVER) };
	fair_let_in(s, cpu);
	return (struct sched_pick){ .ent = e, .slice = fair_slice(s, cpu, e) };
}

void fair_charge(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran)
{
	fair_stop(fair_of(s), e);
	e->ran += ran;
	/* Some of it may have been counted already. */
	fair_serve(s, e, e->counted < ran ? ran - e->counted : 0);
}

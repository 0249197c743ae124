// SPDX-License-Identifier: BSD-2-Clause
/* Where requests wait: a tree for each pCPU and clock, and tournaments over the pCPUs that know each tree's first. */
#include <sched/fair_data.h>

#include <lib/bits.h>
#include <sched/steps.h>

/* --- Clocks -------------------------------------------------------------------------------------------------- */

/* ns, when what is due at `due` of this line's clock is due; at today's pace. */
u64 fair_real_due(struct sched_line *l, u32 kind, u64 due, u64 now)
{
	if (kind & REAL)
		return due;
	/* No level, no virtual time: whoever is still sorted by it has all that he can use, and is always due. */
	return l->level == FLUID_NO_LEVEL ? now : now + (u64)fluid_to_ns(l, (s64)(due - l->clock));
}

/* Where it stands on the clock that drives its group. The group is in sync. */
void fair_place_keys(struct fair *f, struct sched_ent *e)
{
	struct sched_group *g = e->group;
	/* Who is entitled to a whole pCPU cannot catch up: he is always due. Who shares is not. */
	u64 due = !fluid_sharing(g) && fluid_member_rate(g) >= SCHED_ONE ? e->served : e->due;

	/* Its siblings shall go by the same clock. */
	fluid_check(&f->fluid, g);
	e->kind = (u8)fair_kind(g);
	e->sort.key = fluid_when(g, e->served);
	e->sort.due = due == e->served ? e->sort.key : fluid_when(g, due);
	e->placed = g->line->points.epoch;
}

/* The winner among the pCPUs of `m`. */
u32 fair_best_in(const struct tour *t, const struct sched_mask *m, u32 cpus)
{
	u32 best = TOUR_NONE;

	if (tour_best(t) == TOUR_NONE || sched_mask_has(m, tour_best(t)))
		return tour_best(t);
	/* Run by run of set bits. */
	for (u32 lo = 0, hi; lo < cpus; lo = hi) {
		u32 got;

		while (lo < cpus && !sched_mask_has(m, lo))
			lo += m->word[lo / 64] ? 1 : 64 - lo % 64;
		for (hi = lo; hi < cpus && sched_mask_has(m, hi);)
			hi += hi % 64 == 0 && !~m->word[hi / 64] ? 64 : 1;
		hi = hi < cpus ? hi : cpus;
		got = lo < hi ? tour_best_of(t, lo, hi) : TOUR_NONE;
		if (got != TOUR_NONE && (best == TOUR_NONE || tree_before(tour_key(t, got), tour_key(t, best))))
			best = got;
	}
	return best;
}

/* --- Run queues ---------------------------------------------------------------------------------------------- */

struct tree_node *fair_publish(struct sched *s, struct sched_line *l, u32 kind, u32 cpu, u64 now)
{
	struct fair *f = fair_of(s);
	struct queue *q = &f->queue[l->index][kind];
	struct tree_node *next;

	if (!q->on[cpu].root) {
		tour_clear(&q->due, cpu);
		tour_clear(&q->begin, cpu);
		return NULL;
	}
	tour_set(&q->begin, cpu, tree_first(&q->on[cpu])->key);
	next = tree_earliest(&q->on[cpu], fair_horizon(s, l, kind, now));
	if (next)
		tour_set(&q->due, cpu, next->due);
	else
		tour_clear(&q->due, cpu);
	return next;
}

/* The same of `e`, which has just come; what time alone has changed is seen by others. */
static void publish_new(struct sched *s, struct sched_ent *e, u64 now)
{
	struct queue *q = queue_of(fair_of(s), e);
	u32 cpu = e->cpu;

	if (!tour_has(&q->begin, cpu) || tree_before(e->sort.key, tour_key(&q->begin, cpu)))
		tour_set(&q->begin, cpu, e->sort.key);
	if (tour_has(&q->due, cpu) && !tree_before(e->sort.due, tour_key(&q->due, cpu)))
		return;
	if (!tree_before(fair_horizon(s, e->group->line, e->kind, now), e->sort.key))
		tour_set(&q->due, cpu, e->sort.due);
}

void fair_queue_in(struct sched *s, struct sched_ent *e, u32 cpu, u64 now)
{
	fair_place_keys(fair_of(s), e);
	fair_queue_placed(s, e, cpu, now);
}

void fair_queue_placed(struct sched *s, struct sched_ent *e, u32 cpu, u64 now)
{
	struct fair *f = fair_of(s);

	e->cpu = cpu;
	e->state = SCHED_QUEUED;
	f->waiting[cpu]++;
	f->total++;
	queue_of(f, e)->waiting++;
	f->busy[e->kind] |= BIT(e->group->line->index);
	tree_insert(&queue_of(f, e)->on[cpu], &e->sort);
	publish_new(s, e, now);
}

void fair_queue_out(struct sched *s, struct sched_ent *e, u64 now)
{
	struct fair *f = fair_of(s);

	fair_uninvite(f, e);
	f->waiting[e->cpu]--;
	f->total--;
	if (!--queue_of(f, e)->waiting)
		f->busy[e->kind] &= ~BIT(e->group->line->index);
	tree_remove(&queue_of(f, e)->on[e->cpu], &e->sort);
	fair_publish(s, e->group->line, e->kind, e->cpu, now);
}

static bool waits(const struct fair *f, u32 line, u32 cpu)
{
	for (u32 k = 0; k < KINDS; k++)
		if (f->queue[line][k].on[cpu].root)
			return true;
	return false;
}

void fair_let_in_slowly(struct sched *s, u32 cpu)
{
	struct fair *f = fair_of(s);

	for (u64 rest = fair_busy(f, f->lines[cpu]); rest; rest &= rest - 1) {
		u32 i = (u32)__builtin_ctzll(rest), at;

		if (!waits(f, i, cpu))
			continue;
		at = fair_best_in(&f->idle, &f->fluid.line[i].cpus, s->cpus);
		if (at == TOUR_NONE && f->fluid.line[i].cpu_count < s->cpus) {
			at = fair_best_in(&f->endless, &f->fluid.line[i].cpus, s->cpus);
			if (at != TOUR_NONE)
				tour_clear(&f->endless, at);
		}
		if (at != TOUR_NONE)
			s->kick(s, at);
	}
}

void fair_set_idle(struct fair *f, u32 cpu, bool idle)
{
	if (idle)
		tour_set(&f->idle, cpu, 0);
	else
		tour_clear(&f->idle, cpu);
}

bool fair_is_idle(const struct fair *f, u32 cpu)
{
	return tour_has(&f->idle, cpu);
}

void fair_stop(struct fair *f, struct sched_ent *e)
{
	tour_clear(&queue_of(f, e)->running, e->cpu);
	tour_clear(&f->endless, e->cpu);
	f->current[e->cpu] = NULL;
}

/* A blocked one that is ahead stays until the ideal has caught up, so that it gains nothing by sleeping. */
void fair_linger(struct sched *s, struct sched_ent *e)
{
	e->state = SCHED_LINGERING;
	fair_of(s)->lingering++;
	fair_place_keys(fair_of(s), e);
	tree_insert(&queue_of(fair_of(s), e)->lingering, &e->sort);
}

void fair_linger_end(struct sched *s, struct sched_ent *e)
{
	fair_of(s)->lingering--;
	tree_remove(&queue_of(fair_of(s), e)->lingering, &e->sort);
}

/* Its pace, or the clock that drives it, is another: those that wait are sorted anew, endless ones get a timer if need be. */
static void resort(struct sched *s, struct sched_group *g, u64 now)
{
	struct fair *f = fair_of(s);

	fluid_heed(g);
	fluid_sync(g, now);
	list_for_each(it, &g->members) {
		struct sched_ent *e = container_of(it, struct sched_ent, sibling);
		u32 idle;

		sched_step();
		if (e->state == SCHED_LINGERING) {
			fair_linger_end(s, e);
			fair_linger(s, e);
		} else if (e->state == SCHED_QUEUED) {
			fair_queue_out(s, e, now);
			fair_queue_in(s, e, e->cpu, now);
			/* An idle pCPU may have to wake earlier for it, or now. */
			idle = fair_best_in(&f->idle, &g->line->cpus, s->cpus);
			if (idle != TOUR_NONE)
				s->kick(s, idle);
		} else if (f->current[e->cpu] == e) {
			bool endless = e->endless;

			fair_stop(f, e);
			fair_serve(s, e, now - e->since - e->counted);
			fair_place_keys(f, e);
			fair_run(f, e);
			if (endless)
				tour_set(&f->endless, e->cpu, 0);
			if (endless && fluid_member_rate(g) < SCHED_ONE)
				s->kick(s, e->cpu);
		}
	}
}

/*
 * Groups turned by each operation, so that none takes longer than log n however many there are; the others are sorted as of a
 * moment ago until it is their turn. Those that lost their cap matter more: with it they kept their pCPUs. With fewer turns the
 * other way they come to an end even if the level goes to and fro.
 */
#define TURNS_DOWN 4
#define TURNS_UP   1

/* Where the level has risen, those who wait for their time may begin earlier than idle pCPUs know. */
static void wake_idle(struct sched *s)
{
	struct fair *f = fair_of(s);

	for (u64 rest = f->fluid.risen; rest; rest &= rest - 1) {
		u32 i = (u32)__builtin_ctzll(rest), idle;

		if (tour_best(&f->queue[i][LIMITED].begin) == TOUR_NONE)
			continue;
		idle = fair_best_in(&f->idle, &f->fluid.line[i].cpus, s->cpus);
		if (idle != TOUR_NONE)
			s->kick(s, idle);
	}
	f->fluid.risen = 0;
}

void fair_resort(struct sched *s, u64 now)
{
	struct fair *f = fair_of(s);
	struct sched_group *g;

	if (!f->fluid.stirred)
		return;
	while (!list_empty(&f->fluid.moved)) {
		g = container_of(f->fluid.moved.next, struct sched_group, moved);
		list_del(&g->moved);
		resort(s, g, now);
	}
	for (u32 i = 0; i < TURNS_DOWN && (g = fluid_turned(&f->fluid, true)); i++)
		resort(s, g, now);
	for (u32 i = 0; i < TURNS_UP && (g = fluid_turned(&f->fluid, false)); i++)
		resort(s, g, now);
	wake_idle(s);
	f->fluid.stirred = (f->fluid.unsure[0] | f->fluid.unsure[1]) || !list_empty(&f->fluid.moved);
}

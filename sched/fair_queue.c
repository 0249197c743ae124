// SPDX-License-Identifier: BSD-2-Clause
/* Where requests wait: a tree for each pCPU and clock, and tournaments over the pCPUs that know each tree's first. */
#include <sched/fair_data.h>

#include <lib/bits.h>
#include <sched/steps.h>

/* --- Clocks -------------------------------------------------------------------------------------------------- */

u32 fair_kind(const struct sched_group *g)
{
	return (fluid_sharing(g) ? 0 : REAL) | (fluid_limited(g) ? LIMITED : 0);
}

u64 fair_real_due(const struct sched_line *l, u32 kind, u64 due, u64 now)
{
	if (kind & REAL)
		return due;
	/* No level, no virtual time: whoever is still sorted by it has all that he can use, and is always due. */
	return l->level == FLUID_NO_LEVEL ? now : now + (u64)fluid_to_ns(l, (s64)(due - fluid_virtual_at(l, now)));
}

u64 fair_horizon(const struct sched *s, const struct sched_line *l, u32 kind, u64 now)
{
	if (kind & REAL)
		return now + s->slice;
	/* No virtual time passes: who is still sorted by it has all that he can use; but if he is limited, he is to be sorted anew. */
	if (l->level == FLUID_NO_LEVEL)
		return l->clock + (kind & LIMITED ? 0 : 1ull << 62);
	return fluid_virtual_at(l, now) + l->reach;
}

u64 fair_clock(const struct sched_group *g, u64 now)
{
	return fluid_clock(g, now, fluid_virtual_at(g->line, now));
}

static void place_keys(struct sched_ent *e, u64 clock, u64 now, u64 virt)
{
	const struct sched_group *g = e->group;
	/* Who is entitled to a whole pCPU cannot catch up: he is always due. Who shares is not. */
	u64 due = !fluid_sharing(g) && fluid_member_rate(g) >= SCHED_ONE ? e->served : e->due;

	e->sort.key = fluid_when(g, e->served, clock, now, virt);
	e->sort.due = due == e->served ? e->sort.key : fluid_when(g, due, clock, now, virt);
	e->placed = g->line->points.epoch;
}

void fair_place_keys_at(struct sched_ent *e, u64 now)
{
	place_keys(e, fair_clock(e->group, now), now, fluid_virtual_at(e->group->line, now));
}

void fair_place_keys(struct fair *f, struct sched_ent *e)
{
	struct sched_group *g = e->group;

	/* Its siblings shall go by the same clock. */
	fluid_check(&f->fluid, g);
	e->kind = (u8)fair_kind(g);
	place_keys(e, g->clock, g->synced, g->line->clock);
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

struct tree_node *fair_publish(struct queue *q, u32 cpu, u64 horizon, bool beside)
{
	const struct tree *on = &q->on[cpu];
	struct tree_node *next = NULL;

	if (on->root) {
		tour_put(&q->begin, cpu, tree_first(on)->key, beside);
		next = tree_earliest(on, horizon);
	} else {
		tour_drop(&q->begin, cpu, beside);
	}
	if (next)
		tour_put(&q->due, cpu, next->due, beside);
	else
		tour_drop(&q->due, cpu, beside);
	return next;
}

/* The same of `e`, which has just come; what time alone has changed is seen by others. */
static void publish_new(struct sched *s, struct queue *q, const struct sched_ent *e, u64 now, bool beside)
{
	u32 cpu = e->cpu;

	if (!tour_has(&q->begin, cpu) || tree_before(e->sort.key, tour_key(&q->begin, cpu)))
		tour_put(&q->begin, cpu, e->sort.key, beside);
	if (tour_has(&q->due, cpu) && !tree_before(e->sort.due, tour_key(&q->due, cpu)))
		return;
	if (!tree_before(fair_horizon(s, e->group->line, e->kind, now), e->sort.key))
		tour_put(&q->due, cpu, e->sort.due, beside);
}

void fair_queue_in(struct sched *s, struct sched_ent *e, u32 cpu, u64 now)
{
	fair_place_keys(fair_of(s), e);
	fair_queue_placed(s, e, cpu, now, false);
}

void fair_queue_placed(struct sched *s, struct sched_ent *e, u32 cpu, u64 now, bool beside)
{
	struct fair *f = fair_of(s);
	struct queue *q = queue_of(f, e);

	e->cpu = cpu;
	e->state = SCHED_QUEUED;
	f->waiting[cpu]++;
	if (!beside) {
		f->total++;
		q->waiting++;
		f->busy[e->kind] |= BIT(e->group->line->index);
	}
	tree_insert(&q->on[cpu], &e->sort);
	publish_new(s, q, e, now, beside);
}

void fair_queue_out(struct sched *s, struct sched_ent *e, u64 now, bool beside)
{
	struct fair *f = fair_of(s);
	struct queue *q = queue_of(f, e);
	struct tree *on = &q->on[e->cpu];

	f->waiting[e->cpu]--;
	if (!beside) {
		fair_uninvite(f, e);
		f->total--;
		q->waiting--;
	}
	tree_remove(on, &e->sort);
	fair_publish(q, e->cpu, on->root ? fair_horizon(s, e->group->line, e->kind, now) : 0, beside);
}

static bool waits(const struct fair *f, u32 line, u32 cpu)
{
	for (u32 k = 0; k < KINDS; k++)
		if (f->queue[line][k].on[cpu].root)
			return true;
	return false;
}

u32 fair_opening(struct sched *s, u32 cpu, u64 *lines)
{
	struct fair *f = fair_of(s);

	for (u64 rest = fair_busy(f, *lines); rest; rest &= rest - 1) {
		const struct sched_line *l = &f->fluid.line[__builtin_ctzll(rest)];
		u32 at;

		*lines = rest & (rest - 1);
		if (!waits(f, l->index, cpu))
			continue;
		at = fair_best_in(&f->idle, &l->cpus, s->cpus);
		if (at == TOUR_NONE && l->cpu_count < s->cpus)
			at = fair_best_in(&f->endless, &l->cpus, s->cpus);
		if (at != TOUR_NONE)
			return at;
	}
	return TOUR_NONE;
}

void fair_let_in_slowly(struct sched *s, u32 cpu)
{
	struct fair *f = fair_of(s);
	u64 lines = f->lines[cpu];
	u32 at;

	while ((at = fair_opening(s, cpu, &lines)) != TOUR_NONE) {
		tour_clear(&f->endless, at);
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
			fair_queue_out(s, e, now, false);
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

// SPDX-License-Identifier: BSD-2-Clause
/*
 * A slice ends, and nothing else has happened since: the way of most switches. What charge, enqueue and pick do one after the
 * other is done here at once, with the same result: who leaves is compared with who waits before anybody is moved.
 */
#include <sched/fair_data.h>

#include <lib/bits.h>

/* --- Steps that the common way shares ------------------------------------------------------------------------- */

static inline __attribute__((always_inline)) u64 horizon_of(struct sched *s, struct sched_line *l, u32 kind, u64 now)
{
	if (kind & REAL)
		return now + s->slice;
	/* No virtual time passes: who is still sorted by it has all that he can use; but if he is limited, he is to be sorted anew. */
	if (l->level == FLUID_NO_LEVEL)
		return l->clock + (kind & LIMITED ? 0 : 1ull << 62);
	return fluid_virtual(l, now) + l->reach;
}

u64 fair_horizon(struct sched *s, struct sched_line *l, u32 kind, u64 now)
{
	return horizon_of(s, l, kind, now);
}

void fair_serve(struct sched *s, struct sched_ent *e, u64 ran)
{
	e->served += ran << 8;
	e->counted += ran;
	if ((s64)(e->due - e->served) <= 0)
		e->due = e->served + request(s);
}

void fair_forgive(struct sched *s, struct sched_ent *e)
{
	s64 lag = (s64)(e->group->clock - e->served), over = 0;

	if (lag > (s64)(2 * request(s)))
		over = lag - (s64)(2 * request(s));
	else if (e->found && -lag > (s64)request(s))
		over = lag + (s64)request(s);
	e->served += (u64)over;
	e->due += (u64)over;
	e->found = false;
}

/* As tour_set(), which has little to do for a machine of one pCPU. */
static void publish(struct tour *t, u32 cpu, u64 key)
{
	if (t->size > 1) {
		tour_set(t, cpu, key);
		return;
	}
	t->key[0] = key;
	t->win[1] = 0;
}

static inline __attribute__((always_inline)) void run(struct fair *f, struct queue *q, struct sched_ent *e, u32 cpu)
{
	publish(&q->running, cpu, ~e->sort.due);
	f->current[cpu] = e;
}

rare void fair_run(struct fair *f, struct sched_ent *e)
{
	run(f, queue_of(f, e), e, e->cpu);
}

rare void fair_run_anew(struct fair *f, struct sched_ent *e, u64 now)
{
	/* Its keys are those of the queue, if the pace is the same. */
	if (e->placed != e->group->line->points.epoch) {
		fluid_sync(e->group, now);
		fair_place_keys(f, e);
	}
	fair_run(f, e);
}

/* Nobody waits here: does `e` keep the pCPU, as one who is entitled to all of it? */
static rare bool keeps(struct sched *s, u32 cpu, struct sched_ent *e)
{
	e->endless = fluid_member_rate(e->group) >= SCHED_ONE && !fair_awaited(s, cpu);
	if (e->endless)
		tour_set(&fair_of(s)->endless, cpu, 0);
	return e->endless;
}

static inline __attribute__((always_inline)) u64 slice(struct sched *s, u32 cpu, struct sched_ent *e)
{
	u64 left = (e->due - e->served + 255) >> 8;

	e->endless = false;
	if (!fair_of(s)->waiting[cpu] && keeps(s, cpu, e))
		return SCHED_NEVER;
	return min_u64(max_u64(left, s->slice / 8), s->slice);
}

rare u64 fair_slice(struct sched *s, u32 cpu, struct sched_ent *e)
{
	return slice(s, cpu, e);
}

/* --- At once -------------------------------------------------------------------------------------------------- */

/*
 * Nobody lingers, and nobody is still to be sorted anew; all who wait are in the queue of `e`, which may go on here. In a pool the
 * kind may have changed without a sign.
 */
static bool is_plain(struct fair *f, const struct queue *q, u32 cpu, const struct sched_ent *e)
{
	const struct sched_group *g = e->group;

	return !(f->fluid.stirred | f->lingering) && q->waiting == f->total && !e->endless && e->kind == fair_kind(g) &&
	       !f->invited[cpu] && f->lines[cpu] >> g->line->index & 1;
}

/* As fluid_sync(), which it is where `g` is bound: it has its shares of what virtual time has passed since the pace is this one. */
static void sync(struct sched_group *g, u64 now)
{
	struct sched_line *l = g->line;
	struct point *p = &g->by_cap;
	u64 passed;

	if (g->floor || p->epoch != l->points.epoch || fluid_capped(g)) {
		fluid_sync(g, now);
		return;
	}
	passed = p->base_virt + fluid_virtual(l, now) - l->told - p->seen_virt;
	g->synced = now;
	p->seen_virt += passed;
	g->clock += fluid_ratio(passed, g->params.shares, (u64)g->runnable << 16);
}

static void place_keys(struct fair *f, struct sched_ent *e)
{
	struct sched_group *g = e->group;
	u64 d = (u64)g->runnable << 16, clock = g->line->clock;

	if (e->kind & REAL) {
		fair_place_keys(f, e);
		return;
	}
	e->sort.key = clock + (u64)fluid_scale((s64)(e->served - g->clock), d, g->params.shares);
	e->sort.due = clock + (u64)fluid_scale((s64)(e->due - g->clock), d, g->params.shares);
	e->placed = g->line->points.epoch;
}

/* Is what `at` has waiting due so much earlier that it is worth fetching? */
static rare bool is_worth(struct sched *s, const struct queue *q, const struct sched_ent *e, u32 at, u64 due, u64 now)
{
	struct sched_line *l = e->group->line;

	return fair_real_due(l, e->kind, q->due.key[at], now) + fair_fetch_margin(s) < fair_real_due(l, e->kind, due, now);
}

/* Most likely, so far as the tournament knows what waits here. */
static bool will_fetch(struct sched *s, const struct queue *q, const struct sched_ent *e, u64 now)
{
	u32 at = tour_best(&q->due);

	return at != TOUR_NONE && at != e->cpu && tour_has(&q->due, e->cpu) && is_worth(s, q, e, at, q->due.key[e->cpu], now);
}

/* May what other pCPUs have waiting be overlooked, while something here is due at `due`? As in fair_pick.c's look(). */
static __attribute__((noinline)) bool none_elsewhere(struct sched *s, struct queue *q, const struct sched_ent *e, u64 due, u64 horizon, u64 now)
{
	u32 at = tour_best(&q->begin), cpu = e->cpu;

	if (at != TOUR_NONE && at != cpu && !tour_has(&q->due, at) && !tree_before(e->sort.key, q->begin.key[at]))
		return false;
	at = tour_best(&q->due);
	if (at == TOUR_NONE)
		return true;
	if (at == cpu)
		return !tree_before(q->due.key[cpu], due);
	if (tree_before(due, q->due.key[at]))
		return true;
	/* Due earlier, but perhaps not by enough. */
	return tree_earliest(&q->on[at], horizon) && !is_worth(s, q, e, at, due, now);
}

static struct tree_node *earliest(const struct tree *t, u64 horizon)
{
	struct tree_node *n = t->root;

	if (!n || n->left || n->right)
		return tree_earliest(t, horizon);
	return tree_before(horizon, n->key) ? NULL : n;
}

/* In a draw the place in the tree decides: `e` is in it from now on. */
static rare struct tree_node *draw(struct tree *on, struct sched_ent *e, u64 horizon)
{
	e->state = SCHED_QUEUED;
	tree_insert(on, &e->sort);
	return tree_earliest(on, horizon);
}

/* Who shall run after `e`, itself perhaps; NULL: that is to be found out in the common way. */
static struct sched_ent *choose(struct sched *s, struct queue *q, struct sched_ent *e, u64 horizon, u64 now)
{
	bool alone = q->due.size == 1;
	struct tree *on = &q->on[e->cpu];
	struct tree_node *w;

	if (!alone && will_fetch(s, q, e, now))
		return NULL;
	w = earliest(on, horizon);
	if (!tree_before(horizon, e->sort.key)) {
		if (!w || tree_before(e->sort.due, w->due))
			w = &e->sort;
		else if (w->due == e->sort.due)
			w = draw(on, e, horizon);
	}
	if (!w || ent_of(w)->group->params.gang)
		return NULL;
	return alone || none_elsewhere(s, q, e, w->due, horizon, now) ? ent_of(w) : NULL;
}

/* `w` leaves the tree and `e` takes its place. */
static void change_places(struct tree *on, struct tree_node *w, struct tree_node *e)
{
	if (on->root == w && !w->left && !w->right) {
		e->left = e->right = NULL;
		e->least = e->due;
		on->root = e;
		return;
	}
	tree_remove(on, w);
	tree_insert(on, e);
}

/* What waits on `cpu` is another. As fair_publish(). */
static void tell(struct sched *s, struct queue *q, const struct sched_ent *e, u64 horizon, u64 now)
{
	const struct tree_node *n = q->on[e->cpu].root;

	if (!n)
		return;
	if (n->left || n->right || tree_before(horizon, n->key)) {
		fair_publish(s, e->group->line, e->kind, e->cpu, now);
		return;
	}
	publish(&q->begin, e->cpu, n->key);
	publish(&q->due, e->cpu, n->due);
}

/* Whom `e` gives way to, if that can be told so; it is in no queue yet, and the other no longer. */
static struct sched_ent *turn(struct sched *s, struct queue *q, struct sched_ent *e, u64 now)
{
	u64 horizon = horizon_of(s, e->group->line, e->kind, now);
	struct sched_ent *w = choose(s, q, e, horizon, now);

	if (!w)
		return NULL;
	if (e->state == SCHED_QUEUED)
		tree_remove(&q->on[e->cpu], &w->sort);
	else if (w != e)
		change_places(&q->on[e->cpu], &w->sort, &e->sort);
	e->state = SCHED_QUEUED;
	if (w->invited)
		fair_uninvite(fair_of(s), w);
	tell(s, q, e, horizon, now);
	return w;
}

/* In the common way, of `e`, which is charged. */
static rare struct sched_pick step(struct sched *s, u32 cpu, struct sched_ent *e, u64 now, s64 *lag)
{
	if (e->state == SCHED_QUEUED)
		tree_remove(&queue_of(fair_of(s), e)->on[cpu], &e->sort);
	e->state = SCHED_RUNNING;
	fair_stop(fair_of(s), e);
	fair_put_back(s, e, now);
	*lag = (s64)(e->group->clock - e->served) / 256;
	return fair_pick(s, cpu, now);
}

struct sched_pick fair_turn(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran, u64 now, s64 *lag)
{
	struct fair *f = fair_of(s);
	struct queue *q = queue_of(f, e);
	struct sched_ent *w;
	s64 behind;
	bool plain = is_plain(f, q, cpu, e);

	e->ran += ran;
	fair_serve(s, e, e->counted < ran ? ran - e->counted : 0);
	if (!plain)
		return step(s, cpu, e, now, lag);
	f->last = now;
	sync(e->group, now);
	behind = (s64)(e->group->clock - e->served);
	if (behind > (s64)(2 * request(s)) || e->found) {
		fair_forgive(s, e);
		behind = (s64)(e->group->clock - e->served);
	}
	*lag = behind / 256;
	place_keys(f, e);
	w = turn(s, q, e, now);
	if (!w)
		return step(s, cpu, e, now, lag);
	fair_take(w, cpu, false, now);
	if (w->placed == e->placed)
		run(f, q, w, cpu);
	else
		fair_run_anew(f, w, now);
	fair_let_in(s, cpu);
	return (struct sched_pick){ .ent = w, .slice = slice(s, cpu, w) };
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * A slice ends, and nothing else has happened since: the way of most switches. What charge, enqueue and pick do one after the
 * other is done here at once, with the same result: who leaves is compared with who waits before anybody is moved.
 *
 * Several pCPUs may do so at once. So a turn writes what is its pCPU's own only: who leaves and who comes, the tree, `current`,
 * and its leaves of the tournaments. All the rest it reads: the clocks are computed for `now` and not brought up to date. Where
 * more would have to change, it leaves that to fair_turn_alone(); where more is to be looked at, to fair_wide.c.
 */
#include <sched/fair_data.h>

#include <lib/bits.h>

/* --- Steps that the common way shares ------------------------------------------------------------------------- */

void fair_serve(struct sched *s, struct sched_ent *e, u64 ran)
{
	e->served += ran << 8;
	e->counted += ran;
	if ((s64)(e->due - e->served) <= 0)
		e->due = e->served + request(s);
}

rare s64 fair_forgive(struct sched *s, struct sched_ent *e, s64 lag)
{
	s64 over = 0;

	if (lag > (s64)(2 * request(s)))
		over = lag - (s64)(2 * request(s));
	else if (e->found && -lag > (s64)request(s))
		over = lag + (s64)request(s);
	e->served += (u64)over;
	e->due += (u64)over;
	return lag - over;
}

/* As tour_set_among(), which has little to do for a machine of one pCPU. */
static inline __attribute__((always_inline)) void publish(struct tour *t, u32 cpu, u64 key)
{
	if (t->size > 1) {
		tour_set_among(t, cpu, key);
		return;
	}
	atomic_store_explicit(&t->key[0], key, memory_order_relaxed);
	atomic_store_explicit(&t->win[1], 0, memory_order_relaxed);
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

static inline __attribute__((always_inline)) u64 slice(const struct sched *s, const struct sched_ent *e)
{
	u64 left = (e->due - e->served + 255) >> 8;

	return min_u64(max_u64(left, s->slice / 8), s->slice);
}

rare u64 fair_slice(struct sched *s, u32 cpu, struct sched_ent *e)
{
	e->endless = false;
	if (!fair_of(s)->waiting[cpu] && keeps(s, cpu, e))
		return SCHED_NEVER;
	return slice(s, e);
}

/* --- At once -------------------------------------------------------------------------------------------------- */

/*
 * Nobody lingers, and nobody is still to be sorted anew; all who wait are in the queue of `e`, which is sorted by
 * virtual time and may go on here. In a pool the kind may have changed without a sign.
 */
static inline __attribute__((always_inline)) bool is_plain(const struct turn *t, const struct sched_ent *e)
{
	const struct fair *f = t->f;
	const struct sched_group *g = e->group;

	if ((f->fluid.stirred | f->lingering) || e->endless || f->invited[t->cpu])
		return false;
	if (!fluid_sharing(g) || e->kind != (fluid_limited(g) ? LIMITED : 0))
		return false;
	if (!(f->lines[t->cpu] >> t->l->index & 1) || !fair_is_fresh(g, t->now))
		return false;
	if (t->q->waiting != f->total)
		return false;
	/* Nobody waits here: it may keep the pCPU. */
	if (!f->waiting[t->cpu])
		return fluid_member_rate(g) < SCHED_ONE;
	/* Somebody may have to be kicked, so that those who wait here are let in there. */
	return (tour_best(&f->idle) & tour_best(&f->endless)) == TOUR_NONE ||
	       (tour_best(&f->idle) == TOUR_NONE && t->l->cpu_count == t->s->cpus);
}

/* As fluid_clock(), which it is where `g` is bound: it has its shares of what virtual time has passed since the pace is this one. */
static inline __attribute__((always_inline)) u64 clock_of(const struct sched_group *g, u64 now, u64 virt)
{
	const struct sched_line *l = g->line;
	const struct point *p = &g->by_cap;
	u64 passed;

	if (g->floor || p->epoch != l->points.epoch)
		return fluid_clock(g, now, virt);
	passed = p->base_virt + virt - l->told - p->seen_virt;
	return g->clock + (passed * g->params.shares + g->rest) / ((u64)g->runnable << 16);
}

/* As fair_place_keys() of one that shares, whose group's clock is `clock`. */
static inline __attribute__((always_inline)) void place_keys(const struct turn *t, struct sched_ent *e, u64 clock)
{
	const struct sched_group *g = e->group;
	u64 d = (u64)g->runnable << 16;

	e->sort.key = t->virt + (u64)fluid_scale((s64)(e->served - clock), d, g->params.shares);
	e->sort.due = t->virt + (u64)fluid_scale((s64)(e->due - clock), d, g->params.shares);
	e->placed = t->l->points.epoch;
}

/* Is what `at` has waiting due so much earlier that it is worth fetching? */
static rare bool is_worth(const struct turn *t, u32 at, u64 due)
{
	u64 margin = fair_fetch_margin(t->s);
	s64 there = fluid_to_ns(t->l, (s64)(tour_key(&t->q->due, at) - t->virt));

	return tree_before(t->now + (u64)there + margin, t->now + (u64)fluid_to_ns(t->l, (s64)(due - t->virt)));
}

/* May `at` have something waiting that may begin now, so far as the tournament knows? */
static bool may_begin(const struct turn *t, u32 at)
{
	return !tree_before(t->horizon, tour_key(&t->q->begin, at));
}

/* May what other pCPUs have waiting be overlooked, while something here is due at `due`? As in fair_pick.c's look(). */
static __attribute__((noinline)) bool none_elsewhere(const struct turn *t, const struct sched_ent *e, u64 due)
{
	const struct queue *q = t->q;
	u32 at = tour_best(&q->begin);

	/* It would publish anew what it has. */
	if (at != TOUR_NONE && at != t->cpu && !tour_has(&q->due, at) && may_begin(t, at) &&
	    !tree_before(e->sort.key, tour_key(&q->begin, at)))
		return false;
	at = tour_best(&q->due);
	if (at == TOUR_NONE)
		return true;
	if (at == t->cpu)
		return !tree_before(tour_key(&q->due, at), due);
	if (tree_before(due, tour_key(&q->due, at)))
		return true;
	/* Due earlier, but perhaps not by enough. */
	return may_begin(t, at) && !is_worth(t, at, due);
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
static struct sched_ent *choose(const struct turn *t, struct sched_ent *e)
{
	struct tree *on = &t->q->on[t->cpu];
	struct tree_node *w;

	w = earliest(on, t->horizon);
	if (!tree_before(t->horizon, e->sort.key)) {
		if (!w || tree_before(e->sort.due, w->due))
			w = &e->sort;
		else if (w->due == e->sort.due)
			w = draw(on, e, t->horizon);
	}
	if (w && fair_is_ready(ent_of(w)) && (t->q->due.size == 1 || none_elsewhere(t, e, w->due)))
		return ent_of(w);
	if (e->state == SCHED_QUEUED) {
		tree_remove(on, &e->sort);
		e->state = SCHED_RUNNING;
	}
	return NULL;
}

/* `w` leaves the tree and `e` takes its place, if it is not there yet. */
static void change_places(struct tree *on, struct sched_ent *w, struct sched_ent *e)
{
	if (on->root == &w->sort && !w->sort.left && !w->sort.right) {
		e->sort.left = e->sort.right = NULL;
		e->sort.least = e->sort.due;
		on->root = &e->sort;
	} else {
		tree_remove(on, &w->sort);
		if (e->state != SCHED_QUEUED)
			tree_insert(on, &e->sort);
	}
	e->state = SCHED_QUEUED;
}

/* What waits here is another. As fair_publish(). */
static void tell(const struct turn *t)
{
	const struct tree *on = &t->q->on[t->cpu];
	const struct tree_node *n = on->root;

	if (!n)
		return;
	if (n->left || n->right) {
		publish(&t->q->begin, t->cpu, tree_first(on)->key);
		n = tree_earliest(on, t->horizon);
	} else {
		publish(&t->q->begin, t->cpu, n->key);
		n = tree_before(t->horizon, n->key) ? NULL : n;
	}
	if (n)
		publish(&t->q->due, t->cpu, n->due);
	else
		tour_clear_among(&t->q->due, t->cpu);
}

/* `w`, if it is anybody, has its pCPU. */
static rare bool hand_over(const struct turn *t, struct sched_ent *w, struct sched_pick *got)
{
	if (w)
		*got = (struct sched_pick){ .ent = w, .slice = fair_slice(t->s, t->cpu, w) };
	return w;
}

bool fair_turn(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran, u64 now, s64 *lag, struct sched_pick *got)
{
	struct sched_ent *w;
	struct turn t;
	u64 clock;
	s64 behind;

	t.s = s;
	t.f = fair_of(s);
	t.l = e->group->line;
	t.q = queue_of(t.f, e);
	t.now = now;
	t.cpu = cpu;
	if (!is_plain(&t, e))
		return hand_over(&t, fair_turn_wide(&t, e, ran, lag), got);
	fair_serve(s, e, e->counted < ran ? ran - e->counted : 0);
	t.virt = t.l->clock + ((now - t.l->at) * t.l->rate + t.l->rest) / t.l->weight;
	t.horizon = t.virt + t.l->reach;
	clock = clock_of(e->group, now, t.virt);
	behind = (s64)(clock - e->served);
	if (behind > (s64)(2 * request(s)) || e->found)
		behind = fair_forgive(s, e, behind);
	place_keys(&t, e, clock);
	w = choose(&t, e);
	if (!w)
		return false;
	*lag = behind / 256;
	e->ran += ran;
	e->found = false;
	if (w != e || e->state == SCHED_QUEUED)
		change_places(&t.q->on[cpu], w, e);
	tell(&t);
	fair_take(w, cpu, false, now);
	if (w->placed != e->placed)
		fair_place_keys_at(w, now);
	w->endless = false;
	run(t.f, t.q, w, cpu);
	*got = (struct sched_pick){ .ent = w, .slice = slice(s, w) };
	return true;
}

struct sched_pick fair_turn_alone(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran, u64 now, s64 *lag)
{
	fair_charge(s, cpu, e, ran);
	fair_put_back(s, e, now);
	*lag = (s64)(e->group->clock - e->served) / 256;
	return fair_pick(s, cpu, now);
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * A slice ends, as in fair_turn.c, but somebody lingers, or those who wait are in several queues: of other affinities or pools, or
 * with limits and reservations that bind. Here fair_pick.c's search runs beside the turns of other pCPUs. The same holds: what is
 * not this pCPU's own is only read; where more would have to change all is undone, and left to fair_turn_alone().
 */
#include <sched/fair_data.h>

/*
 * Of those that linger nobody is to leave yet, nobody is still to be sorted anew, and `e` may go on here. In a pool the kind may have
 * changed without a sign.
 */
static bool may_turn(const struct turn *t, const struct sched_ent *e)
{
	u64 caught;

	if (t->f->lingering) {
		fair_first_caught(t->f, &caught);
		if (caught <= t->now)
			return false;
	}
	if (t->f->fluid.stirred || e->endless || e->invited || t->f->invited[t->cpu])
		return false;
	return t->f->lines[t->cpu] >> t->l->index & 1 && e->kind == fair_kind(e->group) && fair_is_fresh(e->group, t->now);
}

/* `w`, of the queue `q`, runs, and `e` waits: is there nothing left to do for anybody else? */
static bool is_all(const struct turn *t, const struct queue *q, const struct sched_ent *w)
{
	u64 lines = t->f->lines[t->cpu];

	if (!t->f->waiting[t->cpu] && fluid_member_rate(w->group) >= SCHED_ONE)
		return false;
	if (fair_may_shift(t->f) && (q != t->q || q->waiting != t->f->total) && !fair_place_late(t->s, false, t->now, true))
		return false;
	return (tour_best(&t->f->idle) & tour_best(&t->f->endless)) == TOUR_NONE || fair_opening(t->s, t->cpu, &lines) == TOUR_NONE;
}

/* `w`, of the queue `q`, leaves it and runs, and `e` waits; false: not beside others. */
static bool take(const struct turn *t, struct sched_ent *w, struct sched_ent *e)
{
	struct queue *q = queue_of(t->f, w);
	u64 key = w->sort.key, due = w->sort.due, placed = w->placed;

	fair_queue_out(t->s, w, t->now, true);
	if (placed != w->group->line->points.epoch)
		fair_place_keys_at(w, t->now);
	if (q != t->q)
		tour_clear_among(&t->q->running, t->cpu);
	fair_run(t->f, w);
	if (is_all(t, q, w)) {
		/* First down, then up: together they are never more than all who wait. */
		if (q != t->q) {
			q->waiting--;
			t->q->waiting++;
		}
		return true;
	}
	if (q != t->q)
		tour_clear_among(&q->running, t->cpu);
	fair_run(t->f, e);
	w->sort.key = key;
	w->sort.due = due;
	w->placed = placed;
	fair_queue_placed(t->s, w, t->cpu, t->now, true);
	return false;
}

struct sched_ent *fair_turn_wide(const struct turn *t, struct sched_ent *e, u64 ran, s64 *lag)
{
	struct seek k = { .s = t->s, .cpu = t->cpu, .now = t->now, .beside = true };
	u64 line = BIT(t->l->index), due = tour_key(&t->q->due, t->cpu);
	bool had_due = tour_has(&t->q->due, t->cpu);
	struct sched_ent *w;
	s64 behind;

	if (!may_turn(t, e))
		return NULL;
	fair_serve(t->s, e, e->counted < ran ? ran - e->counted : 0);
	behind = fair_forgive(t->s, e, (s64)(fair_clock(e->group, t->now) - e->served));
	fair_place_keys_at(e, t->now);
	/* Before others can miss him. */
	if (!(t->f->busy[e->kind] & line))
		t->f->busy[e->kind] |= line;
	fair_queue_placed(t->s, e, t->cpu, t->now, true);
	w = fair_choose(&k);
	if (w && !k.stuck && fair_is_ready(w) && take(t, w, e)) {
		*lag = behind / 256;
		e->ran += ran;
		e->found = false;
		fair_take(w, t->cpu, false, t->now);
		return w;
	}
	fair_queue_out(t->s, e, t->now, true);
	e->state = SCHED_RUNNING;
	/* Nobody has looked, perhaps: what time has changed is not to be seen by that. */
	if (had_due)
		tour_set_among(&t->q->due, t->cpu, due);
	else
		tour_clear_among(&t->q->due, t->cpu);
	return NULL;
}

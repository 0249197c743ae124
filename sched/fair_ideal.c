// SPDX-License-Identifier: BSD-2-Clause
/* How vCPUs leave the ideal. docs/SCHEDULER.md, "Coming and going". */
#include <sched/fair_data.h>

#include <lib/bits.h>
#include <sched/steps.h>

/* How far `e` is behind the ideal; its group is in sync. */
static s64 lag_of(const struct sched_ent *e, u64 now)
{
	s64 lag = (s64)(e->group->clock - e->served);

	return e->state == SCHED_RUNNING ? lag - (s64)((now - e->since - e->counted) << 8) : lag;
}

/* What each sibling of `e` can be given without being owed more than a slice. */
static s64 room_of(struct sched *s, const struct sched_ent *e, u64 now)
{
	s64 worst = -(s64)request(s);

	list_for_each(it, &e->group->members) {
		struct sched_ent *o = container_of(it, struct sched_ent, sibling);
		s64 lag = lag_of(o, now);

		sched_step();
		if (o != e && lag > worst)
			worst = lag;
	}
	return (s64)request(s) - worst;
}

/*
 * Takes `e` out of the ideal. What it is still owed is not its own, for it had all that it wanted: its siblings have it, who
 * divide what their VM gets; what they cannot be given soon, the others have.
 */
void fair_leave(struct sched *s, struct sched_ent *e, u64 now)
{
	struct fair *f = fair_of(s);
	struct sched_group *g = e->group;
	s64 rest;

	fluid_sync(g, now);
	rest = fluid_give_siblings(g, lag_of(e, now), room_of(s, e, now), now);
	e->state = SCHED_BLOCKED;
	list_del(&e->sibling);
	fluid_change(&f->fluid, g, g->runnable - 1, &g->params, now);
	fluid_give_others(&f->fluid, g, rest, now);
}

struct sched_ent *fair_first_caught(struct fair *f, u64 *when)
{
	struct sched_ent *first = NULL;

	*when = SCHED_NEVER;
	for (u32 i = 0; i < f->fluid.line_count; i++)
		for (u32 k = 0; k < KINDS; k++) {
			struct tree_node *n = tree_first(&f->queue[i][k].lingering);
			u64 at = SCHED_NEVER;

			if (n)
				at = k & REAL ? n->key : fluid_time(&f->fluid.line[i], n->key);
			if (at < *when) {
				*when = at;
				first = ent_of(n);
			}
		}
	return first;
}

/*
 * Those with whom the ideal has caught up by now leave it, one after the other and each as of its own moment: the first thing
 * to do in every operation, while nothing is known of any later time.
 */
void fair_catch_up_lingering(struct sched *s, u64 now)
{
	struct fair *f = fair_of(s);
	struct sched_ent *e;
	u64 when;

	while (f->lingering && (e = fair_first_caught(f, &when)) && when <= now) {
		when = max_u64(when, f->last);
		f->last = when;
		fair_linger_end(s, e);
		fair_leave(s, e, when);
		fair_resort(s, when);
	}
}

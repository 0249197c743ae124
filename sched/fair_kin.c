// SPDX-License-Identifier: BSD-2-Clause
/* Among the vCPUs of one VM: giving way to a sibling, and gangs. Both take as long as the VM has runnable vCPUs. */
#include <sched/fair_data.h>

#include <lib/bits.h>

/* How much less the ideal has left of `e` than of `o`, 1/256 ns: their clock is the same. */
static s64 ahead_of(const struct sched_ent *e, const struct sched_ent *o)
{
	return (s64)(e->served - o->served);
}

/* The sibling of `e` that waits, has not been left another pCPU yet, and is furthest behind; or NULL. */
static struct sched_ent *last_sibling(const struct sched_ent *e)
{
	struct sched_ent *last = NULL;

	list_for_each(it, &e->group->members) {
		struct sched_ent *o = container_of(it, struct sched_ent, sibling);

		if (o != e && o->state == SCHED_QUEUED && !o->invited && (!last || ahead_of(last, o) > 0))
			last = o;
	}
	return last;
}

/*
 * The sibling takes the pCPU as if it were its turn, so it must be allowed to begin; and `e`, which goes back to the queue as
 * it is, must not be so far behind that it could not wait for a slice.
 */
bool fair_yield(struct sched *s, struct sched_ent *e, u64 now)
{
	struct fair *f = fair_of(s);
	struct sched_line *l = e->group->line;
	struct sched_ent *o = last_sibling(e);
	s64 lag;

	fluid_sync(e->group, now);
	lag = (s64)(e->group->clock - e->served) - (s64)((now - e->since - e->counted) << 8);
	if (!o || lag > (s64)request(s) || tree_before(fair_horizon(s, l, o->kind, now), o->sort.key))
		return false;
	fair_invite(f, o, e->cpu);
	return true;
}

void fair_invite(struct fair *f, struct sched_ent *e, u32 cpu)
{
	fair_uninvite(f, e);
	if (f->invited[cpu])
		f->invited[cpu]->invited = 0;
	f->invited[cpu] = e;
	e->invited = cpu + 1;
}

struct sched_ent *fair_invited(struct fair *f, u32 cpu)
{
	struct sched_ent *e = f->invited[cpu];

	return e && e->state == SCHED_QUEUED ? e : NULL;
}

void fair_uninvite(struct fair *f, struct sched_ent *e)
{
	if (!e->invited)
		return;
	f->invited[e->invited - 1] = NULL;
	e->invited = 0;
}

/* Whose turn it is in the gang of `e`: its own, unless it would get too far ahead of one that waits. */
struct sched_ent *fair_gang_turn(struct sched *s, struct sched_ent *e, u64 now)
{
	struct sched_ent *last = e->group->params.gang ? last_sibling(e) : NULL;

	if (!last || ahead_of(e, last) <= (s64)(request(s) / 2))
		return e;
	if (!e->stopped)
		e->stopped = now;
	return last;
}

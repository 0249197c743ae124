// SPDX-License-Identifier: BSD-2-Clause
/* The ideal when a vCPU blocks: what it was owed others have, who may have had enough by that. */
#include "sim.h"

#include <math.h>

/* To its siblings, as long as none is owed more than a slice. Returns the rest. */
static double give_siblings(struct sim *m, struct sim_vcpu *v, double service)
{
	struct sim_group *own = &m->group[v->group];
	double others = own->ideal_runnable - 1, each = service / others, slice = (double)m->sched.slice;

	if (others <= 0 || own->rate >= others - 1e-6)
		return service;
	for (struct sim_vcpu *o = own->vcpus; o; o = o->next)
		if (o != v && ideal_backlogged(m, o))
			each = fmin(each, slice - sim_lag(m, o));
	each = fmax(each, 0);
	for (struct sim_vcpu *o = own->vcpus; o; o = o->next)
		if (o != v && ideal_backlogged(m, o))
			o->served += each;
	return service - each * others;
}

/* Is it a member of this pool, or without a pool of those with this affinity? */
static bool in_line(const struct sim *m, u32 i, u32 pool, u32 class)
{
	return m->group[i].parent == pool && (pool != SCHED_NOWHERE || m->group[i].class == class);
}

/*
 * To those that share in such a line, `but` excepted, in proportion, and down the pools: in any time, and a slice more, no more than
 * if the level were so high that the next one of them has all that he may. Returns what they get.
 */
static double give_line(struct sim *m, u32 pool, u32 class, double service, u32 but)
{
	double next = INFINITY, level = 0, weight = 0, now = (double)m->now, unused;
	double until = pool == SCHED_NOWHERE ? 0 : m->group[pool].given_inside;

	for (u32 i = 0; i < m->group_count; i++) {
		const struct sim_group *g = &m->group[i];

		if (!in_line(m, i, pool, class))
			continue;
		until = pool == SCHED_NOWHERE ? fmax(until, g->given_beside) : until;
		level = g->sharing ? g->rate / g->weight : level;
		weight += g->sharing && i != but ? g->weight : 0;
	}
	if (weight <= 0)
		return 0;
	for (u32 i = 0; i < m->group_count; i++)
		if (in_line(m, i, pool, class) && m->group[i].cap > m->group[i].weight * level + 1e-9)
			next = fmin(next, m->group[i].cap / m->group[i].weight);
	unused = weight * (next - level);
	until = fmax(until, now);
	service = fmin(service, (now + (double)m->sched.slice - until) * unused);
	until += service / unused;
	if (pool != SCHED_NOWHERE)
		m->group[pool].given_inside = until;
	for (u32 i = 0; i < m->group_count; i++) {
		struct sim_group *g = &m->group[i];
		double own = service * g->weight / weight;

		if (!in_line(m, i, pool, class))
			continue;
		g->given_beside = until;
		if (!g->sharing || i == but)
			continue;
		if (g->pool)
			give_line(m, i, 0, own, SCHED_NOWHERE);
		for (struct sim_vcpu *o = g->vcpus; o; o = o->next)
			if (ideal_backlogged(m, o))
				o->served += own / g->ideal_runnable;
	}
	return service;
}

/* `v` is to get no more than `end` in all; what it has got beyond that others have. */
static void end_at(struct sim *m, struct sim_vcpu *v, u64 end)
{
	double over = v->served - (double)end;

	v->arrived = SCHED_NEVER;
	v->served = (double)end;
	ideal_rates(m);
	over = give_siblings(m, v, over);
	/* Who shares is judged without it. What those beside its VM could not have used is for those beside its pool, and so on. */
	v->arrived = end;
	ideal_rates(m);
	for (u32 at = v->group; at != SCHED_NOWHERE && over > 0; at = m->group[at].parent)
		over -= give_line(m, m->group[at].parent, m->group[at].class, over, at);
}

void ideal_forgive(struct sim *m, struct sim_vcpu *v)
{
	ideal_advance(m);
	v->served = (double)sim_ran(m, v) - (double)m->sched.slice;
	m->ideal_stale = true;
}

/*
 * Of those who have been given more than they had taken he who had enough first: as long as he is there, so are the others. NULL:
 * there is nobody.
 */
static struct sim_vcpu *first_over(struct sim *m)
{
	struct sim_vcpu *first = NULL;
	double most = 0;

	for (u32 i = 0; i < m->vcpu_count; i++) {
		struct sim_vcpu *v = &m->vcpu[i];
		const struct sim_group *g = &m->group[v->group];
		double over = (v->served - (double)v->arrived) * fmax(g->ideal_runnable, 1) / g->weight;

		v->over = v->arrived != SCHED_NEVER && v->served > (double)v->arrived + 1e-2;
		if (v->over && over > most) {
			most = over;
			first = v;
		}
	}
	if (first)
		first->over = false;
	return first;
}

void ideal_block(struct sim *m, struct sim_vcpu *v)
{
	ideal_advance(m);
	m->ideal_stale = true;
	if (m->clairvoyant && v->arrived != SCHED_NEVER)
		return;
	if (v->served < (double)v->ent.ran) {
		v->arrived = v->ent.ran;
		return;
	}
	end_at(m, v, v->ent.ran);
	/* Those who are ahead may have been given more than they had taken. */
	while ((v = first_over(m)))
		end_at(m, v, v->arrived);
	m->ideal_stale = true;
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The ideal: generalised processor sharing over all pCPUs with bounds and affinity, in floating point and by brute force: the
 * least level of service for each share over every set of affinities, again and again. It serves the work that has arrived,
 * so it knows when a burst ends, which no policy does.
 */
#include "sim.h"

#include <lib/assert.h>
#include <math.h>
#include <string.h>

#define SETS_MAX 7 /* so many classes in any combination; more only if they are nested */

bool ideal_backlogged(const struct sim *m, const struct sim_vcpu *v)
{
	return v->arrived == SCHED_NEVER || v->served < (double)v->arrived - 1e-3 || v->over;
}

void ideal_advance(struct sim *m)
{
	double dt = (double)(m->now - m->ideal_at);

	if (dt > 0)
		for (u32 i = 0; i < m->vcpu_count; i++)
			m->vcpu[i].served += m->vcpu[i].rate * dt;
	m->ideal_at = m->now;
}

void ideal_wake(struct sim *m, struct sim_vcpu *v)
{
	ideal_advance(m);
	if (!m->clairvoyant || v->left == SCHED_NEVER)
		v->arrived = SCHED_NEVER;
	else
		v->arrived += v->left;
	m->ideal_stale = true;
}

void ideal_tune(struct sim *m, u32 group)
{
	struct sim_group *g = &m->group[group];
	const struct sched_params *p = &g->params;

	g->parent = p->parent ? (u32)(container_of(p->parent, struct sim_group, sched) - m->group) : SCHED_NOWHERE;
	g->pool = p->pool;
	g->weight = p->shares;
	g->limit = p->limit ? (double)p->limit / (double)SCHED_ONE : INFINITY;
	g->reservation = (double)p->reservation / (double)SCHED_ONE;
	m->classes = 0;
}

static double wants(const struct sim_group *g, double level)
{
	return fmin(fmax(g->weight * level, g->floor), g->cap);
}

/* Is `g` one of those who divide: the children of `pool`, or without one those of some affinities? */
static bool divides(const struct sim *m, u32 i, u32 set, u32 pool)
{
	return m->group[i].parent == pool && (pool != SCHED_NOWHERE || set >> m->group[i].class & 1);
}

static double sum(const struct sim *m, u32 set, u32 pool, double level, double *slope)
{
	double all = 0;

	*slope = 0;
	for (u32 i = 0; i < m->group_count; i++) {
		const struct sim_group *g = &m->group[i];

		if (g->cap <= 0 || !divides(m, i, set, pool))
			continue;
		if (g->frozen) {
			all += g->rate;
			continue;
		}
		all += wants(g, level);
		if (g->weight * level >= g->floor && g->weight * level < g->cap)
			*slope += g->weight;
	}
	return all;
}

/* The level at which the groups of these classes use `room`: Newton's method, kept between bounds. Infinite if never. */
static double level_of(const struct sim *m, u32 set, u32 pool, double room, double guess)
{
	double lo = 0, hi = INFINITY, slope, level = guess;

	if (sum(m, set, pool, 1e18, &slope) <= room * (1 + 1e-13))
		return INFINITY;
	for (int i = 0; i < 200; i++) {
		double over = sum(m, set, pool, level, &slope) - room;

		if (fabs(over) <= room * 1e-13)
			return level;
		if (over > 0)
			hi = level;
		else
			lo = level;
		level = slope > 0 ? level - over / slope : -1;
		if (!(level > lo && level < hi))
			level = isinf(hi) ? lo * 2 + 1e-9 : (lo + hi) / 2;
	}
	return level;
}

static u32 room_of(const struct sim *m, const struct sched_mask *masks, u32 classes, u32 set)
{
	u32 room = 0;

	for (u32 w = 0; w < (m->cpus + 63) / 64; w++) {
		u64 any = 0;

		for (u32 c = 0; c < classes; c++)
			if (set >> c & 1)
				any |= masks[c].word[w];
		room += (u32)__builtin_popcountll(any);
	}
	return room;
}

/* The affinities in use. */
static u32 classify(struct sim *m, struct sched_mask *masks)
{
	u32 n = 0;

	if (m->classes)
		return m->classes;
	for (u32 i = 0; i < m->group_count; i++) {
		struct sim_group *g = &m->group[i];
		struct sched_mask cpus = g->params.cpus;

		if (g->params.parent)
			continue;
		for (u32 w = m->cpus / 64; w < SCHED_CPUS_MAX / 64; w++)
			cpus.word[w] &= w == m->cpus / 64 && m->cpus % 64 ? ~0ull >> (64 - m->cpus % 64) : 0;
		for (g->class = 0; g->class < n; g->class++)
			if (!memcmp(&masks[g->class], &cpus, sizeof(*masks)))
				break;
		assert(n < SIM_CLASSES || g->class < n);
		if (g->class == n)
			masks[n++] = cpus;
	}
	m->classes = n;
	return n;
}

static void freeze(struct sim *m, u32 set, u32 pool, double level)
{
	for (u32 i = 0; i < m->group_count; i++) {
		struct sim_group *g = &m->group[i];

		if (g->frozen || !divides(m, i, set, pool))
			continue;
		if (g->cap <= 0)
			continue;
		g->rate = wants(g, level);
		g->sharing = g->rate > g->floor + 1e-9 && g->rate < g->cap - 1e-9;
		g->frozen = true;
	}
}

/* The classes whose pCPUs are among those of class i; all of them if there is no such class. */
static u32 nested_set(const struct sim *m, const struct sched_mask *masks, u32 classes, u32 i)
{
	u32 set = 0;

	for (u32 c = 0; c < classes; c++) {
		bool within = true;

		for (u32 w = 0; i < classes && w < (m->cpus + 63) / 64; w++)
			within &= !(masks[c].word[w] & ~masks[i].word[w]);
		set |= (u32)within << c;
	}
	return set;
}

static void divide(struct sim *m)
{
	const struct sched_mask *masks = m->masks;
	u32 classes = classify(m, m->masks), left = (1u << classes) - 1;

	while (left) {
		double least = INFINITY;
		u32 tight = left;

		for (u32 i = 1; i < (classes > SETS_MAX ? classes + 2 : 1u << classes); i++) {
			u32 set = classes > SETS_MAX ? nested_set(m, masks, classes, i - 1) : i;
			double level;

			if (!(set & left))
				continue;
			level = level_of(m, set, SCHED_NOWHERE, room_of(m, masks, classes, set), m->level);
			if (level < least * (1 - 1e-9)) {
				least = level;
				tight = set;
			} else if (level <= least * (1 + 1e-9)) {
				tight |= set;
			}
		}
		freeze(m, tight & left, SCHED_NOWHERE, isinf(least) ? 1e18 : least);
		if (!isinf(least))
			m->level = least;
		left &= ~tight;
	}
}

static void divide_pools(struct sim *m)
{
	for (u32 i = 0; i < m->group_count; i++) {
		struct sim_group *g = &m->group[i];
		double level;

		if (!g->pool || g->cap <= 0)
			continue;
		level = level_of(m, 0, i, g->rate, g->level);
		g->level = isinf(level) ? 0 : level;
		freeze(m, 0, i, isinf(level) ? 1e18 : level);
	}
}

/* What each can use. Pools come before those in them. */
static void bounds(struct sim *m)
{
	for (u32 i = m->group_count; i--;) {
		struct sim_group *g = &m->group[i];

		g->frozen = g->sharing = false;
		g->rate = 0;
		g->cap = fmin(g->cap + g->ideal_runnable, g->limit);
		g->floor = fmin(g->cap, g->reservation);
		if (g->parent != SCHED_NOWHERE)
			m->group[g->parent].cap += g->cap;
	}
}

/* What each group gets, if those vCPUs are runnable. */
static void divide_among(struct sim *m, bool (*runnable)(const struct sim *m, const struct sim_vcpu *v))
{
	for (u32 i = 0; i < m->group_count; i++) {
		m->group[i].ideal_runnable = 0;
		m->group[i].cap = 0;
	}
	for (u32 i = 0; i < m->vcpu_count; i++)
		m->group[m->vcpu[i].group].ideal_runnable += runnable(m, &m->vcpu[i]);
	bounds(m);
	divide(m);
	divide_pools(m);
}

static bool exists(const struct sim *m, const struct sim_vcpu *v)
{
	return m->now >= v->start && !v->gone;
}

void ideal_shares(struct sim *m)
{
	divide_among(m, exists);
	for (u32 i = 0; i < m->vcpu_count; i++)
		if (exists(m, &m->vcpu[i]))
			m->vcpu[i].share = m->group[m->vcpu[i].group].rate / m->group[m->vcpu[i].group].ideal_runnable;
	m->shares_stale = false;
	m->ideal_stale = true;
}

void ideal_rates(struct sim *m)
{
	double soonest = 1e18;

	divide_among(m, ideal_backlogged);
	for (u32 i = 0; i < m->vcpu_count; i++) {
		struct sim_vcpu *v = &m->vcpu[i];
		struct sim_group *g = &m->group[v->group];

		v->rate = ideal_backlogged(m, v) ? g->rate / g->ideal_runnable : 0;
		if (v->arrived != SCHED_NEVER && !v->over && v->rate > 0)
			soonest = fmin(soonest, ((double)v->arrived - v->served) / v->rate);
	}
	m->ideal_next = soonest < 1e17 ? m->now + (u64)soonest + 1 : SCHED_NEVER;
	m->ideal_stale = false;
}

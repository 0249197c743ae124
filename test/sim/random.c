// SPDX-License-Identifier: BSD-2-Clause
/* Scenes drawn by a seed: VMs, habits, lives and knobs thrown together, and what of limits and the like is asked for. */
#include "scenes.h"

#include <string.h>

#define US NS_PER_US
#define MS NS_PER_MS

/* The ideal tries all sets of affinities that are not nested, so there may not be many. */
#define RANGES 5
static struct { u32 first, end; } ranges[RANGES];

static struct sched_mask some_cpus(struct sim *m, u32 what)
{
	struct sched_mask mask = { { 0 } };
	u32 first = 0, end = m->cpus;

	if (what & RANDOM_RANGES && sim_random(m, 4)) {
		u32 i = (u32)sim_random(m, RANGES);

		first = ranges[i].first;
		end = ranges[i].end;
	}

	/* A half of a half of ...: nested. Or any range: they overlap. */
	while (what & RANDOM_NESTED && end - first > 1 && sim_random(m, 2)) {
		u32 mid = first + (end - first) / 2;

		if (sim_random(m, 2))
			first = mid;
		else
			end = mid;
	}
	if (what & RANDOM_OVERLAP && sim_random(m, 2)) {
		first = (u32)sim_random(m, m->cpus);
		end = first + 1 + (u32)sim_random(m, m->cpus - first);
	}
	for (u32 cpu = first; cpu < end; cpu++)
		mask.word[cpu / 64] |= 1ull << cpu % 64;
	return mask;
}

static void bounds(struct sim *m, struct sched_params *p, u32 what)
{
	u32 most = 100 * m->cpus;

	if (what & RANDOM_RESERVED && !sim_random(m, 3))
		p->reservation = (1 + sim_random(m, p->parent ? 30 : 60)) * SCHED_PERCENT;
	if (what & RANDOM_LIMITED && !sim_random(m, 3))
		p->limit = (p->pool ? 30 : 2) * SCHED_PERCENT + p->reservation + sim_random(m, p->pool ? most : 150) * SCHED_PERCENT;
}

static struct sched_params draw(struct sim *m, u32 vcpus, u32 what)
{
	struct sched_params p;

	sched_params_init(&p, vcpus);
	p.shares = 20 + (u32)sim_random(m, 8000);
	return p;
}

/* Some pools, one in the other now and then; returns how many. */
static u32 pools(struct sim *m, u32 what)
{
	u32 count = what & RANDOM_POOLS ? 1 + (u32)sim_random(m, 4) : 0;

	for (u32 i = 0; i < count; i++) {
		struct sched_params p = draw(m, 4, what);

		p.pool = true;
		if (m->group_count && sim_random(m, 2))
			p.parent = &m->group[sim_random(m, m->group_count)].sched;
		else
			p.cpus = some_cpus(m, what);
		if (what & RANDOM_RESERVED && !p.parent)
			p.reservation = sim_random(m, 100) * SCHED_PERCENT;
		bounds(m, &p, what & ~RANDOM_RESERVED);
		/* What cannot be reserved is not. */
		if (sim_group(m, &p) == SCHED_NOWHERE) {
			p.reservation = 0;
			sim_group(m, &p);
		}
	}
	return m->group_count;
}

static void vm(struct sim *m, u32 pool_count, u32 what, u64 length)
{
	u32 count = sim_random(m, 4) ? 1 : 1 + (u32)sim_random(m, 6), g;
	struct sched_params p = draw(m, count, what);

	if (pool_count && sim_random(m, 3))
		p.parent = &m->group[sim_random(m, pool_count)].sched;
	else
		p.cpus = some_cpus(m, what);
	bounds(m, &p, what);
	g = sim_group(m, &p);
	if (g == SCHED_NOWHERE) {
		p.reservation = 0;
		g = sim_group(m, &p);
	}
	for (u32 k = 0; k < count; k++) {
		enum sim_habit habit = (enum sim_habit)sim_random(m, 3);
		struct sim_vcpu *c = sim_vcpu(m, g, habit, 20 * US + sim_random(m, 3 * MS), 10 * US + sim_random(m, 8 * MS));
		u64 start = sim_random(m, length);

		if (!sim_random(m, 3))
			sim_life(m, c, start, start + 1 + sim_random(m, length));
	}
	if (sim_random(m, 2))
		return;
	p.shares = 20 + (u32)sim_random(m, 8000);
	p.limit = p.reservation = 0;
	bounds(m, &p, what);
	if (what & (RANDOM_NESTED | RANDOM_OVERLAP | RANDOM_RANGES) && !p.parent)
		p.cpus = some_cpus(m, what);
	sim_knob(m, sim_random(m, length), g, &p);
}

struct sim *scene_random(u64 seed, u32 what, u64 length)
{
	struct sim *m = sim_new(what & RANDOM_OVERLAP ? 2 + (u32)(seed % 2) : 1 + (u32)(seed % 8), "fair", 0, seed);
	u32 pool_count, count;

	for (u32 i = 0; what & RANDOM_RANGES && i < RANGES; i++) {
		ranges[i].first = (u32)sim_random(m, m->cpus);
		ranges[i].end = ranges[i].first + 1 + (u32)sim_random(m, m->cpus - ranges[i].first);
	}
	pool_count = pools(m, what);
	count = 1 + (u32)sim_random(m, 4 * m->cpus);
	for (u32 i = 0; i < count; i++)
		vm(m, pool_count, what, length);
	return m;
}

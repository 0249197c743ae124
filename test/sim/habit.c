// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the vCPUs do by themselves, and whether they ask for more than their share. A vCPU is within
 * its share when it wakes if a pCPU of its own, as fast as its share, would have done all that it
 * has asked for before. That follows from its habits alone: no policy brings it within its share by
 * making it wait, so that it asks less often.
 */
#include "sim.h"

#include <math.h>

static u64 about(struct sim *m, const struct sim_vcpu *v, u64 mean)
{
	return v->habit == SIM_RANDOM ? 1 + sim_random(m, 2 * mean) : mean;
}

/* `debt`: for how long that pCPU is still busy when this burst is done without waiting. */
static void owe(struct sim_vcpu *v)
{
	v->debt += (double)v->left / v->share - (double)v->left;
}

/* It is less by what the vCPU sleeps. */
static void pay(struct sim_vcpu *v, u64 sleep)
{
	v->debt = fmax(v->debt - (double)sleep, 0);
}

void habit_ask(struct sim *m, struct sim_vcpu *v)
{
	v->left =
	    v->habit == SIM_HOG || v->habit == SIM_SPINNER ? SCHED_NEVER : about(m, v, v->burst);
	if (!v->slept)
		v->tick = m->now;
	if (m->shares_stale || (v->start && !v->slept))
		ideal_shares(m);
	v->within = v->slept && v->debt < 1;
	owe(v);
}

void habit_go_on(const struct sim *m, struct sim_vcpu *v)
{
	if (v->habit != SIM_CLOCKED || v->left || v->gone || v->tick + v->burst + v->sleep > m->now)
		return;
	v->tick += v->burst + v->sleep;
	v->left = v->burst;
	pay(v, v->sleep);
	owe(v);
}

u64 habit_sleep(struct sim *m, struct sim_vcpu *v)
{
	u64 sleep = about(m, v, v->sleep);

	pay(v, sleep);
	if (v->habit != SIM_CLOCKED)
		return m->now + sleep;
	v->tick += v->burst + v->sleep;
	return v->tick;
}

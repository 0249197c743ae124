// SPDX-License-Identifier: BSD-2-Clause
/* How a simulation is put together, and what is asked of it afterwards. */
#include "sim.h"

#include <stdlib.h>

u64 sim_random(struct sim *m, u64 below)
{
	m->seed ^= m->seed << 13;
	m->seed ^= m->seed >> 7;
	m->seed ^= m->seed << 17;
	return below ? (m->seed >> 11) % below : 0;
}

struct sim *sim_new(u32 cpus, const char *policy, u64 slice, u64 seed)
{
	struct sim *m = calloc(1, sizeof(*m));
	const struct sched_policy *p = sched_policy_find(policy);

	m->cpus = m->idle = cpus;
	m->seed = seed * 0x9e3779b97f4a7c15ull + 1;
	m->cpu = calloc(cpus, sizeof(*m->cpu));
	m->mem = calloc(1, p->bytes(cpus) + 64);
	m->ideal_next = SCHED_NEVER;
	m->shares_stale = true;
	sched_init(&m->sched, p, slice, cpus, m->mem);
	m->sched.kick = sim_kick;
	/* Every pCPU looks once and finds nothing. */
	for (u32 i = 0; i < cpus; i++) {
		p->pick(&m->sched, i, 0);
		m->cpu[i].timer = SCHED_NEVER;
	}
	return m;
}

void sim_free(struct sim *m)
{
	free(m->heap);
	free(m->cpu);
	free(m->mem);
	free(m->vcpu);
	free(m->group);
	free(m->knob);
	free(m);
}

#define GROUPS_MAX 65536

/* The arrays never move: lists run through them. */
u32 sim_group(struct sim *m, const struct sched_params *p)
{
	if (!m->group)
		m->group = calloc(GROUPS_MAX, sizeof(*m->group));
	if (sched_params_check(p, m->cpus) != OK ||
	    m->sched.policy->attach(&m->sched, &m->group[m->group_count].sched, p) != OK)
		return SCHED_NOWHERE;
	m->group[m->group_count].params = *p;
	ideal_tune(m, m->group_count);
	m->limits |= p->limit != 0;
	for (u32 i = 0; i < m->cpus; i++)
		m->limits |= !sched_mask_has(&p->cpus, i);
	return m->group_count++;
}

struct sim_vcpu *sim_vcpu(struct sim *m, u32 group, enum sim_habit habit, u64 burst, u64 sleep)
{
	struct sim_vcpu *v;

	if (!m->vcpu)
		m->vcpu = calloc(GROUPS_MAX, sizeof(*m->vcpu));
	v = &m->vcpu[m->vcpu_count];
	*v = (struct sim_vcpu){ .id = m->vcpu_count, .group = group, .habit = habit, .burst = burst, .sleep = sleep };
	sched_ent_init(&v->ent, &m->group[group].sched, v->id);
	v->next = m->group[group].vcpus;
	m->group[group].vcpus = v;
	v->last_cpu = SCHED_NOWHERE;
	sim_post(m, 0, SIM_WAKE, v->id);
	m->vcpu_count++;
	return v;
}

/* From and until when it exists; before the simulation begins. */
void sim_life(struct sim *m, struct sim_vcpu *v, u64 start, u64 stop_at)
{
	v->start = start;
	v->stop = stop_at;
	sim_post(m, start, SIM_WAKE, v->id);
	if (stop_at)
		sim_post(m, stop_at, SIM_STOP, v->id);
}

void sim_knob(struct sim *m, u64 at, u32 group, const struct sched_params *p)
{
	if (!m->knob)
		m->knob = calloc(4096, sizeof(*m->knob));
	m->knob[m->knob_count] = (struct sim_knob){ at, group, *p };
	m->limits |= p->limit != 0;
	sim_post(m, at, SIM_TUNE, m->knob_count++);
}

u64 sim_latency(const struct sim *m, u32 permille)
{
	u64 all = 0, seen = 0;

	for (u32 i = 0; i < SIM_LATENCIES; i++)
		all += m->latency[i];
	for (u32 i = 0; all && i < SIM_LATENCIES; i++) {
		seen += m->latency[i];
		if (seen * 1000 >= all * permille)
			return (i + 1) * 10 * NS_PER_US;
	}
	return 0;
}

// SPDX-License-Identifier: BSD-2-Clause
#include <sched/sched.h>

#include <lib/bits.h>
#include <lib/string.h>
#include <sched/steps.h>

sched_steps_here;

static const struct sched_policy *const policies[] = {
	&sched_rr,
	&sched_fair,
	&sched_fixed,
};

void sched_init(struct sched *s, const struct sched_policy *policy, u64 slice, u32 cpus, void *mem)
{
	s->policy = policy;
	s->slice = slice ? slice : SCHED_SLICE_DEFAULT;
	s->cpus = cpus;
	list_init(&s->queue);
	policy->init(s, mem);
}

void sched_ent_init(struct sched_ent *e, struct sched_group *g, u32 id)
{
	*e = (struct sched_ent){ .group = g };
	list_init(&e->node);
	list_init(&e->sibling);
	tree_node_init(&e->sort, id);
	/* Somewhere to begin with; the first wake-up looks for the best place. */
	while (!sched_mask_has(&g->params.cpus, e->cpu) && e->cpu + 1 < SCHED_CPUS_MAX)
		e->cpu++;
}

void sched_params_init(struct sched_params *p, u32 vcpus)
{
	*p = (struct sched_params){ .shares = SCHED_SHARES_NORMAL * vcpus, .prio = SCHED_PRIO_NORMAL };
	memset(&p->cpus, 0xff, sizeof(p->cpus));
}

/* In a pool, not too deep, and everywhere where the pool is. */
static bool sits_well(const struct sched_params *p)
{
	u32 depth = 1;

	if (!p->parent->params.pool)
		return false;
	for (const struct sched_group *g = p->parent; g; g = g->params.parent)
		if (depth++ > SCHED_POOL_DEPTH)
			return false;
	for (u32 i = 0; i < ARRAY_LEN(p->cpus.word); i++)
		if (p->parent->params.cpus.word[i] & ~p->cpus.word[i])
			return false;
	return true;
}

enum status sched_params_check(const struct sched_params *p, u32 cpus)
{
	bool somewhere = false;

	for (u32 cpu = 0; cpu < cpus; cpu++)
		somewhere |= sched_mask_has(&p->cpus, cpu);
	if (!somewhere || (p->parent && !sits_well(p)))
		return E_INVAL;
	if (!p->shares || p->shares > SCHED_SHARES_MAX)
		return E_RANGE;
	if (p->limit && (p->limit < SCHED_PERCENT || p->limit < p->reservation))
		return E_RANGE;
	return p->reservation > cpus * SCHED_ONE ? E_RANGE : OK;
}

void sched_note_idle(struct sched *s, u32 cpu, bool idle)
{
	s->idle.word[cpu / 64] &= ~BIT(cpu % 64);
	s->idle.word[cpu / 64] |= (u64)idle << cpu % 64;
}

void sched_kick_idle(struct sched *s, const struct sched_ent *e)
{
	for (u32 i = 0; i < ARRAY_LEN(s->idle.word); i++) {
		u64 both = s->idle.word[i] & e->group->params.cpus.word[i];

		if (!both)
			continue;
		s->idle.word[i] &= ~(both & -both);
		s->kick(s, i * 64 + (u32)__builtin_ctzll(both));
		return;
	}
}

struct sched_pick sched_turn_in_steps(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran, u64 now, s64 *lag)
{
	s->policy->charge(s, cpu, e, ran);
	s->policy->enqueue(s, e, now);
	return s->policy->pick(s, cpu, now);
}

const struct sched_policy *sched_policy_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(policies); i++)
		if (!strcmp(policies[i]->name, name))
			return policies[i];
	return NULL;
}

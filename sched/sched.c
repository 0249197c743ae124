// SPDX-License-Identifier: BSD-2-Clause
#include <sched/sched.h>

#include <lib/string.h>

static const struct sched_policy *const policies[] = {
	&sched_rr,
};

void sched_init(struct sched *s, const struct sched_policy *policy, u64 slice)
{
	s->policy = policy;
	s->slice = slice ? slice : SCHED_SLICE_DEFAULT;
	list_init(&s->queue);
}

void sched_ent_init(struct sched_ent *e, const struct sched_mask *cpus)
{
	*e = (struct sched_ent){ .cpus = *cpus };
	list_init(&e->node);
}

const struct sched_policy *sched_policy_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(policies); i++)
		if (!strcmp(policies[i]->name, name))
			return policies[i];
	return NULL;
}

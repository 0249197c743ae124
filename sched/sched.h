// SPDX-License-Identifier: BSD-2-Clause
/*
 * Scheduling policies: pure code, no hardware, no time of their own, no lock. core/loop.c is the only user in the hypervisor;
 * the caller serialises all calls on one struct sched and passes the time in ns.
 */
#pragma once

#include <lib/list.h>
#include <lib/types.h>

#define SCHED_CPUS_MAX	  256
#define SCHED_SLICE_DEFAULT (2 * NS_PER_MS)

struct sched_mask {
	u64 word[SCHED_CPUS_MAX / 64];
};

static inline bool sched_mask_has(const struct sched_mask *m, u32 cpu)
{
	return m->word[cpu / 64] >> (cpu % 64) & 1;
}

/* A scheduling entity: one vCPU. */
struct sched_ent {
	struct sched_mask cpus; /* where it may run */
	struct list node;	/* the policy's queue, while runnable and not running */
	u64 ran;		/* ns, all its life */
	bool queued;
};

struct sched_pick {
	struct sched_ent *ent; /* NULL: nothing to run */
	u64 slice;	       /* ns it may run before the policy wants to be asked again */
};

struct sched {
	const struct sched_policy *policy;
	u64 slice; /* ns */
	struct list queue;
};

struct sched_policy {
	const char *name;
	/* `e` became runnable, or its slice ended and it still is. */
	void (*enqueue)(struct sched *s, struct sched_ent *e, u64 now);
	/* `e`, queued, is runnable no longer. */
	void (*dequeue)(struct sched *s, struct sched_ent *e);
	/* Takes the entity that pCPU `cpu` shall run now out of the queue. */
	struct sched_pick (*pick)(struct sched *s, u32 cpu, u64 now);
	/* `e`, running on `cpu`, has run for `ran` ns. */
	void (*charge)(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran);
};

extern const struct sched_policy sched_rr;

/* `slice` 0: the default. */
void sched_init(struct sched *s, const struct sched_policy *policy, u64 slice);
void sched_ent_init(struct sched_ent *e, const struct sched_mask *cpus);
/* The policy of that name, or NULL. */
const struct sched_policy *sched_policy_find(const char *name);

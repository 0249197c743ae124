// SPDX-License-Identifier: BSD-2-Clause
/*
 * Scheduling policies: pure code, no hardware, no time of their own, no lock. core/loop.c is the only user in the hypervisor,
 * test/sim/ the other; docs/SCHEDULER.md says what they compute. Time is ns and never runs backwards; the time between two
 * calls of pick() on a pCPU is charged to what ran there, so that all of it is accounted for.
 *
 * Locks belong to the caller: it serialises all calls on one struct sched, but for turn() (docs/SCHEDULER.md, "Locks").
 */
#pragma once

#include <lib/list.h>
#include <lib/status.h>
#include <lib/types.h>
#include <sched/points.h>
#include <sched/tree.h>

#ifndef SCHED_CPUS_MAX /* the simulator has more */
#define SCHED_CPUS_MAX 256
#endif
#define SCHED_SLICE_DEFAULT (2 * NS_PER_MS)
#define SCHED_NEVER	    (~0ull)
#define SCHED_NOWHERE	    0xffffffffu

/* Rates of service are in units of one pCPU: ONE is all of it. */
#define SCHED_ONE     (1ull << 24)
#define SCHED_PERCENT (SCHED_ONE / 100)

#define SCHED_SHARES_LOW    500u /* for each vCPU */
#define SCHED_SHARES_NORMAL 1000u
#define SCHED_SHARES_HIGH   2000u
#define SCHED_SHARES_MAX    1000000u /* for each VM */
#define SCHED_PRIO_NORMAL   16u
#define SCHED_POOL_DEPTH    8u /* pools in pools in ... */
#define SCHED_SKEW	    2u /* slices */

struct sched_mask {
	u64 word[SCHED_CPUS_MAX / 64];
};

static inline bool sched_mask_has(const struct sched_mask *m, u32 cpu)
{
	return m->word[cpu / 64] >> (cpu % 64) & 1;
}

struct sched_group;

/* What the operator says of a VM, or of a pool of VMs. */
struct sched_params {
	u32 shares;		    /* 1 to SCHED_SHARES_MAX */
	u32 prio;		    /* for `fixed`: less is more urgent */
	u64 reservation, limit;	    /* rates; limit 0: none */
	struct sched_mask cpus;	    /* where its vCPUs may run; in a pool: where the pool's may, or more */
	struct sched_group *parent; /* the pool that it belongs to; NULL: the machine */
	bool pool;		    /* it has no vCPUs; VMs and pools may have it as their parent */
	bool gang;		    /* `fair`: its vCPUs advance together, no further apart than SCHED_SKEW slices */
};

struct sched_line;

/* A VM: what its vCPUs divide equally among those that are runnable. Or a pool, divided among its VMs and pools by shares. */
struct sched_group {
	struct sched_params params;
	struct sched_line *line;   /* what it is a member of: a pool, or those with the same affinity */
	struct sched_line *within; /* a pool: what its children are members of */
	struct list members;	   /* the runnable ones */
	struct list moved;	   /* in struct fluid's list, while its members must be sorted anew */
	u32 runnable;
	u32 sorted;		   /* fair: so many were runnable when all its members were sorted */
	u64 floor, cap;		   /* its reservation and limit as far as its members can use them */
	u64 clock;		   /* 1/256 ns of service that the ideal gave each member */
	u64 rest;		   /* what it lacks, in 2^-16 for all of them together */
	u64 synced;		   /* ns, when that was brought up to date */
	u64 gifts;		   /* of its line, so far as that counts them */
	struct point by_cap, by_floor;
	u64 ready;		   /* fixed: rate limited until then */
	s64 budget;		   /* fixed: ns, of the limit */
};

enum sched_state {
	SCHED_BLOCKED,
	SCHED_LINGERING, /* fair: blocked, but the ideal still has to do what it has done already */
	SCHED_QUEUED,
	SCHED_RUNNING,
};

/* A scheduling entity: one vCPU. */
struct sched_ent {
	struct sched_group *group;
	enum sched_state state;
	u32 cpu;	       /* where it is queued, runs or ran */
	u64 ran;	       /* ns, all its life */
	struct list node;      /* rr, fixed: the queue */
	struct list sibling;   /* fair: group->members */
	struct tree_node sort; /* fair: the run queue */
	u64 served;	       /* fair: 1/256 ns, on group->clock; less than that is behind */
	u64 due;	       /* fair: `served` when its request is done */
	u64 placed;	       /* fair: the epoch of its line's points in which its keys were computed */
	u64 granted;	       /* fixed: ns of its VM's budget that it took */
	u64 since;	       /* fair: when it began to run */
	u64 came;	       /* fair: when it came to this pCPU; since then it has run there, slice after slice */
	u64 counted;	       /* fair: ns since then that are in `served` already */
	u64 costop;	       /* fair: ns that it waited for siblings only (gang) */
	u64 stopped;	       /* fair: since when it does; 0: it does not */
	u32 invited;	       /* fair: 1 + the pCPU that a sibling has left to it; 0: none */
	u8 kind;	       /* fair: which clock sorts it */
	bool endless;	       /* fair: runs without a timer */
	bool found;	       /* fair: runs although it may not begin yet, since nobody else may */
};

struct sched_pick {
	struct sched_ent *ent; /* NULL: nothing to run */
	u64 slice;	       /* ns until the policy wants to be asked again; SCHED_NEVER: not for the sake of time */
};

struct sched_policy;

struct sched {
	const struct sched_policy *policy;
	u64 slice;   /* ns */
	u32 cpus;
	struct list queue;	/* rr, fixed */
	struct sched_mask idle; /* rr, fixed: pCPUs whose last pick() found nothing */
	void *data;	   /* fair's */
	/* pCPU `cpu`, idle or running, shall call pick() soon. May be called from within any function of the policy. */
	void (*kick)(struct sched *s, u32 cpu);
};

struct sched_policy {
	const char *name;
	/* Memory that it needs for so many pCPUs. */
	size_t (*bytes)(u32 cpus);
	void (*init)(struct sched *s, void *mem);
	/*
	 * A VM or pool comes (E_FULL: its reservation cannot be given), goes (all members blocked, no child left), or is tuned:
	 * all of it or, if it fails, nothing. `parent` and `pool` stay; `cpus` may change where there is no parent and no child.
	 */
	enum status (*attach)(struct sched *s, struct sched_group *g, const struct sched_params *p);
	void (*detach)(struct sched *s, struct sched_group *g, u64 now);
	enum status (*tune)(struct sched *s, struct sched_group *g, const struct sched_params *p, u64 now);
	/* `e` became runnable, or its slice ended (after charge()) and it still is. */
	void (*enqueue)(struct sched *s, struct sched_ent *e, u64 now);
	/* `e`, queued, or running and just charged, is runnable no longer. */
	void (*block)(struct sched *s, struct sched_ent *e, u64 now);
	/* Takes the entity that pCPU `cpu` shall run now out of the queues. */
	struct sched_pick (*pick)(struct sched *s, u32 cpu, u64 now);
	/* `e`, running on `cpu`, has run for `ran` ns until now. */
	void (*charge)(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran);
	/*
	 * `e`, running, spins for what a preempted sibling may hold. True: there is a sibling that may have its pCPU; the next
	 * pick() there, which the caller makes soon (charge, enqueue, pick), takes it. False: let it go on. NULL: always false.
	 */
	bool (*yield)(struct sched *s, struct sched_ent *e, u64 now);
	/*
	 * `e` has run on `cpu` for `ran` ns until now and still is runnable: as charge(), enqueue() and pick(). Its lag now: ns that the
	 * ideal has given it less what it was charged with; left as it is by a policy without an ideal, whose it is sched_turn_in_steps().
	 */
	struct sched_pick (*turn_alone)(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran, u64 now, s64 *lag);
	/*
	 * The same, beside the turns of other pCPUs, but of nobody else: each pCPU has its own `now`, which is not before that of any
	 * other call that is over. False: not this time; turn_alone() is to be called, soon. NULL: always false.
	 */
	bool (*turn)(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran, u64 now, s64 *lag, struct sched_pick *got);
};

extern const struct sched_policy sched_rr, sched_fair, sched_fixed;

/* `slice` 0: the default. `mem`: zeroed, policy->bytes(cpus) long. The caller then sets `kick`. */
void sched_init(struct sched *s, const struct sched_policy *policy, u64 slice, u32 cpus, void *mem);
void sched_ent_init(struct sched_ent *e, struct sched_group *g, u32 id);
/* Everywhere, normal shares for so many vCPUs, no reservation, no limit. */
void sched_params_init(struct sched_params *p, u32 vcpus);
/* E_INVAL or E_RANGE for what no policy can obey; `parent` is attached. */
enum status must_check sched_params_check(const struct sched_params *p, u32 cpus);
/* turn_alone() of policies that have no shorter way. */
struct sched_pick sched_turn_in_steps(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran, u64 now, s64 *lag);
/* For policies with one queue: pCPU `cpu` has found something to run, or not; and one that has not, if any, is to look for `e`. */
void sched_note_idle(struct sched *s, u32 cpu, bool idle);
void sched_kick_idle(struct sched *s, const struct sched_ent *e);
/* The policy of that name, or NULL. */
const struct sched_policy *sched_policy_find(const char *name);

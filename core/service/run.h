// SPDX-License-Identifier: BSD-2-Clause
/*
 * What core/loop.c schedules. A vCPU is a runnable; core knows nothing else of it.
 */
#pragma once

#include <lib/hist.h>
#include <lib/types.h>
#include <sched/sched.h>
#include <stdatomic.h>

enum run_result {
	RUN_AGAIN,   /* time was up or the pCPU was wanted; still has work */
	RUN_BLOCKED, /* waits for run_notify() */
	RUN_GONE,    /* will never run again; the owner's `gone` is called when the pCPU has left it */
};

enum run_state {
	RUN_STATE_BLOCKED,
	RUN_STATE_READY,
	RUN_STATE_RUNNING,
	RUN_STATE_GONE,
	RUN_STATES,
};

#define RUN_NOWHERE 0xffffffffu

/* Where a runnable's time went. All of it is in one of the states: ns[RUN_STATE_READY] is what it wanted and had to wait for. */
struct run_times {
	u64 ns[RUN_STATES];
	u64 at;		    /* ns, when they were taken */
	u64 switches;	    /* how often a pCPU turned to it from something else */
	u64 migrations;	    /* ... and was not the last one that it ran on */
	u64 costop;	    /* ns of the ready ones that it waited for siblings only (gang) */
	s64 behind, ahead;  /* ns, the worst lag each way when it last left a pCPU or before */
	s64 lag;	    /* ns, what the ideal has given it less what it had */
	struct hist wake;   /* us (1024 ns) from each wake-up to running */
};

struct run_pcpu {
	u64 idle; /* ns */
	u64 ticks;
};

struct runnable {
	struct sched_ent ent;	/* [run queue lock] */
	enum run_state state;	/* [run queue lock] */
	bool notified;		/* [run queue lock] run_notify() came while it ran */
	u32 where;		/* [run queue lock] pCPU that runs it or RUN_NOWHERE */
	u32 last;		/* [run queue lock] the last such pCPU */
	bool woken;		/* [run queue lock] it has not run since it was woken */
	u64 changed;		/* [run queue lock] ns, when `state` last changed */
	struct run_times times; /* [run queue lock] until `changed` */
	/* Runs it with interrupts off until `until` (ns) or until run_wanted() says so. */
	enum run_result (*run)(struct runnable *r, u64 until);
	/* Called once after RUN_GONE, on the pCPU that ran it, outside its address space. */
	void (*gone)(struct runnable *r);
};

/* A VM as the scheduler knows it. E_INVAL, E_RANGE: bad parameters; E_FULL: it cannot be given its reservation. */
enum status must_check run_group_init(struct sched_group *g, const struct sched_params *params);
/* All its runnables are gone. */
void run_group_fini(struct sched_group *g);
/* Makes `r` of `g` known, blocked. `run` and `gone` are set by the caller. */
void run_init(struct runnable *r, struct sched_group *g);
/*
 * Something happened that `r` must look at: wakes it if blocked, makes it leave the guest if it runs on another pCPU. The
 * caller has stored the event before: the run queue lock makes it visible. Any pCPU, interrupts off; takes the run queue lock.
 */
void run_notify(struct runnable *r);
/*
 * VM-wide parameters from now on. E_INVAL, E_RANGE, E_FULL as for run_group_init(), with nothing changed. Any pCPU, interrupts off;
 * takes the run queue lock.
 */
enum status must_check run_group_tune(struct sched_group *g, const struct sched_params *params);
/* The policy's name, and how long a slice is, ns. Constant. */
const char *run_policy(void);
u64 run_slice(void);
/* Its times up to now. Any pCPU, interrupts off; takes the run queue lock. */
void run_times_of(struct runnable *r, struct run_times *out);
/* What pCPU `cpu` did when it ran nobody, and how often its timer has interrupted it. The same. */
void run_pcpu_of(u32 cpu, struct run_pcpu *out);
/* ns that it has waited for a pCPU, all its life: what guests call stolen. While it runs, on its own pCPU: no lock. */
u64 run_stolen(const struct runnable *r);
/* Does it run on this pCPU, so that the call comes out of its run()? */
bool run_is_here(const struct runnable *r);
/* For run(): the guest spins. Is there a sibling that may hold what it waits for and wants the pCPU? Then it is to return RUN_AGAIN. */
bool run_yield(struct runnable *r);
/*
 * For run(): takes pending interrupts, runs due timers, and answers whether to return to the loop: `until` is reached, or the
 * scheduler wants the pCPU.
 */
bool run_wanted(u64 until);

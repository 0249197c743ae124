// SPDX-License-Identifier: BSD-2-Clause
/*
 * A machine of pCPUs and vCPUs as events, which runs a policy of sched/ and the ideal beside it. Deterministic: the same
 * scene and seed give the same numbers.
 */
#pragma once

#include <sched/sched.h>

enum sim_habit {
	SIM_HOG,      /* never sleeps */
	SIM_PERIODIC, /* `burst` of work, then sleeps for `sleep` */
	SIM_RANDOM,   /* the same on average, each 0 to 2 times that */
	SIM_CLOCKED,  /* `burst` of work each `burst` + `sleep`, by a clock: if it is late, sleeps for less or not at all */
	SIM_SPINNER,  /* never sleeps; would give way to a sibling after each `burst` */
};

struct sim_vcpu {
	struct sched_ent ent;
	u32 id, group;
	struct sim_vcpu *next; /* of its VM */
	enum sim_habit habit;
	u64 burst, sleep;
	u64 start, stop; /* exists from, to */

	u64 left;	     /* work of this burst, ns */
	bool runnable, gone;
	bool slept, within;  /* has slept before; woke within its share */
	u64 woke;	     /* when; SCHED_NEVER: has run since */
	u64 tick;	     /* SIM_CLOCKED: of its clock, the last one */
	double share;	     /* the rate that it would have if all that exist were runnable */
	double debt;	     /* habit.c */
	u64 arrived;	     /* what the ideal may serve in all, ns; SCHED_NEVER: no end known */
	bool over;	     /* has been given more than that, and is still to leave */
	u32 last_cpu;
	/* the ideal */
	double served, rate;
	/* seen */
	double behind, ahead; /* worst lags, ns */
	u64 behind_at, ahead_at;
	u64 migrations, switches;
};

struct sim_group {
	struct sched_group sched;
	struct sched_params params; /* as the ideal sees them now: ideal_tune() */
	/* of the ideal, close together: it looks at all of them again and again */
	struct sim_vcpu *vcpus;
	double rate, cap, floor, weight;
	double limit, reservation; /* pCPUs */
	double level;		   /* in a pool: the last one */
	double given_inside;	   /* ns, until when gifts take up what those in it could use beside their rates */
	double given_beside;	   /* the same of those with its affinity; without a pool */
	u32 parent;		   /* or SCHED_NOWHERE */
	u32 class;		   /* of those with the same affinity */
	u32 ideal_runnable;
	bool pool, frozen, sharing;
};

struct sim_knob {
	u64 at;
	u32 group;
	struct sched_params params;
};

struct sim_cpu {
	struct sim_vcpu *current;
	u64 since, idle_ns;
	u64 timer; /* when its next event is due; others of it are stale */
	u64 end;   /* of the slice */
	bool kicked;
};

enum sim_event_kind {
	SIM_TIMER, /* of a pCPU */
	SIM_KICK,
	SIM_WAKE, /* of a vCPU */
	SIM_STOP,
	SIM_TUNE, /* a knob */
};

struct sim_event {
	u64 at, seq;
	u32 kind, index;
};

#define SIM_LATENCIES 4000 /* of 10 us */
#define SIM_CLASSES   16

struct sim {
	struct sched sched;
	void *mem;
	u32 cpus, vcpu_count, group_count, knob_count;
	struct sim_cpu *cpu;
	struct sim_vcpu *vcpu;
	struct sim_group *group;
	struct sim_knob *knob;
	u64 now, seed, seq;
	struct sim_event *heap;
	u32 heap_count, heap_max;
	/* the ideal */
	double level;
	u64 ideal_at, ideal_next;
	bool ideal_stale, shares_stale, limits;
	struct sched_mask masks[SIM_CLASSES]; /* affinities in use */
	u32 classes;			      /* so many; 0: to be found anew */
	bool stepwise;    /* the policy's turn() is not called, but what it stands for */
	bool clairvoyant; /* the ideal knows how long each burst will be; before the first one */
	/* called after every event, for plots */
	void (*watch)(struct sim *m, void *ctx);
	void *watch_ctx;
	/* seen */
	u32 idle, waiting;
	u64 unfair_idle;	       /* ns of pCPUs idle while somebody waited that might have run there */
	double not_found;	       /* ns by which somebody might have begun when the policy found nobody */
	u64 ops, steps, steps_max;     /* calls of the policy */
	u64 turns, turns_beside;       /* ends of slices; those that would not have needed the machine for themselves */
	u64 latency[SIM_LATENCIES];    /* wake to run, of those within their shares */
	u64 wakes, runs, yields;
	double skew;		       /* worst, between vCPUs of a gang that want to run, ns */
};

struct sim *sim_new(u32 cpus, const char *policy, u64 slice, u64 seed);
void sim_free(struct sim *m);
/* Adds a VM, or a vCPU to it. */
u32 sim_group(struct sim *m, const struct sched_params *p);
struct sim_vcpu *sim_vcpu(struct sim *m, u32 group, enum sim_habit habit, u64 burst, u64 sleep);
/* From and until when (0: for ever) it exists. Before the simulation begins. */
void sim_life(struct sim *m, struct sim_vcpu *v, u64 start, u64 stop);
void sim_knob(struct sim *m, u64 at, u32 group, const struct sched_params *p);
/* Runs up to `until`; more may follow. */
void sim_run(struct sim *m, u64 until);
/* How far vCPU v is behind the ideal now, ns. */
double sim_lag(struct sim *m, struct sim_vcpu *v);
/* Notes how far all that are runnable are from it. */
void sim_judge(struct sim *m);
u64 sim_ran(struct sim *m, struct sim_vcpu *v);
u64 sim_random(struct sim *m, u64 below);
/* The latency that so many of 1000 wake-ups stayed within, ns. */
u64 sim_latency(const struct sim *m, u32 permille);

/* sim.c: an event to come; the policy's kick(). */
void sim_post(struct sim *m, u64 at, u32 kind, u32 index);
void sim_kick(struct sched *s, u32 cpu);

/* habit.c: a burst begins; it is over, and is followed by the next one at once, or the vCPU sleeps until then. */
void habit_ask(struct sim *m, struct sim_vcpu *v);
void habit_go_on(const struct sim *m, struct sim_vcpu *v);
u64 habit_sleep(struct sim *m, struct sim_vcpu *v);

/* ideal.c: a group's params are new. */
void ideal_tune(struct sim *m, u32 group);
/* Brings it up to m->now; a vCPU wakes (`left` is its burst) or has blocked. */
void ideal_advance(struct sim *m);
void ideal_wake(struct sim *m, struct sim_vcpu *v);
void ideal_block(struct sim *m, struct sim_vcpu *v);
/* `v` ran while nobody else might: it is ahead by no more than a slice. */
void ideal_forgive(struct sim *m, struct sim_vcpu *v);
/* Has the ideal still to serve it? */
bool ideal_backlogged(const struct sim *m, const struct sim_vcpu *v);
/* Computes the rates anew and when the first vCPU will have all that it may get. */
void ideal_rates(struct sim *m);
/* Computes what the share of each vCPU is. */
void ideal_shares(struct sim *m);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the files of the policy `fair` share: its data and the steps of its operations. Private to them.
 */
#pragma once

#include <sched/fluid.h>
#include <sched/tour.h>

/* By which clock requests are sorted: the line's virtual time, or ns. */
#define REAL	1u
/* Of a VM with a limit: never run before the ideal allows it, as others may be when a pCPU would idle. */
#define LIMITED 2u
#define KINDS	4u

/* What one line has waiting. */
struct queue {
	struct tree *on;	/* [cpus]; sorted by the clock at which a request may begin */
	struct tour due, begin; /* the pCPUs' earliest request that may begin; and the first to begin */
	struct tree lingering;	/* sorted by the clock at which the ideal has caught up with them */
	struct tour running;	/* ~(when it is due) of what the pCPUs run: the last one due wins */
	u32 waiting;		/* on all pCPUs */
};

struct fair {
	struct fluid fluid;
	struct queue queue[FLUID_LINES][KINDS];
	struct tour idle, endless;  /* pCPUs that run nothing, or something without a timer */
	struct sched_ent **current; /* [cpus] */
	struct sched_ent **invited; /* [cpus] whom a sibling has left it to */
	u64 *lines;		    /* [cpus] bit i: line i may run here */
	u32 *waiting;		    /* [cpus] */
	u64 last;		    /* ns, when something was last done */
	u32 ids, total, lingering;  /* groups so far; entities that wait; that linger */
};

static inline struct fair *fair_of(struct sched *s)
{
	return s->data;
}

static inline u64 request(struct sched *s)
{
	return s->slice << 8;
}

static inline u32 index_of(struct fair *f, const struct sched_ent *e)
{
	return (u32)(e->group->line - f->fluid.line);
}

static inline struct queue *queue_of(struct fair *f, const struct sched_ent *e)
{
	return &f->queue[index_of(f, e)][e->kind];
}

static inline struct sched_ent *ent_of(struct tree_node *n)
{
	return n ? container_of(n, struct sched_ent, sort) : NULL;
}

/* --- fair_queue.c ------------------------------------------------------------------------------------------- */

/* ns, when what is due at `due` of this line's clock is due; at today's pace. */
u64 fair_real_due(struct sched_line *l, u32 kind, u64 due, u64 now);
/* The latest beginning that may begin now. */
u64 fair_horizon(struct sched *s, struct sched_line *l, u32 kind, u64 now);
/* Computes where `e` stands on the clock that drives its group, which is in sync. */
void fair_place_keys(struct fair *f, struct sched_ent *e);
/* The winner among the pCPUs of `m`, or TOUR_NONE. */
u32 fair_best_in(const struct tour *t, const struct sched_mask *m, u32 cpus);
/* Tells the tournaments what waits on `cpu`, and answers what is due first there of what may begin, or NULL. */
struct tree_node *fair_publish(struct sched *s, struct sched_line *l, u32 kind, u32 cpu, u64 now);
/* `e` waits on `cpu`; waits no longer. Its group is in sync. */
void fair_queue_in(struct sched *s, struct sched_ent *e, u32 cpu, u64 now);
void fair_queue_out(struct sched *s, struct sched_ent *e, u64 now);
/* Who waits on `cpu` is let in where a pCPU idles, or, if he has few to choose from, where somebody keeps one of them. */
void fair_let_in(struct sched *s, u32 cpu);
void fair_set_idle(struct fair *f, u32 cpu, bool idle);
bool fair_is_idle(const struct fair *f, u32 cpu);
/* Counts what `e` has got since it was last counted. */
void fair_serve(struct sched *s, struct sched_ent *e, u64 ran);
/* `e`, whose keys are computed, runs on its pCPU; runs no longer. */
void fair_run(struct fair *f, struct sched_ent *e);
void fair_stop(struct fair *f, struct sched_ent *e);
/* A blocked one that is ahead stays until the ideal has caught up, so that it gains nothing by sleeping. */
void fair_linger(struct sched *s, struct sched_ent *e);
void fair_linger_end(struct sched *s, struct sched_ent *e);
/* Sorts the members of those groups anew whose pace is another. */
void fair_resort(struct sched *s, u64 now);

/* --- fair_ideal.c ------------------------------------------------------------------------------------------- */

/* Takes `e`, which is in no queue, out of the ideal. */
void fair_leave(struct sched *s, struct sched_ent *e, u64 now);
/* Of some that linger those leave with whom the ideal has caught up. */
void fair_catch_up_lingering(struct sched *s, u64 now);

/* The first thing to do in every operation. */
static inline void fair_catch_up(struct sched *s, u64 now)
{
	if (fair_of(s)->lingering)
		fair_catch_up_lingering(s, now);
	fair_of(s)->last = now;
}

/* --- fair_kin.c --------------------------------------------------------------------------------------------- */

bool fair_yield(struct sched *s, struct sched_ent *e, u64 now);
/* Whom a sibling has left this pCPU to, or NULL. */
struct sched_ent *fair_invited(struct fair *f, u32 cpu);
/* `e` leaves the queue, and with it the pCPU that was left to it. */
void fair_uninvite(struct fair *f, struct sched_ent *e);
/* Who shall run instead of `e`, which was chosen: itself, if it is in no gang. */
struct sched_ent *fair_gang_turn(struct sched *s, struct sched_ent *e, u64 now);

/* --- fair_pick.c -------------------------------------------------------------------------------------------- */

struct sched_pick fair_pick(struct sched *s, u32 cpu, u64 now);
void fair_charge(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran);

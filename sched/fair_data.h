// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the files of the policy `fair` share: its data and the steps of its operations. Private to them.
 */
#pragma once

#include <lib/bits.h>
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
	_Atomic(u32) waiting;	/* [a] on all pCPUs */
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
	_Atomic(u64) busy[KINDS];   /* [a] the lines in which anybody of that kind waits, or did */
};

static inline struct fair *fair_of(struct sched *s)
{
	return s->data;
}

/* Of `lines` those in which anybody waits. */
static inline u64 fair_busy(const struct fair *f, u64 lines)
{
	return lines & (f->busy[0] | f->busy[REAL] | f->busy[LIMITED] | f->busy[REAL | LIMITED]);
}

static inline u64 request(struct sched *s)
{
	return s->slice << 8;
}

static inline struct queue *queue_of(struct fair *f, const struct sched_ent *e)
{
	return &f->queue[e->group->line->index][e->kind];
}

static inline struct sched_ent *ent_of(struct tree_node *n)
{
	return n ? container_of(n, struct sched_ent, sort) : NULL;
}

/* --- fair_queue.c ------------------------------------------------------------------------------------------- */

/* Which clock sorts the members of `g`. */
u32 fair_kind(const struct sched_group *g);
/* ns, when what is due at `due` of this line's clock is due; at today's pace. */
u64 fair_real_due(const struct sched_line *l, u32 kind, u64 due, u64 now);
/* The latest beginning that may begin now. */
u64 fair_horizon(const struct sched *s, const struct sched_line *l, u32 kind, u64 now);
/* Computes where `e` stands on the clock that drives its group, which is in sync; or need not be, if its kind is still the same. */
void fair_place_keys(struct fair *f, struct sched_ent *e);
void fair_place_keys_at(struct sched_ent *e, u64 now);
/* The group's clock at `now`. */
u64 fair_clock(const struct sched_group *g, u64 now);
/* The winner among the pCPUs of `m`, or TOUR_NONE. */
u32 fair_best_in(const struct tour *t, const struct sched_mask *m, u32 cpus);
/*
 * Tells the tournaments what waits on `cpu`, and answers what is due first there of what may begin, or NULL. Beside the turns of
 * other pCPUs: for its own.
 */
struct tree_node *fair_publish(struct queue *q, u32 cpu, u64 horizon, bool beside);
/* `e` waits on `cpu`; waits no longer. Its group is in sync. */
void fair_queue_in(struct sched *s, struct sched_ent *e, u32 cpu, u64 now);
/* The same; its keys are computed. Beside others: on its own pCPU, and what is shared is left to be counted. */
void fair_queue_placed(struct sched *s, struct sched_ent *e, u32 cpu, u64 now, bool beside);
void fair_queue_out(struct sched *s, struct sched_ent *e, u64 now, bool beside);
/* A pCPU where those of `lines` who wait on `cpu` are let in, or TOUR_NONE; and the lines that have not been looked at. */
u32 fair_opening(struct sched *s, u32 cpu, u64 *lines);
/* Who waits on `cpu` is let in where a pCPU idles, or, if he has few to choose from, where somebody keeps one of them. */
void fair_let_in_slowly(struct sched *s, u32 cpu);
static inline void fair_let_in(struct sched *s, u32 cpu)
{
	const struct fair *f = fair_of(s);

	if (f->waiting[cpu] && (tour_best(&f->idle) & tour_best(&f->endless)) != TOUR_NONE)
		fair_let_in_slowly(s, cpu);
}

void fair_set_idle(struct fair *f, u32 cpu, bool idle);
bool fair_is_idle(const struct fair *f, u32 cpu);
/* `e` runs no longer. */
void fair_stop(struct fair *f, struct sched_ent *e);
/* A blocked one that is ahead stays until the ideal has caught up, so that it gains nothing by sleeping. */
void fair_linger(struct sched *s, struct sched_ent *e);
void fair_linger_end(struct sched *s, struct sched_ent *e);
/* Sorts the members of those groups anew whose pace is another. */
void fair_resort(struct sched *s, u64 now);

/* --- fair_turn.c -------------------------------------------------------------------------------------------- */

/* Counts what `e` has got since it was last counted. */
void fair_serve(struct sched *s, struct sched_ent *e, u64 ran);
/*
 * The lag of `e` stays within what a schedule can mend: returned. What no schedule can give back is not owed; and what it
 * found, because nobody else might run, is not charged beyond a slice: else it would be made to wait for what it took from nobody.
 */
s64 fair_forgive(struct sched *s, struct sched_ent *e, s64 lag);
/* `e`, whose keys are computed, runs on its pCPU. */
void fair_run(struct fair *f, struct sched_ent *e);
/* The same; its keys are those of when it was queued. */
void fair_run_anew(struct fair *f, struct sched_ent *e, u64 now);
/* ns that it may. */
u64 fair_slice(struct sched *s, u32 cpu, struct sched_ent *e);
bool fair_turn(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran, u64 now, s64 *lag, struct sched_pick *got);
struct sched_pick fair_turn_alone(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran, u64 now, s64 *lag);

/* A turn on the pCPU `cpu`: what it has read, and computed, of the clocks. */
struct turn {
	struct sched *s;
	struct fair *f;
	struct sched_line *l;
	struct queue *q;
	u64 now, virt, horizon; /* virtual time, and the latest beginning that may begin now */
	u32 cpu;
};

/* So old, ns, may what the clocks are computed from become: then products fit into 64 bits. */
#define FAIR_LINE_AGE  BIT(27)
#define FAIR_GROUP_AGE BIT(30)

static inline bool fair_is_fresh(const struct sched_group *g, u64 now)
{
	return now - g->line->at <= FAIR_LINE_AGE && now - g->synced <= FAIR_GROUP_AGE;
}

/* May `w`, which waits, be run as it is? */
static inline bool fair_is_ready(const struct sched_ent *w)
{
	const struct sched_group *g = w->group;

	return !g->params.gang && !w->invited && (w->placed == g->line->points.epoch || w->kind == fair_kind(g));
}

/* --- fair_wide.c -------------------------------------------------------------------------------------------- */

/* As fair_turn(), whatever queues those who wait are in: who has the pCPU now, or NULL: not beside others. */
struct sched_ent *fair_turn_wide(const struct turn *t, struct sched_ent *e, u64 ran, s64 *lag);

/* --- fair.c ------------------------------------------------------------------------------------------------- */

/* `e`, whose slice has ended, waits. */
void fair_put_back(struct sched *s, struct sched_ent *e, u64 now);

/* --- fair_ideal.c ------------------------------------------------------------------------------------------- */

/* Takes `e`, which is in no queue, out of the ideal. */
void fair_leave(struct sched *s, struct sched_ent *e, u64 now);
/* Of those that linger the one with whom the ideal catches up first, and when; or NULL, SCHED_NEVER. */
struct sched_ent *fair_first_caught(struct fair *f, u64 *when);
/* Of some that linger those leave with whom the ideal has caught up. */
void fair_catch_up_lingering(struct sched *s, u64 now);

/* The first thing to do in every operation. */
static inline void fair_catch_up(struct sched *s, u64 now)
{
	if (fair_of(s)->lingering)
		fair_catch_up_lingering(s, now);
	fair_of(s)->last = now;
}

/* --- fair_place.c ------------------------------------------------------------------------------------------- */

struct place {
	u32 cpu;
	bool idle;
	u64 due; /* ns, of what runs there */
};

/* ns by which one must be due earlier to interrupt another. */
static inline u64 fair_wake_margin(const struct sched *s)
{
	return s->slice / 8;
}

/* Where `e` may run and least is lost: an idle pCPU, best the last one it ran on; else the one whose vCPU is due last. */
struct place fair_find_place(struct sched *s, const struct sched_ent *e, u64 now);
/* Nobody else shall choose this pCPU before it has picked. */
void fair_claim(struct fair *f, u32 cpu);
/*
 * Who waits and is late gets a pCPU by a chain of moves, if there is one; with one to spare, who may begin. False: there may be one when
 * those who have just come may be sent on. Beside others none is made; false: there may be one.
 */
bool fair_place_late(struct sched *s, bool spare, u64 now, bool beside);

/* --- fair_kin.c --------------------------------------------------------------------------------------------- */

bool fair_yield(struct sched *s, struct sched_ent *e, u64 now);
/* `cpu` is left to `e`, which waits or comes from another pCPU. */
void fair_invite(struct fair *f, struct sched_ent *e, u32 cpu);
/* Who waits and to whom this pCPU is left, or NULL. */
struct sched_ent *fair_invited(struct fair *f, u32 cpu);
/* `e` leaves the queue, and with it the pCPU that was left to it. */
void fair_uninvite(struct fair *f, struct sched_ent *e);
/* Who shall run instead of `e`, which was chosen: itself, if it is in no gang. */
struct sched_ent *fair_gang_turn(struct sched *s, struct sched_ent *e, u64 now);

/* --- fair_pick.c -------------------------------------------------------------------------------------------- */

/* ns by which the request of another pCPU must be due earlier to be worth its cold cache. */
static inline u64 fair_fetch_margin(const struct sched *s)
{
	return s->slice;
}

/* `e`, which waits no longer, runs on `cpu`, because it was found or because it may. */
static inline void fair_take(struct sched_ent *e, u32 cpu, bool found, u64 now)
{
	if (e->cpu != cpu || e->since + e->counted != now)
		e->came = now;
	e->state = SCHED_RUNNING;
	e->cpu = cpu;
	e->found = found;
	if (e->stopped)
		e->costop += now - e->stopped;
	e->stopped = 0;
	e->since = now;
	e->counted = 0;
}

/* A pCPU looks for what is due first. */
struct seek {
	struct sched *s;
	u64 now;
	u32 cpu;
	bool beside; /* the turns of others: only what is this pCPU's own is written */
	bool stuck;  /* more would have to be written */
	struct sched_ent *here;
	const struct tree *there; /* and what is due first on another pCPU */
	u64 here_due, there_due;  /* ns */
	u64 horizon;		  /* of `there` */
};

/* What may begin and is due first, or NULL; if it is not stuck. */
struct sched_ent *fair_choose(struct seek *k);

/* Is there more than one affinity? Then somebody who waits may get a pCPU by moves. */
static inline bool fair_may_shift(const struct fair *f)
{
	return f->fluid.roots & (f->fluid.roots - 1);
}

struct sched_pick fair_pick(struct sched *s, u32 cpu, u64 now);
/* Does anybody wait who has few pCPUs to choose from, this one among them? */
bool fair_awaited(struct sched *s, u32 cpu);
void fair_charge(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran);

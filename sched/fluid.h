// SPDX-License-Identifier: BSD-2-Clause
/*
 * The ideal as the policy `fair` tracks it: who is entitled to what rate now, and virtual clocks that have counted it. A line
 * is what divides among its members in proportion to their shares: the groups of a pool, or those outside of pools that have
 * the same affinity. docs/SCHEDULER.md, "The ideal" and "Clocks".
 */
#pragma once

#include <sched/sched.h>

#define FLUID_LINES   64
#define FLUID_SETS    64
#define FLUID_NO_LEVEL (~0ull) /* all have all that they may */

struct sched_line {
	struct sched_mask cpus;
	u32 index; /* of itself */
	u32 cpu_count, groups, depth;
	struct sched_group *pool; /* whose members these are, or NULL */
	u64 level;	     /* 2^-24 of a rate for each share; by it the points are told apart */
	u64 rate, weight;    /* the same as a fraction: what those get together that share, and their shares */
	u64 reach;	     /* virtual time to come in a slice, at today's pace */
	u64 clock, at;	     /* virtual time (2^-24 ns for each share), and when it was that */
	u64 rest;	     /* what `clock` still lacks, in parts of 1/weight: it is the same however often it was brought up to date */
	u64 told, told_at;   /* the same, as far as the points know */
	u64 gifts;	     /* times that somebody's service was given to those that share here */
	u64 given;	     /* ns, until when its members' unused time is taken up by that */
	u64 caps, floors;    /* of its runnable members, together */
	u64 reserved;
	struct points points;
};

/* pCPUs, not all, on which some lines depend: those of one, or of several that overlap. */
struct sched_set {
	struct sched_mask cpus;
	u32 cpu_count;
	u64 inside; /* lines without a pool that have no other pCPUs */
	u64 family; /* the same, and pools */
};

struct fluid {
	u32 cpus, line_count, deepest, set_count;
	u64 slice;	   /* ns */
	u32 turn[2];	   /* the lines in which fluid_turned() found somebody last */
	u64 unsure[2];	   /* those that it has to look at again */
	bool stirred;	   /* there may be something in `unsure`, `risen`, `moved` */
	u64 risen;	   /* lines whose level is higher than the reader knows */
	u64 roots;	   /* the lines without a pool */
	u64 full;	   /* sets that are all taken by those who cannot go elsewhere */
	struct list moved; /* groups whose clock has another driver or pace */
	struct sched_line line[FLUID_LINES];
	struct sched_set set[FLUID_SETS];
};

void fluid_init(struct fluid *f, u32 cpus, u64 slice);
/* `g` joins a line, with nobody runnable. E_FULL: too many lines, or too much reserved. */
enum status must_check fluid_attach(struct fluid *f, struct sched_group *g, u32 id);
void fluid_detach(struct fluid *f, struct sched_group *g);
/* `g`, a VM outside of pools, has these parameters and the affinity in them. E_FULL: too many lines, or too much reserved. */
enum status must_check fluid_move(struct fluid *f, struct sched_group *g, const struct sched_params *p, u64 now);
/* May it have that reservation? */
bool fluid_admits(const struct fluid *f, const struct sched_group *g, u64 reservation);
/* From now on so many of its members are runnable and its parameters are these (affinity and parent excepted). */
void fluid_change(struct fluid *f, struct sched_group *g, u32 runnable, const struct sched_params *p, u64 now);
/* A group one of whose bounds the level has passed, sinking or rising, since it was heeded last, or NULL. */
struct sched_group *fluid_turned(struct fluid *f, bool sunk);
void fluid_heed(struct sched_group *g);
/* Is `g` one of those? Then it is among the moved ones from now on. */
void fluid_check(struct fluid *f, struct sched_group *g);
/* Of the full sets of pCPUs around any of `lines` the smallest: its family. None: all lines. */
u64 fluid_owners(const struct fluid *f, u64 lines);
/* What g->clock is at `now`, when its line's virtual time is `virt`. */
u64 fluid_clock(const struct sched_group *g, u64 now, u64 virt);
/* Brings it up to date. */
void fluid_sync(struct sched_group *g, u64 now);
/* ns, when the line's virtual time will be that, or was first known to be past it. */
u64 fluid_time(const struct sched_line *l, u64 virt);
/*
 * Service that a member of `g` has been given and is to lose, to its siblings: each gets the same, at most `room`. Returns the
 * rest. The next: to the others that share in g's line, as far as they could have used it, then beside its pool, and so on; the
 * rest is lost.
 */
s64 fluid_give_siblings(struct sched_group *g, s64 service, s64 room, u64 now);
void fluid_give_others(struct fluid *f, struct sched_group *g, s64 service, u64 now);

/* (a * b + rest) / d; very much if it is more than that. Mostly the product is of 64 bits. */
u64 fluid_ratio_wide(u64 a, u64 b, u64 d, u64 rest);
static inline u64 fluid_ratio(u64 a, u64 b, u64 d)
{
	u64 product;

	if (__builtin_mul_overflow(a, b, &product) || d <= 4)
		return fluid_ratio_wide(a, b, d, 0);
	return product / d;
}

/* The same with a sign. */
static inline s64 fluid_scale(s64 a, u64 b, u64 d)
{
	u64 sign = (u64)(a >> 63);

	return (s64)((fluid_ratio(((u64)a ^ sign) - sign, b, d) ^ sign) - sign);
}

/* The line's virtual time; and the same, brought up to date. */
u64 fluid_virtual_at(const struct sched_line *l, u64 now);
u64 fluid_virtual(struct sched_line *l, u64 now);

/* Can its members use more than they may? */
bool fluid_limited_by_pool(const struct sched_group *g);
static inline bool fluid_limited(const struct sched_group *g)
{
	return g->cap < g->runnable * SCHED_ONE || (g->params.parent && fluid_limited_by_pool(g));
}

/* Does `g` get its cap, or its floor, or what its shares give? */
static inline bool fluid_capped(const struct sched_group *g)
{
	return g->by_cap.key <= g->line->level;
}

static inline bool fluid_floored(const struct sched_group *g)
{
	return g->floor && g->by_floor.key > g->line->level;
}

static inline bool fluid_sharing(const struct sched_group *g)
{
	return !fluid_capped(g) && !fluid_floored(g);
}

/* What the group, or each runnable member, gets now. */
u64 fluid_rate(const struct sched_group *g);
u64 fluid_member_rate(const struct sched_group *g);
/*
 * When, by the clock that drives g, each member will have got `service` (1/256 ns). At `now`, when the line's virtual time is
 * `virt`, it has got `clock`.
 */
u64 fluid_when(const struct sched_group *g, u64 service, u64 clock, u64 now, u64 virt);
/* Virtual time in which each member of `g`, which shares, gets so much service. */
s64 fluid_to_virtual(const struct sched_group *g, s64 service);
/* ns in so much virtual time, at today's pace. */
s64 fluid_to_ns(const struct sched_line *l, s64 virt);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The ideal as the policy `fair` tracks it: who is entitled to what rate now, and virtual clocks that have counted it. A line
 * is a set of groups with the same affinity; those of its groups that are neither capped nor floored get service in
 * proportion to their shares, by one virtual clock. docs/SCHEDULER.md, "The ideal" and "Clocks".
 */
#pragma once

#include <sched/sched.h>

#define FLUID_LINES 64

struct sched_line {
	struct sched_mask cpus;
	u32 cpu_count, groups;
	u64 inside;	 /* lines whose pCPUs are among these, itself too */
	u64 clock, at;	 /* virtual time (2^-24 ns for each share), and when it was that */
	u64 rate;	 /* what the sharing groups get together */
	u64 weight;	 /* their shares */
	u64 fixed;	 /* what the others get together */
	u64 strait;	 /* lines with the same level of service for each share */
	u64 level_of;	 /* that level: so much ... */
	u64 level_for;	 /* ... for so many shares; 0: nobody shares here */
	s64 spare;	 /* then: what is left over, or missing */
	u64 reserved;
	struct tree caps, floors;     /* of the sharing groups: where their bounds begin to bind */
	struct tree capped, floored;  /* of the others: where the bounds cease to */
};

struct fluid {
	u32 cpus, line_count;
	struct list moved; /* groups whose clock has another driver or pace */
	struct sched_line line[FLUID_LINES];
};

void fluid_init(struct fluid *f, u32 cpus);
/* `g` has joined the line of its affinity, with nobody runnable. E_FULL: too many lines, or too much reserved. */
enum status must_check fluid_attach(struct fluid *f, struct sched_group *g, u32 id);
void fluid_detach(struct fluid *f, struct sched_group *g);
/* From now on so many of its members are runnable and its parameters are these (the affinity excepted). */
void fluid_change(struct fluid *f, struct sched_group *g, u32 runnable, const struct sched_params *p, u64 now);
/* Brings g->clock up to date. */
void fluid_sync(struct sched_group *g, u64 now);
/* The line's virtual time. */
u64 fluid_virtual(struct sched_line *l, u64 now);
/* ns, when the line's virtual time will be that, or was first known to be past it. */
u64 fluid_time(const struct sched_line *l, u64 virt);
/*
 * A member of `g` is about to leave `service` (1/256 ns) behind that it was owed. Gives it to its siblings, at most `room` to each,
 * and returns the rest.
 */
s64 fluid_give_siblings(struct sched_group *g, s64 service, s64 room, u64 now);
/*
 * Gives it to the groups that share on the same level, in proportion: those other than g, or with its `siblings` too. False: there
 * is nobody.
 */
bool fluid_give_others(struct fluid *f, struct sched_group *g, s64 service, bool siblings, u64 now);

static inline bool fluid_sharing(const struct sched_group *g)
{
	return g->mode == SCHED_SHARING;
}

/* Can its members use more than its limit? */
static inline bool fluid_limited(const struct sched_group *g)
{
	return g->cap < g->runnable * SCHED_ONE;
}

/* What each runnable member gets now. */
u64 fluid_member_rate(const struct sched_group *g);
/* When, by the clock that drives g, each member will have got `clock` (1/256 ns); g is in sync. */
u64 fluid_when(const struct sched_group *g, u64 clock);
/* Virtual time to come in so many ns, or ns in so much virtual time, at today's pace. */
s64 fluid_to_virtual(const struct sched_line *l, u64 ns);
s64 fluid_to_ns(const struct sched_line *l, s64 virt);

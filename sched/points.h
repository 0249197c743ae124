// SPDX-License-Identifier: BSD-2-Clause
/*
 * Where the bounds of a line's groups begin to bind, and what time has passed on either side of each of them: an ordered tree
 * (a treap) of points on the scale of levels. Beyond its point a group gets `bound`, before it `weight` times the level. How
 * much is on either side of a level, and letting time pass for all of one side, takes O(log n) steps, however many they are.
 */
#pragma once

#include <lib/types.h>

struct point {
	struct point *left, *right;
	u64 key;		  /* a level */
	u32 rank, id;		  /* as in tree.h */
	s64 weight, bound;	  /* a floor's are negative: what lies between a group's two points is what it shares */
	s64 weights, bounds;	  /* sums, here and below */
	u64 lowest;		  /* key, here and below, where somebody has all that he may */
	bool noted;		  /* the owner knows that the level is at or beyond this point */
	u32 known, unknown;	  /* how many below are noted, or not; itself too */
	u64 real, virt;		  /* ns while the level was at or beyond this point; virtual time while it was not yet */
	u64 more_real, more_virt; /* what all below are still to be told */
	u64 seen_real, seen_virt; /* the owner's: when it last looked */
	u64 base_real, base_virt; /* real and virt of the epoch */
	u64 epoch;
};

struct points {
	struct point *root;
	u64 epoch;  /* counts the calls of points_pass() */
	u64 key[2];    /* where the last search ended */
	u32 id[2];
};

/* Once per point. */
void point_init(struct point *p, u32 id);
/* `key`, `weight` and `bound` are set; it is noted as at or beyond `level`, or not yet. */
void points_insert(struct points *t, struct point *p, u64 level);
void points_remove(struct points *t, struct point *p);
/* Sums: the bounds of the points up to `level`, the weights of those beyond. */
void points_sum(const struct points *t, u64 level, s64 *bound, s64 *weight);
/* The lowest level beyond that one at which somebody has all that he may. */
u64 points_next(const struct points *t, u64 level);
/* So much time passed for the points up to `level`, so much virtual time for those beyond. */
void points_pass(struct points *t, u64 level, u64 real, u64 virt);
/* What passed for `p`, all that was to be told included. */
void points_read(const struct points *t, const struct point *p, u64 *real, u64 *virt);
/* Keeps that until the epoch ends: it takes O(1) steps then. */
void points_keep(const struct points *t, struct point *p);
/* A point that is noted as at or beyond this level and is not; or the other way about; or NULL. */
struct point *points_wrong(struct points *t, u64 level, bool noted);
void points_note(struct points *t, struct point *p, bool noted);

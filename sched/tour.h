// SPDX-License-Identifier: BSD-2-Clause
/*
 * A tournament over the pCPUs: each may publish a key; the least is at the root, the least of a range takes O(log m) steps.
 * Keys are circular numbers as in tree.h.
 */
#pragma once

#include <lib/types.h>

#define TOUR_NONE 0xffffffffu

struct tour {
	u32 size; /* leaves, a power of two */
	u64 *key; /* [size] */
	u32 *win; /* [2 * size]: the winner below; TOUR_NONE: nobody */
};

/* Leaves for `count` pCPUs. */
u32 tour_size(u32 count);
size_t tour_bytes(u32 count);
/* Takes its memory from *mem and moves that on. */
void tour_init(struct tour *t, u32 count, char **mem);
void tour_set(struct tour *t, u32 cpu, u64 key);
void tour_clear(struct tour *t, u32 cpu);
/* Has it published a key? */
static inline bool tour_has(const struct tour *t, u32 cpu)
{
	return t->win[t->size + cpu] == cpu;
}

/* Who has the least key of all / of lo <= cpu < hi, or TOUR_NONE. */
static inline u32 tour_best(const struct tour *t)
{
	return t->win[1];
}

u32 tour_best_of(const struct tour *t, u32 lo, u32 hi);

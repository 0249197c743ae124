// SPDX-License-Identifier: BSD-2-Clause
/*
 * A tournament over the pCPUs: each may publish a key; the least is at the root, the least of a range takes O(log m) steps.
 * Keys are circular numbers as in tree.h.
 *
 * tour_set() and tour_clear() are for who has all to himself. The same "among" others may run at once for several pCPUs, each
 * from one place at a time. Who reads meanwhile may meet a winner that is just being replaced, or its key a moment old: when
 * all have returned, every node is right. tour.c says why.
 */
#pragma once

#include <lib/types.h>
#include <stdatomic.h>

#define TOUR_NONE 0xffffffffu

struct tour {
	u32 size;	   /* leaves, a power of two */
	_Atomic(u64) *key; /* [a] [size] sequentially consistent, as `win` */
	_Atomic(u32) *win; /* [a] [2 * size]: the winner below; TOUR_NONE: nobody */
};

/* Leaves for `count` pCPUs. */
u32 tour_size(u32 count);
size_t tour_bytes(u32 count);
/* Takes its memory from *mem and moves that on. */
void tour_init(struct tour *t, u32 count, char **mem);
void tour_put(struct tour *t, u32 cpu, u64 key, bool among);
void tour_drop(struct tour *t, u32 cpu, bool among);

static inline void tour_set(struct tour *t, u32 cpu, u64 key)
{
	tour_put(t, cpu, key, false);
}

static inline void tour_clear(struct tour *t, u32 cpu)
{
	tour_drop(t, cpu, false);
}

static inline void tour_set_among(struct tour *t, u32 cpu, u64 key)
{
	tour_put(t, cpu, key, true);
}

static inline void tour_clear_among(struct tour *t, u32 cpu)
{
	tour_drop(t, cpu, true);
}

/* Has it published a key? */
static inline bool tour_has(const struct tour *t, u32 cpu)
{
	return atomic_load_explicit(&t->win[t->size + cpu], memory_order_relaxed) == cpu;
}

/* The last one that it has. */
static inline u64 tour_key(const struct tour *t, u32 cpu)
{
	return atomic_load_explicit(&t->key[cpu], memory_order_relaxed);
}

/* Who has the least key of all / of lo <= cpu < hi, or TOUR_NONE. */
static inline u32 tour_best(const struct tour *t)
{
	return atomic_load_explicit(&t->win[1], memory_order_relaxed);
}

u32 tour_best_of(const struct tour *t, u32 lo, u32 hi);

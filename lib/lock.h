// SPDX-License-Identifier: BSD-2-Clause
/*
 * A ticket spinlock. Holders never sleep and never wait for another pCPU. Hypervisor code runs with
 * interrupts off, so no variant saves flags.
 */
#pragma once

#include <lib/types.h>
#include <stdatomic.h>

struct spinlock {
	atomic_uint next;   /* [a] the order comes from `owner`; seq_cst for turnlock.h, at no cost */
	atomic_uint owner;  /* [a] release by unlock, acquire by lock */
};

#define SPINLOCK_INIT                                                                              \
	{                                                                                          \
		0, 0                                                                               \
	}

static inline void spin_init(struct spinlock *l)
{
	atomic_init(&l->next, 0);
	atomic_init(&l->owner, 0);
}

static inline void spin_lock(struct spinlock *l)
{
	unsigned ticket = atomic_fetch_add_explicit(&l->next, 1, memory_order_seq_cst);

	/* Pairs with the release in spin_unlock. */
	while (atomic_load_explicit(&l->owner, memory_order_acquire) != ticket)
		__builtin_ia32_pause();
}

static inline bool spin_trylock(struct spinlock *l)
{
	unsigned owner = atomic_load_explicit(&l->owner, memory_order_acquire);

	return atomic_compare_exchange_strong_explicit(&l->next, &owner, owner + 1,
						       memory_order_acquire, memory_order_relaxed);
}

static inline void spin_unlock(struct spinlock *l)
{
	unsigned owner = atomic_load_explicit(&l->owner, memory_order_relaxed);

	atomic_store_explicit(&l->owner, owner + 1, memory_order_release);
}

/* For assertions: is the lock held by anyone? */
static inline bool spin_held(struct spinlock *l)
{
	return atomic_load_explicit(&l->next, memory_order_relaxed) !=
	       atomic_load_explicit(&l->owner, memory_order_relaxed);
}

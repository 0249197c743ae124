// SPDX-License-Identifier: BSD-2-Clause
/*
 * A lock for two ways of holding it: in *turns*, which each party (a pCPU) may have beside the turns of the others, and alone.
 * A turn writes its own party's flag only, so it waits for nobody; it is refused while somebody holds the lock alone or waits for
 * that. Who is alone has all that turns and holders before him wrote. Turns are short, and end. As lib/lock.h: interrupts are off.
 *
 * A party sets its flag and then reads the lock; who wants to be alone takes the lock and then reads the flags. All four are
 * sequentially consistent (on this processor: two of them are locked instructions), so at least one sees the other.
 */
#pragma once

#include <lib/lock.h>

/* A cache line of its own. */
struct turn_slot {
	_Alignas(64) atomic_bool on; /* [a] seq_cst when set; release when cleared, acquire by who wants to be alone */
	u64 last;		     /* [turn of this party, or alone] the time of its last turn */
};

struct turnlock {
	struct spinlock lock;	/* held alone */
	struct turn_slot *slot; /* [b] [parties] */
	u32 parties;		/* [b] */
	u64 last;		/* [alone; read in turns] the latest time that any turn or holder has used so far */
};

/* A turn of party `self`, if it may have one now. */
static inline bool turn_begin(struct turnlock *l, u32 self)
{
	unsigned next;

	atomic_exchange_explicit(&l->slot[self].on, true, memory_order_seq_cst);
	next = atomic_load_explicit(&l->lock.next, memory_order_seq_cst);
	/* Pairs with the release in spin_unlock(). */
	if (atomic_load_explicit(&l->lock.owner, memory_order_acquire) == next)
		return true;
	atomic_store_explicit(&l->slot[self].on, false, memory_order_release);
	return false;
}

/* It was at `now`. */
static inline void turn_end(struct turnlock *l, u32 self, u64 now)
{
	l->slot[self].last = now;
	atomic_store_explicit(&l->slot[self].on, false, memory_order_release);
}

/* Alone. Waits for the turns that have begun: not from within one. */
static inline void turn_lock(struct turnlock *l)
{
	u64 last = 0;

	spin_lock(&l->lock);
	for (u32 i = 0; i < l->parties; i++) {
		while (atomic_load_explicit(&l->slot[i].on, memory_order_seq_cst))
			__builtin_ia32_pause();
		if (l->slot[i].last > last)
			last = l->slot[i].last;
	}
	/* Not before: a turn that goes on reads it. */
	if (last > l->last)
		l->last = last;
}

static inline void turn_unlock(struct turnlock *l)
{
	spin_unlock(&l->lock);
}

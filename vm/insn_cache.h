// SPDX-License-Identifier: BSD-2-Clause
/*
 * Instructions that were decoded before. The same few exit again and again, and to fetch one takes a walk of the guest's tables.
 *
 * An entry is good for as long as everything that led to it is as it was: CR3, each page-table entry on the way, the bytes. All of
 * that is looked at each time, so nobody has to tell of a change, and a guest that rewrites its code or its tables is served as if
 * there were no cache. For 64-bit code, where nothing else has a say. Of one vCPU, on its own pCPU.
 */
#pragma once

#include <stdatomic.h>
#include <vm/gwalk.h>
#include <vm/insn.h>

#define INSN_CACHE_SLOTS 16 /* each instruction may be in one of two */
#define INSN_CACHE_STEPS 4 /* guests have no paging with five levels */

struct insn_cache_slot {
	gva_t rip;
	u64 cr3;
	_Atomic u64 *entry[INSN_CACHE_STEPS]; /* on the way, in the VM's window; where there are fewer: &seen[i] */
	_Atomic u64 seen[INSN_CACHE_STEPS];
	const u8 *bytes;		      /* in the VM's window */
	u64 low, low_mask, high, high_mask;   /* what was there, and which of the 16 are the instruction's */
	struct insn insn;
};

static_assert(INSN_CACHE_SLOTS / 2 <= 32, "a bit each");

struct insn_cache {
	struct insn_cache_slot slot[INSN_CACHE_SLOTS];
	u32 turn; /* a bit for each two: which of them is given up next */
};

void insn_cache_init(struct insn_cache *c);

/* The first of the two; the other differs in bit 0. */
static inline unsigned insn_cache_slot(gva_t rip)
{
	return (rip ^ rip >> 4) % (INSN_CACHE_SLOTS / 2) * 2;
}

/* Other vCPUs may write here: a word that is half old and half new is what a fetch might see, too. */
static inline u64 insn_cache_word(const u8 *p)
{
	u64 word;

	__builtin_memcpy(&word, p, sizeof(word));
	return word;
}

/* Which bits of an entry on the way have changed. Relaxed: the CPU's own walker promises no more. */
static inline u64 insn_cache_change(const struct insn_cache_slot *s, unsigned step)
{
	return atomic_load_explicit(s->entry[step], memory_order_relaxed) ^
	       atomic_load_explicit(&s->seen[step], memory_order_relaxed);
}

static_assert(INSN_CACHE_STEPS == 4, "insn_cache_find() looks at four");

/*
 * The instruction of 64-bit code at `rip`, or NULL. Inline: it is on the way of most exits of a CPU that does not tell lengths. The
 * caller has made sure of EFER.LMA and CS.L.
 */
static inline const struct insn *insn_cache_find(const struct insn_cache *c, gva_t rip, u64 cr3)
{
	unsigned at = insn_cache_slot(rip);
	const struct insn_cache_slot *s = &c->slot[at];
	u64 changed;

	if (s->rip != rip || s->cr3 != cr3) {
		s = &c->slot[at ^ 1];
		if (s->rip != rip || s->cr3 != cr3)
			return NULL;
	}
	changed = insn_cache_change(s, 0) | insn_cache_change(s, 1) | insn_cache_change(s, 2) | insn_cache_change(s, 3);
	if (changed | ((insn_cache_word(s->bytes) ^ s->low) & s->low_mask))
		return NULL;
	if (s->high_mask && ((insn_cache_word(s->bytes + 8) ^ s->high) & s->high_mask))
		return NULL;
	return &s->insn;
}

/*
 * Keeps `insn`, decoded from `bytes`, which were found at `rip` by the way `trace`. Not if that is of no use: an instruction in two
 * pages.
 */
void insn_cache_keep(struct insn_cache *c, const struct gwalk_env *env, gva_t rip, const struct gwalk_trace *trace,
		     const u8 bytes[INSN_MAX_LEN], const struct insn *insn);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Instructions that were decoded before. The same few exit again and again, and to fetch one takes a walk of the guest's tables.
 *
 * An entry is good for as long as everything that led to it is as it was: mode, CR3, each page-table entry on the way, the bytes.
 * All of that is looked at each time, so nobody has to tell of a change, and a guest that rewrites its code or its tables is served
 * as if there were no cache. Of one vCPU, on its own pCPU.
 */
#pragma once

#include <stdatomic.h>
#include <vm/gwalk.h>
#include <vm/insn.h>

struct virt_code;

#define INSN_CACHE_SLOTS 16

struct insn_cache_slot {
	u64 cr3, mode;
	gva_t at;
	unsigned steps;			  /* page-table entries on the way */
	_Atomic u64 *entry[GWALK_STEPS];  /* in the VM's window */
	u64 seen[GWALK_STEPS];
	const u8 *bytes;		  /* in the VM's window; NULL: the slot is empty */
	u64 low, low_mask, high, high_mask; /* the bytes, and which of the 16 at `bytes` they are */
	struct insn insn;
};

struct insn_cache {
	struct insn_cache_slot slot[INSN_CACHE_SLOTS];
};

/* The instruction at `code`, or NULL. */
const struct insn *insn_cache_find(const struct insn_cache *c, const struct virt_code *code);
/*
 * Keeps `insn`, decoded from `bytes`, which were found at `code` by the way `trace`. Not if that is of no use: 4-byte page-table entries, an
 * instruction in two pages.
 */
void insn_cache_keep(struct insn_cache *c, const struct virt_code *code, const struct gmem *mem, const struct gwalk_trace *trace,
		     const u8 bytes[INSN_MAX_LEN], const struct insn *insn);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * How pt.c and pt_table.c reach entries. Addresses are offsets into the format's space here
 * (without sign extension); level 0 is the table of 4 KiB pages.
 */
#pragma once

#include "pt.h"

#include <stdatomic.h>

/* What an entry of a table of this level covers. */
static inline u64 pt_size_at(unsigned level)
{
	return PAGE_SIZE << (9 * level);
}

static inline unsigned pt_index_at(u64 off, unsigned level)
{
	return (off >> (PAGE_SHIFT + 9 * level)) % PT_ENTRIES;
}

static inline unsigned pt_top_level(const struct pt *pt)
{
	return pt->fmt->levels - 1;
}

static inline u64 pt_load(const u64 *slot)
{
	return atomic_load_explicit((const _Atomic u64 *)slot, memory_order_relaxed);
}

/* Release: a table below is complete before the hardware walker can find it. */
static inline void pt_store(const struct pt *pt, u64 *slot, u64 entry)
{
	atomic_store_explicit((_Atomic u64 *)slot, entry, memory_order_release);
	if (pt->mem->stored)
		pt->mem->stored(pt->mem->ctx);
}

static inline u64 *pt_table(const struct pt *pt, hpa_t table)
{
	return pt->mem->ptr(pt->mem->ctx, table);
}

static inline bool pt_is_table(const struct pt *pt, u64 e, unsigned level)
{
	return pt->fmt->is_present(e) && !pt->fmt->is_leaf(e, pt_size_at(level));
}

/* Puts a table that nothing points to any more on pt->retired. */
void pt_retire(struct pt *pt, hpa_t table);
/* A table of `level` and all below it. */
void pt_retire_tree(struct pt *pt, hpa_t table, unsigned level);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The life of tables: made, lent, retired, freed.
 */
#include "pt.h"

#include "pt_walk.h"

#include <lib/assert.h>

enum status pt_init(struct pt *pt, const struct pt_format *fmt, const struct pt_mem *mem,
		    u64 max_leaf)
{
	*pt = (struct pt){
	    .fmt = fmt,
	    .mem = mem,
	    .max_leaf = min_u64(max_leaf, fmt->max_leaf),
	    .tables = 1,
	    .own_top = PT_ENTRIES,
	};
	return mem->alloc(mem->ctx, &pt->root);
}

static void free_tree(struct pt *pt, hpa_t table, unsigned level, unsigned entries)
{
	const u64 *slot = pt_table(pt, table);

	for (unsigned i = 0; level && i < entries; i++)
		if (pt_is_table(pt, slot[i], level))
			free_tree(pt, slot[i] & PT_HPA_MASK, level - 1, PT_ENTRIES);
	pt->mem->free(pt->mem->ctx, table);
}

void pt_fini(struct pt *pt)
{
	pt_retired_free(pt, &pt->retired);
	free_tree(pt, pt->root, pt_top_level(pt), pt->own_top);
	*pt = (struct pt){.fmt = pt->fmt, .mem = pt->mem};
}

void pt_borrow_top(struct pt *pt, const struct pt *owner, unsigned first)
{
	u64 *to = pt_table(pt, pt->root);
	const u64 *from = pt_table(owner, owner->root);

	check(pt->fmt == owner->fmt && owner->pinned && first < pt->own_top);
	for (unsigned i = first; i < PT_ENTRIES; i++) {
		check(!to[i]);
		pt_store(pt, to + i, from[i]);
	}
	pt->own_top = first;
}

/*
 * A retired table may still be walked through a stale paging-structure cache, so it keeps its
 * entries. The frame number of the next one sits in bits that every format ignores, five in each of
 * the first eight entries.
 */
#define LINK_BITS    BITS(56, 52)
#define LINK_WIDTH   5
#define LINK_ENTRIES 8

static void retired_push(const struct pt *pt, struct pt_retired *r, hpa_t table)
{
	u64 *slot = pt_table(pt, table);
	u64 next = r->head >> PAGE_SHIFT;

	for (unsigned i = 0; i < LINK_ENTRIES; i++) {
		u64 e = (pt_load(slot + i) & ~LINK_BITS) |
			FIELD_PUT(LINK_BITS, next >> (LINK_WIDTH * i));

		atomic_store_explicit((_Atomic u64 *)(slot + i), e, memory_order_relaxed);
	}
	r->head = table;
	r->count++;
}

static hpa_t retired_pop(const struct pt *pt, struct pt_retired *r)
{
	hpa_t table = r->head;
	const u64 *slot = pt_table(pt, table);
	u64 next = 0;

	for (unsigned i = 0; i < LINK_ENTRIES; i++)
		next |= FIELD_GET(LINK_BITS, pt_load(slot + i)) << (LINK_WIDTH * i);
	r->head = next << PAGE_SHIFT;
	r->count--;
	return table;
}

void pt_retire(struct pt *pt, hpa_t table)
{
	retired_push(pt, &pt->retired, table);
	pt->tables--;
}

void pt_retire_tree(struct pt *pt, hpa_t table, unsigned level)
{
	const u64 *slot = pt_table(pt, table);

	for (unsigned i = 0; level && i < PT_ENTRIES; i++)
		if (pt_is_table(pt, slot[i], level))
			pt_retire_tree(pt, slot[i] & PT_HPA_MASK, level - 1);
	pt_retire(pt, table);
}

void pt_retired_take(struct pt *pt, struct pt_retired *r)
{
	while (pt->retired.count)
		retired_push(pt, r, retired_pop(pt, &pt->retired));
}

void pt_retired_free(struct pt *pt, struct pt_retired *r)
{
	while (r->count)
		pt->mem->free(pt->mem->ctx, retired_pop(pt, r));
}

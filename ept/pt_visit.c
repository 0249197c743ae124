// SPDX-License-Identifier: BSD-2-Clause
#include "pt_visit.h"

#include "pt_walk.h"

/* The address of an offset: sign-extended where the format wants it. */
static u64 address(const struct pt *pt, u64 off)
{
	u64 space = pt_size_at(pt->fmt->levels);

	return pt->fmt->canonical && off >= space / 2 ? off | ~(space - 1) : off;
}

static void visit_leaf(const struct pt *pt, const struct pt_visitor *v, u64 off, u64 e, u64 size)
{
	struct pt_leaf leaf = {
		.hpa = e & PT_HPA_MASK & ~(size - 1),
		.size = size,
		.prot = pt->fmt->get_prot(e),
		.memtype = pt->fmt->get_memtype(e),
	};

	v->leaf(v->ctx, address(pt, off), &leaf);
}

static void visit(const struct pt *pt, const struct pt_visitor *v, hpa_t table, unsigned level, u64 off)
{
	unsigned entries = level == pt_top_level(pt) ? pt->own_top : PT_ENTRIES;
	u64 size = pt_size_at(level);
	const u64 *slot;

	if (!v->table(v->ctx, table))
		return;
	slot = pt_table(pt, table);
	for (unsigned i = 0; i < entries; i++, off += size) {
		u64 e = pt_load(slot + i);

		if (!pt->fmt->is_present(e))
			continue;
		if (pt->fmt->is_leaf(e, size))
			visit_leaf(pt, v, off, e, size);
		else
			visit(pt, v, e & PT_HPA_MASK, level - 1, off);
	}
}

void pt_visit(const struct pt *pt, const struct pt_visitor *v)
{
	visit(pt, v, pt->root, pt_top_level(pt), 0);
}

bool pt_borrows(const struct pt *pt, const struct pt *owner, unsigned first)
{
	const u64 *to = pt_table(pt, pt->root);
	const u64 *from = pt_table(owner, owner->root);

	if (pt->own_top != first)
		return false;
	for (unsigned i = first; i < PT_ENTRIES; i++)
		if (pt_load(to + i) != pt_load(from + i))
			return false;
	return true;
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Each operation walks twice over its range with the same decide(): first count() finds how many
 * tables it will need, those are allocated, then apply() changes entries and cannot fail.
 */
#include "pt.h"

#include "pt_walk.h"

#include <lib/assert.h>
#include <lib/range.h>

enum job_kind {
	JOB_MAP,
	JOB_UNMAP,
	JOB_PROTECT,
};

struct job {
	struct pt *pt;
	enum job_kind kind;
	u32 prot;
	enum pt_memtype memtype;
	hpa_t hpa;   /* of `start` */
	u64 start;   /* the whole job's first offset */
	hpa_t spare; /* list of `spares` zeroed frames, linked through their first words */
	u64 spares;
};

struct span {
	u64 off, len;
};

/* What a job does with one entry. */
enum step {
	STEP_SKIP,
	STEP_SET,     /* the entry as a whole gets its final value */
	STEP_DESCEND, /* go on in the table below, which is made if there is none */
};

/* Cuts from `rest` the part that lies in its first entry. */
static struct span cut(struct span *rest, unsigned level)
{
	u64 room = pt_size_at(level) - (rest->off & (pt_size_at(level) - 1));
	struct span s = {rest->off, min_u64(rest->len, room)};

	rest->off += s.len;
	rest->len -= s.len;
	return s;
}

/* --- The first walk: what is to be done, and how many tables it takes --- */

/* Must tables that entries of this level name stay, even if empty? */
static bool is_pinned(const struct pt *pt, unsigned level)
{
	return pt->pinned && level == pt_top_level(pt);
}

static enum step decide(const struct job *j, u64 e, unsigned level, struct span s)
{
	u64 size = pt_size_at(level);
	bool whole = s.len == size;

	if (j->kind == JOB_MAP) {
		hpa_t hpa = j->hpa + (s.off - j->start);

		if (!whole || size > j->pt->max_leaf || !is_aligned(hpa, size))
			return STEP_DESCEND;
		return STEP_SET;
	}
	if (!j->pt->fmt->is_present(e))
		return STEP_SKIP;
	if (j->kind == JOB_UNMAP)
		return whole && !is_pinned(j->pt, level) ? STEP_SET : STEP_DESCEND;
	if (pt_is_table(j->pt, e, level))
		return STEP_DESCEND;
	if (j->pt->fmt->get_prot(e) == j->prot)
		return STEP_SKIP;
	return whole ? STEP_SET : STEP_DESCEND;
}

/* `table` NULL stands for one yet to be made, all of whose entries will be like `like`, no table.
 */
static u64 count(const struct job *j, const u64 *table, u64 like, unsigned level, struct span s)
{
	u64 n = 0;

	while (level && s.len) {
		struct span part = cut(&s, level);
		u64 e = table ? pt_load(table + pt_index_at(part.off, level)) : like;

		if (decide(j, e, level, part) != STEP_DESCEND)
			continue;
		if (pt_is_table(j->pt, e, level))
			n += count(j, pt_table(j->pt, e & PT_HPA_MASK), 0, level - 1, part);
		else
			n += 1 + count(j, NULL, e, level - 1, part);
	}
	return n;
}

static void spare_put(struct job *j, hpa_t frame)
{
	*pt_table(j->pt, frame) = j->spare;
	j->spare = frame;
	j->spares++;
}

static hpa_t spare_get(struct job *j)
{
	hpa_t frame = j->spare;
	u64 *word;

	check(j->spares);
	word = pt_table(j->pt, frame);
	j->spares--;
	j->spare = *word;
	*word = 0;
	return frame;
}

static enum status reserve(struct job *j, u64 n)
{
	const struct pt_mem *mem = j->pt->mem;
	enum status st = OK;
	hpa_t frame;

	for (; n && !st; n--) {
		st = mem->alloc(mem->ctx, &frame);
		if (!st)
			spare_put(j, frame);
	}
	while (st && j->spares)
		mem->free(mem->ctx, spare_get(j));
	return st;
}

/* --- The second walk: nothing can fail --- */

static void set(struct job *j, u64 *slot, unsigned level, u64 off)
{
	const struct pt_format *fmt = j->pt->fmt;
	u64 size = pt_size_at(level);
	u64 old = pt_load(slot);
	u64 new = 0;

	if (j->kind == JOB_MAP)
		new = fmt->make_leaf(j->hpa + (off - j->start), size, j->prot, j->memtype);
	else if (j->kind == JOB_PROTECT)
		new = fmt->make_leaf(old & PT_HPA_MASK, size, j->prot, fmt->get_memtype(old));
	pt_store(j->pt, slot, new);
	if (pt_is_table(j->pt, old, level))
		pt_retire_tree(j->pt, old & PT_HPA_MASK, level - 1);
}

/* Puts a table in the place of a leaf or of nothing; it translates exactly as the entry did. */
static u64 *put_table(struct job *j, u64 *slot, unsigned level)
{
	const struct pt_format *fmt = j->pt->fmt;
	hpa_t table = spare_get(j);
	u64 *below = pt_table(j->pt, table);
	u64 size = pt_size_at(level - 1);
	u64 old = pt_load(slot);

	for (unsigned i = 0; fmt->is_present(old) && i < PT_ENTRIES; i++)
		below[i] = fmt->make_leaf((old & PT_HPA_MASK) + i * size, size, fmt->get_prot(old),
					  fmt->get_memtype(old));
	j->pt->tables++;
	pt_store(j->pt, slot, fmt->make_table(table));
	return below;
}

static bool is_empty(const struct pt *pt, const u64 *table)
{
	for (unsigned i = 0; i < PT_ENTRIES; i++)
		if (pt->fmt->is_present(pt_load(table + i)))
			return false;
	return true;
}

static void apply(struct job *j, u64 *table, unsigned level, struct span s)
{
	while (s.len) {
		struct span part = cut(&s, level);
		u64 *slot = table + pt_index_at(part.off, level);
		enum step step = decide(j, pt_load(slot), level, part);
		u64 *below;

		if (step == STEP_SET)
			set(j, slot, level, part.off);
		if (step != STEP_DESCEND)
			continue;
		if (pt_is_table(j->pt, pt_load(slot), level))
			below = pt_table(j->pt, pt_load(slot) & PT_HPA_MASK);
		else
			below = put_table(j, slot, level);
		apply(j, below, level - 1, part);
		if (j->kind == JOB_UNMAP && !is_pinned(j->pt, level) && is_empty(j->pt, below)) {
			hpa_t old = pt_load(slot) & PT_HPA_MASK;

			pt_store(j->pt, slot, 0);
			pt_retire(j->pt, old);
		}
	}
}

/* --- The operations --- */

/* The offset of `va`, and how far the space around it reaches; E_RANGE if `va` is no address. */
static enum status offset_of(const struct pt *pt, u64 va, u64 *off, u64 *limit)
{
	u64 space = pt_size_at(pt->fmt->levels);
	u64 upper = pt->fmt->canonical ? ~(space - 1) : 0;

	*off = va & (space - 1);
	*limit = space;
	if (pt->fmt->canonical && *off < space / 2) {
		upper = 0;
		*limit = space / 2;
	}
	return (va & ~(space - 1)) == upper ? OK : E_RANGE;
}

static enum status job_run(struct job *j, u64 va, u64 len)
{
	struct pt *pt = j->pt;
	u64 *root = pt_table(pt, pt->root);
	struct span s = {.len = len};
	enum status st;
	u64 limit;

	if (!len || !is_aligned(va | len | j->hpa, PAGE_SIZE))
		return E_INVAL;
	if (j->kind != JOB_UNMAP && (!(j->prot & PT_READ) || j->prot & ~pt->fmt->prots))
		return E_INVAL;
	st = offset_of(pt, va, &s.off, &limit);
	if (st)
		return st;
	limit = min_u64(limit, pt->own_top * pt_size_at(pt_top_level(pt)));
	if (!range_inside(s.off, len, 0, limit) || !range_inside(j->hpa, len, 0, BIT(52)))
		return E_RANGE;
	j->start = s.off;
	st = reserve(j, count(j, root, 0, pt_top_level(pt), s));
	if (st)
		return st;
	apply(j, root, pt_top_level(pt), s);
	check(!j->spares);
	return OK;
}

enum status pt_map(struct pt *pt, u64 va, hpa_t hpa, u64 len, u32 prot, enum pt_memtype memtype)
{
	struct job j = {.pt = pt, .kind = JOB_MAP, .hpa = hpa, .prot = prot, .memtype = memtype};

	return job_run(&j, va, len);
}

enum status pt_unmap(struct pt *pt, u64 va, u64 len, struct pt_retired *r)
{
	struct job j = {.pt = pt, .kind = JOB_UNMAP};
	enum status st = job_run(&j, va, len);

	if (!st)
		pt_retired_take(pt, r);
	return st;
}

enum status pt_protect(struct pt *pt, u64 va, u64 len, u32 prot)
{
	struct job j = {.pt = pt, .kind = JOB_PROTECT, .prot = prot};

	return job_run(&j, va, len);
}

enum status pt_find(const struct pt *pt, u64 va, struct pt_leaf *out)
{
	const struct pt_format *fmt = pt->fmt;
	unsigned level = pt_top_level(pt);
	u64 off, limit, e;

	*out = (struct pt_leaf){0};
	if (offset_of(pt, va, &off, &limit))
		return E_RANGE;
	e = pt_load(pt_table(pt, pt->root) + pt_index_at(off, level));
	while (pt_is_table(pt, e, level)) {
		level--;
		e = pt_load(pt_table(pt, e & PT_HPA_MASK) + pt_index_at(off, level));
	}
	out->size = pt_size_at(level);
	if (!fmt->is_present(e))
		return E_NOTFOUND;
	out->hpa = (e & PT_HPA_MASK) + (off & (out->size - 1));
	out->prot = fmt->get_prot(e);
	out->memtype = fmt->get_memtype(e);
	return OK;
}

enum status pt_lookup(const struct pt *pt, u64 va, hpa_t *hpa, u32 *prot, u64 *size)
{
	struct pt_leaf leaf;
	enum status st = pt_find(pt, va, &leaf);

	if (hpa && !st)
		*hpa = leaf.hpa;
	if (prot && !st)
		*prot = leaf.prot;
	if (size && st != E_RANGE)
		*size = leaf.size;
	return st;
}

enum status pt_pin_top(struct pt *pt, u64 va, u64 len)
{
	u64 *root = pt_table(pt, pt->root);
	struct job j = {.pt = pt};
	unsigned first, last;
	u64 off, limit, n = 0;
	enum status st = offset_of(pt, va, &off, &limit);

	if (st)
		return st;
	if (!len || !range_inside(off, len, 0, limit))
		return E_RANGE;
	first = pt_index_at(off, pt_top_level(pt));
	last = pt_index_at(off + len - 1, pt_top_level(pt));
	for (unsigned i = first; i <= last; i++)
		n += !pt->fmt->is_present(root[i]);
	st = reserve(&j, n);
	if (st)
		return st;
	for (unsigned i = first; i <= last; i++)
		if (!pt->fmt->is_present(root[i]))
			put_table(&j, root + i, pt_top_level(pt));
	pt->pinned = true;
	return OK;
}

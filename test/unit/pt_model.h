// SPDX-License-Identifier: BSD-2-Clause
/*
 * For test_pt_random.c: a flat model of a page table, a sorted list of runs (va, len, hpa, prot), as long as contiguity lasts; and the
 * comparison of both.
 */
#pragma once

#include "unit.h"

#include <ept/pt.h>
#include <lib/string.h>
#include <test/host/fake_tables.h>

#define RUNS 8192
#define K4   PT_SIZE_4K
#define M2   PT_SIZE_2M
#define G1   PT_SIZE_1G

static const struct pt_format *const formats[] = {&pt_format_host, &pt_format_npt, &pt_format_ept};

struct run {
	u64 va, len;
	hpa_t hpa;
	u64 prot; /* so wide: no padding, runs are compared as bytes */
};

struct model {
	unsigned count;
	struct run run[RUNS];
};

static inline void model_push(struct model *m, struct run r)
{
	struct run *last = m->count ? &m->run[m->count - 1] : NULL;

	if (!r.len)
		return;
	if (last && last->va + last->len == r.va && last->hpa + last->len == r.hpa &&
	    last->prot == r.prot) {
		last->len += r.len;
		return;
	}
	assert_true(m->count < RUNS);
	m->run[m->count++] = r;
}

/* The part of `r` in [lo, hi] (both inclusive: hi may be the last byte of all), pushed. */
static inline void push_part(struct model *m, const struct run *r, u64 lo, u64 hi)
{
	u64 a = max_u64(r->va, lo);
	u64 b = min_u64(r->va + r->len - 1, hi);

	if (lo <= hi && a <= b)
		model_push(m, (struct run){a, b - a + 1, r->hpa + (a - r->va), r->prot});
}

enum op_kind {
	OP_MAP,
	OP_UNMAP,
	OP_PROTECT,
};

struct op {
	enum op_kind kind;
	u64 va, len;
	hpa_t hpa;
	u32 prot;
};

static inline void model_apply(struct model *to, const struct model *from, const struct op *op)
{
	u64 last = op->va + op->len - 1;
	bool placed = false;

	to->count = 0;
	for (unsigned i = 0; i <= from->count; i++) {
		const struct run *r = i < from->count ? &from->run[i] : NULL;

		if (r && op->va)
			push_part(to, r, 0, op->va - 1);
		if (op->kind == OP_PROTECT && r) {
			struct run changed = *r;

			changed.prot = op->prot;
			push_part(to, &changed, op->va, last);
		}
		if (op->kind == OP_MAP && !placed && (!r || r->va + r->len - 1 >= op->va)) {
			model_push(to, (struct run){op->va, op->len, op->hpa, op->prot});
			placed = true;
		}
		if (r && last != ~0ull)
			push_part(to, r, last + 1, ~0ull);
	}
}

static inline const struct run *model_find(const struct model *m, u64 va)
{
	unsigned lo = 0, hi = m->count;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (m->run[mid].va <= va)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && va - m->run[lo - 1].va < m->run[lo - 1].len ? &m->run[lo - 1] : NULL;
}

static inline bool model_says(const struct model *m, u64 va, bool mapped, hpa_t hpa, u32 prot)
{
	const struct run *r = model_find(m, va);

	if (!r || !mapped)
		return !r && !mapped;
	return r->hpa + (va - r->va) == hpa && r->prot == prot;
}

/* All of [va, va+len) as the table has it. */
static inline void table_runs(const struct pt *pt, u64 va, u64 len, struct model *out)
{
	u64 size;

	out->count = 0;
	for (u64 done = 0; done < len; done += size) {
		struct run r = {.va = va + done};
		u32 prot = 0;
		enum status st = pt_lookup(pt, r.va, &r.hpa, &prot, &size);

		size -= r.va & (size - 1);
		r.len = size;
		r.prot = prot;
		if (!st)
			model_push(out, r);
		else
			assert_int_equal(st, E_NOTFOUND);
	}
}

static inline void assert_same(const struct pt *pt, u64 va, u64 len, const struct model *m)
{
	static struct model seen;

	table_runs(pt, va, len, &seen);
	assert_int_equal(seen.count, m->count);
	for (unsigned i = 0; i < m->count; i++)
		assert_memory_equal(&seen.run[i], &m->run[i], sizeof(seen.run[i]));
}

/* No table below the root is empty; returns how many there are, the root too. */
static inline u64 count_tables(const struct pt *pt, hpa_t table, unsigned level)
{
	const u64 *e = fake_tables_ptr(table);
	unsigned present = 0;
	u64 n = 1;

	for (unsigned i = 0; i < PT_ENTRIES; i++) {
		if (!pt->fmt->is_present(e[i])) {
			assert_int_equal(e[i] & ~BITS(56, 52), 0);
			continue;
		}
		present++;
		if (level && !pt->fmt->is_leaf(e[i], K4 << (9 * level)))
			n += count_tables(pt, e[i] & PT_HPA_MASK, level - 1);
	}
	assert_true(present || table == pt->root);
	return n;
}

static inline void assert_sound(const struct pt *pt)
{
	assert_int_equal(count_tables(pt, pt->root, pt->fmt->levels - 1), pt->tables);
	assert_int_equal(fake_tables_used, pt->tables + pt->retired.count);
}

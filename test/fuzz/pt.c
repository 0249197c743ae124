// SPDX-License-Identifier: BSD-2-Clause
/*
 * The page-table walker by operations, against the flattest of models: the list of what was done. A
 * page's translation is what comes out if the list is gone through for that page alone.
 */
#include "fuzz.h"

#include <ept/pt.h>
#include <test/host/fake_tables.h>

#define OPS_MAX    48
#define LEAVES_MAX 520 /* more than a table */

enum op_kind {
	OP_MAP,
	OP_UNMAP,
	OP_PROTECT,
	OP_STARVE, /* the next operation gets few frames */
	OP_KINDS,
};

struct op {
	enum op_kind kind;
	u64 va, len;
	hpa_t hpa;
	u32 prot;
	enum pt_memtype memtype;
};

static struct op done[OPS_MAX];
static unsigned done_count;

/* Addresses near where tables of each level begin and end, mostly. */
static u64 take_address(struct input *in)
{
	u64 base = take(in, 1) & 7, offset = take(in, 2);
	static const u64 bases[8] = { 0,         PT_SIZE_2M,  PT_SIZE_1G,         511 * PT_SIZE_1G,
				      512 * GIB, 3 * GIB / 2, (1ull << 47) - GIB, ~0ull << 47 };

	return bases[base] + (offset & 0x1ff) * PT_SIZE_4K + (offset >> 9 & 3) * PT_SIZE_2M +
	       (offset >> 11 & 3) * PT_SIZE_1G + (offset >> 13 & 1);
}

static u64 take_len(struct input *in)
{
	u64 val = take(in, 2);

	return (val & 0x3ff) * PT_SIZE_4K + (val >> 10 & 7) * PT_SIZE_2M + (val >> 13) * PT_SIZE_1G;
}

static enum status apply(struct pt *pt, const struct op *op, struct pt_retired *r)
{
	switch (op->kind) {
	case OP_MAP:
		return pt_map(pt, op->va, op->hpa, op->len, op->prot, op->memtype);
	case OP_UNMAP:
		return pt_unmap(pt, op->va, op->len, r);
	default:
		return pt_protect(pt, op->va, op->len, op->prot);
	}
}

/* What the model says of the page at `va`; false: nothing there. */
static bool expect(u64 va, struct pt_leaf *leaf)
{
	bool there = false;

	for (unsigned i = 0; i < done_count; i++) {
		const struct op *op = &done[i];

		if (va < op->va || va - op->va >= op->len)
			continue;
		if (op->kind == OP_MAP) {
			*leaf = (struct pt_leaf){ .hpa = op->hpa + (va - op->va),
						  .prot = op->prot,
						  .memtype = op->memtype };
			there = true;
		} else if (op->kind == OP_UNMAP) {
			there = false;
		} else {
			leaf->prot = op->prot;
		}
	}
	return there;
}

static void check_page(const struct pt *pt, u64 va)
{
	struct pt_leaf want = { 0 }, got;
	enum status st = pt_find(pt, va, &got);
	bool there;

	if (st == E_RANGE)
		return;
	there = expect(va & ~(PT_SIZE_4K - 1), &want);
	fuzz_check(there == !st);
	fuzz_check(is_aligned(got.size, PT_SIZE_4K));
	if (!there)
		return;
	fuzz_check(got.hpa == want.hpa + (va & (PT_SIZE_4K - 1)));
	fuzz_check(got.prot == want.prot && got.memtype == want.memtype);
	fuzz_check(got.size <= pt->max_leaf);
}

/* Around every border that any operation made, and in the middle. */
static void check_all(const struct pt *pt)
{
	for (unsigned i = 0; i < done_count; i++) {
		const struct op *op = &done[i];

		check_page(pt, op->va);
		check_page(pt, op->va - 1);
		check_page(pt, op->va + op->len / 2);
		check_page(pt, op->va + op->len - 1);
		check_page(pt, op->va + op->len);
	}
}

/* The largest leaf that a mapping can have: with small ones gigabytes would take all the time. */
static u64 leaf_size(const struct pt *pt, const struct op *op)
{
	u64 differ = op->va ^ op->hpa;

	if (op->kind != OP_MAP)
		return PT_SIZE_1G;
	if (differ & (PT_SIZE_2M - 1))
		return PT_SIZE_4K;
	return min_u64(differ & (PT_SIZE_1G - 1) ? PT_SIZE_2M : PT_SIZE_1G, pt->max_leaf);
}

static void one_op(struct pt *pt, struct input *in)
{
	struct op op = { .kind = take(in, 1) % OP_KINDS };
	unsigned budget = FAKE_TABLES - fake_tables_used;
	struct pt_retired r = { 0 };
	enum status st;

	if (op.kind == OP_STARVE) {
		op.kind = OP_MAP;
		fake_tables_budget = (unsigned)take(in, 1) & 7;
		budget -= fake_tables_budget;
	} else {
		budget = 0;
	}
	op.va = take_address(in);
	op.len = take_len(in);
	op.hpa = take(in, 1) & 1 ? take_address(in) & PT_HPA_MASK : op.va & PT_HPA_MASK;
	op.prot = (u32)take(in, 1) & 0xf;
	op.memtype = (enum pt_memtype)(take(in, 1) % 3);
	op.len = min_u64(op.len, LEAVES_MAX * leaf_size(pt, &op));
	st = apply(pt, &op, &r);
	fake_tables_budget += budget;
	/* A failed call changed nothing: it is not in the list. */
	if (!st)
		done[done_count++] = op;
	else
		fuzz_check(!r.count);
	pt_retired_free(pt, &r);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	static const struct pt_format *const formats[] = { &pt_format_host, &pt_format_npt,
							   &pt_format_ept };
	static const u64 leaves[] = { PT_SIZE_4K, PT_SIZE_2M, PT_SIZE_1G };
	struct input in = { data, len };
	u8 choice = (u8)take(&in, 1);
	struct pt pt;

	fake_tables_reset();
	done_count = 0;
	if (pt_init(&pt, formats[choice % 3], &fake_tables, leaves[choice / 3 % 3]))
		return 0;
	while (in.left && done_count < OPS_MAX) {
		one_op(&pt, &in);
		check_all(&pt);
	}
	pt_fini(&pt);
	fuzz_check(!fake_tables_used);
	return 0;
}

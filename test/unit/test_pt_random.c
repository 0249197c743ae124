// SPDX-License-Identifier: BSD-2-Clause
/*
 * The page-table walker against a flat model, all formats, with seeds. A hook after every store to a table
 * looks at pages in and around the operation's range: each must be as before or as after, also when
 * walked from tables that a stale paging-structure cache knows.
 */
#include "pt_model.h"

/* --- Random operations --- */

#define UNIVERSE (8 * GIB)
#define STALE    64

static u64 rng;

static u64 rnd(u64 below)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng % below;
}

/* A lower table that a CPU may have cached: it translates the addresses around `va`. */
struct stale {
	u64 va;
	hpa_t table;
	unsigned level;
};

static struct {
	struct pt pt;
	u64 base; /* of the universe */
	struct op op;
	struct model old, new;
	struct stale stale[STALE];
	unsigned stale_count;
} t;

static bool walk_from(hpa_t table, unsigned level, u64 va, hpa_t *hpa, u32 *prot)
{
	const struct pt_format *fmt = t.pt.fmt;

	for (;; level--) {
		u64 size = K4 << (9 * level);
		u64 e = fake_tables_ptr(table)[va / size % PT_ENTRIES];

		if (!fmt->is_present(e))
			return false;
		if (fmt->is_leaf(e, size)) {
			*hpa = (e & PT_HPA_MASK) + (va & (size - 1));
			*prot = fmt->get_prot(e);
			return true;
		}
		table = e & PT_HPA_MASK;
	}
}

static void assert_old_or_new(u64 va, bool mapped, hpa_t hpa, u32 prot)
{
	assert_true(model_says(&t.old, va, mapped, hpa, prot) ||
		    model_says(&t.new, va, mapped, hpa, prot));
}

static void look_at(u64 va)
{
	hpa_t hpa = 0;
	u32 prot = 0;

	if (va - t.base >= UNIVERSE)
		return;
	assert_old_or_new(va, walk_from(t.pt.root, t.pt.fmt->levels - 1, va, &hpa, &prot), hpa,
			  prot);
}

static void look_around(void)
{
	u64 start = t.op.va, end = t.op.va + t.op.len;

	if (t.op.len / K4 > 2048 && fake_tables_stores % 16)
		return; /* many fake_tables_stores: look at some */
	look_at(start - K4);
	look_at(start);
	look_at(end - K4);
	look_at(end);
	for (int i = 0; i < 4; i++) {
		look_at(start + rnd(t.op.len / K4) * K4);
		look_at(start - M2 + rnd(t.op.len / K4 + 1024) * K4);
	}
}

/* Which lower tables lead to pages of the coming operation? */
static void remember_tables(void)
{
	t.stale_count = 0;
	while (t.stale_count < STALE - 4) {
		u64 va = t.op.va + (rnd(3) ? rnd(t.op.len / K4) : 0) * K4;
		hpa_t table = t.pt.root;

		for (unsigned level = t.pt.fmt->levels - 1; level; level--) {
			u64 size = K4 << (9 * level);
			u64 e = fake_tables_ptr(table)[va / size % PT_ENTRIES];

			if (!t.pt.fmt->is_present(e) || t.pt.fmt->is_leaf(e, size))
				break;
			table = e & PT_HPA_MASK;
			t.stale[t.stale_count++] = (struct stale){va, table, level - 1};
		}
		if (!rnd(20))
			break;
	}
}

/* Before the shootdown, after the call: what was retired still translates as before. */
static void look_through_stale(void)
{
	for (unsigned i = 0; i < t.stale_count; i++) {
		const struct stale *s = &t.stale[i];
		hpa_t hpa = 0;
		u32 prot = 0;

		assert_old_or_new(s->va, walk_from(s->table, s->level, s->va, &hpa, &prot), hpa,
				  prot);
	}
}

static void random_op(void)
{
	static const u64 units[] = {K4, K4, M2, M2, G1};
	u64 unit = units[rnd(ARRAY_LEN(units))];
	u64 small = rnd(4) ? unit : unit > K4 ? unit / 512 : K4;
	u64 first = rnd(UNIVERSE / unit) * unit;
	u64 len = (1 + rnd(4)) * unit;

	if (small != unit) { /* ragged ends */
		first += rnd(512) * small;
		len += rnd(512) * small;
	}
	if (!rnd(8))
		first = UNIVERSE - len; /* up to the end of the universe */
	t.op.kind = rnd(5) < 3 ? OP_MAP : rnd(2) ? OP_UNMAP : OP_PROTECT;
	t.op.va = t.base + min_u64(first, UNIVERSE - K4);
	t.op.len = min_u64(len, UNIVERSE - (t.op.va - t.base));
	t.op.hpa = rnd(1 << 20) * unit + (rnd(3) ? (t.op.va & (unit - 1)) : 0);
	if (!rnd(4) && t.op.len <= 16 * MIB)
		t.op.hpa += rnd(512) * K4;
	t.op.prot = PT_READ | (rnd(2) ? PT_WRITE : 0) | (rnd(2) ? PT_EXEC : 0);
	if (rnd(2) && t.pt.fmt->prots & PT_GLOBAL)
		t.op.prot |= PT_GLOBAL;
}

static enum status run_op(struct pt_retired *r)
{
	switch (t.op.kind) {
	case OP_MAP:
		return pt_map(&t.pt, t.op.va, t.op.hpa, t.op.len, t.op.prot, PT_WB);
	case OP_UNMAP:
		return pt_unmap(&t.pt, t.op.va, t.op.len, r);
	default:
		return pt_protect(&t.pt, t.op.va, t.op.len, t.op.prot);
	}
}

/* With 0, 1, 2, ... frames it fails and changes nothing, until it gets enough. */
static void starve_then_run(struct pt_retired *r)
{
	unsigned before = fake_tables_used, had = fake_tables_budget, step = 1 + rnd(3);
	u64 tables = t.pt.tables, retired = t.pt.retired.count;
	enum status st = E_NOMEM;

	for (unsigned n = 0; st; n += step) {
		assert_true(n <= had);
		fake_tables_stores = 0;
		fake_tables_budget = n;
		st = run_op(r);
		if (!st) {
			fake_tables_budget = FAKE_TABLES - fake_tables_used;
			return;
		}
		assert_int_equal(st, E_NOMEM);
		assert_int_equal(fake_tables_budget, n);
		assert_int_equal(fake_tables_used, before);
		assert_int_equal(fake_tables_stores, 0);
		assert_int_equal(t.pt.tables, tables);
		assert_int_equal(t.pt.retired.count, retired);
		assert_int_equal(r->count, 0);
	}
}

static void run_seed(const struct pt_format *fmt, u64 max_leaf, u64 base, u64 seed)
{
	static struct model next;
	struct pt_retired r = {0};

	fake_tables_reset();
	rng = seed * 0x9e3779b97f4a7c15ull + 1;
	t.base = base;
	t.new.count = 0;
	assert_int_equal(pt_init(&t.pt, fmt, &fake_tables, max_leaf), OK);
	for (int i = 0; i < 60; i++) {
		next = t.new;
		t.old = next;
		random_op();
		model_apply(&t.new, &t.old, &t.op);
		remember_tables();
		fake_tables_on_store = look_around;
		starve_then_run(&r);
		fake_tables_on_store = NULL;
		look_through_stale();
		assert_same(&t.pt, base, UNIVERSE, &t.new);
		assert_int_equal(fake_tables_used, t.pt.tables + t.pt.retired.count + r.count);
		if (rnd(2))
			pt_retired_take(&t.pt, &r);
		pt_retired_free(&t.pt, &r);
		assert_int_equal(r.count, 0);
		assert_sound(&t.pt);
	}
	assert_int_equal(pt_unmap(&t.pt, base, UNIVERSE, &r), OK);
	pt_retired_free(&t.pt, &r);
	assert_int_equal(t.pt.tables, 1);
	assert_int_equal(fake_tables_used, 1);
	pt_fini(&t.pt);
	assert_int_equal(fake_tables_used, 0);
}

static void random_ops_match_the_model(void **state)
{
	for (unsigned f = 0; f < ARRAY_LEN(formats); f++)
		for (u64 seed = 1; seed <= 24; seed++) {
			u64 top = formats[f]->canonical ? 0 : BIT(48);
			u64 base = seed % 3 ? top - UNIVERSE : seed % 2 ? 0 : 508 * GIB;

			run_seed(formats[f], seed % 4 ? G1 : M2, base, seed * 100 + f);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_ops_match_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

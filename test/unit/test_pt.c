// SPDX-License-Identifier: BSD-2-Clause
/*
 * The page-table walker as a data sheet: spelling of entries, leaf sizes, splits, edges, refusals,
 * sharing. Random operations against a flat model are in test_pt_random.c.
 */
#include "unit.h"

#include <ept/pt.h>
#include <test/host/fake_tables.h>

#define K4  PT_SIZE_4K
#define M2  PT_SIZE_2M
#define G1  PT_SIZE_1G
#define RW  (PT_READ | PT_WRITE)
#define RX  (PT_READ | PT_EXEC)
#define RWX (RW | RX)

static const struct pt_format *const formats[] = {&pt_format_host, &pt_format_npt, &pt_format_ept};

static int reset(void **state)
{
	fake_tables_reset();
	return 0;
}

/* --- How entries are spelled --- */

struct spelling {
	const struct pt_format *fmt;
	hpa_t hpa;
	u64 size;
	u32 prot;
	enum pt_memtype memtype;
	u64 entry;
};

// clang-format off
static const struct spelling spellings[] = {
	{ &pt_format_host, 0x1000,        K4, PT_READ,        PT_WB, 0x8000000000001061 },
	{ &pt_format_host, 0x1000,        K4, RX,             PT_WB, 0x0000000000001061 },
	{ &pt_format_host, 0x1000,        K4, RW | PT_GLOBAL, PT_WB, 0x8000000000001163 },
	{ &pt_format_host, 0x200000,      M2, RW,             PT_UC, 0x80000000002000fb },
	{ &pt_format_host, 0x40000000,    G1, RW,             PT_WC, 0x80000000400000eb },
	{ &pt_format_npt,  0x1000,        K4, RWX,            PT_WB, 0x0000000000001067 },
	{ &pt_format_npt,  0x1000,        K4, PT_READ,        PT_UC, 0x800000000000107d },
	{ &pt_format_npt,  0x200000,      M2, RWX,            PT_WB, 0x00000000002000e7 },
	{ &pt_format_npt,  0xfffffc0000000, G1, RWX,          PT_WC, 0x000fffffc00000ef },
	{ &pt_format_ept,  0x1000,        K4, RWX,            PT_WB, 0x0000000000001337 },
	{ &pt_format_ept,  0x1000,        K4, PT_READ,        PT_UC, 0x0000000000001301 },
	{ &pt_format_ept,  0x200000,      M2, RX,             PT_WC, 0x000000000020038d },
	{ &pt_format_ept,  0xfffffc0000000, G1, RW,           PT_WB, 0x000fffffc00003b3 },
};
// clang-format on

static void entries_are_spelled_as_the_manuals_say(void **state)
{
	for (unsigned i = 0; i < ARRAY_LEN(spellings); i++) {
		const struct spelling *s = &spellings[i];
		u64 e = s->fmt->make_leaf(s->hpa, s->size, s->prot, s->memtype);

		assert_int_equal(e, s->entry);
		assert_true(s->fmt->is_present(e) && s->fmt->is_leaf(e, s->size));
		assert_int_equal(s->fmt->get_prot(e), s->prot);
		assert_int_equal(s->fmt->get_memtype(e), s->memtype);
	}
	assert_int_equal(pt_format_host.make_table(0x5000), 0x5023);
	assert_int_equal(pt_format_npt.make_table(0x5000), 0x5027);
	assert_int_equal(pt_format_ept.make_table(0x5000), 0x5107);
	for (unsigned f = 0; f < ARRAY_LEN(formats); f++) {
		assert_false(formats[f]->is_present(0));
		assert_false(formats[f]->is_leaf(formats[f]->make_table(0x5000), M2));
	}
}

/* --- Leaf sizes --- */

static u64 leaf_at(const struct pt *pt, u64 va)
{
	u64 size;

	assert_int_equal(pt_lookup(pt, va, NULL, NULL, &size), OK);
	return size;
}

static void leaves_are_as_large_as_alignment_allows(void **state)
{
	struct pt pt;

	assert_int_equal(pt_init(&pt, &pt_format_npt, &fake_tables, G1), OK);
	/* From 4 KiB below 2 MiB below 1 GiB to as much above 2 GiB. */
	assert_int_equal(
	    pt_map(&pt, G1 - M2 - K4, 5 * G1 - M2 - K4, G1 + 2 * (M2 + K4), RWX, PT_WB), OK);
	assert_int_equal(leaf_at(&pt, G1 - M2 - K4), K4);
	assert_int_equal(leaf_at(&pt, G1 - M2), M2);
	assert_int_equal(leaf_at(&pt, G1), G1);
	assert_int_equal(leaf_at(&pt, 2 * G1), M2);
	assert_int_equal(leaf_at(&pt, 2 * G1 + M2), K4);
	assert_int_equal(pt.tables, 1 + 1 + 2 + 2);
	/* The frame is aligned to 2 MiB only, to 4 KiB only. */
	assert_int_equal(pt_map(&pt, 4 * G1, M2, G1, RWX, PT_WB), OK);
	assert_int_equal(leaf_at(&pt, 4 * G1), M2);
	assert_int_equal(pt_map(&pt, 5 * G1, K4, 2 * M2, RWX, PT_WB), OK);
	assert_int_equal(leaf_at(&pt, 5 * G1), K4);
	pt_fini(&pt);
}

static void leaves_respect_the_cpus_limit(void **state)
{
	static const u64 max[] = {K4, M2, G1, 512 * G1};
	static const u64 expected[] = {K4, M2, G1, G1};

	for (unsigned i = 0; i < ARRAY_LEN(max); i++) {
		struct pt pt;

		assert_int_equal(pt_init(&pt, &pt_format_ept, &fake_tables, max[i]), OK);
		assert_int_equal(
		    pt_map(&pt, 0, 0, 1024 * G1 >> (max[i] == K4 ? 11 : 0), RWX, PT_WB), OK);
		assert_int_equal(leaf_at(&pt, 0), expected[i]);
		pt_fini(&pt);
		assert_int_equal(fake_tables_used, 0);
	}
}

static void assert_uncached(u64 entry)
{
	if (entry && (entry & PT_HPA_MASK) < FAKE_TABLES_BASE)
		assert_int_equal(pt_format_host.get_memtype(entry), PT_UC);
}

static void a_split_changes_nothing_but_the_page(void **state)
{
	struct pt_retired r = {0};
	struct pt pt;
	hpa_t hpa;
	u32 prot;

	assert_int_equal(pt_init(&pt, &pt_format_host, &fake_tables, G1), OK);
	assert_int_equal(pt_map(&pt, 0, 3 * G1, G1, RW | PT_GLOBAL, PT_UC), OK);
	assert_int_equal(pt_protect(&pt, 5 * M2 + 7 * K4, K4, PT_READ), OK);
	assert_int_equal(pt.tables, 1 + 1 + 1 + 1);
	assert_int_equal(leaf_at(&pt, 4 * M2), M2);
	assert_int_equal(leaf_at(&pt, 5 * M2), K4);
	assert_int_equal(pt_lookup(&pt, 5 * M2 + 7 * K4 + 0x123, &hpa, &prot, NULL), OK);
	assert_int_equal(hpa, 3 * G1 + 5 * M2 + 7 * K4 + 0x123);
	assert_int_equal(prot, PT_READ);
	assert_int_equal(pt_lookup(&pt, 5 * M2 + 6 * K4, NULL, &prot, NULL), OK);
	assert_int_equal(prot, RW | PT_GLOBAL);
	/* Every leaf, of both sizes, is as uncached as the large one was. */
	fake_tables_each(assert_uncached);
	assert_int_equal(pt_unmap(&pt, 0, G1, &r), OK);
	assert_int_equal(r.count, 3);
	pt_retired_free(&pt, &r);
	pt_fini(&pt);
	assert_int_equal(fake_tables_used, 0);
}

static void protecting_to_the_same_needs_no_memory(void **state)
{
	struct pt pt;

	assert_int_equal(pt_init(&pt, &pt_format_npt, &fake_tables, G1), OK);
	assert_int_equal(pt_map(&pt, 0, 0, G1, RW, PT_WB), OK);
	fake_tables_budget = 0;
	fake_tables_stores = 0;
	assert_int_equal(pt_protect(&pt, K4, K4, RW), OK);
	assert_int_equal(fake_tables_stores, 0);
	assert_int_equal(pt_protect(&pt, K4, K4, RWX), E_NOMEM);
	assert_int_equal(pt_protect(&pt, 0, G1, RWX), OK);
	assert_int_equal(leaf_at(&pt, 0), G1);
	pt_fini(&pt);
}

static void a_large_leaf_retires_the_tables_it_replaces(void **state)
{
	struct pt_retired r = {0};
	struct pt pt;

	assert_int_equal(pt_init(&pt, &pt_format_npt, &fake_tables, G1), OK);
	for (u64 va = 0; va < G1; va += 64 * M2)
		assert_int_equal(pt_map(&pt, va, va, K4, RWX, PT_WB), OK);
	assert_int_equal(pt.tables, 3 + 8);
	assert_int_equal(pt_map(&pt, 0, 0, G1, RWX, PT_WB), OK);
	assert_int_equal(pt.tables, 2);
	assert_int_equal(fake_tables_used, 2 + 9);
	pt_retired_take(&pt, &r);
	assert_int_equal(r.count, 9);
	pt_retired_free(&pt, &r);
	assert_int_equal(fake_tables_used, 2);
	/* Without anyone asking, pt_fini() frees them. */
	assert_int_equal(pt_map(&pt, 0, 0, K4, RW, PT_WB), OK);
	assert_int_equal(pt_map(&pt, 0, 0, G1, RWX, PT_WB), OK);
	pt_fini(&pt);
	assert_int_equal(fake_tables_used, 0);
}

/* --- Edges and nonsense --- */

struct bad_call {
	const struct pt_format *fmt;
	u64 va, hpa, len;
	u32 prot;
	enum status st;
};

#define CANON_LOW_END 0x0000800000000000ull
#define CANON_HIGH    0xffff800000000000ull
#define LAST_PAGE     0xfffffffffffff000ull

// clang-format off
static const struct bad_call bad_calls[] = {
	{ &pt_format_npt,  0x1001,             0,          K4,          RW,             E_INVAL },
	{ &pt_format_npt,  0x1000,             0x800,      K4,          RW,             E_INVAL },
	{ &pt_format_npt,  0x1000,             0,          0x800,       RW,             E_INVAL },
	{ &pt_format_npt,  0x1000,             0,          0,           RW,             E_INVAL },
	{ &pt_format_npt,  0x1000,             0,          K4,          0,              E_INVAL },
	{ &pt_format_ept,  0x1000,             0,          K4,          PT_WRITE,       E_INVAL },
	{ &pt_format_ept,  0x1000,             0,          K4,          PT_EXEC,        E_INVAL },
	{ &pt_format_npt,  0x1000,             0,          K4,          RW | PT_GLOBAL, E_INVAL },
	{ &pt_format_host, 0x1000,             0,          K4,          RW | BIT(4),    E_INVAL },
	{ &pt_format_npt,  BIT(48),            0,          K4,          RW,             E_RANGE },
	{ &pt_format_npt,  BIT(48) - K4,       0,          2 * K4,      RW,             E_RANGE },
	{ &pt_format_npt,  LAST_PAGE,          0,          K4,          RW,             E_RANGE },
	{ &pt_format_npt,  0x1000,             0,          LAST_PAGE,   RW,             E_RANGE },
	{ &pt_format_npt,  0x1000,             BIT(52),    K4,          RW,             E_RANGE },
	{ &pt_format_npt,  0x1000,             BIT(52)-K4, 2 * K4,      RW,             E_RANGE },
	{ &pt_format_npt,  0x1000,             LAST_PAGE,  K4,          RW,             E_RANGE },
	{ &pt_format_host, CANON_LOW_END,      0,          K4,          RW,             E_RANGE },
	{ &pt_format_host, CANON_LOW_END - K4, 0,          2 * K4,      RW,             E_RANGE },
	{ &pt_format_host, CANON_HIGH - K4,    0,          2 * K4,      RW,             E_RANGE },
	{ &pt_format_host, LAST_PAGE,          0,          2 * K4,      RW,             E_RANGE },
	{ &pt_format_host, 0x1000,             0,          LAST_PAGE,   RW,             E_RANGE },
};
// clang-format on

static void nonsense_is_refused(void **state)
{
	for (unsigned i = 0; i < ARRAY_LEN(bad_calls); i++) {
		const struct bad_call *b = &bad_calls[i];
		struct pt_retired r = {0};
		struct pt pt;

		assert_int_equal(pt_init(&pt, b->fmt, &fake_tables, G1), OK);
		fake_tables_stores = 0;
		assert_int_equal(pt_map(&pt, b->va, b->hpa, b->len, b->prot, PT_WB), b->st);
		if (!b->hpa)
			assert_int_equal(pt_protect(&pt, b->va, b->len, b->prot), b->st);
		if (!b->hpa && b->prot == RW)
			assert_int_equal(pt_unmap(&pt, b->va, b->len, &r), b->st);
		assert_int_equal(fake_tables_stores, 0);
		assert_int_equal(fake_tables_used, 1);
		pt_fini(&pt);
	}
}

static void the_last_page_of_a_space_is_a_page(void **state)
{
	static const struct {
		const struct pt_format *fmt;
		u64 va;
		enum status after;
	} ends[] = {
	    {&pt_format_host, LAST_PAGE, E_NOTFOUND /* address 0 */},
	    {&pt_format_host, CANON_LOW_END - K4, E_RANGE},
	    {&pt_format_host, CANON_HIGH, E_NOTFOUND},
	    {&pt_format_npt, BIT(48) - K4, E_RANGE},
	    {&pt_format_ept, BIT(48) - K4, E_RANGE},
	};

	for (unsigned i = 0; i < ARRAY_LEN(ends); i++) {
		struct pt_retired r = {0};
		struct pt pt;
		hpa_t hpa;

		assert_int_equal(pt_init(&pt, ends[i].fmt, &fake_tables, G1), OK);
		assert_int_equal(pt_map(&pt, ends[i].va, BIT(52) - K4, K4, RX, PT_WB), OK);
		assert_int_equal(pt_lookup(&pt, ends[i].va + 0xfff, &hpa, NULL, NULL), OK);
		assert_int_equal(hpa, BIT(52) - 1);
		assert_int_equal(pt_lookup(&pt, ends[i].va + K4, NULL, NULL, NULL), ends[i].after);
		assert_int_equal(pt_unmap(&pt, ends[i].va, K4, &r), OK);
		assert_int_equal(r.count, 3);
		pt_retired_free(&pt, &r);
		pt_fini(&pt);
		assert_int_equal(fake_tables_used, 0);
	}
}

static void lookup_tells_the_size_of_a_hole(void **state)
{
	struct pt pt;
	u64 size;

	assert_int_equal(pt_init(&pt, &pt_format_npt, &fake_tables, G1), OK);
	assert_int_equal(pt_lookup(&pt, 0x1234, NULL, NULL, &size), E_NOTFOUND);
	assert_int_equal(size, 512 * G1);
	assert_int_equal(pt_map(&pt, 0, 0, K4, RW, PT_WB), OK);
	assert_int_equal(pt_lookup(&pt, 0x1234, NULL, NULL, &size), E_NOTFOUND);
	assert_int_equal(size, K4);
	assert_int_equal(pt_lookup(&pt, M2, NULL, NULL, &size), E_NOTFOUND);
	assert_int_equal(size, M2);
	assert_int_equal(pt_lookup(&pt, G1, NULL, NULL, &size), E_NOTFOUND);
	assert_int_equal(size, G1);
	pt_fini(&pt);
}

static void without_a_root_there_is_no_table(void **state)
{
	struct pt pt;

	fake_tables_budget = 0;
	assert_int_equal(pt_init(&pt, &pt_format_npt, &fake_tables, G1), E_NOMEM);
}

/* --- A shared upper half --- */

static void borrowers_see_what_the_owner_maps_later(void **state)
{
	struct pt_retired r = {0};
	struct pt owner, a, b;
	hpa_t hpa;

	assert_int_equal(pt_init(&owner, &pt_format_host, &fake_tables, G1), OK);
	fake_tables_budget = 255;
	assert_int_equal(pt_pin_top(&owner, CANON_HIGH, BIT(47)), E_NOMEM);
	assert_int_equal(fake_tables_used, 1);
	fake_tables_budget = FAKE_TABLES - 1;
	assert_int_equal(pt_pin_top(&owner, CANON_HIGH, BIT(47)), OK);
	assert_int_equal(owner.tables, 1 + 256);

	assert_int_equal(pt_init(&a, &pt_format_host, &fake_tables, G1), OK);
	assert_int_equal(pt_init(&b, &pt_format_host, &fake_tables, G1), OK);
	pt_borrow_top(&a, &owner, 256);
	pt_borrow_top(&b, &owner, 256);
	assert_int_equal(pt_map(&owner, LAST_PAGE, 0x5000, K4, RW, PT_WB), OK);
	assert_int_equal(pt_map(&a, 0x1000, 0x7000, K4, RW, PT_WB), OK);
	assert_int_equal(pt_lookup(&a, LAST_PAGE, &hpa, NULL, NULL), OK);
	assert_int_equal(hpa, 0x5000);
	assert_int_equal(pt_lookup(&b, LAST_PAGE, &hpa, NULL, NULL), OK);
	assert_int_equal(pt_lookup(&b, 0x1000, NULL, NULL, NULL), E_NOTFOUND);
	assert_int_equal(pt_lookup(&owner, 0x1000, NULL, NULL, NULL), E_NOTFOUND);

	/* A borrower cannot change the shared part, and leaves it behind when it goes. */
	assert_int_equal(pt_map(&a, LAST_PAGE, 0x6000, K4, RW, PT_WB), E_RANGE);
	assert_int_equal(pt_unmap(&a, CANON_HIGH, K4, &r), E_RANGE);
	assert_int_equal(pt_protect(&a, LAST_PAGE, K4, RX), E_RANGE);
	pt_fini(&a);
	assert_int_equal(pt_lookup(&b, LAST_PAGE, &hpa, NULL, NULL), OK);

	/* Emptying the owner's part does not take the tables away from under the borrower. */
	assert_int_equal(pt_unmap(&owner, CANON_HIGH, BIT(47), &r), OK);
	assert_int_equal(r.count, 2);
	pt_retired_free(&owner, &r);
	assert_int_equal(owner.tables, 1 + 256);
	assert_int_equal(pt_map(&owner, CANON_HIGH, 0x5000, K4, RW, PT_WB), OK);
	assert_int_equal(pt_lookup(&b, CANON_HIGH, &hpa, NULL, NULL), OK);
	pt_fini(&b);
	pt_fini(&owner);
	assert_int_equal(fake_tables_used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(entries_are_spelled_as_the_manuals_say, reset),
	    cmocka_unit_test_setup(leaves_are_as_large_as_alignment_allows, reset),
	    cmocka_unit_test_setup(leaves_respect_the_cpus_limit, reset),
	    cmocka_unit_test_setup(a_split_changes_nothing_but_the_page, reset),
	    cmocka_unit_test_setup(protecting_to_the_same_needs_no_memory, reset),
	    cmocka_unit_test_setup(a_large_leaf_retires_the_tables_it_replaces, reset),
	    cmocka_unit_test_setup(nonsense_is_refused, reset),
	    cmocka_unit_test_setup(the_last_page_of_a_space_is_a_page, reset),
	    cmocka_unit_test_setup(lookup_tells_the_size_of_a_hole, reset),
	    cmocka_unit_test_setup(without_a_root_there_is_no_table, reset),
	    cmocka_unit_test_setup(borrowers_see_what_the_owner_maps_later, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

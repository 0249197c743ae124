// SPDX-License-Identifier: BSD-2-Clause
/*
 * gwalk() while another vCPU rewrites the tables. This file has its own gmem_ptr(), which gwalk()
 * calls before each load and each update of an entry: there the other vCPU gets its turn.
 */
#include "gwalk_tables.h"

#include <lib/range.h>

static unsigned calls;
static unsigned turn; /* the call before which the other writes; 0: every call */
static enum mode other_mode;
static u64 other_table, other_entry;
static bool other_counts; /* each write is another value */

void *gmem_ptr(const struct gmem *g, gpa_t gpa, u64 len)
{
	calls++;
	if (calls == turn || !turn) {
		put(other_mode, other_table, 0, other_entry);
		other_entry += other_counts ? BIT(9) : 0; /* bits 11:9 are the guest's own */
	}
	return range_inside(gpa, len, 0, RAM_SIZE) ? g->window + gpa : NULL;
}

enum status gmem_read(const struct gmem *g, gpa_t gpa, void *buf, u64 len)
{
	return E_RANGE; /* only gwalk_fetch() would ask */
}

/* Maps 0 to 5000h writable. A walk is then `levels` loads and, from the root down, as many updates.
 */
static u64 prepare(enum mode mode, unsigned at)
{
	u64 leaf;

	set_mode(mode);
	env.cr0 |= CR0_WP;
	leaf = map(mode, 0, 0, W, 0x5000 | P | W);
	calls = 0;
	turn = at;
	other_mode = mode;
	other_table = leaf;
	other_counts = false;
	return leaf;
}

static void a_replaced_leaf_is_walked_again(void **state)
{
	static const struct {
		enum mode mode;
		unsigned loads, updates;
	} t[] = { { LEGACY, 2, 2 }, { PAE, 3, 2 }, { LONG4, 4, 4 }, { LONG5, 5, 5 } };

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		u64 leaf = prepare(t[i].mode, t[i].loads + t[i].updates);
		gpa_t gpa = 0;

		other_entry = 0x6000 | P | W;
		assert_int_equal(gwalk(&env, 0x123, GWALK_WRITE, &gpa, &fault), OK);
		assert_int_equal(gpa, 0x6123);
		assert_int_equal(get(t[i].mode, leaf, 0), 0x6000 | P | W | A | D);

		/* gone */
		leaf = prepare(t[i].mode, t[i].loads + t[i].updates);
		other_entry = 0x5000;
		assert_int_equal(gwalk(&env, 0x123, GWALK_WRITE, &gpa, &fault), E_NOTFOUND);
		assert_int_equal(fault.error, PF_WRITE);
		assert_int_equal(get(t[i].mode, leaf, 0), 0x5000);

		/* write-protected */
		leaf = prepare(t[i].mode, t[i].loads + t[i].updates);
		other_entry = 0x5000 | P;
		assert_int_equal(gwalk(&env, 0x123, GWALK_WRITE, &gpa, &fault), E_NOTFOUND);
		assert_int_equal(fault.error, PF_PRESENT | PF_WRITE);
		assert_int_equal(get(t[i].mode, leaf, 0), 0x5000 | P);
	}
}

static void a_replaced_table_is_walked_again(void **state)
{
	gpa_t gpa = 0;

	prepare(LONG4, 5); /* the update of the root's entry */
	put(LONG4, 0x8000, 0, 0x9000 | P | W);
	put(LONG4, 0x9000, 0, 0xa000 | P | W);
	put(LONG4, 0xa000, 0, 0xb000 | P | W);
	other_table = ROOT;
	other_entry = 0x8000 | P | W;
	assert_int_equal(gwalk(&env, 0x123, GWALK_WRITE, &gpa, &fault), OK);
	assert_int_equal(gpa, 0xb123);
	assert_int_equal(get(LONG4, ROOT, 0), 0x8000 | P | W | A);
	assert_int_equal(get(LONG4, 0x4000, 0), 0x5000 | P | W); /* the old leaf was not used */
}

/* Accessed and dirty bits that another walker sets meanwhile are no reason to begin again. */
static void others_may_set_accessed_and_dirty(void **state)
{
	static const u64 bits[] = { A, A | D };

	for (size_t i = 0; i < ARRAY_LEN(bits); i++) {
		u64 leaf = prepare(LONG4, 8);
		gpa_t gpa;

		other_entry = 0x5000 | P | W | bits[i];
		assert_int_equal(gwalk(&env, 0, GWALK_WRITE, &gpa, &fault), OK);
		assert_int_equal(get(LONG4, leaf, 0), 0x5000 | P | W | A | D);
		assert_int_equal(calls, 8);
	}
}

static void a_guest_that_never_rests_gets_its_turn(void **state)
{
	u64 leaf = prepare(LONG4, 0);
	gpa_t gpa;

	other_entry = 0x5000 | P | W;
	other_counts = true;
	assert_int_equal(gwalk(&env, 0, GWALK_WRITE, &gpa, &fault), E_BUSY);
	assert_int_equal(fault.kind, GWALK_RACE);
	assert_true(calls < 1000);
	assert_false(get(LONG4, leaf, 0) & (A | D));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replaced_leaf_is_walked_again),
		cmocka_unit_test(a_replaced_table_is_walked_again),
		cmocka_unit_test(others_may_set_accessed_and_dirty),
		cmocka_unit_test(a_guest_that_never_rests_gets_its_turn),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

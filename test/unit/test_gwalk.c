// SPDX-License-Identifier: BSD-2-Clause
#include "gwalk_tables.h"

/* --- Translation --- */

static void translates(void **state)
{
	static const struct {
		enum mode mode;
		unsigned level;
		gva_t gva;
		u64 leaf;
		gpa_t gpa;
	} t[] = {
		{ LEGACY, 0, 0x00000000, 0x00005000, 0x00005000 },
		{ LEGACY, 0, 0x00403abc, 0xfffff000, 0xfffffabc },
		{ LEGACY, 0, 0xffffffff, 0x12345000, 0x12345fff },
		{ LEGACY, 0, 0x100403abc, 0x00005000, 0x00005abc },     /* cut to 32 bits */
		{ LEGACY, 0, 0x00403abc, 0x00005000 | PS, 0x00005abc }, /* PAT, not a size */
		{ LEGACY, 1, 0xc0123456, 0x00400000 | PS, 0x00523456 },
		{ LEGACY, 1, 0xffffffff, 0xffc00000 | PS, 0xffffffff },
		{ LEGACY, 1, 0xc0123456, 0x00400000 | 0x1fe000 | PS, 0xff00523456 }, /* PSE-36 */
		{ LEGACY, 1, 0xc0123456, 0x00401000 | PS, 0x00523456 },              /* PAT */
		{ PAE, 0, 0x00003abc, 0x00005000, 0x00005abc },
		{ PAE, 0, 0xffffffff, 0xfffffff000, 0xffffffffff },
		{ PAE, 0, 0x3fe01234, 0x12345000, 0x12345234 },
		{ PAE, 1, 0x80212345, 0x40000000 | PS, 0x40012345 },
		{ PAE, 1, 0xc01fffff, 0xffffe00000 | PS, 0xffffffffff },
		{ LONG4, 0, 0x00007fffffffffff, 0x5000, 0x5fff },
		{ LONG4, 0, 0xffff800000000000, 0x5000, 0x5000 },
		{ LONG4, 0, 0xffffffff81234567, 0x12345000, 0x12345567 },
		{ LONG4, 1, 0xffffffff81234567, 0xffffe00000 | PS, 0xffffe34567 },
		{ LONG4, 1, 0xffffffff81234567, 0x40001000 | PS, 0x40034567 }, /* PAT */
		{ LONG4, 2, 0xffff888012345678, 0xffc0000000 | PS, 0xffd2345678 },
		{ LONG5, 0, 0x00ffffffffffffff, 0x5000, 0x5fff },
		{ LONG5, 0, 0xff00000000000000, 0x5000, 0x5000 },
		{ LONG5, 0, 0x0000800000000123, 0x5000, 0x5123 },
		{ LONG5, 1, 0xff11000000212345, 0x40000000 | PS, 0x40012345 },
		{ LONG5, 2, 0xff11000052345678, 0x80000000 | PS, 0x92345678 },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		gpa_t gpa = 0;

		set_mode(t[i].mode);
		map(t[i].mode, t[i].gva, t[i].level, W | U, t[i].leaf | P);
		if (gwalk(&env, t[i].gva, GWALK_READ, &gpa, &fault) || gpa != t[i].gpa)
			fail_msg("row %zu: %llx, fault %d error %x", i, (unsigned long long)gpa,
				 fault.kind, fault.error);
		assert_int_equal(fault.kind, GWALK_NO_FAULT);
	}
}

static void without_paging_addresses_are_physical(void **state)
{
	gpa_t gpa;

	set_mode(FLAT);
	env.cr3 = 0x123456789000; /* not looked at */
	assert_int_equal(gwalk(&env, 0xfee00020, GWALK_WRITE, &gpa, &fault), OK);
	assert_int_equal(gpa, 0xfee00020);
	assert_int_equal(gwalk(&env, 0x100000010, GWALK_FETCH, &gpa, &fault), OK);
	assert_int_equal(gpa, 0x10);
}

/* CR3 holds more than an address: PCID, cache bits; of PAE 32 bytes' alignment. */
static void the_root(void **state)
{
	gpa_t gpa;

	set_mode(LONG4);
	map(LONG4, 0, 0, 0, 0x5000 | P);
	env.cr3 = ROOT | 0xfff | BIT(63);
	assert_int_equal(gwalk(&env, 0, GWALK_READ, &gpa, &fault), OK);
	set_mode(PAE);
	map(PAE, 0, 0, 0, 0x5000 | P);
	memmove(ram + ROOT + 0x20, ram + ROOT, 8);
	env.cr3 = (ROOT + 0x20) | 0x1f | BIT(40);
	put(PAE, ROOT, 0, 0);
	assert_int_equal(gwalk(&env, 0, GWALK_READ, &gpa, &fault), OK);
}

static void a_4m_page_needs_pse(void **state)
{
	gpa_t gpa;

	set_mode(LEGACY);
	env.cr4 = 0;
	put(LEGACY, ROOT, 0, 0x2000 | PS | P);
	put(LEGACY, 0x2000, 5, 0x7000 | P);
	assert_int_equal(gwalk(&env, 0x5432, GWALK_READ, &gpa, &fault), OK);
	assert_int_equal(gpa, 0x7432);
}

static void not_canonical(void **state)
{
	static const struct {
		enum mode mode;
		gva_t gva;
	} t[] = {
		{ LONG4, 0x0000800000000000 }, { LONG4, 0xffff7fffffffffff },
		{ LONG4, 0x8000000000000000 }, { LONG5, 0x0100000000000000 },
		{ LONG5, 0xfeffffffffffffff },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		gpa_t gpa;

		set_mode(t[i].mode);
		assert_int_equal(gwalk(&env, t[i].gva, GWALK_READ, &gpa, &fault), E_INVAL);
		assert_int_equal(fault.kind, GWALK_NOT_CANONICAL);
	}
}

/* --- Accessed and dirty --- */

static void accessed_and_dirty(void **state)
{
	for (enum mode mode = LEGACY; mode <= LONG5; mode++) {
		static const unsigned levels[] = {
			[LEGACY] = 2, [PAE] = 3, [LONG4] = 4, [LONG5] = 5
		};
		u64 last = ROOT + (levels[mode] - 1) * PAGE_SIZE;
		gpa_t gpa;

		set_mode(mode);
		assert_int_equal(map(mode, 0, 0, W, 0x5000 | W | P), last);
		assert_int_equal(gwalk(&env, 0, GWALK_READ, &gpa, &fault), OK);
		for (u64 table = ROOT; table <= last; table += PAGE_SIZE)
			/* A PAE root entry has no such bit. */
			assert_int_equal(get(mode, table, 0) & (A | D),
					 mode == PAE && table == ROOT ? 0 : A);
		assert_int_equal(gwalk(&env, 0, GWALK_WRITE, &gpa, &fault), OK);
		assert_int_equal(get(mode, last, 0), 0x5000 | W | P | A | D);
		assert_false(get(mode, last - PAGE_SIZE, 0) & D);
	}
}

static void large_pages_get_dirty_at_their_level(void **state)
{
	gpa_t gpa;

	set_mode(LONG4);
	map(LONG4, 0, 2, W, W | P | PS);
	assert_int_equal(gwalk(&env, 0x12345, GWALK_WRITE, &gpa, &fault), OK);
	assert_int_equal(get(LONG4, ROOT, 0) & (A | D), A);
	assert_int_equal(get(LONG4, ROOT + PAGE_SIZE, 0), W | P | PS | A | D);
}

/* --- Hostile tables --- */

static void tables_outside_ram(void **state)
{
	for (enum mode mode = LEGACY; mode <= LONG5; mode++) {
		gpa_t gpa;

		set_mode(mode);
		env.cr3 = RAM_SIZE;
		assert_int_equal(gwalk(&env, 0, GWALK_READ, &gpa, &fault), E_RANGE);
		assert_int_equal(fault.kind, GWALK_TABLE_OUTSIDE);
		assert_int_equal(fault.gpa, RAM_SIZE);
		set_mode(mode);
		put(mode, ROOT, 1, 0xfee00000 | P);
		env.cpl = 3;
		assert_int_equal(gwalk(&env,
				       mode == LEGACY  ? 0x400000
				       : mode == PAE   ? 0x40000000
				       : mode == LONG4 ? 0x8000000000
						       : 0x1000000000000,
				       GWALK_READ, &gpa, &fault),
				 E_RANGE);
		assert_int_equal(fault.gpa, 0xfee00000);
		assert_false(get(mode, ROOT, 1) & A);
	}
}

/* A table that is its own table, down to the page. */
static void recursive_tables(void **state)
{
	gpa_t gpa;

	set_mode(LONG4);
	put(LONG4, ROOT, 511, ROOT | P | W);
	assert_int_equal(gwalk(&env, 0xffffffffffffffff, GWALK_WRITE, &gpa, &fault), OK);
	assert_int_equal(gpa, ROOT + 0xfff);
	assert_int_equal(get(LONG4, ROOT, 511), ROOT | P | W | A | D);
}

static void noise_is_harmless(void **state)
{
	u32 seed = 1;

	for (unsigned n = 0; n < 20000; n++) {
		enum mode mode = LEGACY + n % 4;
		gpa_t gpa;
		enum status st;
		u64 gva;

		set_mode(mode);
		for (unsigned i = 0; i < 5 * 512; i++) {
			seed = seed * 1664525 + 1013904223;
			put(LONG4, ROOT, i,
			    (seed >> 8) % RAM_SIZE | (u64)(seed >> 4 & 1) << 63 | (seed >> 30));
		}
		gva = (u64)seed << 20 ^ seed;
		env.cpl = seed & 3;
		env.efer |= seed & 4 ? EFER_NXE : 0;
		st = gwalk(&env, sign_extend(gva, 48), seed & 8 ? GWALK_WRITE : GWALK_FETCH, &gpa,
			   &fault);
		assert_int_equal(!st, fault.kind == GWALK_NO_FAULT);
	}
}

/* --- Instruction bytes --- */

static void fetches_across_a_page(void **state)
{
	u8 bytes[INSN_MAX_LEN];

	set_mode(LONG4);
	map(LONG4, 0, 0, 0, 0x8000 | P);
	put(LONG4, 0x4000, 1, 0xa000 | P); /* not the next page in RAM */
	for (unsigned i = 0; i < PAGE_SIZE; i++) {
		ram[0x8000 + i] = (u8)i;
		ram[0xa000 + i] = (u8)(0x80 + i);
	}
	assert_int_equal(gwalk_fetch(&env, 0x10, bytes, &fault), 15);
	assert_memory_equal(bytes, ram + 0x8010, 15);
	assert_int_equal(gwalk_fetch(&env, 0xff1, bytes, &fault), 15); /* up to the last byte */
	assert_int_equal(gwalk_fetch(&env, 0xffd, bytes, &fault), 15);
	assert_memory_equal(bytes, ram + 0x8ffd, 3);
	assert_memory_equal(bytes + 3, ram + 0xa000, 12);
	assert_int_equal(fault.kind, GWALK_NO_FAULT);

	/* The second page is missing, no-execute, no RAM: told, but the first bytes are there. */
	put(LONG4, 0x4000, 1, 0);
	assert_int_equal(gwalk_fetch(&env, 0xffd, bytes, &fault), 3);
	assert_int_equal(fault.kind, GWALK_PAGE_FAULT);
	assert_int_equal(fault.gva, 0x1000);
	assert_int_equal(fault.error, 0);
	put(LONG4, 0x4000, 1, 0xa000 | P | NX);
	env.efer |= EFER_NXE;
	assert_int_equal(gwalk_fetch(&env, 0xffd, bytes, &fault), 3);
	assert_int_equal(fault.error, PF_PRESENT | PF_FETCH);
	put(LONG4, 0x4000, 1, 0xfee00000 | P);
	assert_int_equal(gwalk_fetch(&env, 0xffd, bytes, &fault), 3);
	assert_int_equal(fault.kind, GWALK_BYTES_OUTSIDE);
	assert_int_equal(fault.gpa, 0xfee00000);
	/* The first page is missing. */
	assert_int_equal(gwalk_fetch(&env, 0x2ffd, bytes, &fault), 0);
	assert_int_equal(fault.gva, 0x2ffd);
	/* Over the end of the canonical half. */
	map(LONG4, 0x7ffffffff000, 0, 0, 0x8000 | P);
	assert_int_equal(gwalk_fetch(&env, 0x7ffffffffffe, bytes, &fault), 2);
	assert_int_equal(fault.kind, GWALK_NOT_CANONICAL);
}

static void fetches_wrap_at_4g_in_real_mode(void **state)
{
	u8 bytes[INSN_MAX_LEN];

	set_mode(FLAT);
	ram[0] = 0x90;
	assert_int_equal(gwalk_fetch(&env, 0xfff8, bytes, &fault), 8); /* the end of RAM here */
	assert_int_equal(fault.kind, GWALK_BYTES_OUTSIDE);
	assert_int_equal(gwalk_fetch(&env, 0x100000000, bytes, &fault), 15);
	assert_int_equal(bytes[0], 0x90);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(translates),
		cmocka_unit_test(without_paging_addresses_are_physical),
		cmocka_unit_test(the_root),
		cmocka_unit_test(a_4m_page_needs_pse),
		cmocka_unit_test(not_canonical),
		cmocka_unit_test(accessed_and_dirty),
		cmocka_unit_test(large_pages_get_dirty_at_their_level),
		cmocka_unit_test(tables_outside_ram),
		cmocka_unit_test(recursive_tables),
		cmocka_unit_test(noise_is_harmless),
		cmocka_unit_test(fetches_across_a_page),
		cmocka_unit_test(fetches_wrap_at_4g_in_real_mode),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

// SPDX-License-Identifier: BSD-2-Clause
/* gwalk(): who may do what with which page; absent pages; reserved bits. */
#include "gwalk_tables.h"

/* --- Permissions --- */

/*
 * The manual's rules written once more, in another form: a table by who, what and which page. Every
 * combination of CR0.WP, SMEP, SMAP, AC, NXE and the entries' bits is tried against it, in all
 * formats.
 */
static bool allowed(bool user, enum gwalk_access access, bool page_u, bool page_w, bool page_nx)
{
	bool wp = env.cr0 & CR0_WP, smep = env.cr4 & CR4_SMEP, smap = env.cr4 & CR4_SMAP;
	bool ac = (env.rflags & RFLAGS_AC) && !(access & GWALK_SYSTEM);

	if (user && !page_u)
		return false;
	switch (access & (GWALK_WRITE | GWALK_FETCH)) {
	case GWALK_FETCH:
		return !page_nx && (user || !page_u || !smep);
	case GWALK_WRITE:
		if (!page_w && (user || wp))
			return false;
		break;
	}
	return user || !page_u || !smap || ac;
}

static u32 expected_error(bool user, enum gwalk_access access, bool nxe)
{
	u32 error = PF_PRESENT;

	if (access & GWALK_WRITE)
		error |= PF_WRITE;
	if (user)
		error |= PF_USER;
	if ((access & GWALK_FETCH) && (nxe || (env.cr4 & CR4_SMEP)))
		error |= PF_FETCH;
	return error;
}

/* `bits`: 0 U above, 1 W above, 2 NX above, 3 U, 4 W, 5 NX of the leaf, 6 WP, 7 SMEP, 8 SMAP, 9 AC,
 * 10 NXE */
static void try_permission(enum mode mode, unsigned bits, u8 cpl, enum gwalk_access access)
{
	bool nxe = mode != LEGACY && (bits & BIT(10));
	bool user = cpl == 3 && !(access & GWALK_SYSTEM);
	bool nx_above = nxe && mode != PAE && (bits & BIT(2)), nx_leaf = nxe && (bits & BIT(5));
	u64 upper = (bits & BIT(0) ? U : 0) | (bits & BIT(1) ? W : 0) | (nx_above ? NX : 0);
	u64 leaf =
	    P | 0x5000 | (bits & BIT(3) ? U : 0) | (bits & BIT(4) ? W : 0) | (nx_leaf ? NX : 0);
	bool page_u = (bits & BIT(0)) && (bits & BIT(3)),
	     page_w = (bits & BIT(1)) && (bits & BIT(4));
	bool want;
	gpa_t gpa;
	u64 table;
	enum status st;

	set_mode(mode);
	table = map(mode, 0x123000, 0, upper, leaf);
	env.cpl = cpl;
	env.cr0 |= bits & BIT(6) ? CR0_WP : 0;
	env.cr4 |= (bits & BIT(7) ? CR4_SMEP : 0) | (bits & BIT(8) ? CR4_SMAP : 0);
	env.rflags = bits & BIT(9) ? RFLAGS_AC : 0;
	env.efer |= bits & BIT(10) ? EFER_NXE : 0;
	want = allowed(user, access, page_u, page_w, nx_above || nx_leaf);
	st = gwalk(&env, 0x123456, access, &gpa, &fault);
	if (st != (want ? OK : E_NOTFOUND))
		fail_msg("mode %d bits %x cpl %u access %x: %d", mode, bits, cpl, access, st);
	if (want) {
		assert_int_equal(get(mode, table, 0x123) & (A | D),
				 A | (access & GWALK_WRITE ? D : 0));
		return;
	}
	assert_int_equal(fault.kind, GWALK_PAGE_FAULT);
	assert_int_equal(fault.gva, 0x123456);
	assert_int_equal(fault.error, expected_error(user, access, nxe));
	assert_int_equal(get(mode, table, 0x123), leaf);
	assert_false(get(mode, ROOT, 0) & A);
}

static void permissions(void **state)
{
	static const enum gwalk_access accesses[] = {
		GWALK_READ,
		GWALK_WRITE,
		GWALK_FETCH,
		GWALK_READ | GWALK_SYSTEM,
		GWALK_WRITE | GWALK_SYSTEM,
	};
	static const u8 cpls[] = { 0, 1, 3 };

	for (enum mode mode = LEGACY; mode <= LONG5; mode++)
		for (unsigned bits = 0; bits < BIT(11); bits++)
			for (unsigned i = 0; i < ARRAY_LEN(accesses) * ARRAY_LEN(cpls); i++)
				try_permission(mode, bits, cpls[i % 3], accesses[i / 3]);
}

static void absent_pages(void **state)
{
	for (enum mode mode = LEGACY; mode <= LONG5; mode++) {
		gpa_t gpa;
		u64 table;

		set_mode(mode);
		table = map(mode, 0, 0, W | U, 0x5000 | W | U);
		env.cpl = 3;
		assert_int_equal(gwalk(&env, 0x10, GWALK_WRITE, &gpa, &fault), E_NOTFOUND);
		assert_int_equal(fault.error, PF_WRITE | PF_USER);
		assert_int_equal(get(mode, table, 0), 0x5000 | W | U);
		put(mode, ROOT, 0, 0);
		env.cpl = 0;
		assert_int_equal(gwalk(&env, 0x10, GWALK_READ, &gpa, &fault), E_NOTFOUND);
		assert_int_equal(fault.error, 0);
		assert_int_equal(fault.gva, 0x10);
	}
}

/* --- Reserved bits --- */

static void reserved_bits(void **state)
{
	static const struct {
		enum mode mode;
		unsigned level; /* of the leaf */
		unsigned at;    /* level of the entry with `bits` */
		u64 bits;
		bool fine;
		bool nxe, no_1g;
		u8 phys_bits;
	} t[] = {
		{ LONG4, 0, 0, BIT(40), false, .phys_bits = 40 },
		{ LONG4, 0, 0, BIT(39), true, .phys_bits = 40 },
		{ LONG4, 0, 3, BIT(51), false, .phys_bits = 40 },
		{ LONG4, 0, 0, BIT(51), true, .phys_bits = 52 },
		{ LONG4, 0, 0, BITS(62, 52), true, .phys_bits = 52 },
		{ LONG4, 0, 2, BIT(36), false, .phys_bits = 36 },
		{ LONG4, 0, 0, NX, false, .phys_bits = 40 },
		{ LONG4, 0, 0, NX, true, .nxe = true, .phys_bits = 40 },
		{ LONG4, 0, 3, NX, false, .phys_bits = 40 },
		{ LONG4, 0, 3, PS, false, .phys_bits = 40 },
		{ LONG5, 0, 4, PS, false, .phys_bits = 40 },
		{ LONG5, 0, 3, PS, false, .phys_bits = 40 },
		{ LONG4, 1, 1, BIT(13), false, .phys_bits = 40 },
		{ LONG4, 1, 1, BIT(20), false, .phys_bits = 40 },
		{ LONG4, 1, 1, BIT(12), true, .phys_bits = 40 },
		{ LONG4, 1, 1, BIT(21), true, .phys_bits = 40 },
		{ LONG4, 2, 2, BIT(13), false, .phys_bits = 40 },
		{ LONG4, 2, 2, BIT(29), false, .phys_bits = 40 },
		{ LONG4, 2, 2, BIT(30), true, .phys_bits = 40 },
		{ LONG4, 2, 2, 0, false, .no_1g = true, .phys_bits = 40 },
		{ LONG4, 1, 1, 0, true, .no_1g = true, .phys_bits = 40 },
		{ PAE, 0, 2, BIT(1), true, .phys_bits = 40 },
		{ PAE, 0, 2, BIT(5), true, .phys_bits = 40 },
		{ PAE, 0, 2, BIT(8), true, .phys_bits = 40 },
		{ PAE, 0, 2, BIT(9), true, .phys_bits = 40 },
		{ PAE, 0, 2, BIT(3), true, .phys_bits = 40 },
		{ PAE, 0, 2, NX, true, .nxe = true, .phys_bits = 40 },
		{ PAE, 0, 1, BIT(52), false, .phys_bits = 52 },
		{ PAE, 0, 0, BIT(62), false, .phys_bits = 52 },
		{ PAE, 0, 0, NX, false, .phys_bits = 40 },
		{ PAE, 0, 0, NX, true, .nxe = true, .phys_bits = 40 },
		{ PAE, 1, 1, BIT(20), false, .phys_bits = 40 },
		{ PAE, 1, 1, BIT(40), false, .phys_bits = 40 },
		{ LEGACY, 1, 1, BIT(21), false, .phys_bits = 40 },
		{ LEGACY, 1, 1, BIT(20), true, .phys_bits = 40 },
		{ LEGACY, 1, 1, BIT(21), false, .phys_bits = 52 },
		{ LEGACY, 1, 1, BIT(17), false, .phys_bits = 36 },
		{ LEGACY, 1, 1, BIT(16), true, .phys_bits = 36 },
		{ LEGACY, 1, 1, BIT(13), false, .phys_bits = 32 },
		{ LEGACY, 0, 0, BIT(31), true, .phys_bits = 32 },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		static const unsigned tops[] = {
			[LEGACY] = 1, [PAE] = 2, [LONG4] = 3, [LONG5] = 4
		};
		u64 table = ROOT + (tops[t[i].mode] - t[i].at) * PAGE_SIZE;
		gpa_t gpa;
		enum status st;

		set_mode(t[i].mode);
		map(t[i].mode, 0, t[i].level, 0, (t[i].level ? PS : 0) | P);
		put(t[i].mode, table, 0, get(t[i].mode, table, 0) | t[i].bits);
		env.phys_bits = t[i].phys_bits;
		env.page_1g = !t[i].no_1g;
		env.efer |= t[i].nxe ? EFER_NXE : 0;
		st = gwalk(&env, 0, GWALK_READ, &gpa, &fault);
		if (st != (t[i].fine ? OK : E_NOTFOUND))
			fail_msg("row %zu: %d", i, st);
		if (st)
			assert_int_equal(fault.error, PF_PRESENT | PF_RESERVED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(permissions),
		cmocka_unit_test(absent_pages),
		cmocka_unit_test(reserved_bits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

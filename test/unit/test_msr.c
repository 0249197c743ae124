// SPDX-License-Identifier: BSD-2-Clause
/* MSRs: what is not in this file's table answers #GP, whatever is written. */
#include "vm_rig.h"

#include <vm/msr.h>

/* What a guest finds, by ranges; everything between them is #GP. */
static const struct {
	u32 first, last;
	bool write;      /* some value can be written */
	bool zero, ones; /* ... 0, and all ones */
} known[] = {
	// clang-format off
	{ 0x010, 0x010, true, true, true },		/* TSC */
	{ 0x011, 0x012, true, true, false },		/* old kvmclock: all ones is no address */
	{ 0x017, 0x017, false, false, false },		/* PLATFORM_ID */
	{ 0x01b, 0x01b, true, true, true },		/* APIC_BASE: the board's matter */
	{ 0x03b, 0x03b, true, true, true },		/* TSC_ADJUST */
	{ 0x08b, 0x08b, true, true, true },		/* microcode */
	{ 0x0fe, 0x0fe, false, false, false },		/* MTRRcap */
	{ 0x174, 0x176, true, true, true },		/* SYSENTER: all ones is canonical */
	{ 0x179, 0x179, false, false, false },		/* MCG_CAP */
	{ 0x17a, 0x17a, true, true, true },		/* MCG_STATUS */
	{ 0x1a0, 0x1a0, true, true, true },		/* MISC_ENABLE */
	{ 0x1d9, 0x1d9, true, true, true },		/* DEBUGCTL */
	{ 0x200, 0x20f, true, true, false },		/* variable MTRRs */
	{ 0x250, 0x250, true, true, false },
	{ 0x258, 0x259, true, true, false },
	{ 0x268, 0x26f, true, true, false },
	{ 0x277, 0x277, true, true, false },		/* PAT */
	{ 0x2ff, 0x2ff, true, true, false },
	{ 0x6e0, 0x6e0, true, true, true },		/* TSC deadline: the board's */
	{ 0x800, 0x800, true, true, true },		/* x2APIC: the fake board has two, ... */
	{ 0x8ff, 0x8ff, true, true, true },		/* ... the last one, too */
	{ 0x4b564d00, 0x4b564d01, true, true, false },	/* kvmclock */
	{ 0x4b564d03, 0x4b564d03, true, true, false }, /* steal time */
	{ 0xc0000080, 0xc0000080, true, true, false },	/* EFER */
	{ 0xc0000081, 0xc0000083, true, true, true },	/* STAR LSTAR CSTAR */
	{ 0xc0000084, 0xc0000084, true, true, false },	/* SFMASK */
	{ 0xc0000100, 0xc0000102, true, true, true },	/* FS, GS, kernel GS base */
	{ 0xc0000103, 0xc0000103, true, true, false },	/* TSC_AUX */
	{ 0xc0010010, 0xc0010010, true, true, true },	/* SYSCFG */
	{ 0xc0010015, 0xc0010015, true, true, true },	/* HWCR */
	{ 0xc001001f, 0xc001001f, true, true, true },	/* NB_CFG */
	{ 0xc0011029, 0xc0011029, true, true, true },	/* DE_CFG */
	// clang-format on
};

static int row_of(u32 msr)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (msr >= known[i].first && msr <= known[i].last)
			return (int)i;
	return -1;
}

static void sweep_one(u32 msr)
{
	int i = row_of(msr);
	u64 val;

	if (i < 0) {
		if (msr_read(v, msr, &val) || msr_write(v, msr, 0) || msr_write(v, msr, ~0ull))
			fail_msg("MSR %x answers", msr);
		return;
	}
	if (!msr_read(v, msr, &val) || msr_write(v, msr, 0) != known[i].zero ||
	    msr_write(v, msr, ~0ull) != known[i].ones)
		fail_msg("MSR %x", msr);
}

static void sweep(u32 first, u32 last)
{
	for (u32 msr = first;; msr++) {
		sweep_one(msr);
		if (msr == last)
			return;
	}
}

static void every_index(void **state)
{
	rig_mode(32);
	sweep(0, 0x2000);
	sweep(0x40000000, 0x40002000);
	sweep(0x4b564c00, 0x4b564e00);
	sweep(0x80000000, 0x80000100);
	sweep(0xbffff000, 0xc0002000);
	sweep(0xc0010000, 0xc0012000);
	sweep(0xfffff000, 0xffffffff);
	/* The rest in large steps, so that no row reaches too far. */
	for (u64 msr = 0; msr <= ~0u; msr += 0x10001)
		sweep_one((u32)msr);
}

/* A failed write changes nothing: reading gives what was there. */
static void refused_writes_change_nothing(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		for (u32 msr = known[i].first; msr <= known[i].last; msr++) {
			u64 before, after;

			assert_true(msr_read(v, msr, &before));
			if (msr_write(v, msr, ~0ull))
				continue;
			assert_true(msr_read(v, msr, &after));
			if (before != after)
				fail_msg("MSR %x was %llx, is %llx", msr,
					 (unsigned long long)before, (unsigned long long)after);
		}
}

static void expect_write(u32 msr, u64 val, bool ok)
{
	u64 back = ~val;

	if (msr_write(v, msr, val) != ok)
		fail_msg("write %llx to MSR %x", (unsigned long long)val, msr);
	if (!ok)
		return;
	assert_true(msr_read(v, msr, &back));
	assert_int_equal(back, val);
}

/* Values that are kept as written, or refused. */
static void validity(void **state)
{
	static const struct {
		u32 msr;
		u64 val;
		bool ok;
	} rows[] = {
		// clang-format off
		{ 0x277, 0x0007040600070406, true },	/* PAT after reset */
		{ 0x277, 0x0007040600070106, true },
		{ 0x277, 0x0707070707070707, true },
		{ 0x277, 0x0000000000000002, false },	/* types 2 and 3 are reserved */
		{ 0x277, 0x0300000000000000, false },
		{ 0x277, 0x0008000000000000, false },
		{ 0x277, 0x0000008000000000, false },
		{ 0x200, 0x0000000000000006, true },	/* MTRR base: type and address */
		{ 0x200, 0x000000fffffff000, true },
		{ 0x200, 0x0000010000000000, false },	/* beyond 40 bits */
		{ 0x200, 0x0000000000000002, false },
		{ 0x200, 0x0000000000000007, false },	/* UC- is PAT's alone */
		{ 0x200, 0x0000000000000100, false },
		{ 0x201, 0x000000fffffff800, true },	/* mask and valid bit */
		{ 0x201, 0x0000000000000400, false },
		{ 0x20f, 0x8000000000000800, false },
		{ 0x250, 0x0605040100060504, true },
		{ 0x26f, 0x0606060606060607, false },
		{ 0x26f, 0x0206060606060606, false },
		{ 0x259, 0x0000000000000003, false },
		{ 0x2ff, 0x0000000000000c06, true },
		{ 0x2ff, 0x0000000000000c02, false },
		{ 0x2ff, 0x0000000000001c06, false },
		{ 0x2ff, 0x0000000000000100, false },
		{ 0xc0000103, 0x00000000ffffffff, true },
		{ 0xc0000103, 0x0000000100000000, false },
		{ 0x175, 0x00007fffffffffff, true },
		{ 0x175, 0x0000800000000000, false },
		{ 0x176, 0xffff800000000000, true },
		{ 0x176, 0x8000000000000000, false },
		{ 0x174, 0xffffffffffffffff, true },	/* a selector: no rule */
		{ 0xc0000081, 0x8000000000000000, true },
		{ 0xc0000082, 0x0001000000000000, false },
		{ 0xc0000083, 0xfffe800000000000, false },
		{ 0xc0000084, 0x00000000ffffffff, true },
		{ 0xc0000084, 0x8000000000047700, false },
		{ 0xc0000100, 0xffff800000000000, true },
		{ 0xc0000100, 0x0000800000000000, false },
		{ 0xc0000101, 0x00007ffffffffff0, true },
		{ 0xc0000101, 0x7fffffffffffffff, false },
		{ 0xc0000102, 0x1000000000000000, false },
		// clang-format on
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_write(rows[i].msr, rows[i].val, rows[i].ok);
}

/* Every stored register has a place of its own. */
static void no_aliases(void **state)
{
	u64 val;

	for (u32 i = 0; i < 16; i++)
		expect_write(0x200 + i, (u64)i << 12 | (i & 1 ? 0 : 6), true);
	expect_write(0x250, 0x0101010101010101, true);
	expect_write(0x258, 0x0404040404040404, true);
	expect_write(0x259, 0x0505050505050505, true);
	for (u32 i = 0; i < 8; i++)
		expect_write(0x268 + i, 0x0606060606060600 | i % 2, true);
	expect_write(0x2ff, 0x806, true);
	expect_write(0x1a0, 0x850089, true);
	expect_write(0x17a, 5, true);
	expect_write(0xc0010015, 0x1000010, true);
	for (u32 i = 0; i < 16; i++) {
		assert_true(msr_read(v, 0x200 + i, &val));
		assert_int_equal(val, (u64)i << 12 | (i & 1 ? 0 : 6));
	}
	for (u32 i = 0; i < 8; i++) {
		assert_true(msr_read(v, 0x268 + i, &val));
		assert_int_equal(val, 0x0606060606060600 | i % 2);
	}
	assert_true(msr_read(v, 0x250, &val) && val == 0x0101010101010101);
	assert_true(msr_read(v, 0x258, &val) && val == 0x0404040404040404);
	assert_true(msr_read(v, 0x259, &val) && val == 0x0505050505050505);
	assert_true(msr_read(v, 0x2ff, &val) && val == 0x806);
	assert_true(msr_read(v, 0x1a0, &val) && val == 0x850089);
	assert_true(msr_read(v, 0x17a, &val) && val == 5);
}

static void constants(void **state)
{
	u64 val;

	assert_true(msr_read(v, 0x17, &val) && val == 0);
	assert_true(msr_read(v, 0xfe, &val) && val == 0x508); /* 8 ranges, fixed ones, WC */
	assert_true(msr_read(v, 0x179, &val) && val == 0);
	assert_true(msr_read(v, 0x1a0, &val) && val == 1);
	/* What can be written and is not kept. */
	assert_true(msr_write(v, 0x1d9, ~0ull) && msr_read(v, 0x1d9, &val) && val == 0);
	assert_true(msr_write(v, 0xc0010010, ~0ull) && msr_read(v, 0xc0010010, &val) && val == 0);
	assert_true(msr_write(v, 0xc0011029, 0) && msr_read(v, 0xc0011029, &val) && val == 2);
	assert_true(msr_write(v, 0x8b, 0) && msr_read(v, 0x8b, &val) && val == 0x01000065);
}

/* Registers that hardware switches are where hardware finds them. */
static void switched_registers(void **state)
{
	static const struct {
		u32 msr;
		enum virt_reg reg;
	} rows[] = {
		{ 0x174, REG_SYSENTER_CS },  { 0x175, REG_SYSENTER_ESP },
		{ 0x176, REG_SYSENTER_EIP }, { 0xc0000081, REG_STAR },
		{ 0xc0000082, REG_LSTAR },   { 0xc0000083, REG_CSTAR },
		{ 0xc0000084, REG_SFMASK },  { 0xc0000102, REG_KERNEL_GS_BASE },
	};
	u64 val;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		expect_write(rows[i].msr, 0x1000 + i, true);
		assert_int_equal(reg(rows[i].reg), 0x1000 + i);
	}
	v->hw->seg[SEG_FS] = (struct segment){ .selector = 0x23, .attr = 0xcf3, .limit = 5 };
	expect_write(0xc0000100, 0x1234, true);
	expect_write(0xc0000101, 0x5678, true);
	assert_int_equal(v->hw->seg[SEG_FS].base, 0x1234);
	assert_int_equal(v->hw->seg[SEG_FS].selector, 0x23);
	assert_int_equal(v->hw->seg[SEG_FS].limit, 5);
	assert_int_equal(v->hw->seg[SEG_GS].base, 0x5678);
	v->hw->seg[SEG_GS].base = 0x9abc;
	assert_true(msr_read(v, 0xc0000101, &val) && val == 0x9abc);
	expect_write(0xc0000103, 77, true);
	assert_int_equal(v->cpu.tsc_aux, 77);
}

/* No permission is open but for what hardware switches. */
static void permission_map(void **state)
{
	u32 open = 0;

	for (u32 i = 0; i < vm->hw->msr_count; i++) {
		const struct fake_msr *m = &vm->hw->msr[i];

		if (m->read && m->write)
			continue;
		open++;
		assert_true((m->msr >= 0x174 && m->msr <= 0x176) ||
			    (m->msr >= 0xc0000081 && m->msr <= 0xc0000084) ||
			    (m->msr >= 0xc0000100 && m->msr <= 0xc0000103));
	}
	assert_int_equal(open, 11);
	for (size_t i = 0; i < sizeof(vm->hw->port_open); i++)
		assert_int_equal(vm->hw->port_open[i], 0);
}

/* A host without RDTSCP switches no TSC_AUX: the guest must not reach it. */
static void no_rdtscp(void **state)
{
	rig_teardown(state);
	rig_reset();
	fake_machine_set(0x80000001, 0, (struct machine_cpuid){ 0, 0, 0, 0x20100800 });
	rig_vm(1);
	for (u32 i = 0; i < vm->hw->msr_count; i++)
		assert_int_not_equal(vm->hw->msr[i].msr, 0xc0000103);
}

static void efer(void **state)
{
	static const u64 refused[] = { EFER_SVME, EFER_LMSLE, EFER_FFXSR, BIT(1), BIT(9), BIT(63) };
	unsigned flushes;
	u64 val;

	rig_mode(32);
	expect_write(0xc0000080, EFER_SCE | EFER_LME | EFER_NXE, true);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		expect_write(0xc0000080, refused[i], false);
	/* LMA is the CPU's. */
	assert_true(msr_write(v, 0xc0000080, EFER_LME | EFER_LMA));
	assert_true(msr_read(v, 0xc0000080, &val) && val == EFER_LME);

	/* With paging on LME is fixed, and LMA stays whatever is written. */
	rig_mode(64);
	expect_write(0xc0000080, EFER_SCE, false);
	assert_true(msr_write(v, 0xc0000080, EFER_LME));
	assert_true(msr_read(v, 0xc0000080, &val) && val == (EFER_LME | EFER_LMA));
	/* NXE changes what page tables mean. */
	flushes = v->hw->flushes;
	expect_write(0xc0000080, EFER_LME | EFER_LMA | EFER_NXE, true);
	assert_int_equal(v->hw->flushes, flushes + 1);
	expect_write(0xc0000080, EFER_LME | EFER_LMA | EFER_NXE | EFER_SCE, true);
	assert_int_equal(v->hw->flushes, flushes + 1);
}

/* TSC and TSC_ADJUST are two views of one offset. */
static void tsc(void **state)
{
	u64 val;

	fake_time_advance(5000);
	assert_true(msr_read(v, 0x10, &val) && val == 5000);
	assert_true(msr_write(v, 0x10, 1000000));
	assert_int_equal(v->board->tsc_moves, 1);
	assert_int_equal(v->hw->tsc_offset, v->tsc_offset);
	assert_true(msr_read(v, 0x10, &val) && val == 1000000);
	assert_true(msr_read(v, 0x3b, &val) && val == 995000);
	fake_time_advance(7);
	assert_true(msr_read(v, 0x10, &val) && val == 1000007);
	/* Back to 0: as if nothing had been written. */
	assert_true(msr_write(v, 0x3b, 0));
	assert_true(msr_read(v, 0x10, &val) && val == 5007);
	assert_true(msr_write(v, 0x3b, (u64)-7));
	assert_true(msr_read(v, 0x10, &val) && val == 5000);
	assert_int_equal(v->hw->tsc_offset, v->tsc_offset);
}

/* The LAPIC's MSRs are the board's; its no is #GP. */
static void board_registers(void **state)
{
	u64 val;

	expect_write(0x1b, 0xfee00d00, true);
	expect_write(0x6e0, 12345, true);
	assert_int_equal(v->board->msr[1], 12345);
	assert_false(msr_read(v, 0x803, &val));
	assert_false(msr_write(v, 0x803, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_index),
		TEST(refused_writes_change_nothing),
		TEST(validity),
		TEST(no_aliases),
		TEST(constants),
		TEST(switched_registers),
		TEST(permission_map),
		TEST(no_rdtscp),
		TEST(efer),
		TEST(tsc),
		TEST(board_registers),
	};

	return cmocka_run_group_tests_name("msr", tests, NULL, NULL);
}

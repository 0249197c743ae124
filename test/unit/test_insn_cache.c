// SPDX-License-Identifier: BSD-2-Clause
/* vm/insn_cache.c by way of vm/emulate.c: what was decoded is used again, and never when anything that led to it has changed. */
#include "vm_rig.h"

#include <vm/emulate.h>

#define OTHER	0x20000 /* another page with code */
#define PD	(RIG_TABLES + 0x2000)
#define FLAGS	(PTE_P | PTE_W | PTE_U)
#define ACCESSED 0x20ull

static int setup(void **state)
{
	rig_setup(state);
	rig_mode(64);
	v->regs.rip = RIG_CODE;
	return 0;
}

static const struct insn *known(void)
{
	return insn_cache_find(&v->insns, v->regs.rip, reg(REG_CR3));
}

/* Decodes what is at RIP; twice, because the first walk sets the accessed bits that it then compares with. */
static void decode(u8 len)
{
	assert_int_equal(emulate_length(v), len);
	assert_int_equal(emulate_length(v), len);
	assert_non_null(known());
	assert_int_equal(known()->len, len);
}

static void cpuid2(gpa_t at)
{
	static const u8 bytes[] = { 0x0f, 0xa2 };

	assert_int_equal(gmem_write(&vm->gmem, at, bytes, sizeof(bytes)), OK);
}

static void cpuid4(gpa_t at)
{
	static const u8 bytes[] = { 0x66, 0x67, 0x0f, 0xa2 };

	assert_int_equal(gmem_write(&vm->gmem, at, bytes, sizeof(bytes)), OK);
}

static void changed_to(u8 len)
{
	assert_null(known());
	decode(len);
}

static void used_again(void **state)
{
	struct insn insn;

	cpuid2(RIG_CODE);
	assert_null(known());
	decode(2);
	assert_true(emulate_decode(v, &insn));
	assert_int_equal(insn.op, INSN_CPUID);
	/* Bytes behind the instruction are none of its. */
	rig_put64(RIG_CODE + 2, ~0ull);
	assert_non_null(known());
}

static void other_bytes(void **state)
{
	cpuid2(RIG_CODE);
	decode(2);
	cpuid4(RIG_CODE);
	changed_to(4);
}

/* The last byte of a long one: mov dword [rip + disp32], imm32. */
static void far_bytes(void **state)
{
	RIG_INSN(0xc7, 0x05, 1, 2, 3, 4, 5, 6, 7, 8);
	decode(10);
	RIG_INSN(0xc7, 0x05, 1, 2, 3, 4, 5, 6, 7, 9);
	assert_null(known());
	decode(10);
	assert_int_equal(known()->imm, 0x09070605);
}

static void other_page(void **state)
{
	cpuid2(RIG_CODE);
	cpuid4(OTHER);
	decode(2);
	rig_put64(RIG_PT + RIG_CODE / PAGE_SIZE * 8, OTHER | FLAGS);
	changed_to(4);
}

/* At each level of the walk. */
static void other_tables(void **state)
{
	static const gpa_t entries[] = { RIG_TABLES, RIG_TABLES + 0x1000, PD };

	cpuid2(RIG_CODE);
	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		u64 entry;

		decode(2);
		entry = rig_get64(entries[i]);
		rig_put64(entries[i], entry & ~ACCESSED);
		assert_null(known());
		rig_put64(entries[i], 0);
		assert_null(known());
		assert_int_equal(emulate_length(v), 0);
		v->event.valid = false;
		rig_put64(entries[i], entry);
	}
}

static void other_root(void **state)
{
	cpuid2(RIG_CODE);
	decode(2);
	assert_int_equal(gmem_write(&vm->gmem, 0x30000, vm->gmem.window + RIG_TABLES, PAGE_SIZE), OK);
	v->hw->reg[REG_CR3] = 0x30000;
	changed_to(2);
}

/* 1 GiB and 2 MiB pages have shorter ways. */
static void large_page(void **state)
{
	cpuid2(RIG_CODE);
	rig_put64(PD, FLAGS | PTE_PS);
	decode(2);
	rig_put64(PD, RIG_PT | FLAGS);
	cpuid4(OTHER);
	rig_put64(RIG_PT + RIG_CODE / PAGE_SIZE * 8, OTHER | FLAGS);
	changed_to(4);
}

static void two_pages(void **state)
{
	v->regs.rip = RIG_CODE + PAGE_SIZE - 3;
	cpuid4(v->regs.rip);
	for (int i = 0; i < 3; i++)
		assert_int_equal(emulate_length(v), 4);
	assert_null(known());
	/* One that ends with the page. */
	v->regs.rip = RIG_CODE + PAGE_SIZE - 2;
	cpuid2(v->regs.rip);
	decode(2);
}

/* Two that would lie in the same place are both kept, in turn for as long as it takes. */
static void neighbours(void **state)
{
	unsigned second = 2;

	while (insn_cache_slot(RIG_CODE + second) / 2 != insn_cache_slot(RIG_CODE) / 2)
		second += 2;
	cpuid2(RIG_CODE);
	cpuid2(RIG_CODE + second);
	for (int i = 0; i < 2; i++) {
		v->regs.rip = RIG_CODE;
		assert_int_equal(emulate_length(v), 2);
		v->regs.rip = RIG_CODE + second;
		assert_int_equal(emulate_length(v), 2);
	}
	assert_non_null(known());
	v->regs.rip = RIG_CODE;
	assert_non_null(known());
}

/* 48 is a REX prefix here and DEC EAX there. */
static void other_mode(void **state)
{
	RIG_INSN(0x48, 0x0f, 0xa2);
	decode(3);
	rig_mode(32);
	v->hw->reg[REG_CR3] = RIG_TABLES;
	assert_int_not_equal(emulate_length(v), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(used_again), TEST(other_bytes), TEST(far_bytes), TEST(other_page), TEST(other_tables),
		TEST(other_root), TEST(large_page),  TEST(two_pages), TEST(other_mode),
		TEST(neighbours),
	};

	return cmocka_run_group_tests_name("insn_cache", tests, NULL, NULL);
}

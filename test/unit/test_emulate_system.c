// SPDX-License-Identifier: BSD-2-Clause
/* vm/emulate.c and exit_io.c: system registers loaded from a device, a stack in one, long vectors, single steps over either. */
#include "vm_io.h"

#include <vm/emulate.h>

static void set_cpl(u8 cpl)
{
	v->hw->seg[SEG_CS].selector = (u16)((v->hw->seg[SEG_CS].selector & ~3u) | cpl);
	v->hw->seg[SEG_SS].attr = (u16)((v->hw->seg[SEG_SS].attr & ~SEG_ATTR_DPL) | FIELD_PUT(SEG_ATTR_DPL, cpl));
}

/* What a device of 8-byte words 1716151413121110h, ... answers. */
static void tables(void **state)
{
	rig_mode(32);
	v->regs.r[GPR_RBX] = MMIO_BASE;
	RIG_INSN(0x0f, 0x01, 0x13); /* lgdt [ebx] */
	fault(MMIO_BASE, false);
	finished(RIG_CODE, 3);
	expect_access(&mmio, 0, false, 0, 2, 0x1110);
	expect_access(&mmio, 1, false, 2, 4, 0x15141312);
	assert_int_equal(v->hw->seg[SEG_GDTR].base, 0x15141312);
	assert_int_equal(v->hw->seg[SEG_GDTR].limit, 0x1110);
	RIG_INSN(0x66, 0x0f, 0x01, 0x1b); /* o16 lidt [ebx] */
	fault(MMIO_BASE, false);
	finished(RIG_CODE, 4);
	assert_int_equal(v->hw->seg[SEG_IDTR].base, 0x141312);
}

/* LMSW may fault on its operand before it exits as a write of CR0. */
static void machine_status(void **state)
{
	v->regs.r[GPR_RBX] = MMIO_BASE + 0xa;
	v->hw->reg[REG_CR0] &= ~(u64)(CR0_MP | CR0_EM | CR0_TS);
	RIG_INSN(0x0f, 0x01, 0x33); /* lmsw [rbx]: 1b1ah */
	assert_int_equal(fault(MMIO_BASE + 0xa, false), EXIT_NEXT);
	expect_access(&mmio, 0, false, 0xa, 2, 0x1b1a);
	assert_int_equal(v->hw->reg[REG_CR0] & (CR0_MP | CR0_EM | CR0_TS), CR0_MP | CR0_TS);
	assert_true(v->hw->reg[REG_CR0] & CR0_PE);
}

/* The bytes were others when the CPU looked at the privilege. */
static void not_from_user_mode(void **state)
{
	u64 cr0 = v->hw->reg[REG_CR0];

	set_cpl(3);
	v->regs.r[GPR_RBX] = MMIO_BASE + 0xa;
	RIG_INSN(0x0f, 0x01, 0x33);
	fault(MMIO_BASE + 0xa, false);
	expect_gp();
	RIG_INSN(0x0f, 0x01, 0x1b);
	fault(MMIO_BASE + 0xa, false);
	expect_gp();
	assert_int_equal(v->hw->reg[REG_CR0], cr0);
	assert_int_equal(mmio.count, 0);
}

static void stack_in_a_device(void **state)
{
	v->regs.r[GPR_RSP] = MMIO_BASE + 0x20;
	v->regs.r[GPR_RBP] = MMIO_BASE + 0x40;
	v->regs.rflags = RFLAGS_ONE | RFLAGS_CF;
	RIG_INSN(0x9c); /* pushf */
	fault(MMIO_BASE + 0x18, true);
	finished(RIG_CODE, 1);
	expect_access(&mmio, 0, true, 0x18, 8, RFLAGS_ONE | RFLAGS_CF);
	RIG_INSN(0xc8, 0x08, 0, 0); /* enter 8, 0 */
	fault(MMIO_BASE + 0x10, true);
	finished(RIG_CODE, 4);
	expect_access(&mmio, 1, true, 0x10, 8, MMIO_BASE + 0x40);
	assert_int_equal(v->regs.r[GPR_RSP], MMIO_BASE + 8);
	assert_int_equal(v->regs.r[GPR_RBP], MMIO_BASE + 0x10);
	RIG_INSN(0xc9); /* leave */
	fault(MMIO_BASE + 0x10, false);
	finished(RIG_CODE, 1);
	assert_int_equal(v->regs.r[GPR_RSP], MMIO_BASE + 0x18);
	assert_int_equal(v->regs.r[GPR_RBP], MMIO_BASE + 0x40);
	v->regs.rflags = RFLAGS_ONE | RFLAGS_ZF;
	RIG_INSN(0x9d); /* popf */
	fault(MMIO_BASE + 0x18, false);
	finished(RIG_CODE, 1);
	assert_int_equal(v->regs.r[GPR_RSP], MMIO_BASE + 0x20);
	assert_int_equal(v->regs.rflags, RFLAGS_ONE | RFLAGS_CF);
}

/* A POPF that sets TF lets one more instruction go by; one that clears it is itself the last. */
static void steps_over_popf(void **state)
{
	v->regs.r[GPR_RSP] = MMIO_BASE + 1; /* bits 15:8 of what is popped: 12h, 13h */
	v->regs.rflags = RFLAGS_ONE;
	RIG_INSN(0x66, 0x9d);
	fault(MMIO_BASE + 2, false);
	assert_false(v->event.valid);
	v->regs.r[GPR_RSP] = MMIO_BASE + 2; /* 1312h: TF */
	v->regs.rip = RIG_CODE;
	fault(MMIO_BASE + 2, false);
	assert_true(v->regs.rflags & RFLAGS_TF);
	assert_false(v->event.valid);
	v->regs.r[GPR_RSP] = MMIO_BASE + 1; /* 1211h: none */
	v->regs.rip = RIG_CODE;
	fault(MMIO_BASE + 1, false);
	assert_false(v->regs.rflags & RFLAGS_TF);
	assert_true(v->event.valid);
	assert_int_equal(v->event.vector, EXC_DB);
}

/* YMM registers, as the guest's XCR0 lets it have them. */
static void long_vectors(void **state)
{
	const u64 *val = fake_machine_vector[0][9];

	v->regs.r[GPR_RBX] = MMIO_BASE;
	v->hw->reg[REG_CR4] |= CR4_OSXSAVE;
	v->cpu.xcr0 = XCR0_X87 | XCR0_SSE | XCR0_AVX;
	RIG_INSN(0xc5, 0x7e, 0x6f, 0x0b); /* vmovdqu ymm9, [rbx] */
	fault(MMIO_BASE, false);
	finished(RIG_CODE, 4);
	assert_int_equal(val[0], 0x1716151413121110ull);
	assert_int_equal(val[3], 0x2f2e2d2c2b2a2928ull);
	RIG_INSN(0xc5, 0x7e, 0x7f, 0x4b, 0x40); /* vmovdqu [rbx+40h], ymm9 */
	fault(MMIO_BASE + 0x40, true);
	finished(RIG_CODE, 5);
	expect_access(&mmio, 7, true, 0x58, 8, val[3]);
	RIG_INSN(0xc5, 0x7a, 0x10, 0x0b); /* vmovss xmm9, [rbx] */
	fault(MMIO_BASE, false);
	finished(RIG_CODE, 4);
	assert_int_equal(val[0], 0x13121110);
	assert_int_equal(val[1] | val[2] | val[3], 0);
	v->cpu.xcr0 = XCR0_X87 | XCR0_SSE;
	fault(MMIO_BASE, false);
	expect_exception(EXC_UD, false, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, io_setup_64, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tables),
		TEST(machine_status),
		TEST(not_from_user_mode),
		TEST(stack_in_a_device),
		TEST(steps_over_popf),
		TEST(long_vectors),
	};

	return cmocka_run_group_tests_name("emulate_system", tests, NULL, NULL);
}

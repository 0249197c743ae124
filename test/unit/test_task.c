// SPDX-License-Identifier: BSD-2-Clause
/* vm/task.c: hardware task switches of a 32-bit guest without paging; GDT and task segments in its RAM. */
#include "vm_rig.h"

#include <vm/exit.h>

#define GDT      0x3000
#define TSS_A    0x3800
#define TSS_B    0x4000
#define TSS_C    0x4800 /* of 16 bits */
#define SEL_CODE 0x08
#define SEL_DATA 0x10
#define SEL_A    0x18
#define SEL_B    0x20
#define SEL_C    0x28
#define SEL_LDT  0x30
#define SEL_END  0x38
#define BUSY     BIT(41)

static void put(gpa_t gpa, unsigned width, u32 val)
{
	assert_int_equal(gmem_write(&vm->gmem, gpa, &val, width), OK);
}

static u32 get(gpa_t gpa, unsigned width)
{
	u32 val = 0;

	assert_int_equal(gmem_read(&vm->gmem, gpa, &val, width), OK);
	return val;
}

static u64 desc(u32 base, u32 limit, u32 attr)
{
	return (limit & 0xffff) | (u64)(base & 0xffffff) << 16 | (u64)(attr & 0xff) << 40 |
	       (u64)(limit >> 16 & 0xf) << 48 | (u64)(attr >> 8) << 52 | (u64)(base >> 24) << 56;
}

static bool busy(u16 selector)
{
	return rig_get64(GDT + selector) & BUSY;
}

static int setup(void **state)
{
	rig_setup(state);
	rig_mode(32);
	rig_put64(GDT, 0);
	rig_put64(GDT + SEL_CODE, desc(0, 0xfffff, 0xc9a));
	rig_put64(GDT + SEL_DATA, desc(0, 0xfffff, 0xc92));
	rig_put64(GDT + SEL_A, desc(TSS_A, 0x67, 0x8b));
	rig_put64(GDT + SEL_B, desc(TSS_B, 0x67, 0x89));
	rig_put64(GDT + SEL_C, desc(TSS_C, 0x2b, 0x81));
	rig_put64(GDT + SEL_LDT, desc(GDT, 0x3f, 0x82));
	v->hw->seg[SEG_GDTR] = (struct segment){ .base = GDT, .limit = SEL_END - 1 };
	v->hw->seg[SEG_TR] = (struct segment){ .selector = SEL_A, .base = TSS_A, .limit = 0x67, .attr = 0x8b };
	for (unsigned i = 0; i < 8; i++) {
		v->regs.r[i] = 0xaaaa0000 + i;
		put(TSS_B + 40 + 4 * i, 4, 0xbbbb0000 + i);
		put(TSS_C + 18 + 2 * i, 2, 0xcc00 + i);
	}
	for (unsigned i = 0; i < 6; i++)
		put(TSS_B + 72 + 4 * i, 4, i == SEG_CS ? SEL_CODE : SEL_DATA);
	for (unsigned i = 0; i < 4; i++)
		put(TSS_C + 34 + 2 * i, 2, i == SEG_CS ? SEL_CODE : SEL_DATA);
	put(TSS_B + 32, 4, 0x12345);
	put(TSS_B + 36, 4, 0x202);
	put(TSS_B + 96, 2, SEL_LDT);
	put(TSS_C + 14, 2, 0x6789);
	put(TSS_C + 16, 2, 0x202);
	v->regs.rip = RIG_CODE;
	v->regs.rflags = RFLAGS_ONE | RFLAGS_CF;
	return 0;
}

static void go(enum task_source source, u16 selector)
{
	struct vm_exit x = { .kind = EXIT_TASK, .insn_len = source == TASK_GATE ? 0 : 7,
			     .task = { .selector = selector, .source = (u8)source } };

	v->int_shadow = true;
	v->event.valid = false;
	assert_int_equal(rig_dispatch(&x), EXIT_RESUME);
}

static void expect_fault(u8 vector, u32 error)
{
	assert_true(v->event.valid);
	assert_int_equal(v->event.vector, vector);
	assert_true(v->event.has_error);
	assert_int_equal(v->event.error, error);
}

static void is_task_b(void)
{
	assert_false(v->event.valid);
	assert_int_equal(v->regs.rip, 0x12345);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(v->regs.r[i], 0xbbbb0000 + i);
	assert_int_equal(v->hw->seg[SEG_TR].selector, SEL_B);
	assert_int_equal(v->hw->seg[SEG_TR].base, TSS_B);
	assert_int_equal(v->hw->seg[SEG_TR].attr, 0x8b);
	assert_int_equal(v->hw->seg[SEG_LDTR].selector, SEL_LDT);
	assert_int_equal(v->hw->seg[SEG_CS].selector, SEL_CODE);
	assert_int_equal(v->hw->seg[SEG_CS].attr, 0xc9b);
	assert_int_equal(v->hw->seg[SEG_CS].limit, 0xffffffff);
	assert_int_equal(v->hw->seg[SEG_SS].attr, 0xc93);
	assert_true(reg(REG_CR0) & CR0_TS);
	assert_false(v->int_shadow);
}

static void by_jmp(void **state)
{
	go(TASK_JMP, SEL_B);
	is_task_b();
	assert_int_equal(v->regs.rflags, 0x202);
	assert_true(busy(SEL_B));
	assert_false(busy(SEL_A));
	/* The old task goes on behind the jump. */
	assert_int_equal(get(TSS_A + 32, 4), RIG_CODE + 7);
	assert_int_equal(get(TSS_A + 36, 4), RFLAGS_ONE | RFLAGS_CF);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(get(TSS_A + 40 + 4 * i, 4), 0xaaaa0000 + i);
	assert_int_equal(get(TSS_A + 76, 4), v->hw->seg[SEG_CS].selector);
	assert_int_equal(get(TSS_A, 2), 0);
}

static void by_call_and_back(void **state)
{
	go(TASK_CALL, SEL_B);
	is_task_b();
	assert_int_equal(v->regs.rflags, 0x202 | RFLAGS_NT);
	assert_true(busy(SEL_A) && busy(SEL_B));
	assert_int_equal(get(TSS_B, 2), SEL_A);
	/* IRET with NT set: the CPU takes the selector from the link. */
	v->regs.r[GPR_RAX] = 0x5555;
	go(TASK_IRET, SEL_A);
	assert_false(v->event.valid);
	assert_int_equal(v->regs.rip, RIG_CODE + 7);
	assert_int_equal(v->regs.rflags, RFLAGS_ONE | RFLAGS_CF);
	assert_int_equal(v->regs.r[GPR_RAX], 0xaaaa0000);
	assert_true(busy(SEL_A));
	assert_false(busy(SEL_B));
	assert_int_equal(get(TSS_B + 40, 4), 0x5555);
	assert_false(get(TSS_B + 36, 4) & RFLAGS_NT);
}

/* An exception's error code is on the new stack; the old task will run the instruction again. */
static void by_gate(void **state)
{
	struct vm_exit x = { .kind = EXIT_TASK, .task = { SEL_B, TASK_GATE, true, 0x1234 } };

	put(TSS_B + 40 + 4 * GPR_RSP, 4, 0x8000);
	v->event = (struct vcpu_event){ .valid = true, .type = EVENT_EXCEPTION, .vector = EXC_GP };
	rig_dispatch(&x);
	assert_false(v->event.valid);
	assert_int_equal(v->regs.r[GPR_RSP], 0x7ffc);
	assert_int_equal(get(0x7ffc, 4), 0x1234);
	assert_int_equal(get(TSS_A + 32, 4), RIG_CODE);
	assert_int_equal(get(TSS_B, 2), SEL_A);
}

static void sixteen_bits(void **state)
{
	go(TASK_CALL, SEL_C);
	assert_false(v->event.valid);
	assert_int_equal(v->regs.rip, 0x6789);
	assert_int_equal(v->regs.r[GPR_RDI], 0xcc07);
	assert_int_equal(v->hw->seg[SEG_TR].attr, 0x83);
	assert_int_equal(v->hw->seg[SEG_FS].selector, 0);
	assert_int_equal(get(TSS_C, 2), SEL_A);
	go(TASK_IRET, SEL_A);
	assert_int_equal(v->regs.rip, RIG_CODE + 7);
	assert_int_equal(get(TSS_C + 14, 2), 0x6789 + 7);
}

static void trap_flag(void **state)
{
	put(TSS_B + 100, 2, 1);
	v->hw->reg[REG_DR7] = 0x4ff;
	go(TASK_JMP, SEL_B);
	assert_int_equal(v->event.vector, EXC_DB);
	assert_true(reg(REG_DR6) & BIT(15));
	assert_int_equal(reg(REG_DR7), 0x4aa);
}

/* The old task has the fault, and nothing has changed. */
static void refused(void **state)
{
	struct gpr before = v->regs;

	go(TASK_JMP, SEL_END);
	expect_fault(EXC_GP, SEL_END);
	go(TASK_IRET, SEL_END);
	expect_fault(EXC_TS, SEL_END);
	go(TASK_JMP, 0);
	expect_fault(EXC_GP, 0);
	go(TASK_CALL, SEL_B | 4);
	expect_fault(EXC_GP, SEL_B | 4);
	go(TASK_CALL, SEL_DATA);
	expect_fault(EXC_GP, SEL_DATA);
	go(TASK_CALL, SEL_A); /* busy */
	expect_fault(EXC_GP, SEL_A);
	go(TASK_IRET, SEL_B); /* not busy */
	expect_fault(EXC_TS, SEL_B);
	rig_put64(GDT + SEL_B, desc(TSS_B, 0x66, 0x89));
	go(TASK_JMP, SEL_B);
	expect_fault(EXC_TS, SEL_B);
	rig_put64(GDT + SEL_B, desc(TSS_B, 0x67, 0x09));
	go(TASK_JMP, SEL_B);
	expect_fault(EXC_NP, SEL_B);
	/* A task segment where there is no RAM. */
	rig_put64(GDT + SEL_B, desc(0xf0000000, 0x67, 0x89));
	go(TASK_JMP, SEL_B);
	expect_fault(EXC_GP, 0);
	assert_memory_equal(&before, &v->regs, sizeof(before));
	assert_int_equal(v->hw->seg[SEG_TR].selector, SEL_A);
	assert_true(busy(SEL_A));
}

/* The new task has it: the switch is done. */
static void bad_segments(void **state)
{
	static const struct {
		unsigned off;
		u16 selector;
		u8 vector;
	} t[] = {
		{ 96, SEL_DATA, EXC_TS },	       /* LDT */
		{ 96, SEL_LDT | 4, EXC_TS },
		{ 72 + 4 * SEG_CS, 0, EXC_TS },
		{ 72 + 4 * SEG_CS, SEL_DATA, EXC_TS },
		{ 72 + 4 * SEG_SS, 0, EXC_TS },
		{ 72 + 4 * SEG_SS, SEL_DATA | 3, EXC_TS },
		{ 72 + 4 * SEG_DS, SEL_A, EXC_TS },
		{ 72 + 4 * SEG_GS, SEL_END, EXC_TS },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		rig_teardown(state);
		setup(state);
		put(TSS_B + t[i].off, 2, t[i].selector);
		go(TASK_JMP, SEL_B);
		expect_fault(t[i].vector, t[i].selector & ~3u);
		assert_int_equal(v->regs.rip, 0x12345);
		assert_int_equal(v->hw->seg[SEG_TR].selector, SEL_B);
	}
	put(TSS_B + 72 + 4 * SEG_DS, 2, 3); /* null */
	put(TSS_B + 72 + 4 * SEG_GS, 2, 0);
	rig_put64(GDT + SEL_B, desc(TSS_B, 0x67, 0x89));
	rig_put64(GDT + SEL_A, desc(TSS_A, 0x67, 0x8b));
	v->hw->seg[SEG_TR] = (struct segment){ .selector = SEL_A, .base = TSS_A, .limit = 0x67, .attr = 0x8b };
	go(TASK_JMP, SEL_B);
	assert_false(v->event.valid);
	assert_int_equal(v->hw->seg[SEG_DS].attr, 0);
}

static void into_v86(void **state)
{
	put(TSS_B + 36, 4, RFLAGS_VM | 0x202);
	put(TSS_B + 72 + 4 * SEG_CS, 2, 0x1234);
	go(TASK_JMP, SEL_B);
	assert_false(v->event.valid);
	assert_int_equal(v->hw->seg[SEG_CS].base, 0x12340);
	assert_int_equal(v->hw->seg[SEG_CS].attr, 0xf3);
	assert_int_equal(vcpu_cpl(v), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_jmp),	TEST(by_call_and_back), TEST(by_gate),	    TEST(sixteen_bits),
		TEST(trap_flag), TEST(refused),		TEST(bad_segments), TEST(into_v86),
	};

	return cmocka_run_group_tests_name("task", tests, NULL, NULL);
}

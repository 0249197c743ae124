// SPDX-License-Identifier: BSD-2-Clause
/*
 * insn_exec(): the stack, branches, wide operands and exceptions of instructions, where no native
 * run can tell.
 */
#include "insn_machine.h"

static u64 word(u64 at)
{
	u64 val;

	memcpy(&val, m.mem + at, 8);
	return val;
}

static void put(u64 at, u64 val)
{
	memcpy(m.mem + at, &val, 8);
}

/* --- The stack and branches --- */

static void pushes_and_pops(void **state)
{
	static const struct {
		unsigned mode;
		const char *bytes, *log;
		u64 rsp; /* after */
	} t[] = {
		/* rsp 8000, rbx 1000; SS of 32 bits outside of 64-bit mode */
		{ 64, "ff 33", "r1000/8 w7ff8/8", 0x7ff8 },
		{ 64, "66 ff 33", "r1000/2 w7ffe/2", 0x7ffe },
		{ 64, "53", "w7ff8/8", 0x7ff8 },
		{ 64, "6a ff", "w7ff8/8", 0x7ff8 },
		{ 64, "66 68 34 12", "w7ffe/2", 0x7ffe },
		{ 64, "8f 03", "p1000/8 r8000/8 w1000/8", 0x8008 },
		{ 64, "8f 04 24", "p8008/8 r8000/8 w8008/8",
		  0x8008 }, /* [rsp] after the increment */
		{ 64, "58", "r8000/8", 0x8008 },
		{ 64, "5c", "r8000/8", 0x7777 }, /* pop rsp */
		{ 32, "ff 33", "r1000/4 w7ffc/4", 0x7ffc },
		{ 32, "66 ff 33", "r1000/2 w7ffe/2", 0x7ffe },
		{ 32, "8f 03", "p1000/4 r8000/4 w1000/4", 0x8004 },
		{ 16, "ff 37", "r1000/2 w7ffe/2", 0x7ffe },
		{ 16, "66 ff 37", "r1000/4 w7ffc/4", 0x7ffc },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		reset();
		m.regs.r[GPR_RBX] = 0x1000;
		m.regs.r[GPR_RSP] = 0x8000;
		put(0x1000, 0x1122334455667788);
		put(0x8000, 0x7777);
		if (run(t[i].mode, t[i].bytes) != INSN_DONE || strcmp(m.log, t[i].log) ||
		    m.regs.r[GPR_RSP] != t[i].rsp)
			fail_msg("%u: %s: %s, rsp %#llx", t[i].mode, t[i].bytes, m.log,
				 (unsigned long long)m.regs.r[GPR_RSP]);
	}
	/* A stack of 16 bits wraps, and keeps the rest of the register. */
	reset();
	m.seg[SEG_SS].attr = DATA;
	m.regs.r[GPR_RSP] = 0xabcd0000;
	assert_int_equal(run(32, "53"), INSN_DONE);
	assert_string_equal(m.log, "wfffc/4");
	assert_int_equal(m.regs.r[GPR_RSP], 0xabcdfffc);
	/* Sign extension of what is pushed. */
	reset();
	m.regs.r[GPR_RSP] = 0x8000;
	assert_int_equal(run(64, "6a 80"), INSN_DONE);
	assert_int_equal(word(0x7ff8), ~0x7full);
}

static void branches(void **state)
{
	static const struct {
		unsigned mode;
		const char *bytes, *log;
		u64 target, rip, rsp;
	} t[] = {
		{ 64, "ff 23", "r1000/8", 0x123456789a, 0x123456789a, 0x8000 },
		{ 64, "66 ff 23", "r1000/8", 0x123456789a, 0x123456789a, 0x8000 },
		{ 64, "ff 13", "r1000/8 w7ff8/8", 0x4321, 0x4321, 0x7ff8 },
		{ 64, "e8 10 00 00 00", "w7ff8/8", 0, 0x115, 0x7ff8 },
		{ 64, "e8 00 ff ff ff", "w7ff8/8", 0, 0x5, 0x7ff8 },
		{ 32, "ff 13", "r1000/4 w7ffc/4", 0x12345678, 0x12345678, 0x7ffc },
		{ 32, "66 ff 23", "r1000/2", 0x12345678, 0x5678, 0x8000 },
		{ 16, "e8 f0 fe", "w7ffe/2", 0, 0xfff3, 0x7ffe },
		{ 64, "c3", "r8000/8", 0, 0x7777, 0x8008 },
		{ 32, "c3", "r8000/4", 0, 0x7777, 0x8004 },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		reset();
		m.regs.r[GPR_RBX] = 0x1000;
		m.regs.r[GPR_RSP] = 0x8000;
		m.regs.rflags |= RFLAGS_RF;
		put(0x1000, t[i].target);
		put(0x8000, 0x7777);
		if (run(t[i].mode, t[i].bytes) != INSN_DONE || strcmp(m.log, t[i].log) ||
		    m.regs.rip != t[i].rip || m.regs.r[GPR_RSP] != t[i].rsp)
			fail_msg("%u: %s: %s, rip %#llx, rsp %#llx", t[i].mode, t[i].bytes, m.log,
				 (unsigned long long)m.regs.rip,
				 (unsigned long long)m.regs.r[GPR_RSP]);
		assert_false(m.regs.rflags & RFLAGS_RF);
	}
	assert_int_equal(word(0x7ff8) >> 32, 0);
}

/* A target outside of the code segment, or not canonical: nothing was pushed or popped. */
static void targets_out_of_reach(void **state)
{
	static const struct {
		unsigned mode;
		const char *bytes;
		u64 target;
	} t[] = {
		{ 64, "ff 13", 0x0000800000000000 },
		{ 64, "ff 23", 0x0000800000000000 },
		{ 64, "c3", 0x8000000000000000 },
		{ 32, "ff 13", 0x10000 },
		{ 32, "c3", 0x10000 },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		reset();
		m.seg[SEG_CS].limit = 0xffff;
		m.regs.r[GPR_RBX] = 0x1000;
		m.regs.r[GPR_RSP] = 0x8000;
		put(0x1000, t[i].target);
		put(0x8000, t[i].target);
		assert_int_equal(run(t[i].mode, t[i].bytes), INSN_FAULT);
		assert_int_equal(m.c.fault.vector, EXC_GP);
		assert_true(m.c.fault.has_error);
		assert_int_equal(m.regs.rip, 0x100);
		assert_int_equal(m.regs.r[GPR_RSP], 0x8000);
		assert_int_equal(word(0x7ff8) | word(0x7ff0), 0);
	}
}

/* --- Exceptions --- */

static void divide_errors(void **state)
{
	static const struct {
		const char *bytes;
		u64 rax, rdx, divisor;
		bool fine;
	} t[] = {
		{ "f6 33", 0x1234, 0, 0, false },
		{ "f6 33", 0x0fff, 0, 0x10, true },
		{ "f6 33", 0x1000, 0, 0x10, false },
		{ "f7 33", 0, 1, 1, false },
		{ "f7 33", ~0ull, 0, 1, true },
		{ "48 f7 33", 0, 5, 5, false },
		{ "48 f7 33", ~0ull, 4, 5, true },
		{ "48 f7 33", 0, 0, 0, false },
		{ "f6 3b", 0xff80, 0, 0xff, false }, /* -128 / -1 */
		{ "f6 3b", 0xff80, 0, 1, true },
		{ "f7 3b", 0x80000000, 0xffffffff, 0xffffffff, false },
		{ "f7 3b", 0x80000000, 0xffffffff, 1, true },
		{ "48 f7 3b", 0, 0x8000000000000000, 1, false },
		{ "48 f7 3b", 0x8000000000000000, ~0ull, ~0ull, false },
		{ "48 f7 3b", 0x8000000000000000, ~0ull, 1, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		enum insn_result r;

		reset();
		m.regs.r[GPR_RBX] = 0x1000;
		m.regs.r[GPR_RAX] = t[i].rax;
		m.regs.r[GPR_RDX] = t[i].rdx;
		put(0x1000, t[i].divisor);
		r = run(64, t[i].bytes);
		if (r != (t[i].fine ? INSN_DONE : INSN_FAULT))
			fail_msg("row %zu: result %d", i, r);
		if (t[i].fine)
			continue;
		assert_int_equal(m.c.fault.vector, EXC_DE);
		assert_false(m.c.fault.has_error);
		assert_int_equal(m.regs.r[GPR_RAX], t[i].rax);
		assert_int_equal(m.regs.r[GPR_RDX], t[i].rdx);
	}
}

/* The destination keeps its upper half, too. */
static void scans_of_zero(void **state)
{
	static const char *const rows[] = { "0f bc 03", "0f bd 03", "66 0f bc 03" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		reset();
		m.regs.r[GPR_RBX] = 0x1000;
		m.regs.r[GPR_RAX] = 0x1234567887654321;
		assert_int_equal(run(64, rows[i]), INSN_DONE);
		assert_int_equal(m.regs.r[GPR_RAX], 0x1234567887654321);
		assert_true(m.regs.rflags & RFLAGS_ZF);
	}
}

/* What the CPU demands before it moves a vector register. */
static void vector_faults(void **state)
{
	enum { FINE = 0xff };
	static const struct {
		const char *bytes;
		u64 cr0, cr4, rbx;
		u8 vector;
	} t[] = {
		{ "66 0f 6f 03", 0, CR4_OSFXSR, 0x1000, FINE },
		{ "66 0f 6f 03", 0, CR4_OSFXSR, 0x1008, EXC_GP }, /* MOVDQA */
		{ "f3 0f 6f 03", 0, CR4_OSFXSR, 0x1008, FINE },   /* MOVDQU */
		{ "66 0f e7 03", 0, CR4_OSFXSR, 0x1001, EXC_GP }, /* MOVNTDQ */
		{ "0f 29 03", 0, CR4_OSFXSR, 0x1004, EXC_GP },    /* MOVAPS */
		{ "0f 10 03", 0, 0, 0x1000, EXC_UD },
		{ "0f 10 03", CR0_EM, CR4_OSFXSR, 0x1000, EXC_UD },
		{ "0f 10 03", CR0_TS, CR4_OSFXSR, 0x1000, EXC_NM },
		{ "0f 6f 03", 0, 0, 0x1001, FINE }, /* MMX: neither OSFXSR nor alignment */
		{ "0f 6f 03", CR0_EM, 0, 0x1000, EXC_UD },
		{ "0f 7f 03", CR0_TS, 0, 0x1000, EXC_NM },
		{ "48 0f c7 0b", 0, 0, 0x1008, EXC_GP }, /* CMPXCHG16B */
		{ "0f c7 0b", CR0_TS, 0, 0x1004, FINE },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		enum insn_result r;

		reset();
		m.c.cr0 |= t[i].cr0;
		m.c.cr4 = t[i].cr4;
		m.regs.r[GPR_RBX] = t[i].rbx;
		r = run(64, t[i].bytes);
		if (r != (t[i].vector == FINE ? INSN_DONE : INSN_FAULT) ||
		    (r && m.c.fault.vector != t[i].vector))
			fail_msg("row %zu, %s: result %d, vector %u", i, t[i].bytes, r,
				 m.c.fault.vector);
		if (r)
			assert_string_equal(m.log, "");
	}
}

/* A write of 16 bytes is probed as a whole; a load shorter than the register clears the rest. */
static void vector_accesses(void **state)
{
	reset();
	m.regs.r[GPR_RBX] = 0x1000;
	m.vec[0] = 0x1111;
	m.vec[1] = 0x2222;
	assert_int_equal(run(64, "0f 11 0b"), INSN_DONE);
	assert_string_equal(m.log, "x1/0 p1000/16 w1000/8 w1008/8");
	assert_int_equal(word(0x1008), 0x2222);
	m.fault_from = 0x1010;
	m.regs.r[GPR_RBX] = 0x1008;
	assert_int_equal(run(64, "0f 10 0b"), INSN_FAULT); /* its second half */
	assert_int_equal(m.vec[0], 0x1111);
	assert_int_equal(run(64, "f3 0f 10 0b"), INSN_DONE);
	assert_string_equal(m.log, "r1008/4 X1/0");
	assert_int_equal(m.vec[0], 0x2222);
	assert_int_equal(m.vec[1], 0);
}

/* All of the register, whatever the width of what is loaded. */
static void long_vectors(void **state)
{
	enum { FINE = 0xff };
	static const struct {
		const char *bytes;
		u64 cr0, cr4, xcr0, rbx;
		u8 vector;
		const char *log;
	} t[] = {
		{ "c5 fe 6f 0b", 0, CR4_OSXSAVE, 7, 0x1001, FINE, "r1001/8 r1009/8 r1011/8 r1019/8 Y1/0" },
		{ "c5 7e 7f 0b", 0, CR4_OSXSAVE, 7, 0x1001, FINE,
		  "y9/0 p1001/32 w1001/8 w1009/8 w1011/8 w1019/8" },
		{ "c5 fa 10 0b", 0, CR4_OSXSAVE, 7, 0x1001, FINE, "r1001/4 Y1/0" },
		{ "c5 fd 6f 0b", 0, CR4_OSXSAVE, 7, 0x1010, EXC_GP, "" },
		{ "c5 f9 6f 0b", 0, CR4_OSXSAVE, 7, 0x1010, FINE, "r1010/8 r1018/8 Y1/0" },
		{ "c5 f9 6f 0b", 0, CR4_OSXSAVE, 7, 0x1008, EXC_GP, "" },
		{ "c5 fe 6f 0b", CR0_EM, CR4_OSXSAVE, 7, 0x1000, FINE, "r1000/8 r1008/8 r1010/8 r1018/8 Y1/0" },
		{ "c5 fe 6f 0b", CR0_TS, CR4_OSXSAVE, 7, 0x1000, EXC_NM, "" },
		{ "c5 fe 6f 0b", 0, CR4_OSFXSR, 7, 0x1000, EXC_UD, "" },
		{ "c5 fe 6f 0b", 0, CR4_OSXSAVE, 3, 0x1000, EXC_UD, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		enum insn_result r;

		reset();
		m.c.cr0 |= t[i].cr0;
		m.c.cr4 = t[i].cr4;
		m.c.xcr0 = t[i].xcr0;
		m.regs.r[GPR_RBX] = t[i].rbx;
		memset(m.vec, 0x55, sizeof(m.vec));
		r = run(64, t[i].bytes);
		if (r != (t[i].vector == FINE ? INSN_DONE : INSN_FAULT) || (r && m.c.fault.vector != t[i].vector) ||
		    strcmp(m.log, t[i].log))
			fail_msg("row %zu, %s: result %d, vector %u, %s", i, t[i].bytes, r, m.c.fault.vector, m.log);
		if (m.log[0] == 'r')
			assert_int_equal(m.vec[3], 0);
		if (m.log[0] == 'y')
			assert_int_equal(word(0x1019), 0x5555555555555555);
	}
}

static void alignment_checks(void **state)
{
	for (unsigned cpl = 0; cpl < 4; cpl++) {
		reset();
		m.c.cpl = (u8)cpl;
		m.c.cr0 |= CR0_AM;
		m.regs.rflags |= RFLAGS_AC;
		m.regs.r[GPR_RBX] = 0x1001;
		assert_int_equal(run(64, "8a 03"), INSN_DONE);
		assert_int_equal(run(64, "8b 03"), cpl == 3 ? INSN_FAULT : INSN_DONE);
		if (cpl == 3)
			assert_int_equal(m.c.fault.vector, EXC_AC);
		m.regs.rflags &= ~RFLAGS_AC;
		assert_int_equal(run(64, "8b 03"), INSN_DONE);
	}
}

/* --- Stores of system registers --- */

static void system_stores(void **state)
{
	static const struct {
		const char *bytes, *log;
	} t[] = {
		{ "0f 01 03", "p1000/10 w1000/2 w1002/8" }, /* SGDT */
		{ "66 0f 01 0b", "p1000/10 w1000/2 w1002/8" },
		{ "0f 00 03", "w1000/2" }, /* SLDT */
		{ "0f 00 0b", "w1000/2" },
		{ "0f 01 23", "w1000/2" }, /* SMSW */
	};

	for (size_t i = 0; i < 2 * ARRAY_LEN(t); i++) {
		bool umip = i % 2;

		reset();
		m.c.cr4 = umip ? CR4_UMIP : 0;
		m.c.cpl = 3;
		m.regs.r[GPR_RBX] = 0x1000;
		assert_int_equal(run(64, t[i / 2].bytes), umip ? INSN_FAULT : INSN_DONE);
		assert_string_equal(m.log, umip ? "" : t[i / 2].log);
		if (umip)
			assert_int_equal(m.c.fault.vector, EXC_GP);
	}
	assert_int_equal(run(32, "0f 01 03"), INSN_FAULT);
	m.c.cpl = 0;
	assert_int_equal(run(32, "0f 01 03"), INSN_DONE);
	assert_string_equal(m.log, "p1000/6 w1000/2 w1002/4");
	assert_int_equal(run(64, "0f 01 23"), INSN_DONE);
	assert_int_equal(word(0x1000) & 0xffff, CR0_PE);
	m.c.cr0 = 0;
	assert_int_equal(run(16, "0f 00 07"), INSN_FAULT);
	assert_int_equal(m.c.fault.vector, EXC_UD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pushes_and_pops),      cmocka_unit_test(branches),
		cmocka_unit_test(targets_out_of_reach), cmocka_unit_test(divide_errors),
		cmocka_unit_test(scans_of_zero),        cmocka_unit_test(vector_faults),
		cmocka_unit_test(vector_accesses),      cmocka_unit_test(long_vectors),
	      cmocka_unit_test(alignment_checks),
		cmocka_unit_test(system_stores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

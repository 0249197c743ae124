// SPDX-License-Identifier: BSD-2-Clause
/*
 * insn_exec() with string instructions and ports: registers, accesses in order, the pieces of a
 * long REP.
 */
#include "insn_machine.h"

static void ports(void **state)
{
	static const struct {
		const char *bytes, *log;
		u64 rax, port;
	} t[] = {
		/* rax 1122334455667788, dx 3f8, the port reads as ffff_ffff_8a9b_acbd */
		{ "ec", "i3f8/1", 0x11223344556677bd, 0 },
		{ "66 ed", "i3f8/2", 0x112233445566acbd, 0 },
		{ "ed", "i3f8/4", 0x8a9bacbd, 0 },
		{ "48 ed", "i3f8/4", 0x8a9bacbd, 0 },
		{ "e4 ff", "iff/1", 0x11223344556677bd, 0 },
		{ "ee", "o3f8/1", 0x1122334455667788, 0x88 },
		{ "66 ef", "o3f8/2", 0x1122334455667788, 0x7788 },
		{ "48 ef", "o3f8/4", 0x1122334455667788, 0x55667788 },
		{ "e7 80", "o80/4", 0x1122334455667788, 0x55667788 },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		reset();
		m.regs.r[GPR_RAX] = 0x1122334455667788;
		m.regs.r[GPR_RDX] = 0xabcd03f8;
		m.port_value = 0xffffffff8a9bacbd;
		assert_int_equal(run(64, t[i].bytes), INSN_DONE);
		assert_string_equal(m.log, t[i].log);
		assert_int_equal(m.regs.r[GPR_RAX], t[i].rax);
		if (t[i].port)
			assert_int_equal(m.port_value, t[i].port);
	}
}

static void string_registers(void **state)
{
	static const struct {
		unsigned mode;
		const char *bytes, *log;
		u64 cx, si, di;    /* before */
		u64 cx2, si2, di2; /* after */
		u64 base;
		bool down;
	} t[] = {
		{ 64, "f3 66 a5", "p200/2 r100/2 w200/2 p202/2 r102/2 w202/2", 2, 0x100, 0x200, 0,
		  0x104, 0x204, 0, 0 },
		{ 64, "f3 a4", "p200/1 r100/1 w200/1 p1ff/1 rff/1 w1ff/1", 2, 0x100, 0x200, 0, 0xfe,
		  0x1fe, 0, 1 },
		{ 64, "f3 a4", "", 0, 0x100, 0x200, 0, 0x100, 0x200, 0, 0 },
		{ 64, "64 ac", "r600/1", 9, 0x100, 0, 9, 0x101, 0, 0, 0 },
		/* 32-bit addresses in 64-bit mode: upper halves go */
		{ 64, "67 f3 ac", "r100/1", 0xf00000001, 0xf00000100, 5, 0, 0x101, 5, 0, 0 },
		/* 16-bit addresses: upper halves stay, SI wraps */
		{ 32, "67 f3 ac", "rffff/1 r0/1", 0xff0002, 0xaaffff, 0, 0xff0000, 0xaa0001, 0, 0,
		  0 },
		{ 16, "f3 ad", "rfffe/2 r0/2", 0xff0002, 0xaafffe, 0, 0xff0000, 0xaa0002, 0, 0, 0 },
		{ 16, "67 ad", "r100/2", 1, 0x100, 0, 1, 0x102, 0, 0, 0 },
		/* the source by override, the destination always by ES */
		{ 32, "64 a4", "p700/1 r600/1 w700/1", 0, 0x100, 0x200, 0, 0x101, 0x201, 0, 0 },
		{ 32, "64 aa", "w700/1", 0, 0, 0x200, 0, 0, 0x201, 0, 0 },
		/* ports */
		{ 64, "f3 6c", "p200/1 i3f8/1 w200/1 p201/1 i3f8/1 w201/1", 2, 0, 0x200, 0, 0,
		  0x202, 0, 0 },
		{ 64, "f3 66 6f", "r100/2 o3f8/2 r102/2 o3f8/2", 2, 0x100, 0, 0, 0x104, 0, 0, 0 },
		/* zeros everywhere: CMPS finds no difference, SCAS finds AL at once */
		{ 64, "f3 a6", "r100/1 r200/1 r101/1 r201/1", 2, 0x100, 0x200, 0, 0x102, 0x202, 0,
		  0 },
		{ 64, "f2 ae", "r200/1", 5, 0, 0x200, 4, 0, 0x201, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		reset();
		m.regs.r[GPR_RCX] = t[i].cx;
		m.regs.r[GPR_RSI] = t[i].si;
		m.regs.r[GPR_RDI] = t[i].di;
		m.regs.r[GPR_RDX] = 0x3f8;
		m.regs.rflags |= t[i].down ? RFLAGS_DF : 0;
		m.seg[SEG_FS].base = 0x500;
		m.seg[SEG_ES].base = 0x500;
		if (run(t[i].mode, t[i].bytes) != INSN_DONE || strcmp(m.log, t[i].log))
			fail_msg("%u: %s: %s", t[i].mode, t[i].bytes, m.log);
		assert_int_equal(m.regs.r[GPR_RCX], t[i].cx2);
		assert_int_equal(m.regs.r[GPR_RSI], t[i].si2);
		assert_int_equal(m.regs.r[GPR_RDI], t[i].di2);
	}
}

static void a_long_rep_comes_in_pieces(void **state)
{
	reset();
	m.quiet = true;
	m.regs.r[GPR_RCX] = 2 * INSN_REP_MAX + 1;
	m.regs.r[GPR_RAX] = 0x5a;
	assert_int_equal(run(64, "f3 aa"), INSN_AGAIN);
	assert_int_equal(m.regs.r[GPR_RCX], INSN_REP_MAX + 1);
	assert_int_equal(m.regs.r[GPR_RDI], INSN_REP_MAX);
	assert_int_equal(m.regs.rip, 0x100);
	assert_int_equal(run(64, "f3 aa"), INSN_AGAIN);
	assert_int_equal(run(64, "f3 aa"), INSN_DONE);
	assert_int_equal(m.regs.rip, 0x102);
	assert_int_equal(m.regs.r[GPR_RCX], 0);
	assert_int_equal(m.mem[2 * INSN_REP_MAX], 0x5a);
	assert_int_equal(m.mem[2 * INSN_REP_MAX + 1], 0);

	/* Exactly one piece is no AGAIN. */
	m.regs.r[GPR_RCX] = INSN_REP_MAX;
	assert_int_equal(run(64, "f3 aa"), INSN_DONE);
	/* A debugger sees every step. */
	m.regs.r[GPR_RCX] = 2;
	m.regs.rflags |= RFLAGS_TF;
	assert_int_equal(run(64, "f3 aa"), INSN_AGAIN);
	assert_int_equal(run(64, "f3 aa"), INSN_DONE);
}

static void a_rep_faults_where_it_is(void **state)
{
	reset();
	m.fault_from = 0x203;
	m.regs.r[GPR_RCX] = 10;
	m.regs.r[GPR_RSI] = 0x100;
	m.regs.r[GPR_RDI] = 0x200;
	assert_int_equal(run(64, "f3 a4"), INSN_FAULT);
	assert_int_equal(m.c.fault.cr2, 0x203);
	assert_int_equal(m.regs.r[GPR_RCX], 7);
	assert_int_equal(m.regs.r[GPR_RSI], 0x103);
	assert_int_equal(m.regs.r[GPR_RDI], 0x203);
	assert_int_equal(m.regs.rip, 0x100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports),
		cmocka_unit_test(string_registers),
		cmocka_unit_test(a_long_rep_comes_in_pieces),
		cmocka_unit_test(a_rep_faults_where_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

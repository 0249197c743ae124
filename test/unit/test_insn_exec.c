// SPDX-License-Identifier: BSD-2-Clause
/*
 * insn_exec() where no native run can tell: addresses, segments, faults.
 * Flags and results are test_insn_native.c's matter, strings and ports test_insn_string.c's.
 */
#include "insn_machine.h"

/* --- Addresses --- */

static void addresses(void **state)
{
	static const struct {
		unsigned mode;
		const char *bytes, *log;
		u64 base; /* of the memory, to be reachable */
	} t[] = {
		/* rbx 1000, rcx 2, rsi f000, rdi ffff_ffff_0000_1000, fs 500, gs 1_0000_0000, es
		   300 */
		{ 64, "8a 03", "r1000/1", 0 },
		{ 64, "8a 44 8b 10", "r1018/1", 0 },
		{ 64, "8a 83 00 f8 ff ff", "r800/1", 0 },
		{ 64, "8a 05 10 00 00 00", "r116/1", 0 }, /* rip is the end of the instruction */
		{ 64, "80 05 10 00 00 00 01", "p117/1 r117/1 w117/1",
		  0 }, /* ... immediate included */
		{ 64, "67 8a 05 10 00 00 00", "r117/1", 0 },
		{ 64, "8a 07", "rffffffff00001000/1", 0xffffffff00000000 },
		{ 64, "67 8a 07", "r1000/1", 0 }, /* cut to 32 bits */
		{ 64, "67 8a 47 80", "rf80/1", 0 },
		{ 64, "64 8a 03", "r1500/1", 0 },
		{ 64, "65 8a 03", "r100001000/1", 0x100000000 },
		{ 64, "26 8a 03", "r1000/1", 0 }, /* ES has no base */
		{ 64, "a0 34 12 00 00 00 00 00 00", "r1234/1", 0 },
		{ 64, "65 a0 34 12 00 00 00 00 00 00", "r100001234/1", 0x100000000 },
		{ 32, "8a 03", "r1000/1", 0 },
		{ 32, "26 8a 03", "r1300/1", 0 },
		{ 32, "8a 07", "r1000/1", 0 },             /* upper half ignored */
		{ 32, "8a 05 34 12 00 00", "r1234/1", 0 }, /* no RIP-relative here */
		{ 32, "64 8a 83 00 f0 ff ff", "r500/1", 0 },
		{ 32, "67 8a 00", "r0/1", 0 }, /* bx+si = 1_0000 wraps */
		{ 16, "8a 00", "r0/1", 0 },
		{ 16, "8a 40 80", "rff80/1", 0 },
		{ 16, "67 8a 04 8b", "r1008/1", 0 },
		{ 16, "26 a0 34 12", "r1534/1", 0 },
		/* BT with a number beyond the operand: rsi = f000h */
		{ 64, "0f a3 03", "r1000/4", 0 },
		{ 64, "0f a3 0b", "r1000/4", 0 },
		{ 64, "66 0f a3 33", "re00/2", 0 }, /* si = f000: -1000h bits */
		{ 64, "0f a3 33", "r2e00/4", 0 },   /* esi = f000h bits */
		{ 64, "0f ab 33", "p2e00/4 r2e00/4 w2e00/4", 0 },
		{ 64, "0f ba 23 ff", "r1000/4", 0 }, /* an immediate stays inside */
		{ 16, "0f a3 37", "re00/2", 0 },     /* wraps as the address does */
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		reset();
		m.base = t[i].base;
		m.regs.r[GPR_RBX] = 0x1000;
		m.regs.r[GPR_RCX] = 2;
		m.regs.r[GPR_RSI] = 0xf000;
		m.regs.r[GPR_RDI] = 0xffffffff00001000;
		m.seg[SEG_ES].base = 0x300;
		m.seg[SEG_FS].base = 0x500;
		m.seg[SEG_GS].base = 0x100000000;
		if (run(t[i].mode, t[i].bytes) != INSN_DONE || strcmp(m.log, t[i].log))
			fail_msg("%u: %s: %s", t[i].mode, t[i].bytes, m.log);
	}
}

static void segments(void **state)
{
	enum { FINE = 0xff };
	static const struct {
		u16 attr;
		u32 limit;
		u32 ebx;
		const char *bytes;
		u8 in_protected, in_real; /* vector, or FINE */
	} t[] = {
		/* 8b 03: mov eax, [ebx]; 89 03: mov [ebx], eax; 36: by SS */
		{ DATA, 0xfff, 0xffc, "8b 03", FINE, FINE },
		{ DATA, 0xfff, 0xffd, "8b 03", EXC_GP, EXC_GP },
		{ DATA, 0xfff, 0xffd, "36 8b 03", EXC_SS, EXC_SS },
		{ DATA, 0xfff, 0x1000, "89 03", EXC_GP, EXC_GP },
		{ DATA, 0xfff, 0xffffffff, "89 03", EXC_GP, EXC_GP },
		{ DATA, 0xffffffff, 0xffffffff, "89 03", EXC_GP, EXC_GP }, /* crosses 4G */
		{ DATA, 0, 0, "8a 03", FINE, FINE },
		{ DATA, 0, 0, "8b 03", EXC_GP, EXC_GP },
		{ DOWN, 0xfff, 0x1000, "8b 03", FINE, FINE },
		{ DOWN, 0xfff, 0xfff, "8b 03", EXC_GP, EXC_GP },
		{ DOWN, 0xfff, 0, "36 8b 03", EXC_SS, EXC_SS },
		{ DOWN, 0xfff, 0xfffc, "8b 03", FINE, FINE },
		{ DOWN, 0xfff, 0xfffd, "8b 03", EXC_GP, EXC_GP },
		{ DOWN_DB, 0xfff, 0xfffd, "8b 03", FINE, FINE },
		{ DOWN_DB, 0xfff, 0xfffffffd, "8b 03", EXC_GP, EXC_GP },
		{ DOWN_DB, 0xffffffff, 0x1000, "8b 03", EXC_GP, EXC_GP },
		{ DATA_RO, 0xffff, 0, "8b 03", FINE, FINE },
		{ DATA_RO, 0xffff, 0, "89 03", EXC_GP, FINE },
		{ DATA_RO, 0xffff, 0, "01 03", EXC_GP, FINE },
		{ DATA_RO, 0xffff, 0, "39 03", FINE, FINE }, /* CMP only reads */
		{ DATA_RO, 0xffff, 0, "0f a3 03", FINE, FINE },
		{ DATA_RO, 0xffff, 0, "0f ab 03", EXC_GP, FINE },
		{ CODE, 0xffff, 0, "8b 03", FINE, FINE },
		{ CODE, 0xffff, 0, "89 03", EXC_GP, FINE },
		{ CODE_XO, 0xffff, 0, "8b 03", EXC_GP, FINE },
		{ NULL_SEG, 0xffff, 0, "8b 03", EXC_GP, FINE },
		{ NULL_SEG, 0xffff, 0, "36 8b 03", EXC_SS, FINE },
		{ SYSTEM, 0xffff, 0, "8b 03", EXC_GP, FINE },
	};

	for (size_t i = 0; i < 3 * ARRAY_LEN(t); i++) {
		const char *bytes = t[i / 3].bytes;
		bool pe = i % 3 != 0, vm86 = i % 3 == 1;
		u8 want = pe && !vm86 ? t[i / 3].in_protected : t[i / 3].in_real;
		enum insn_result r;

		reset();
		m.fault_from = 0;
		m.fault_is_pf = false; /* FINE: the access is made, and fails in its own way */
		m.c.cr0 = pe ? CR0_PE : 0;
		m.regs.rflags |= vm86 ? RFLAGS_VM : 0;
		m.regs.r[GPR_RBX] = t[i / 3].ebx;
		m.seg[SEG_DS] = m.seg[SEG_SS] = (struct segment){ .attr = t[i / 3].attr,
								  .limit = t[i / 3].limit,
								  .base = 0x700 };
		r = run(32, bytes);
		if (r != (want == FINE ? INSN_FAILED : INSN_FAULT) || !m.log[0] != (want != FINE))
			fail_msg("row %zu, %s, pe %d, vm86 %d: result %d", i / 3, bytes, pe, vm86,
				 r);
		assert_int_equal(m.regs.rip, 0x100);
		if (want == FINE)
			continue;
		assert_int_equal(m.c.fault.vector, want);
		assert_int_equal(m.c.fault.has_error, pe);
		assert_int_equal(m.c.fault.error, 0);
	}
}

static void canonical_addresses(void **state)
{
	static const struct {
		u64 rbx;
		const char *bytes;
		bool fine48, fine57;
		u8 vector;
	} t[] = {
		{ 0x00007ffffffffffc, "8b 03", true, true, EXC_GP },
		{ 0x00007ffffffffffd, "8b 03", false, true, EXC_GP }, /* its last byte is not */
		{ 0x0000800000000000, "8b 03", false, true, EXC_GP },
		{ 0x0000800000000000, "36 8b 03", false, true, EXC_GP }, /* override ignored */
		{ 0x0000800000000000, "8b 45 00", false, true, EXC_SS },
		{ 0x0000800000000000, "64 8b 45 00", false, true, EXC_GP },
		{ 0xffff800000000000, "8b 03", true, true, EXC_GP },
		{ 0xffff7fffffffffff, "8b 03", false, true, EXC_GP },
		{ 0x0100000000000000, "8b 03", false, false, EXC_GP },
		{ 0x00fffffffffffffc, "8b 03", false, true, EXC_GP },
		{ 0x00fffffffffffffd, "89 03", false, false, EXC_GP },
		{ 0xffffffffffffffff, "89 03", true, true, EXC_GP }, /* wraps to 0 */
	};

	for (size_t i = 0; i < 2 * ARRAY_LEN(t); i++) {
		bool fine = i % 2 ? t[i / 2].fine57 : t[i / 2].fine48;
		enum insn_result r;

		reset();
		m.fault_is_pf = false;
		m.fault_from = 0;
		m.c.va_bits = i % 2 ? 57 : 48;
		m.regs.r[GPR_RBX] = m.regs.r[GPR_RBP] = t[i / 2].rbx;
		for (unsigned s = 0; s < 6; s++)
			m.seg[s] = (struct segment){ 0 }; /* neither limits nor types count */
		r = run(64, t[i / 2].bytes);
		if (r != (fine ? INSN_FAILED : INSN_FAULT) ||
		    (!fine && m.c.fault.vector != t[i / 2].vector))
			fail_msg("%#llx, %u bits: result %d", (unsigned long long)t[i / 2].rbx,
				 m.c.va_bits, r);
	}
}

/* --- Stopping --- */

/* A fault at the first, second, ... access of any kind: no register changes, and no byte of memory.
 */
static void a_fault_changes_nothing(void **state)
{
	static const char *const rows[] = {
		"8b 03", "89 03", "01 03",    "03 03",    "87 03", "0f c1 03", "0f b1 03",
		"f7 13", "ff 03", "0f ab 03", "0f b6 03", "a4",    "a5",       "a6",
		"aa",    "ac",    "ae",       "6c",       "6e",    "f3 a4",    "f3 a6",
		"d1 03", "0f a5 0b", "f7 23", "f7 33", "0f af 03", "ff 33", "8f 03", "ff 13", "ff 23", "c3",
		"0f 94 03", "0f 44 03", "0f bc 03", "0f 38 f1 03", "0f 10 03", "0f 11 03", "0f c7 0b", "0f 01 03",
	};

	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		struct gpr before;
		u8 mem[16];

		reset();
		m.fault_is_pf = i % 2;
		m.fault_from = 0x1000;
		for (unsigned r = 0; r < GPR_COUNT; r++)
			m.regs.r[r] = 0x1000 + r;
		m.regs.rflags |= RFLAGS_RF | RFLAGS_CF | RFLAGS_AF;
		before = m.regs;
		memcpy(mem, m.mem + 0x1000, sizeof(mem));
		assert_int_equal(run(64, rows[i / 2]), i % 2 ? INSN_FAULT : INSN_FAILED);
		assert_memory_equal(&before, &m.regs, sizeof(before));
		assert_memory_equal(mem, m.mem + 0x1000, sizeof(mem));
		assert_int_equal(m.c.status, E_IO);
		assert_int_equal(m.c.fault.pending, i % 2);
		if (i % 2)
			assert_int_equal(m.c.fault.vector, EXC_PF);
	}
}

static void writes_are_probed_before_anything_is_read(void **state)
{
	static const struct {
		const char *bytes, *log;
	} t[] = {
		{ "01 03", "p3000/4 r3000/4 w3000/4" },
		{ "39 03", "r3000/4" },
		{ "89 03", "w3000/4" },
		{ "c6 03 05", "w3000/1" },
		{ "48 87 03", "p3000/8 r3000/8 w3000/8" },
		{ "48 0f b1 03", "p3000/8 r3000/8 w3000/8" },
		{ "a5", "p7000/4 r6000/4 w7000/4" },
		{ "6d", "p7000/4 i2000/4 w7000/4" },
		{ "6e", "r6000/1 o2000/1" },
		{ "66 a7", "r6000/2 r7000/2" },
		{ "48 ab", "w7000/8" },
		{ "af", "r7000/4" },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		reset();
		for (unsigned r = 0; r < 8; r++)
			m.regs.r[r] = 0x1000 * r;
		assert_int_equal(run(64, t[i].bytes), INSN_DONE);
		assert_string_equal(m.log, t[i].log);
	}
	/* The port keeps its byte if the page is missing. */
	reset();
	m.fault_from = 0;
	assert_int_equal(run(64, "6c"), INSN_FAULT);
	assert_string_equal(m.log, "p0/1");
}

static void lock_where_it_may_not_be(void **state)
{
	static const char *const bad[] = { "f0 8b 03", "f0 01 c3", "f0 39 03", "f0 a5", "f0 ec" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		reset();
		assert_int_equal(run(64, bad[i]), INSN_FAULT);
		assert_int_equal(m.c.fault.vector, EXC_UD);
		assert_false(m.c.fault.has_error);
		assert_string_equal(m.log, "");
	}
	assert_int_equal(run(64, "f0 01 03"), INSN_DONE);
}

static void others_execute_privileged_instructions(void **state)
{
	reset();
	assert_int_equal(run(64, "0f a2"), INSN_FAILED);
	assert_int_equal(m.c.status, E_UNSUPPORTED);
	assert_int_equal(m.regs.rip, 0x100);
}

static void the_next_instruction(void **state)
{
	reset();
	m.regs.rflags |= RFLAGS_RF;
	m.regs.rip = 0xffffffff80001000;
	assert_int_equal(run(64, "8b c3"), INSN_DONE);
	assert_int_equal(m.regs.rip, 0xffffffff80001002);
	assert_false(m.regs.rflags & RFLAGS_RF);
	m.regs.rip = 0xffffffff;
	assert_int_equal(run(32, "8b c3"), INSN_DONE);
	assert_int_equal(m.regs.rip, 1);
}

/* The callback's upper bytes are noise: none reaches a register. */
static void reads_are_cut_to_their_width(void **state)
{
	reset();
	m.mem[0] = 0x80;
	m.regs.r[GPR_RAX] = ~0ull;
	assert_int_equal(run(64, "0f b6 03"), INSN_DONE);
	assert_int_equal(m.regs.r[GPR_RAX], 0x80);
	assert_int_equal(run(64, "48 0f be 03"), INSN_DONE);
	assert_int_equal(m.regs.r[GPR_RAX], ~0x7full);
	assert_int_equal(run(64, "8b 03"), INSN_DONE);
	assert_int_equal(m.regs.r[GPR_RAX], 0x80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(segments),
		cmocka_unit_test(canonical_addresses),
		cmocka_unit_test(a_fault_changes_nothing),
		cmocka_unit_test(writes_are_probed_before_anything_is_read),
		cmocka_unit_test(lock_where_it_may_not_be),
		cmocka_unit_test(others_execute_privileged_instructions),
		cmocka_unit_test(the_next_instruction),
		cmocka_unit_test(reads_are_cut_to_their_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
/* insn_exec(): flags and frames on the stack, descriptor tables loaded: where no native run can tell. */
#include "insn_machine.h"

static void put(u64 at, u64 val)
{
	memcpy(m.mem + at, &val, 8);
}

static u64 word(u64 at)
{
	u64 val;

	memcpy(&val, m.mem + at, 8);
	return val;
}

static void begin(void)
{
	reset();
	m.regs.r[GPR_RSP] = 0x8000;
	m.regs.r[GPR_RBP] = 0x9000;
	m.regs.r[GPR_RBX] = 0x1000;
}

/* --- Flags --- */

static void flags_pushed(void **state)
{
	static const struct {
		unsigned mode;
		const char *bytes, *log;
		u64 rsp;
	} t[] = {
		{ 64, "9c", "w7ff8/8", 0x7ff8 },
		{ 64, "66 9c", "w7ffe/2", 0x7ffe },
		{ 32, "9c", "w7ffc/4", 0x7ffc },
		{ 16, "9c", "w7ffe/2", 0x7ffe },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		begin();
		m.regs.rflags = RFLAGS_ONE | RFLAGS_CF | RFLAGS_TF | RFLAGS_RF | RFLAGS_AC;
		assert_int_equal(run(t[i].mode, t[i].bytes), INSN_DONE);
		assert_string_equal(m.log, t[i].log);
		assert_int_equal(m.regs.r[GPR_RSP], t[i].rsp);
	}
	begin();
	m.regs.rflags = RFLAGS_ONE | RFLAGS_CF | RFLAGS_TF | RFLAGS_RF | RFLAGS_AC;
	assert_int_equal(run(64, "9c"), INSN_DONE);
	assert_int_equal(word(0x7ff8), RFLAGS_ONE | RFLAGS_CF | RFLAGS_TF | RFLAGS_AC);
	assert_int_equal(m.regs.rip, 0x101);
}

/* Intel SDM vol. 2, "POPF": table "Effect of POPF/POPFD on the EFLAGS Register". */
static void flags_popped(void **state)
{
	const u64 iopl3 = RFLAGS_IOPL, iopl1 = BIT(12), all = ~0ull;
	const u64 status = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_TF | RFLAGS_DF |
			   RFLAGS_OF | RFLAGS_NT;
	const struct {
		const char *bytes;
		u8 cpl;
		u64 before, image, after;
	} t[] = {
		{ "9d", 0, 0, all, status | RFLAGS_IOPL | RFLAGS_IF | RFLAGS_AC | RFLAGS_ID },
		{ "9d", 3, 0, all, status | RFLAGS_AC | RFLAGS_ID },
		{ "9d", 1, iopl1, all, status | iopl1 | RFLAGS_IF | RFLAGS_AC | RFLAGS_ID },
		{ "9d", 2, iopl1, all, status | iopl1 | RFLAGS_AC | RFLAGS_ID },
		{ "66 9d", 0, 0, all, status | RFLAGS_IOPL | RFLAGS_IF },
		{ "66 9d", 0, RFLAGS_AC, 0, RFLAGS_AC },
		{ "9d", 3, RFLAGS_IF | status, 0, RFLAGS_IF },
		{ "9d", 3, iopl3 | RFLAGS_IF, 0, iopl3 },
		{ "9d", 0, RFLAGS_RF | iopl3 | RFLAGS_IF, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		begin();
		m.c.cpl = t[i].cpl;
		m.regs.rflags = RFLAGS_ONE | t[i].before;
		put(0x8000, t[i].image);
		assert_int_equal(run(64, t[i].bytes), INSN_DONE);
		if (m.regs.rflags != (RFLAGS_ONE | t[i].after))
			fail_msg("row %zu: %#llx", i, (unsigned long long)m.regs.rflags);
	}
	assert_int_equal(m.regs.r[GPR_RSP], 0x8008);
}

static void flags_in_v86(void **state)
{
	static const char *const bytes[] = { "9c", "9d" };

	for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
		begin();
		m.c.cpl = 3;
		m.regs.rflags |= RFLAGS_VM;
		assert_int_equal(run(16, bytes[i]), INSN_FAULT);
		assert_int_equal(m.c.fault.vector, EXC_GP);
		begin();
		m.c.cpl = 3;
		m.regs.rflags |= RFLAGS_VM | RFLAGS_IOPL;
		assert_int_equal(run(16, bytes[i]), INSN_DONE);
		assert_int_equal(m.regs.rflags & (RFLAGS_VM | RFLAGS_IOPL), RFLAGS_VM | RFLAGS_IOPL);
	}
}

/* --- Frames --- */

static void frames(void **state)
{
	static const struct {
		unsigned mode;
		const char *bytes, *log;
		u64 rsp, rbp;
	} t[] = {
		{ 64, "c8 20 00 00", "w7ff8/8", 0x7fd8, 0x7ff8 },
		{ 64, "66 c8 00 10 00", "w7ffe/2", 0x6ffe, 0x7ffe },
		{ 32, "c8 00 00 00", "w7ffc/4", 0x7ffc, 0x7ffc },
		{ 16, "c8 08 00 00", "w7ffe/2", 0x7ff6, 0x7ffe },
		{ 64, "c9", "r9000/8", 0x9008, 0x1122334455667788 },
		{ 64, "66 c9", "r9000/2", 0x9002, 0x7788 },
		{ 32, "c9", "r9000/4", 0x9004, 0x55667788 },
		{ 16, "66 c9", "r9000/4", 0x9004, 0x55667788 },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		begin();
		put(0x9000, 0x1122334455667788);
		if (run(t[i].mode, t[i].bytes) != INSN_DONE || strcmp(m.log, t[i].log) ||
		    m.regs.r[GPR_RSP] != t[i].rsp || m.regs.r[GPR_RBP] != t[i].rbp)
			fail_msg("%u: %s: %s, rsp %#llx rbp %#llx", t[i].mode, t[i].bytes, m.log,
				 (unsigned long long)m.regs.r[GPR_RSP], (unsigned long long)m.regs.r[GPR_RBP]);
	}
	/* A stack of 16 bits: the rest of either pointer stays. */
	begin();
	m.seg[SEG_SS].attr = DATA;
	m.regs.r[GPR_RSP] = 0xabcd0004;
	m.regs.r[GPR_RBP] = 0x12349000;
	assert_int_equal(run(32, "c8 08 00 00"), INSN_DONE);
	assert_string_equal(m.log, "w0/4");
	assert_int_equal(word(0) & 0xffffffff, 0x12349000);
	assert_int_equal(m.regs.r[GPR_RSP], 0xabcdfff8);
	assert_int_equal(m.regs.r[GPR_RBP], 0x12340000);
	put(0x8ffe, 0x77770000);
	m.regs.r[GPR_RBP] = 0x12348ffe;
	assert_int_equal(run(16, "c9"), INSN_DONE);
	assert_int_equal(m.regs.r[GPR_RSP], 0xabcd9000);
	assert_int_equal(m.regs.r[GPR_RBP], 0x12340000);
}

static void nested_frames_are_not_known(void **state)
{
	begin();
	assert_int_equal(run(64, "c8 00 00 01"), INSN_FAILED);
	assert_int_equal(m.c.status, E_UNSUPPORTED);
	assert_int_equal(m.regs.r[GPR_RSP], 0x8000);
}

static void fault_changes_nothing(void **state)
{
	static const char *const bytes[] = { "9c", "9d", "c8 10 00 00", "c9", "0f 01 13", "0f 01 1b" };

	for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
		struct gpr before;

		begin();
		m.fault_from = 0;
		before = m.regs;
		assert_int_equal(run(64, bytes[i]), INSN_FAULT);
		assert_int_equal(m.c.fault.vector, EXC_PF);
		assert_memory_equal(&before, &m.regs, sizeof(before));
		assert_int_equal(m.seg[SEG_GDTR].limit | m.seg[SEG_IDTR].limit, 0);
	}
}

/* --- Descriptor tables --- */

static void tables(void **state)
{
	static const struct {
		unsigned mode;
		const char *bytes, *log;
		enum seg_index seg;
		u64 base;
	} t[] = {
		{ 64, "0f 01 13", "r1000/2 r1002/8", SEG_GDTR, 0xffff801234567890 },
		{ 64, "66 0f 01 1b", "r1000/2 r1002/8", SEG_IDTR, 0xffff801234567890 },
		{ 32, "0f 01 1b", "r1000/2 r1002/4", SEG_IDTR, 0x34567890 },
		{ 32, "66 0f 01 13", "r1000/2 r1002/4", SEG_GDTR, 0x567890 },
		{ 16, "0f 01 17", "r1000/2 r1002/4", SEG_GDTR, 0x567890 },
		{ 16, "66 0f 01 17", "r1000/2 r1002/4", SEG_GDTR, 0x34567890 },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		begin();
		put(0x1000, 0xfedc);
		put(0x1002, 0xffff801234567890);
		assert_int_equal(run(t[i].mode, t[i].bytes), INSN_DONE);
		assert_string_equal(m.log, t[i].log);
		assert_int_equal(m.seg[t[i].seg].base, t[i].base);
		assert_int_equal(m.seg[t[i].seg].limit, 0xfedc);
	}
}

static void tables_refused(void **state)
{
	begin();
	m.c.cpl = 3;
	assert_int_equal(run(64, "0f 01 13"), INSN_FAULT);
	assert_int_equal(m.c.fault.vector, EXC_GP);
	assert_string_equal(m.log, "");
	begin();
	put(0x1002, 0x8000000000000000);
	assert_int_equal(run(64, "0f 01 13"), INSN_FAULT);
	assert_int_equal(m.c.fault.vector, EXC_GP);
	assert_int_equal(m.seg[SEG_GDTR].base, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_pushed),
		cmocka_unit_test(flags_popped),
		cmocka_unit_test(flags_in_v86),
		cmocka_unit_test(frames),
		cmocka_unit_test(nested_frames_are_not_known),
		cmocka_unit_test(fault_changes_nothing),
		cmocka_unit_test(tables),
		cmocka_unit_test(tables_refused),
	};

	return cmocka_run_group_tests_name("insn_frame", tests, NULL, NULL);
}

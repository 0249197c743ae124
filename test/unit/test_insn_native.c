// SPDX-License-Identifier: BSD-2-Clause
/*
 * insn_exec() against the CPU at hand: the same bytes run natively in a trampoline, from the same
 * registers, flags and memory, and everything must come out the same. Guest addresses are host
 * addresses here.
 */
#include "insn_native.h"

/* --- Tests: operands are [rdi], al/ax/eax/rax, rcx, rbx, r9 --- */

/* All forms of an arithmetic instruction: the six opcodes from `first` on, and `group` in 80, 81
 * and 83. */
static void arithmetic_forms(u8 first, u8 group, u64 defined)
{
	static const struct {
		const char *prefix;
		u8 add; /* to the first opcode */
		const char *rest;
	} forms[] = {
		{ "", 0, "0f" },          { "66", 1, "0f" },
		{ "", 1, "0f" },          { "48", 1, "0f" },
		{ "", 2, "0f" },          { "66", 3, "0f" },
		{ "", 3, "0f" },          { "48", 3, "0f" },
		{ "", 0, "c1" },          { "66", 1, "c1" },
		{ "", 1, "c1" },          { "48", 1, "c1" },
		{ "", 0, "e0" },          { "", 2, "fc" },
		{ "4c", 1, "c8" },        { "40", 2, "cf" },
		{ "", 4, "81" },          { "66", 5, "81 70" },
		{ "", 5, "81 70 60 f0" }, { "48", 5, "01 00 00 80" },
		{ "f0 48", 1, "0f" },
	};
	static const struct {
		const char *prefix, *imm;
	} groups[] = {
		{ "80", "7f" },          { "66 81", "34 82" },
		{ "81", "00 00 00 80" }, { "48 81", "00 00 00 80" },
		{ "66 83", "80" },       { "83", "ff" },
		{ "48 83", "ff" },
	};
	char hex[48];
	const char *row = hex;

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		if (forms[i].prefix[0] == 'f' && group == 7)
			continue; /* LOCK CMP is #UD */
		fmt_print(hex, sizeof(hex), "%s%s%02x %s", forms[i].prefix,
			  *forms[i].prefix ? " " : "", first + forms[i].add, forms[i].rest);
		compare_all(&row, 1, defined);
	}
	for (size_t i = 0; i < 2 * ARRAY_LEN(groups); i++) {
		unsigned rm = i % 2 ? 0xc1 /* rcx */ : 0x07 /* [rdi] */;

		fmt_print(hex, sizeof(hex), "%s %02x %s", groups[i / 2].prefix, rm | group << 3,
			  groups[i / 2].imm);
		compare_all(&row, 1, defined);
	}
}

static void addition_and_subtraction(void **state)
{
	arithmetic_forms(0x00, 0, FLAGS_ALL); /* ADD */
	arithmetic_forms(0x10, 2, FLAGS_ALL); /* ADC */
	arithmetic_forms(0x18, 3, FLAGS_ALL); /* SBB */
	arithmetic_forms(0x28, 5, FLAGS_ALL); /* SUB */
	arithmetic_forms(0x38, 7, FLAGS_ALL); /* CMP */
}

static void logical_operations(void **state)
{
	static const char *const rows[] = {
		"84 0f",
		"66 85 0f",
		"85 0f",
		"48 85 0f",
		"84 e1",
		"a8 81",
		"66 a9 00 80",
		"a9 01 00 00 80",
		"48 a9 00 00 00 80",
		"f6 07 80",
		"66 f7 07 00 80",
		"f7 07 00 00 00 80",
		"48 f7 07 00 00 00 80",
		"f6 c4 80",
	};

	arithmetic_forms(0x08, 1, DEF_LOGIC); /* OR */
	arithmetic_forms(0x20, 4, DEF_LOGIC); /* AND */
	arithmetic_forms(0x30, 6, DEF_LOGIC); /* XOR */
	compare_all(rows, ARRAY_LEN(rows), DEF_LOGIC);
}

static void one_operand(void **state)
{
	static const char *const rows[] = {
		"f6 17",    "66 f7 17", "f7 17",    "48 f7 17",
		"f6 d4",    "f7 d1",    "49 f7 d1", /* NOT */
		"f6 1f",    "66 f7 1f", "f7 1f",    "48 f7 1f",
		"f6 dc",    "f7 d9",    "49 f7 d9", /* NEG */
		"fe 07",    "66 ff 07", "ff 07",    "48 ff 07",
		"fe c4",    "ff c1",    "49 ff c1", /* INC */
		"fe 0f",    "66 ff 0f", "ff 0f",    "48 ff 0f",
		"fe cc",    "ff c9",    "49 ff c9", /* DEC */
		"f0 f6 17", "f0 f7 1f", "f0 ff 07", "f0 48 ff 0f",
	};

	compare_all(rows, ARRAY_LEN(rows), FLAGS_ALL);
}

static void moves(void **state)
{
	static const char *const rows[] = {
		"88 0f",
		"66 89 0f",
		"89 0f",
		"48 89 0f",
		"8a 0f",
		"66 8b 0f",
		"8b 0f",
		"48 8b 0f",
		"88 27",
		"8a 27",
		"40 88 37",
		"40 8a 2f",
		"44 88 0f",
		"4c 8b 0f",
		"88 e1",
		"8a fc",
		"89 c1",
		"48 89 c1",
		"c6 07 80",
		"66 c7 07 80 80",
		"c7 07 80 80 80 80",
		"48 c7 07 80 80 80 80",
		"c7 c1 80 80 80 80",
		"48 c7 c1 80 80 80 80",
		"c6 c5 80",
		"8b 4f 7c",
		"89 8f 00 f8 ff ff",
		"66 0f b6 0f",
		"0f b6 0f",
		"48 0f b6 0f",
		"0f b7 0f",
		"48 0f b7 0f",
		"0f b6 cc",
		"40 0f b6 ce",
		"66 0f be 0f",
		"0f be 0f",
		"48 0f be 0f",
		"0f bf 0f",
		"48 0f bf 0f",
		"0f be cc",
		"4c 0f bf c8",
		"48 63 0f",
		"63 0f",
		"48 63 c8",
	};

	compare_all(rows, ARRAY_LEN(rows), FLAGS_ALL);
}

static void exchanges(void **state)
{
	static const char *const rows[] = {
		"86 0f",       "66 87 0f",    "87 0f",          "48 87 0f",    "86 e0",
		"86 c9",       "87 c1",       "48 87 c1",       "f0 87 0f",    "0f c0 0f",
		"66 0f c1 0f", "0f c1 0f",    "48 0f c1 0f",    "0f c0 e0",    "0f c1 c1",
		"0f c1 c9",    "48 0f c1 c8", "f0 0f c1 0f",    "0f b0 0f",    "66 0f b1 0f",
		"0f b1 0f",    "48 0f b1 0f", "0f b0 e1",       "66 0f b1 d9", "0f b1 d9",
		"48 0f b1 d9", "f0 0f b1 0f", "f0 48 0f b1 0f",
	};

	compare_all(rows, ARRAY_LEN(rows), FLAGS_ALL);
}

static void bits(void **state)
{
	/* 0f xx, and the reg field of 0f ba */
	static const u8 opcodes[][2] = { { 0xa3, 4 }, { 0xab, 5 }, { 0xb3, 6 }, { 0xbb, 7 } };
	static const char *const prefixes[] = { "66 ", "", "48 " };

	for (unsigned i = 0; i < ARRAY_LEN(opcodes) * 3; i++) {
		const u8 *op = opcodes[i / 3];
		const char *prefix = prefixes[i % 3];
		char mem[32], reg[32], imm[2][32];

		fmt_print(mem, sizeof(mem), "%s0f %02x 0f", prefix, op[0]);
		fmt_print(reg, sizeof(reg), "%s0f %02x c1", prefix, op[0]);
		fmt_print(imm[0], sizeof(imm[0]), "%s0f ba %02x ff", prefix, op[1] << 3 | 7);
		fmt_print(imm[1], sizeof(imm[1]), "%s0f ba %02x 2f", prefix, 0xc1 | op[1] << 3);
		for (unsigned n = 0; n < ROUNDS; n++) {
			struct gpr regs;

			fill(&regs);
			compare(reg, &regs, DEF_BIT);
			compare(imm[0], &regs, DEF_BIT);
			compare(imm[1], &regs, DEF_BIT);
			/* The bit number reaches beyond the operand, up and down. */
			regs.r[GPR_RCX] = (u64)((s64)(noise() % 60000) - 30000);
			compare(mem, &regs, DEF_BIT);
		}
	}
}

static void strings(void **state)
{
	static const char *const rows[] = {
		"a4",       "66 a5", "a5",    "48 a5", "f3 a4", "f3 66 a5", "f3 a5",    "f3 48 a5",
		"f2 a4",    "aa",    "66 ab", "ab",    "48 ab", "f3 aa",    "f3 66 ab", "f3 ab",
		"f3 48 ab", "ac",    "66 ad", "ad",    "48 ad", "f3 ac",    "f3 48 ad", "a6",
		"66 a7",    "a7",    "48 a7", "f3 a6", "f2 a6", "f3 48 a7", "f2 a7",    "f3 a7",
		"ae",       "66 af", "af",    "48 af", "f3 ae", "f2 ae",    "f3 66 af", "f2 48 af",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (unsigned n = 0; n < ROUNDS; n++) {
			struct gpr regs;

			fill(&regs);
			/* From 0 to more than one call's elements; overlapping at times; up or
			 * down. */
			regs.r[GPR_RCX] = noise() % 200;
			regs.r[GPR_RDI] += (s64)(noise() % 1024) - 512;
			if (noise() % 2)
				memset(memory + MEM_SIZE / 2 - 2048, (int)regs.r[GPR_RAX], 4096);
			if (noise() % 2)
				regs.rflags |= RFLAGS_DF;
			compare(rows[i], &regs, FLAGS_ALL);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addition_and_subtraction),
		cmocka_unit_test(logical_operations),
		cmocka_unit_test(one_operand),
		cmocka_unit_test(moves),
		cmocka_unit_test(exchanges),
		cmocka_unit_test(bits),
		cmocka_unit_test(strings),
	};

	return cmocka_run_group_tests(tests, make_page, NULL);
}

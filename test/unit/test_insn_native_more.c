// SPDX-License-Identifier: BSD-2-Clause
/*
 * insn_exec() against the CPU at hand, as test_insn_native.c: shifts, products and quotients, bit
 * scans, conditions, operands of up to 16 bytes.
 */
#include "insn_native.h"

#include <cpuid.h>

/* --- Tests: operands are [rdi], al/ax/eax/rax, rcx, rbx, r9, xmm1, xmm9, mm3 --- */

/* `opcode` with the reg field `op` and each width, on memory and on RCX. */
static void one_group(const char *opcodes[2], unsigned op, const char *rest, u64 defined)
{
	static const char *const prefixes[] = { "", "66 ", "", "48 " };

	for (unsigned i = 0; i < 8; i++) {
		unsigned modrm = (i & 4 ? 0xc1 : 0x07) | op << 3;
		char hex[32];
		const char *row = hex;

		fmt_print(hex, sizeof(hex), "%s%s %02x%s", prefixes[i & 3], opcodes[i & 3 ? 1 : 0],
			  modrm, rest);
		compare_all(&row, 1, defined);
	}
}

static void shifts(void **state)
{
	static const char *const counts[] = { " 01", " 02", " 07", " 08", " 09", " 0f", " 10",
					      " 11", " 1f", " 20", " 21", " 3f", " 41", " ff" };
	const char *by_one[] = { "d0", "d1" }, *by_imm[] = { "c0", "c1" },
		   *by_cl[] = { "d2", "d3" };

	for (unsigned op = 0; op < 8; op++) {
		/* Rotations leave SF, ZF, PF and AF alone. */
		u64 more = op < 4 ? RFLAGS_SF | RFLAGS_ZF | RFLAGS_PF | RFLAGS_AF
				  : RFLAGS_SF | RFLAGS_ZF | RFLAGS_PF;

		one_group(by_one, op, "", RFLAGS_CF | RFLAGS_OF | more);
		for (size_t i = 0; i < ARRAY_LEN(counts); i++)
			one_group(by_imm, op, counts[i], more | RFLAGS_CF);
		one_group(by_cl, op, "", more | RFLAGS_CF);
	}
}

static void double_shifts(void **state)
{
	static const char *const rows[] = {
		"0f a4 1f 05",    "48 0f a4 1f 21", "66 0f a4 1f 09", "0f a4 d9 1f", "0f ac 1f 05",
		"48 0f ac 1f 21", "66 0f ac 1f 09", "0f ac d9 1f",    "0f a5 1f",    "48 0f a5 1f",
		"0f ad 1f",       "48 0f ad 1f",    "4c 0f ad c9",    "0f a4 1f 00",
	};
	static const char *const once[] = { "0f a4 1f 01", "48 0f ac 1f 01", "66 0f a4 1f 01",
					    "66 0f ac d9 01" };

	compare_all(rows, ARRAY_LEN(rows), DEF_LOGIC & ~RFLAGS_OF);
	compare_all(once, ARRAY_LEN(once), DEF_LOGIC);
}

static void multiplications(void **state)
{
	static const char *const rows[] = {
		"f6 27",
		"66 f7 27",
		"f7 27",
		"48 f7 27",
		"f6 e5",
		"49 f7 e1", /* MUL */
		"f6 2f",
		"66 f7 2f",
		"f7 2f",
		"48 f7 2f",
		"f6 ed",
		"49 f7 e9", /* IMUL */
		"66 0f af 0f",
		"0f af 0f",
		"48 0f af 0f",
		"0f af c9",
		"66 69 0f 34 82",
		"69 0f 78 56 34 82",
		"48 69 0f 78 56 34 82",
		"66 6b 0f 83",
		"6b 0f 7f",
		"4c 6b 0f 80",
	};

	compare_all(rows, ARRAY_LEN(rows), RFLAGS_CF | RFLAGS_OF);
}

/* Only divisions that succeed natively; the others are test_insn_exec.c's. */
static void divisions(void **state)
{
	static const char *const unsigned_rows[] = { "f6 37", "66 f7 37", "f7 37", "48 f7 37" };
	static const char *const signed_rows[] = { "f6 3f", "66 f7 3f", "f7 3f", "48 f7 3f" };

	for (unsigned i = 0; i < 8 * ROUNDS; i++) {
		unsigned width = 1u << i % 4, bits = 8 * width, how = i / 4 % 4;
		u64 mask = width_mask(width), divisor = operand() & mask, hi = operand() & mask;
		bool is_signed = i & 16;
		struct gpr regs;

		fill(&regs);
		divisor = divisor ? divisor : 3;
		if (is_signed) {
			/* |dividend| below |divisor| << (bits - 1), mostly the sign alone. */
			u64 lo = operand() & mask;
			s64 d = (s64)sign_extend(divisor, bits);

			hi = how ? (lo >> (bits - 1) & 1 ? mask : 0)
				 : ((u64)(d < 0 ? -(d + 1) : d - 1) >> 2) & mask;
			if (d == -1 || d == 1)
				divisor = 5;
			regs.r[GPR_RAX] = width == 1 ? hi << 8 | lo : lo;
		} else {
			hi %= divisor;
			regs.r[GPR_RAX] = width == 1 ? hi << 8 | (operand() & 0xff) : operand();
		}
		if (width > 1)
			regs.r[GPR_RDX] = hi;
		memcpy(memory + MEM_SIZE / 2, &divisor, width);
		compare((is_signed ? signed_rows : unsigned_rows)[i % 4], &regs, 0);
	}
}

static bool leaf_ecx(unsigned leaf, unsigned bit)
{
	unsigned a, b, c = 0, d;

	return __get_cpuid(leaf, &a, &b, &c, &d) && (c >> bit & 1);
}

static void bit_scans(void **state)
{
	static const char *const zero_only[] = { "48 0f bc 0f", "48 0f bd 0f", "66 0f bc 0f",
						 "66 0f bd 0f", "4c 0f bc c9" };
	static const char *const counts[] = { "f3 0f bc 0f", "f3 48 0f bc 0f", "66 f3 0f bc 0f",
					      "f3 0f bd 0f", "f3 48 0f bd 0f", "66 f3 0f bd 0f" };
	static const char *const ones[] = { "f3 0f b8 0f", "f3 48 0f b8 0f", "66 f3 0f b8 0f" };

	compare_all(zero_only, ARRAY_LEN(zero_only), RFLAGS_ZF);
	if (__builtin_cpu_supports("bmi") && leaf_ecx(0x80000001, 5))
		compare_all(counts, ARRAY_LEN(counts), RFLAGS_ZF | RFLAGS_CF);
	if (__builtin_cpu_supports("popcnt"))
		compare_all(ones, ARRAY_LEN(ones), FLAGS_ALL);
}

static void conditions(void **state)
{
	static const char *const prefixes[] = { "66 ", "", "48 " };

	for (unsigned cond = 0; cond < 16; cond++) {
		for (unsigned i = 0; i < 3; i++) {
			char hex[32];
			const char *row = hex;

			fmt_print(hex, sizeof(hex), "%s0f %02x 0f", prefixes[i], 0x40 + cond);
			compare_all(&row, 1, FLAGS_ALL);
			fmt_print(hex, sizeof(hex), "0f %02x %02x", 0x90 + cond, i ? 0x07 : 0xc5);
			compare_all(&row, 1, FLAGS_ALL);
		}
	}
}

static void wide_moves(void **state)
{
	static const char *const rows[] = {
		"0f 10 0f",    "66 0f 10 0f",    "f3 0f 10 0f",    "f2 0f 10 0f",
		"0f 11 0f",    "66 44 0f 11 0f", "f3 0f 11 0f",    "f2 44 0f 11 0f",
		"0f 28 0f",    "66 44 0f 28 0f", "0f 29 0f",       "66 0f 29 0f",
		"0f 2b 0f",    "66 0f 2b 0f",    "0f 6e 1f",       "48 0f 6e 1f",
		"66 0f 6e 0f", "66 48 0f 6e 0f", "0f 7e 1f",       "48 0f 7e 1f",
		"66 0f 7e 0f", "66 4c 0f 7e 0f", "0f 6f 1f",       "66 0f 6f 0f",
		"f3 0f 6f 0f", "0f 7f 1f",       "66 0f 7f 0f",    "f3 44 0f 7f 0f",
		"f3 0f 7e 0f", "66 0f d6 0f",    "0f e7 1f",       "66 0f e7 0f",
		"f2 0f f0 0f", "66 0f 38 2a 0f", "0f c3 0f",       "48 0f c3 0f",
		"0f 10 4f 03", "f3 0f 7f 4f 05", "f2 0f 11 4f 01",
	};
	static const char *const swaps[] = { "0f 38 f0 0f", "66 0f 38 f0 0f", "48 0f 38 f0 0f",
					     "0f 38 f1 0f", "66 0f 38 f1 0f", "4c 0f 38 f1 0f" };

	compare_all(rows, ARRAY_LEN(rows), FLAGS_ALL);
	if (leaf_ecx(1, 22))
		compare_all(swaps, ARRAY_LEN(swaps), FLAGS_ALL);
}

static void wide_exchanges(void **state)
{
	static const char *const rows[] = { "0f c7 0f", "f0 0f c7 0f", "48 0f c7 0f",
					    "f0 48 0f c7 0f" };

	for (unsigned i = 0; i < 4 * ROUNDS; i++) {
		struct gpr regs;

		fill(&regs);
		if (i & 4) { /* equal */
			memcpy(&regs.r[GPR_RAX], memory + MEM_SIZE / 2, 8);
			memcpy(&regs.r[GPR_RDX], memory + MEM_SIZE / 2 + (i & 2 ? 8 : 4), 8);
		}
		compare(rows[i & 3], &regs, FLAGS_ALL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shifts),          cmocka_unit_test(double_shifts),
		cmocka_unit_test(multiplications), cmocka_unit_test(divisions),
		cmocka_unit_test(bit_scans),       cmocka_unit_test(conditions),
		cmocka_unit_test(wide_moves),      cmocka_unit_test(wide_exchanges),
	};

	return cmocka_run_group_tests(tests, make_page, NULL);
}

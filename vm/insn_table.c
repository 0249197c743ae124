// SPDX-License-Identifier: BSD-2-Clause
#include "insn_table.h"

/* A row with operation INSN_NONE and no flag is an instruction that we do not decode. */

// clang-format off
#define ROW(op, form, flags) { INSN_##op, FORM_##form, flags }
#define GROUP(n, form, flags) { GROUP_##n, FORM_##form, ROW_GROUP | (flags) }
#define SPECIAL { .flags = ROW_SPECIAL }

/* The six regular forms of an arithmetic instruction. */
#define ARITH(base, op, lock)							\
	[(base) + 0] = ROW(op, E_G, ROW_BYTE | (lock)),				\
	[(base) + 1] = ROW(op, E_G, lock),					\
	[(base) + 2] = ROW(op, G_E, ROW_BYTE),					\
	[(base) + 3] = ROW(op, G_E, 0),						\
	[(base) + 4] = ROW(op, A_I, ROW_BYTE),					\
	[(base) + 5] = ROW(op, A_I, 0)

/* A byte form and, at the next opcode, the form of the operand size. */
#define PAIR(base, op, form, flags)						\
	[(base) + 0] = ROW(op, form, ROW_BYTE | (flags)),			\
	[(base) + 1] = ROW(op, form, flags)

const struct insn_row insn_map_1byte[256] = {
	ARITH(0x00, ADD, ROW_LOCK),
	ARITH(0x08, OR,  ROW_LOCK),
	ARITH(0x10, ADC, ROW_LOCK),
	ARITH(0x18, SBB, ROW_LOCK),
	ARITH(0x20, AND, ROW_LOCK),
	ARITH(0x28, SUB, ROW_LOCK),
	ARITH(0x30, XOR, ROW_LOCK),
	ARITH(0x38, CMP, 0),
	[0x63] = ROW(MOVSX, G_E, ROW_SRC32 | ROW_ONLY64),	/* MOVSXD; ARPL elsewhere */
	PAIR(0x6c, INS,  STRING, ROW_PORT),
	PAIR(0x6e, OUTS, STRING, ROW_PORT),
	[0x80] = GROUP(1, E_I, ROW_BYTE),
	[0x81] = GROUP(1, E_I, 0),
	[0x82] = GROUP(1, E_I, ROW_BYTE | ROW_NOT64),
	[0x83] = GROUP(1, E_Z, 0),
	PAIR(0x84, TEST, E_G, 0),
	PAIR(0x86, XCHG, E_G, ROW_LOCK),
	PAIR(0x88, MOV,  E_G, 0),
	PAIR(0x8a, MOV,  G_E, 0),
	[0x90] = SPECIAL,					/* NOP, PAUSE */
	PAIR(0xa0, MOV,  A_O, 0),
	PAIR(0xa2, MOV,  O_A, 0),
	PAIR(0xa4, MOVS, STRING, 0),
	PAIR(0xa6, CMPS, STRING, 0),
	PAIR(0xa8, TEST, A_I, 0),
	PAIR(0xaa, STOS, STRING, 0),
	PAIR(0xac, LODS, STRING, 0),
	PAIR(0xae, SCAS, STRING, 0),
	[0xc6] = GROUP(11, E_I, ROW_BYTE),
	[0xc7] = GROUP(11, E_I, 0),
	[0xcc] = ROW(INT3, PLAIN, 0),
	PAIR(0xe4, IN,  A_Z, ROW_PORT | ROW_IMM_BYTE),
	PAIR(0xe6, OUT, Z_A, ROW_PORT | ROW_IMM_BYTE),
	PAIR(0xec, IN,  A_D, ROW_PORT),
	PAIR(0xee, OUT, D_A, ROW_PORT),
	[0xf1] = ROW(ICEBP, PLAIN, 0),
	[0xf4] = ROW(HLT, PLAIN, 0),
	[0xf6] = GROUP(3, E, ROW_BYTE),
	[0xf7] = GROUP(3, E, 0),
	[0xfe] = GROUP(4, E, ROW_BYTE),
	[0xff] = GROUP(4, E, 0),
};

const struct insn_row insn_map_0f[256] = {
	[0x00] = SPECIAL,					/* SLDT ... LTR */
	[0x01] = SPECIAL,					/* descriptor tables, VMCALL, SVM, ... */
	[0x06] = ROW(CLTS, PLAIN, 0),
	[0x08] = ROW(INVD, PLAIN, 0),
	[0x09] = SPECIAL,					/* WBINVD, WBNOINVD */
	[0x20] = ROW(MOV_FROM_CR, R_C, ROW_NATURAL),
	[0x21] = ROW(MOV_FROM_DR, R_D, ROW_NATURAL),
	[0x22] = ROW(MOV_TO_CR,   C_R, ROW_NATURAL),
	[0x23] = ROW(MOV_TO_DR,   D_R, ROW_NATURAL),
	[0x30] = ROW(WRMSR, PLAIN, 0),
	[0x31] = ROW(RDTSC, PLAIN, 0),
	[0x32] = ROW(RDMSR, PLAIN, 0),
	[0x33] = ROW(RDPMC, PLAIN, 0),
	[0x78] = SPECIAL,					/* VMREAD */
	[0x79] = SPECIAL,					/* VMWRITE */
	[0xa2] = ROW(CPUID, PLAIN, 0),
	[0xa3] = ROW(BT,  E_G, 0),
	[0xab] = ROW(BTS, E_G, ROW_LOCK),
	PAIR(0xb0, CMPXCHG, E_G, ROW_LOCK),
	[0xb3] = ROW(BTR, E_G, ROW_LOCK),
	[0xb6] = ROW(MOVZX, G_E, ROW_SRC8),
	[0xb7] = ROW(MOVZX, G_E, ROW_SRC16),
	[0xba] = GROUP(8, E_Z, ROW_IMM_BYTE),
	[0xbb] = ROW(BTC, E_G, ROW_LOCK),
	[0xbe] = ROW(MOVSX, G_E, ROW_SRC8),
	[0xbf] = ROW(MOVSX, G_E, ROW_SRC16),
	PAIR(0xc0, XADD, E_G, ROW_LOCK),
	[0xc7] = SPECIAL,					/* VMPTRLD, VMCLEAR, ... */
};

#undef GROUP
#define SUB(op, flags) { INSN_##op, 0, flags }

const struct insn_row insn_groups[GROUP_COUNT][8] = {
	[GROUP_1] = {
		SUB(ADD, ROW_LOCK), SUB(OR, ROW_LOCK), SUB(ADC, ROW_LOCK), SUB(SBB, ROW_LOCK),
		SUB(AND, ROW_LOCK), SUB(SUB, ROW_LOCK), SUB(XOR, ROW_LOCK), SUB(CMP, 0),
	},
	[GROUP_3] = {
		[0] = ROW(TEST, E_I, 0),
		[1] = ROW(TEST, E_I, 0),	/* an alias, AMD APM vol. 3, "ModRM Extensions" */
		[2] = SUB(NOT, ROW_LOCK),
		[3] = SUB(NEG, ROW_LOCK),
	},
	[GROUP_4] = { [0] = SUB(INC, ROW_LOCK), [1] = SUB(DEC, ROW_LOCK) },
	[GROUP_8] = {
		[4] = SUB(BT, 0), [5] = SUB(BTS, ROW_LOCK), [6] = SUB(BTR, ROW_LOCK), [7] = SUB(BTC, ROW_LOCK),
	},
	[GROUP_11] = { [0] = SUB(MOV, 0) },
};

#define EXACT(modrm, op)       { MAP_0F, 0x01, 0xff, modrm, NEED_ANY, ROW(op, EXACT, 0) }
/* ModRM.mod says register, and the reg field which instruction. */
#define IN_REG(opcode, reg, row...) { MAP_0F, opcode, 0xf8, 0xc0 | (reg) << 3, NEED_ANY, row }
/* The reg field alone; stands after the rows for mod 3. */
#define BY_REG(opcode, reg, need, row...) { MAP_0F, opcode, 0x38, (reg) << 3, need, row }

const struct insn_special insn_specials[] = {
	{ MAP_1BYTE, 0x90, 0, 0, NEED_F3,  ROW(PAUSE, PLAIN, 0) },
	{ MAP_1BYTE, 0x90, 0, 0, NEED_ANY, ROW(NOP, PLAIN, 0) },	/* insn.c: not if REX.B is set */
	{ MAP_0F,    0x09, 0, 0, NEED_F3,  ROW(WBNOINVD, PLAIN, 0) },
	{ MAP_0F,    0x09, 0, 0, NEED_ANY, ROW(WBINVD, PLAIN, 0) },

	IN_REG(0x00, 0, ROW(SLDT, E, 0)),
	IN_REG(0x00, 1, ROW(STR,  E, 0)),
	BY_REG(0x00, 0, NEED_ANY, ROW(SLDT, E, ROW_WORD)),
	BY_REG(0x00, 1, NEED_ANY, ROW(STR,  E, ROW_WORD)),
	BY_REG(0x00, 2, NEED_ANY, ROW(LLDT, E, ROW_WORD)),
	BY_REG(0x00, 3, NEED_ANY, ROW(LTR,  E, ROW_WORD)),

	EXACT(0xc1, VMCALL),
	EXACT(0xc2, VMLAUNCH),
	EXACT(0xc3, VMRESUME),
	EXACT(0xc4, VMXOFF),
	EXACT(0xc8, MONITOR),
	EXACT(0xc9, MWAIT),
	EXACT(0xd0, XGETBV),
	EXACT(0xd1, XSETBV),
	EXACT(0xd4, VMFUNC),
	EXACT(0xd8, VMRUN),
	EXACT(0xd9, VMMCALL),
	EXACT(0xda, VMLOAD),
	EXACT(0xdb, VMSAVE),
	EXACT(0xdc, STGI),
	EXACT(0xdd, CLGI),
	EXACT(0xde, SKINIT),
	EXACT(0xdf, INVLPGA),
	EXACT(0xf9, RDTSCP),
	{ MAP_0F, 0x01, 0xff, 0xfa, NEED_F3, { .op = INSN_NONE } },	/* MCOMMIT */
	EXACT(0xfa, MONITORX),
	EXACT(0xfb, MWAITX),
	BY_REG(0x01, 0, NEED_ANY, ROW(SGDT,   E, ROW_NATURAL | ROW_MEM)),
	BY_REG(0x01, 1, NEED_ANY, ROW(SIDT,   E, ROW_NATURAL | ROW_MEM)),
	BY_REG(0x01, 2, NEED_ANY, ROW(LGDT,   E, ROW_NATURAL | ROW_MEM)),
	BY_REG(0x01, 3, NEED_ANY, ROW(LIDT,   E, ROW_NATURAL | ROW_MEM)),
	IN_REG(0x01, 4, ROW(SMSW, E, 0)),
	BY_REG(0x01, 4, NEED_ANY, ROW(SMSW,   E, ROW_WORD)),
	BY_REG(0x01, 6, NEED_ANY, ROW(LMSW,   E, ROW_WORD)),
	BY_REG(0x01, 7, NEED_ANY, ROW(INVLPG, E, ROW_BYTE | ROW_MEM)),

	{ MAP_0F, 0x78, 0, 0, NEED_NONE, ROW(VMREAD,  E_G, ROW_NATURAL) },
	{ MAP_0F, 0x79, 0, 0, NEED_NONE, ROW(VMWRITE, G_E, ROW_NATURAL) },

	BY_REG(0xc7, 6, NEED_NONE, ROW(VMPTRLD, E, ROW_NATURAL | ROW_MEM)),
	BY_REG(0xc7, 6, NEED_66,   ROW(VMCLEAR, E, ROW_NATURAL | ROW_MEM)),
	BY_REG(0xc7, 6, NEED_F3,   ROW(VMXON,   E, ROW_NATURAL | ROW_MEM)),
	BY_REG(0xc7, 7, NEED_NONE, ROW(VMPTRST, E, ROW_NATURAL | ROW_MEM)),

	{ MAP_0F38, 0x80, 0, 0, NEED_66, ROW(INVEPT,  G_E, ROW_NATURAL | ROW_MEM) },
	{ MAP_0F38, 0x81, 0, 0, NEED_66, ROW(INVVPID, G_E, ROW_NATURAL | ROW_MEM) },
	{ MAP_0F38, 0x82, 0, 0, NEED_66, ROW(INVPCID, G_E, ROW_NATURAL | ROW_MEM) },
};
// clang-format on

const size_t insn_special_count = ARRAY_LEN(insn_specials);

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

/* Eight opcodes with the register in their low bits. */
#define REGISTERS(base, op) [base ... (base) + 7] = ROW(op, R, ROW_STACK)
/* Sixteen opcodes with a condition in them. */
#define CONDITIONS(base, op, form, flags) [base ... (base) + 15] = ROW(op, form, flags)

const struct insn_row insn_map_1byte[256] = {
	ARITH(0x00, ADD, ROW_LOCK),
	ARITH(0x08, OR,  ROW_LOCK),
	ARITH(0x10, ADC, ROW_LOCK),
	ARITH(0x18, SBB, ROW_LOCK),
	ARITH(0x20, AND, ROW_LOCK),
	ARITH(0x28, SUB, ROW_LOCK),
	ARITH(0x30, XOR, ROW_LOCK),
	ARITH(0x38, CMP, 0),
	REGISTERS(0x50, PUSH),
	REGISTERS(0x58, POP),
	[0x63] = ROW(MOVSX, G_E, ROW_SRC32 | ROW_ONLY64),	/* MOVSXD; ARPL elsewhere */
	[0x68] = ROW(PUSH, I, ROW_STACK),
	[0x69] = ROW(IMUL, G_E_I, 0),
	[0x6a] = ROW(PUSH, Z, ROW_STACK),
	[0x6b] = ROW(IMUL, G_E_Z, 0),
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
	[0x8c] = SPECIAL,					/* MOV from a segment register */
	[0x8f] = GROUP(1A, E, ROW_STACK),
	[0x90] = SPECIAL,					/* NOP, PAUSE */
	[0x9c] = ROW(PUSHF, PLAIN, ROW_STACK),
	[0x9d] = ROW(POPF, PLAIN, ROW_STACK),
	PAIR(0xa0, MOV,  A_O, 0),
	PAIR(0xa2, MOV,  O_A, 0),
	PAIR(0xa4, MOVS, STRING, 0),
	PAIR(0xa6, CMPS, STRING, 0),
	PAIR(0xa8, TEST, A_I, 0),
	PAIR(0xaa, STOS, STRING, 0),
	PAIR(0xac, LODS, STRING, 0),
	PAIR(0xae, SCAS, STRING, 0),
	[0xc0] = GROUP(2, E_Z, ROW_BYTE | ROW_IMM_BYTE),
	[0xc1] = GROUP(2, E_Z, ROW_IMM_BYTE),
	[0xc3] = ROW(RET, PLAIN, ROW_BRANCH),
	[0xc6] = GROUP(11, E_I, ROW_BYTE),
	[0xc7] = GROUP(11, E_I, 0),
	[0xc8] = ROW(ENTER, ENTER, ROW_STACK | ROW_IMM_BYTE),
	[0xc9] = ROW(LEAVE, PLAIN, ROW_STACK),
	[0xcc] = ROW(INT3, PLAIN, 0),
	[0xd0] = GROUP(2, E_1, ROW_BYTE),
	[0xd1] = GROUP(2, E_1, 0),
	[0xd2] = GROUP(2, E_C, ROW_BYTE | ROW_SRC8),
	[0xd3] = GROUP(2, E_C, ROW_SRC8),
	PAIR(0xe4, IN,  A_Z, ROW_PORT | ROW_IMM_BYTE),
	PAIR(0xe6, OUT, Z_A, ROW_PORT | ROW_IMM_BYTE),
	[0xe8] = ROW(CALL, J, ROW_BRANCH),
	PAIR(0xec, IN,  A_D, ROW_PORT),
	PAIR(0xee, OUT, D_A, ROW_PORT),
	[0xf1] = ROW(ICEBP, PLAIN, 0),
	[0xf4] = ROW(HLT, PLAIN, 0),
	[0xf6] = GROUP(3, E, ROW_BYTE),
	[0xf7] = GROUP(3, E, 0),
	[0xfe] = GROUP(4, E, ROW_BYTE),
	[0xff] = GROUP(5, E, 0),
};

const struct insn_row insn_map_0f[256] = {
	[0x00] = SPECIAL,					/* SLDT ... LTR */
	[0x01] = SPECIAL,					/* descriptor tables, VMCALL, SVM, ... */
	[0x06] = ROW(CLTS, PLAIN, 0),
	[0x08] = ROW(INVD, PLAIN, 0),
	[0x09] = SPECIAL,					/* WBINVD, WBNOINVD */
	[0x10] = SPECIAL,					/* moves of vector registers, and so on */
	[0x11] = SPECIAL,
	[0x20] = ROW(MOV_FROM_CR, R_C, ROW_NATURAL),
	[0x21] = ROW(MOV_FROM_DR, R_D, ROW_NATURAL),
	[0x22] = ROW(MOV_TO_CR,   C_R, ROW_NATURAL),
	[0x23] = ROW(MOV_TO_DR,   D_R, ROW_NATURAL),
	[0x28] = SPECIAL,
	[0x29] = SPECIAL,
	[0x2b] = SPECIAL,
	[0x30] = ROW(WRMSR, PLAIN, 0),
	[0x31] = ROW(RDTSC, PLAIN, 0),
	[0x32] = ROW(RDMSR, PLAIN, 0),
	[0x33] = ROW(RDPMC, PLAIN, 0),
	CONDITIONS(0x40, CMOVCC, G_E, 0),
	[0x6e] = SPECIAL,
	[0x6f] = SPECIAL,
	[0x78] = SPECIAL,					/* VMREAD */
	[0x79] = SPECIAL,					/* VMWRITE */
	[0x7e] = SPECIAL,
	[0x7f] = SPECIAL,
	CONDITIONS(0x90, SETCC, E, ROW_BYTE),
	[0xa2] = ROW(CPUID, PLAIN, 0),
	[0xa3] = ROW(BT,  E_G, 0),
	[0xa4] = ROW(SHLD, E_G_Z, ROW_IMM_BYTE),
	[0xa5] = ROW(SHLD, E_G_C, 0),
	[0xab] = ROW(BTS, E_G, ROW_LOCK),
	[0xac] = ROW(SHRD, E_G_Z, ROW_IMM_BYTE),
	[0xad] = ROW(SHRD, E_G_C, 0),
	[0xaf] = ROW(IMUL, G_E, 0),
	PAIR(0xb0, CMPXCHG, E_G, ROW_LOCK),
	[0xb3] = ROW(BTR, E_G, ROW_LOCK),
	[0xb6] = ROW(MOVZX, G_E, ROW_SRC8),
	[0xb7] = ROW(MOVZX, G_E, ROW_SRC16),
	[0xb8] = SPECIAL,					/* POPCNT */
	[0xba] = GROUP(8, E_Z, ROW_IMM_BYTE),
	[0xbb] = ROW(BTC, E_G, ROW_LOCK),
	[0xbc] = SPECIAL,					/* BSF, TZCNT */
	[0xbd] = SPECIAL,					/* BSR, LZCNT */
	[0xbe] = ROW(MOVSX, G_E, ROW_SRC8),
	[0xbf] = ROW(MOVSX, G_E, ROW_SRC16),
	PAIR(0xc0, XADD, E_G, ROW_LOCK),
	[0xc3] = SPECIAL,
	[0xc7] = SPECIAL,					/* CMPXCHG8B, VMPTRLD, VMCLEAR, ... */
	[0xd6] = SPECIAL,
	[0xe7] = SPECIAL,
	[0xf0] = SPECIAL,
};

#undef GROUP
#define SUB(op, flags) { INSN_##op, 0, flags }

const struct insn_row insn_groups[GROUP_COUNT][8] = {
	[GROUP_1] = {
		SUB(ADD, ROW_LOCK), SUB(OR, ROW_LOCK), SUB(ADC, ROW_LOCK), SUB(SBB, ROW_LOCK),
		SUB(AND, ROW_LOCK), SUB(SUB, ROW_LOCK), SUB(XOR, ROW_LOCK), SUB(CMP, 0),
	},
	[GROUP_1A] = { [0] = SUB(POP, 0) },
	[GROUP_2] = {
		SUB(ROL, 0), SUB(ROR, 0), SUB(RCL, 0), SUB(RCR, 0), SUB(SHL, 0), SUB(SHR, 0), SUB(SAL, 0), SUB(SAR, 0),
	},
	[GROUP_3] = {
		[0] = ROW(TEST, E_I, 0),
		[1] = ROW(TEST, E_I, 0),	/* an alias, AMD APM vol. 3, "ModRM Extensions" */
		[2] = SUB(NOT, ROW_LOCK),
		[3] = SUB(NEG, ROW_LOCK),
		[4] = SUB(MUL_A, 0), [5] = SUB(IMUL_A, 0), [6] = SUB(DIV_A, 0), [7] = SUB(IDIV_A, 0),
	},
	[GROUP_4] = { [0] = SUB(INC, ROW_LOCK), [1] = SUB(DEC, ROW_LOCK) },
	[GROUP_5] = {
		[0] = SUB(INC, ROW_LOCK), [1] = SUB(DEC, ROW_LOCK),
		[2] = SUB(CALL, ROW_BRANCH), [4] = SUB(JMP, ROW_BRANCH), [6] = SUB(PUSH, ROW_STACK),
	},
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

/* A move of a vector register from or to memory, told apart by its prefix alone. */
#define VECTOR(opcode, need, row...) { MAP_0F, opcode, 0, 0, NEED_##need, row }

const struct insn_special insn_specials[] = {
	/* To a register the 16-bit size does not clear the upper half, but of memory it is always a word. */
	{ MAP_1BYTE, 0x8c, 0xc0, 0xc0, NEED_ANY, ROW(MOV_FROM_SEG, E_S, 0) },
	{ MAP_1BYTE, 0x8c, 0, 0, NEED_ANY, ROW(MOV_FROM_SEG, E_S, ROW_WORD) },
	{ MAP_1BYTE, 0x90, 0, 0, NEED_F3,  ROW(PAUSE, PLAIN, 0) },
	{ MAP_1BYTE, 0x90, 0, 0, NEED_ANY, ROW(NOP, PLAIN, 0) },	/* insn.c: not if REX.B is set */
	{ MAP_0F,    0x09, 0, 0, NEED_F3,  ROW(WBNOINVD, PLAIN, 0) },
	{ MAP_0F,    0x09, 0, 0, NEED_ANY, ROW(WBINVD, PLAIN, 0) },

	VECTOR(0x10, NONE, ROW(VMOV, V_E, ROW_XMM | ROW_MEM)),		/* MOVUPS */
	VECTOR(0x10, 66, ROW(VMOV, V_E, ROW_XMM | ROW_MEM)),		/* MOVUPD */
	VECTOR(0x10, F3, ROW(VMOV, V_E, ROW_DWORD | ROW_MEM)),		/* MOVSS */
	VECTOR(0x10, F2, ROW(VMOV, V_E, ROW_QWORD | ROW_MEM)),		/* MOVSD */
	VECTOR(0x11, NONE, ROW(VMOV, E_V, ROW_XMM | ROW_MEM)),
	VECTOR(0x11, 66, ROW(VMOV, E_V, ROW_XMM | ROW_MEM)),
	VECTOR(0x11, F3, ROW(VMOV, E_V, ROW_DWORD | ROW_MEM)),
	VECTOR(0x11, F2, ROW(VMOV, E_V, ROW_QWORD | ROW_MEM)),
	VECTOR(0x28, NONE, ROW(VMOVA, V_E, ROW_XMM | ROW_MEM)),		/* MOVAPS */
	VECTOR(0x28, 66, ROW(VMOVA, V_E, ROW_XMM | ROW_MEM)),		/* MOVAPD */
	VECTOR(0x29, NONE, ROW(VMOVA, E_V, ROW_XMM | ROW_MEM)),
	VECTOR(0x29, 66, ROW(VMOVA, E_V, ROW_XMM | ROW_MEM)),
	VECTOR(0x2b, NONE, ROW(VMOVA, E_V, ROW_XMM | ROW_MEM)),		/* MOVNTPS */
	VECTOR(0x2b, 66, ROW(VMOVA, E_V, ROW_XMM | ROW_MEM)),		/* MOVNTPD */
	VECTOR(0x6e, NONE, ROW(VMOV, P_E, ROW_MOVD | ROW_MEM)),			/* MOVD, MOVQ */
	VECTOR(0x6e, 66, ROW(VMOV, V_E, ROW_MEM | ROW_MOVD)),
	VECTOR(0x6f, NONE, ROW(VMOV, P_E, ROW_QWORD | ROW_MEM)),	/* MOVQ */
	VECTOR(0x6f, 66, ROW(VMOVA, V_E, ROW_XMM | ROW_MEM)),		/* MOVDQA */
	VECTOR(0x6f, F3, ROW(VMOV, V_E, ROW_XMM | ROW_MEM)),		/* MOVDQU */
	VECTOR(0x7e, NONE, ROW(VMOV, E_P, ROW_MOVD | ROW_MEM)),
	VECTOR(0x7e, 66, ROW(VMOV, E_V, ROW_MEM | ROW_MOVD)),
	VECTOR(0x7e, F3, ROW(VMOV, V_E, ROW_QWORD | ROW_MEM)),		/* MOVQ */
	VECTOR(0x7f, NONE, ROW(VMOV, E_P, ROW_QWORD | ROW_MEM)),
	VECTOR(0x7f, 66, ROW(VMOVA, E_V, ROW_XMM | ROW_MEM)),
	VECTOR(0x7f, F3, ROW(VMOV, E_V, ROW_XMM | ROW_MEM)),
	VECTOR(0xc3, NONE, ROW(MOV, E_G, ROW_MOVD | ROW_MEM)),		/* MOVNTI */
	VECTOR(0xd6, 66, ROW(VMOV, E_V, ROW_QWORD | ROW_MEM)),		/* MOVQ */
	VECTOR(0xe7, NONE, ROW(VMOV, E_P, ROW_QWORD | ROW_MEM)),	/* MOVNTQ */
	VECTOR(0xe7, 66, ROW(VMOVA, E_V, ROW_XMM | ROW_MEM)),		/* MOVNTDQ */
	VECTOR(0xf0, F2, ROW(VMOV, V_E, ROW_XMM | ROW_MEM)),		/* LDDQU */
	{ MAP_0F38, 0x2a, 0, 0, NEED_66, ROW(VMOVA, V_E, ROW_XMM | ROW_MEM) },	/* MOVNTDQA */
	{ MAP_0F38, 0xf0, 0, 0, NEED_NO_REP, ROW(MOVBE, G_E, ROW_MEM) },
	{ MAP_0F38, 0xf1, 0, 0, NEED_NO_REP, ROW(MOVBE, E_G, ROW_MEM) },

	{ MAP_0F, 0xb8, 0, 0, NEED_F3,  ROW(POPCNT, G_E, 0) },
	{ MAP_0F, 0xbc, 0, 0, NEED_F3,  ROW(TZCNT, G_E, 0) },
	{ MAP_0F, 0xbc, 0, 0, NEED_ANY, ROW(BSF, G_E, 0) },
	{ MAP_0F, 0xbd, 0, 0, NEED_F3,  ROW(LZCNT, G_E, 0) },
	{ MAP_0F, 0xbd, 0, 0, NEED_ANY, ROW(BSR, G_E, 0) },

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
	BY_REG(0x01, 2, NEED_ANY, ROW(LGDT,   E, ROW_BRANCH | ROW_MEM)),
	BY_REG(0x01, 3, NEED_ANY, ROW(LIDT,   E, ROW_BRANCH | ROW_MEM)),
	IN_REG(0x01, 4, ROW(SMSW, E, 0)),
	BY_REG(0x01, 4, NEED_ANY, ROW(SMSW,   E, ROW_WORD)),
	BY_REG(0x01, 6, NEED_ANY, ROW(LMSW,   E, ROW_WORD)),
	BY_REG(0x01, 7, NEED_ANY, ROW(INVLPG, E, ROW_BYTE | ROW_MEM)),

	{ MAP_0F, 0x78, 0, 0, NEED_NONE, ROW(VMREAD,  E_G, ROW_NATURAL) },
	{ MAP_0F, 0x79, 0, 0, NEED_NONE, ROW(VMWRITE, G_E, ROW_NATURAL) },

	BY_REG(0xc7, 1, NEED_ANY, ROW(CMPXCHG8B, E, ROW_DOUBLE | ROW_MEM | ROW_LOCK)),
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

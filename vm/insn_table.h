// SPDX-License-Identifier: BSD-2-Clause
/*
 * The opcode tables, as insn.c reads them. No one else includes this, but the test that walks the
 * rows.
 */
#pragma once

#include <vm/insn.h>

// clang-format off
/* Where the operands are. E: ModRM.rm, G: ModRM.reg, A: rAX, I: immediate, O: moffs, D: DX, Z: imm. byte. */
enum insn_form {
	FORM_PLAIN,    /* none, no ModRM */
	FORM_E,	       /* dst rm */
	FORM_E_G,      /* dst rm, src reg */
	FORM_G_E,      /* dst reg, src rm */
	FORM_E_I,      /* dst rm, src immediate of the operand size, at most 4 bytes */
	FORM_E_Z,      /* dst rm, src immediate byte, sign-extended */
	FORM_E_1,      /* dst rm, src the immediate 1, which has no byte */
	FORM_E_C,      /* dst rm, src CL */
	FORM_E_G_Z,    /* dst rm, src reg, extra immediate byte */
	FORM_E_G_C,    /* dst rm, src reg, extra CL */
	FORM_G_E_I,    /* dst reg, src rm, extra immediate */
	FORM_G_E_Z,
	FORM_E_S,      /* dst rm, src segment register in ModRM.reg */
	FORM_E_V,      /* dst rm, src XMM register; FORM_E_P: MMX */
	FORM_V_E,
	FORM_E_P,
	FORM_P_E,
	FORM_R,        /* dst general register in the opcode's low bits */
	FORM_I,        /* dst immediate */
	FORM_Z,
	FORM_ENTER,    /* dst immediate of 3 bytes */
	FORM_J,        /* dst immediate of 2 or 4 bytes, relative to the next instruction */
	FORM_A_I,      /* dst rAX, src immediate */
	FORM_A_O,      /* dst rAX, src memory at a full address */
	FORM_O_A,
	FORM_A_Z,      /* IN rAX, imm8 */
	FORM_Z_A,
	FORM_A_D,      /* IN rAX, DX */
	FORM_D_A,
	FORM_R_C,      /* dst general register, src CRn; ModRM.mod counts as 3 */
	FORM_C_R,
	FORM_R_D,      /* likewise DRn */
	FORM_D_R,
	FORM_STRING,
	FORM_EXACT,    /* ModRM is part of the opcode: nothing more to read but the byte */
	FORM_COUNT,
};
// clang-format on

// clang-format off
enum insn_row_flags {
	ROW_BYTE     = 1 << 0, /* operand size 1 */
	ROW_WORD     = 1 << 1, /* operand size 2; ROW_DWORD: 4; ROW_QWORD: 8, ROW_XMM: 16 */
	ROW_NATURAL  = 1 << 2, /* operand size 8 in 64-bit mode, else 4, whatever the prefixes */
	ROW_LOCK     = 1 << 3, /* LOCK allowed if dst is memory */
	ROW_MEM	     = 1 << 4, /* rm must be memory */
	ROW_ONLY64   = 1 << 5,
	ROW_NOT64    = 1 << 6,
	ROW_PORT     = 1 << 7, /* operand size 8 counts as 4 */
	ROW_SRC8     = 1 << 8,
	ROW_SRC16    = 1 << 9,
	ROW_SRC32    = 1 << 10,
	ROW_GROUP    = 1 << 11, /* `op` is an enum insn_group; ModRM.reg picks the instruction */
	ROW_SPECIAL  = 1 << 12, /* look in insn_specials instead */
	ROW_IMM_BYTE = 1 << 13, /* the immediate is unsigned (bit number, port) */
	ROW_DWORD    = 1 << 14,
	ROW_QWORD    = 1 << 15,
	ROW_XMM      = 1 << 16,
	ROW_STACK    = 1 << 17, /* no 4 bytes in 64-bit mode, but 8 */
	ROW_BRANCH   = 1 << 18, /* 8 bytes in 64-bit mode, whatever the prefixes */
	ROW_MOVD     = 1 << 19, /* 4 bytes, 8 with REX.W */
	ROW_DOUBLE   = 1 << 20, /* 8 bytes, 16 with REX.W */
};
// clang-format on

/* Packed, as there are many of them: two kilobytes of padding. */
struct insn_row {
	u8 op;   /* enum insn_op, or enum insn_group */
	u8 form; /* enum insn_form; in a group's row 0 means: as the opcode's row says */
	u32 flags;
} __attribute__((packed));
static_assert(sizeof(struct insn_row) == 6, "insn_row");

enum insn_group {
	GROUP_1,
	GROUP_1A,
	GROUP_2,
	GROUP_3,
	GROUP_4,
	GROUP_5,
	GROUP_8,
	GROUP_11,
	GROUP_COUNT,
};

enum insn_map {
	MAP_1BYTE, /* no escape */
	MAP_0F,
	MAP_0F38,
};

enum insn_need {
	NEED_ANY,
	NEED_NONE, /* neither 66 nor F2 nor F3 */
	NEED_66,
	NEED_F3,
	NEED_F2,
	NEED_NO_REP, /* neither F2 nor F3 */
};

/* An opcode whose meaning depends on prefixes or on more of ModRM than the reg field. The first
 * match wins. */
struct insn_special {
	u8 map; /* enum insn_map */
	u8 opcode;
	u8 mask, value; /* ModRM & mask == value; mask 0: there is no ModRM to look at */
	u8 need;        /* enum insn_need */
	struct insn_row row;
};

extern const struct insn_row insn_map_1byte[256];
extern const struct insn_row insn_map_0f[256];
extern const struct insn_row insn_groups[GROUP_COUNT][8];
extern const struct insn_special insn_specials[];
extern const size_t insn_special_count;

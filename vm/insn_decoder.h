// SPDX-License-Identifier: BSD-2-Clause
/*
 * The decoder's state, private to insn.c (prefixes, opcode, sizes) and insn_operand.c (ModRM, SIB,
 * displacement, immediate).
 */
#pragma once

#include <lib/bits.h>
#include <vm/insn.h>

#include "insn_table.h"

#define REX_W BIT(3)
#define REX_R BIT(2)
#define REX_X BIT(1)
#define REX_B BIT(0)

/* The prefix' last byte; what stands before it inverted is in the first of C4 and the only one of C5. */
#define VEX_W    BIT(7)
#define VEX_VVVV 0x78
#define VEX_L    BIT(2)
#define VEX_PP   0x03

#define MODRM_MOD 0xc0
#define MODRM_REG 0x38
#define MODRM_RM  0x07

#define NO_OVERRIDE 0xff

struct decoder {
	const u8 *bytes;
	size_t len, pos;
	unsigned mode;
	u8 rex;        /* 0: none, or not directly before the opcode; what VEX says in its stead */
	u8 vex;        /* bytes of its vectors; 0: no such prefix */
	bool opsize;   /* 66 */
	bool addrsize; /* 67 */
	u8 segment;    /* enum seg_index, or NO_OVERRIDE */
	u8 opcode;
	bool has_modrm;
	u8 modrm;
	u32 flags; /* enum insn_row_flags */
	struct insn *in;
};

/* The next `width` bytes as a little-endian number. Over 15 bytes is an error even if they are not
 * here yet. */
enum status must_check decoder_take(struct decoder *d, unsigned width, u64 *val);
enum status must_check decoder_take_byte(struct decoder *d, u8 *byte);
/* ModRM, if it was not read before. */
enum status must_check decoder_take_modrm(struct decoder *d);
/* All that follows the opcode; fills the operands, `mem` and `imm`. The sizes are set by then. */
enum status must_check decoder_take_operands(struct decoder *d, enum insn_form form);

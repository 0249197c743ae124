// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest's registers as the vendor-neutral part sees them.
 */
#pragma once

#include <lib/types.h>

/* In the order of the instruction encoding (ModRM.reg with REX). */
enum gpr_index {
	GPR_RAX, GPR_RCX, GPR_RDX, GPR_RBX, GPR_RSP, GPR_RBP, GPR_RSI, GPR_RDI,
	GPR_R8, GPR_R9, GPR_R10, GPR_R11, GPR_R12, GPR_R13, GPR_R14, GPR_R15,
	GPR_COUNT,
};

/* Complete and current whenever C code of the hypervisor runs; the vendor half loads and saves RAX and RSP too. */
struct gpr {
	u64 r[GPR_COUNT];
	u64 rip;
	u64 rflags;
};

/* In the order of the instruction encoding (ModRM.reg, segment-override numbering). */
enum seg_index {
	SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS,
	SEG_TR, SEG_LDTR, SEG_GDTR, SEG_IDTR,
	SEG_COUNT,
};

/* A segment register with its hidden part. `attr` has the bits of the descriptor's bytes 5 and 6 squeezed together (the
 * VMCB's form): 3:0 type, 4 S, 6:5 DPL, 7 P, 8 AVL, 9 L, 10 D/B, 11 G. limit in bytes, already expanded by G. */
struct segment {
	u16 selector;
	u16 attr;
	u32 limit;
	u64 base;
};

#define SEG_ATTR_TYPE	  0x00fu
#define SEG_ATTR_CODE	  0x008u /* within type, if S */
#define SEG_ATTR_EXPAND_DOWN 0x004u /* within type, if S and data */
#define SEG_ATTR_WRITABLE 0x002u /* within type: writable data, readable code */
#define SEG_ATTR_S	  0x010u
#define SEG_ATTR_DPL	  0x060u
#define SEG_ATTR_P	  0x080u
#define SEG_ATTR_L	  0x200u
#define SEG_ATTR_DB	  0x400u
#define SEG_ATTR_G	  0x800u

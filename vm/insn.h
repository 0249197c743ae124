// SPDX-License-Identifier: BSD-2-Clause
/*
 * Instruction decoder: bytes in, a description out. Knows the instructions that touch emulated
 * devices and those that exit on their own; it reads nothing but the bytes given. Used by
 * vm/insn_exec.h for MMIO and string I/O, and by exit handlers to learn the length and operands of
 * an instruction where the CPU does not tell.
 *
 * Intel SDM vol. 2, "Instruction Format" and "Opcode Map"; AMD APM vol. 3, "Instruction Encoding".
 */
#pragma once

#include <lib/status.h>
#include <vm/regs.h>

#define INSN_MAX_LEN 15

enum insn_class {
	INSN_DATA,   /* computes; insn_exec() runs it */
	INSN_STRING, /* MOVS and relatives, INS and OUTS too; insn_exec() runs it */
	INSN_IO,     /* IN, OUT; insn_exec() runs it */
	INSN_STACK,  /* pushes, pops or jumps; insn_exec() runs it */
	INSN_WIDE,   /* has operands wider than a general register; insn_exec() runs it */
	INSN_PRIV,   /* exits by itself: decoded for its length and operands only */
};

// clang-format off
/* Kept in groups by class: insn_class_of() relies on the first of each. */
enum insn_op {
	INSN_NONE,
	/* INSN_DATA; the first eight in the order of the encoding. */
	INSN_ADD, INSN_OR, INSN_ADC, INSN_SBB, INSN_AND, INSN_SUB, INSN_XOR, INSN_CMP,
	INSN_TEST, INSN_MOV, INSN_MOVZX, INSN_MOVSX, INSN_XCHG, INSN_XADD, INSN_CMPXCHG,
	INSN_NOT, INSN_NEG, INSN_INC, INSN_DEC,
	INSN_BT, INSN_BTS, INSN_BTR, INSN_BTC,
	/* The eight in the order of the encoding; SAL is the undocumented alias of SHL. */
	INSN_ROL, INSN_ROR, INSN_RCL, INSN_RCR, INSN_SHL, INSN_SHR, INSN_SAL, INSN_SAR, INSN_SHLD, INSN_SHRD,
	INSN_BSF, INSN_BSR, INSN_TZCNT, INSN_LZCNT, INSN_POPCNT,
	INSN_SETCC, INSN_CMOVCC, INSN_MOVBE, INSN_MOV_FROM_SEG, INSN_SLDT, INSN_STR, INSN_SMSW,
	INSN_IMUL,                                        /* with a destination */
	INSN_MUL_A, INSN_IMUL_A, INSN_DIV_A, INSN_IDIV_A, /* with rDX:rAX, or AX */
	/* INSN_STRING */
	INSN_MOVS, INSN_CMPS, INSN_STOS, INSN_LODS, INSN_SCAS, INSN_INS, INSN_OUTS,
	/* INSN_IO */
	INSN_IN, INSN_OUT,
	/* INSN_STACK */
	INSN_PUSH, INSN_POP, INSN_CALL, INSN_JMP, INSN_RET,
	INSN_PUSHF, INSN_POPF, INSN_ENTER, INSN_LEAVE,
	/* INSN_WIDE: moves of a vector register, VMOVA of aligned memory */
	INSN_VMOV, INSN_VMOVA, INSN_CMPXCHG8B, INSN_SGDT, INSN_SIDT, INSN_LGDT, INSN_LIDT,
	/* INSN_PRIV */
	INSN_CPUID, INSN_RDMSR, INSN_WRMSR, INSN_RDTSC, INSN_RDTSCP, INSN_RDPMC, INSN_HLT, INSN_NOP, INSN_PAUSE,
	INSN_INT3, INSN_ICEBP, INSN_WBINVD, INSN_WBNOINVD, INSN_INVD, INSN_INVLPG, INSN_INVPCID, INSN_CLTS,
	INSN_MOV_FROM_CR, INSN_MOV_TO_CR, INSN_MOV_FROM_DR, INSN_MOV_TO_DR, INSN_LMSW,
	INSN_LLDT, INSN_LTR,
	INSN_XGETBV, INSN_XSETBV, INSN_MONITOR, INSN_MWAIT, INSN_MONITORX, INSN_MWAITX,
	INSN_VMMCALL, INSN_VMRUN, INSN_VMLOAD, INSN_VMSAVE, INSN_STGI, INSN_CLGI, INSN_SKINIT, INSN_INVLPGA,
	INSN_VMCALL, INSN_VMLAUNCH, INSN_VMRESUME, INSN_VMXOFF, INSN_VMXON, INSN_VMFUNC,
	INSN_VMCLEAR, INSN_VMPTRLD, INSN_VMPTRST, INSN_VMREAD, INSN_VMWRITE, INSN_INVEPT, INSN_INVVPID,
	INSN_OPS,
};
// clang-format on

enum insn_operand_kind {
	OPERAND_NONE,
	OPERAND_REG,  /* general register `reg` */
	OPERAND_HIGH, /* AH, CH, DH, BH: bits 15:8 of register `reg` */
	OPERAND_MEM,  /* insn.mem */
	OPERAND_IMM,  /* insn.imm */
	OPERAND_CR,   /* control register `reg` */
	OPERAND_DR,   /* debug register `reg` */
	OPERAND_SEG,  /* segment register `reg`, enum seg_index */
	OPERAND_XMM,
	OPERAND_YMM, /* the same, of an instruction with VEX: all of it is written */
	OPERAND_MMX,
};

struct insn_operand {
	enum insn_operand_kind kind;
	u8 reg;
};

/* Values of insn_mem.base and .index beside enum gpr_index. */
#define INSN_NO_REG  0xff
#define INSN_REG_RIP 0xfe /* the address of the next instruction */

/* Effective address: (base + index * scale + disp), cut to addr_width, within segment `seg`. */
struct insn_mem {
	u64 disp; /* sign-extended */
	u8 base;
	u8 index;
	u8 scale; /* 1, 2, 4, 8 */
	u8 seg;   /* enum seg_index, override applied */
};

enum insn_rep {
	REP_NONE,
	REP_E,  /* F3 */
	REP_NE, /* F2 */
};

/*
 * In two-operand instructions `dst` is what the manuals name first (CMP, TEST and BT only read it).
 * ENTER has one immediate: the bytes in bits 15:0, the level in 23:16.
 * IN and OUT have the port and rAX as operands. String instructions have none: `mem` is the source
 * of MOVS, CMPS, LODS, OUTS (rSI) and the ES:rDI of STOS, SCAS, INS; the other side of MOVS and
 * CMPS is ES:rDI.
 */
struct insn {
	enum insn_op op;
	u8 len;       /* bytes */
	u8 mode;      /* 16, 32 or 64, as given to insn_decode() */
	u8 width;     /* operand size in bytes; also 16 and 32 */
	u8 src_width; /* that of `src`; differs from width for MOVZX and MOVSX */
	u8 addr_width;
	enum insn_rep rep; /* the last of F2 and F3, wherever they stand */
	bool lock;         /* a LOCK prefix is there ... */
	bool lockable;     /* ... and may be; otherwise #UD */
	struct insn_operand dst, src;
	struct insn_operand extra; /* count of SHLD and SHRD, second factor of IMUL */
	u8 cond;                   /* of SETCC and CMOVCC, as encoded */
	struct insn_mem mem;
	u64 imm; /* sign-extended to `width`, zeros above */
};

enum insn_class insn_class_of(enum insn_op op);
/* IN, OUT, INS, OUTS: subject to the I/O permission check. */
bool insn_uses_port(enum insn_op op);

/*
 * Decodes the instruction at bytes[0..len). `mode` is the size of the code segment: 16, 32 or 64.
 * E_TRUNCATED: it does not end within len, fetch more. E_INVAL: longer than 15 bytes, which is #GP
 * for the CPU. E_UNSUPPORTED: not in the tables, or an undefined form. *out is only valid on OK.
 */
enum status must_check insn_decode(const u8 *bytes, size_t len, unsigned mode, struct insn *out);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the files behind insn_exec() share: arithmetic with flags, registers by width, checked
 * memory accesses.
 */
#pragma once

#include <lib/bits.h>
#include <vm/insn_exec.h>

/*
 * Result of `op` (ADD to CMP, TEST, NOT, NEG, INC, DEC, BT to BTC) on the low `width` bytes of `a`
 * and `b`, zeros above, and *rflags as the CPU leaves them. CMP, TEST and BT return `a`. For the
 * bit operations `b` counts modulo the width.
 */
u64 insn_alu(enum insn_op op, u64 a, u64 b, unsigned width, u64 *rflags);

/* The low `width` bytes of a register; a write of 4 bytes clears the upper half, of 1 or 2 keeps
 * the rest. */
u64 insn_reg_get(const struct gpr *regs, unsigned reg, unsigned width);
void insn_reg_set(struct gpr *regs, unsigned reg, unsigned width, u64 val);

/* SF, ZF and PF, which depend on the result alone. */
u64 insn_result_flags(u64 result, unsigned width);
/* The same for SHLD and SHRD, ROL to SAR: `b` is what comes in, not looked at by the latter. */
u64 insn_shift(enum insn_op op, u64 a, u64 b, u8 count, unsigned width, u64 *rflags);
/* BSF, BSR, TZCNT, LZCNT, POPCNT of `src`; the old `dst` where the first two find nothing. */
u64 insn_bit_scan(enum insn_op op, u64 dst, u64 src, unsigned width, u64 *rflags);
/* IMUL with a destination. */
u64 insn_multiply(u64 a, u64 b, unsigned width, u64 *rflags);
/* MUL_A, IMUL_A, DIV_A, IDIV_A: of *hi and *lo, which take the result. False: #DE. */
bool insn_muldiv(enum insn_op op, u64 operand, unsigned width, u64 *hi, u64 *lo, u64 *rflags);
/* Is the condition of SETcc, CMOVcc true? */
bool insn_condition(u8 cond, u64 rflags);

/* A register, an immediate or a segment's selector; 0 for memory. */
u64 insn_operand_get(const struct insn *in, struct insn_ctx *c, struct insn_operand o,
		     unsigned width);
/* A register; nothing for memory. */
void insn_operand_set(struct gpr *regs, struct insn_operand o, unsigned width, u64 val);
/* On to the next instruction. */
void insn_step_over(const struct insn *in, struct gpr *regs);
/* INSN_FAULT with an exception that has no error code, or 0 as one. */
enum insn_result insn_raise(struct insn_ctx *c, u8 vector);

/* Effective address of in->mem. */
u64 insn_mem_offset(const struct insn *in, const struct gpr *regs);

enum mem_intent {
	MEM_READ,
	MEM_WRITE, /* also for read and write */
};

/* Linear address of seg:offset once segment limit, type and canonical form permit the access;
 * INSN_FAULT if not. */
enum insn_result insn_mem_address(const struct insn *in, struct insn_ctx *c, enum seg_index seg,
				  u64 offset, unsigned width, enum mem_intent intent, gva_t *gva);

/* Callbacks, with their status as a result. */
enum insn_result insn_mem_read(struct insn_ctx *c, gva_t gva, unsigned width, u64 *val);
enum insn_result insn_mem_write(struct insn_ctx *c, gva_t gva, unsigned width, u64 val);
enum insn_result insn_mem_probe(struct insn_ctx *c, gva_t gva, unsigned width);
enum insn_result insn_port_read(struct insn_ctx *c, u16 port, unsigned width, u64 *val);
enum insn_result insn_port_write(struct insn_ctx *c, u16 port, unsigned width, u64 val);

/* The classes INSN_STRING and INSN_WIDE; do not move RIP. */
enum insn_result insn_exec_string(const struct insn *in, struct insn_ctx *c);
enum insn_result insn_exec_wide(const struct insn *in, struct insn_ctx *c);
/* The class INSN_STACK; moves RIP. */
enum insn_result insn_exec_stack(const struct insn *in, struct insn_ctx *c);

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

/* The class INSN_STRING; does not move RIP. */
enum insn_result insn_exec_string(const struct insn *in, struct insn_ctx *c);

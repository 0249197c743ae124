// SPDX-License-Identifier: BSD-2-Clause
/*
 * Instructions whose memory operand is wider than a general register, or whose register is another:
 * moves of vector registers, CMPXCHG8B and 16B, descriptor tables. What is wider than 8 bytes is moved
 * in parts of 8, the lower first; a read whose second part faults may have had an effect on the
 * device of the first, which only happens across pages.
 */
#include "insn_parts.h"

#include <arch/x86_64/defs/regs.h>

#define XCR0_YMM (XCR0_SSE | XCR0_AVX)

static enum insn_result read_wide(struct insn_ctx *c, gva_t gva, unsigned width, u64 *val)
{
	enum insn_result r = INSN_DONE;

	for (unsigned at = 0; !r && at < width; at += 8)
		r = insn_mem_read(c, gva + at, (unsigned)min_u64(width, 8), val++);
	return r;
}

static enum insn_result write_wide(struct insn_ctx *c, gva_t gva, unsigned width, const u64 *val)
{
	enum insn_result r = width > 8 ? insn_mem_probe(c, gva, width) : INSN_DONE;

	for (unsigned at = 0; !r && at < width; at += 8)
		r = insn_mem_write(c, gva + at, (unsigned)min_u64(width, 8), *val++);
	return r;
}

static enum insn_result locate(const struct insn *in, struct insn_ctx *c, unsigned width,
			       enum mem_intent intent, gva_t *gva)
{
	return insn_mem_address(in, c, in->mem.seg, insn_mem_offset(in, c->regs), width, intent,
				gva);
}

/* Intel SDM vol. 3, "System Programming for Instruction Set Extensions"; 0: nothing is in the way.
 */
static u8 vector_fault(const struct insn_ctx *c, enum insn_operand_kind kind)
{
	if (kind == OPERAND_YMM ? !(c->cr4 & CR4_OSXSAVE) || (c->xcr0 & XCR0_YMM) != XCR0_YMM :
				  (c->cr0 & CR0_EM) || (kind == OPERAND_XMM && !(c->cr4 & CR4_OSFXSR)))
		return EXC_UD;
	return c->cr0 & CR0_TS ? EXC_NM : 0;
}

static enum insn_result vector_done(struct insn_ctx *c, enum status st)
{
	c->status = st;
	if (!st)
		return INSN_DONE;
	return c->fault.pending ? INSN_FAULT : INSN_FAILED;
}

static enum insn_result exec_move(const struct insn *in, struct insn_ctx *c)
{
	bool load = in->src.kind == OPERAND_MEM;
	struct insn_operand reg = load ? in->dst : in->src;
	u8 fault = vector_fault(c, reg.kind);
	u64 val[4] = { 0 };
	gva_t gva = 0;
	enum insn_result r;

	if (fault)
		return insn_raise(c, fault);
	r = locate(in, c, in->width, load ? MEM_READ : MEM_WRITE, &gva);
	if (r)
		return r;
	if (in->op == INSN_VMOVA && (gva & (in->width - 1)))
		return insn_raise(c, EXC_GP);
	if (!load) {
		r = vector_done(c, c->ops->vec_get(c, reg, val));
		return r ? r : write_wide(c, gva, in->width, val);
	}
	r = read_wide(c, gva, in->width, val);
	return r ? r : vector_done(c, c->ops->vec_set(c, reg, val));
}

/* Memory is written in any case, with its old value if the comparison fails. */
static enum insn_result exec_cmpxchg(const struct insn *in, struct insn_ctx *c)
{
	unsigned half = in->width / 2;
	struct gpr *regs = c->regs;
	u64 old[2], val[2], low, high;
	gva_t gva = 0;
	enum insn_result r = locate(in, c, in->width, MEM_WRITE, &gva);
	bool equal;

	if (!r && half == 8 && (gva & 15))
		r = insn_raise(c, EXC_GP);
	if (!r)
		r = insn_mem_probe(c, gva, in->width);
	if (!r)
		r = read_wide(c, gva, in->width, old);
	if (r)
		return r;
	low = old[0] & width_mask(half);
	high = half == 8 ? old[1] : old[0] >> 32;
	equal =
	    low == insn_reg_get(regs, GPR_RAX, half) && high == insn_reg_get(regs, GPR_RDX, half);
	val[0] = half == 8 ? regs->r[GPR_RBX] : (u64)(u32)regs->r[GPR_RBX] | regs->r[GPR_RCX] << 32;
	val[1] = regs->r[GPR_RCX];
	r = write_wide(c, gva, in->width, equal ? val : old);
	if (r)
		return r;
	regs->rflags = (regs->rflags & ~RFLAGS_ZF) | (equal ? RFLAGS_ZF : 0);
	if (!equal) {
		insn_reg_set(regs, GPR_RAX, half, low);
		insn_reg_set(regs, GPR_RDX, half, high);
	}
	return INSN_DONE;
}

/* The limit, and a base of 4 or 8 bytes whatever the operand size (AMD APM vol. 3, "SGDT"). */
static enum insn_result exec_table(const struct insn *in, struct insn_ctx *c)
{
	struct segment s;
	gva_t gva = 0;
	enum insn_result r;

	if ((c->cr4 & CR4_UMIP) && c->cpl)
		return insn_raise(c, EXC_GP);
	r = locate(in, c, in->width + 2, MEM_WRITE, &gva);
	if (!r)
		r = insn_mem_probe(c, gva, in->width + 2);
	if (r)
		return r;
	c->ops->get_seg(c, in->op == INSN_SGDT ? SEG_GDTR : SEG_IDTR, &s);
	r = insn_mem_write(c, gva, 2, s.limit);
	return r ? r : insn_mem_write(c, gva + 2, in->width, s.base);
}

/* With a 16-bit operand the base has 24 bits, as the 80286 had them (Intel SDM vol. 2, "LGDT"). */
static enum insn_result exec_load_table(const struct insn *in, struct insn_ctx *c)
{
	unsigned width = in->mode == 64 ? 8 : 4;
	u64 limit, base;
	gva_t gva = 0;
	enum insn_result r;

	if (c->cpl)
		return insn_raise(c, EXC_GP);
	r = locate(in, c, width + 2, MEM_READ, &gva);
	if (!r)
		r = insn_mem_read(c, gva, 2, &limit);
	if (!r)
		r = insn_mem_read(c, gva + 2, width, &base);
	if (r)
		return r;
	if (in->width == 2)
		base &= 0xffffff;
	if (sign_extend(base, c->va_bits) != base)
		return insn_raise(c, EXC_GP);
	c->ops->set_table(c, in->op == INSN_LGDT ? SEG_GDTR : SEG_IDTR, base, (u16)limit);
	return INSN_DONE;
}

enum insn_result insn_exec_wide(const struct insn *in, struct insn_ctx *c)
{
	switch (in->op) {
	case INSN_CMPXCHG8B:
		return exec_cmpxchg(in, c);
	case INSN_SGDT:
	case INSN_SIDT:
		return exec_table(in, c);
	case INSN_LGDT:
	case INSN_LIDT:
		return exec_load_table(in, c);
	default:
		return exec_move(in, c);
	}
}

// SPDX-License-Identifier: BSD-2-Clause
/* PUSH, POP and the near branches that take their target from memory or keep an address on the
 * stack. */
#include "insn_parts.h"

#include <arch/x86_64/defs/regs.h>

static unsigned stack_width(const struct insn *in, struct insn_ctx *c)
{
	struct segment ss;

	if (in->mode == 64)
		return 8;
	c->ops->get_seg(c, SEG_SS, &ss);
	return ss.attr & SEG_ATTR_DB ? 4 : 2;
}

/* The stack pointer moved by `by`. It wraps as its width says and leaves the rest of RSP alone; 32
 * bits are all that there is outside of 64-bit mode. */
static u64 moved(const struct insn_ctx *c, unsigned width, s64 by)
{
	u64 sp = c->regs->r[GPR_RSP], mask = width_mask(width);

	return (sp & ~mask) | ((sp + (u64)by) & mask);
}

static enum insn_result push(const struct insn *in, struct insn_ctx *c, u64 val)
{
	unsigned width = stack_width(in, c);
	u64 sp = moved(c, width, -(s64)in->width);
	gva_t gva = 0;
	enum insn_result r =
	    insn_mem_address(in, c, SEG_SS, sp & width_mask(width), in->width, MEM_WRITE, &gva);

	if (!r)
		r = insn_mem_write(c, gva, in->width, val);
	if (!r)
		c->regs->r[GPR_RSP] = sp;
	return r;
}

/* Reads what is on top; the caller moves the pointer. */
static enum insn_result peek(const struct insn *in, struct insn_ctx *c, u64 *val)
{
	u64 sp = c->regs->r[GPR_RSP] & width_mask(stack_width(in, c));
	gva_t gva = 0;
	enum insn_result r = insn_mem_address(in, c, SEG_SS, sp, in->width, MEM_READ, &gva);

	return r ? r : insn_mem_read(c, gva, in->width, val);
}

static enum insn_result read_dst(const struct insn *in, struct insn_ctx *c, u64 *val)
{
	gva_t gva = 0;
	enum insn_result r;

	*val = insn_operand_get(in, c, in->dst, in->width);
	if (in->dst.kind != OPERAND_MEM)
		return INSN_DONE;
	r = insn_mem_address(in, c, in->mem.seg, insn_mem_offset(in, c->regs), in->width, MEM_READ,
			     &gva);
	return r ? r : insn_mem_read(c, gva, in->width, val);
}

/* An address made with RSP is that after the increment (Intel SDM vol. 2, "POP"). */
static enum insn_result pop(const struct insn *in, struct insn_ctx *c)
{
	u64 old = c->regs->r[GPR_RSP], sp = moved(c, stack_width(in, c), in->width), val = 0;
	gva_t gva = 0;
	enum insn_result r = INSN_DONE;

	if (in->dst.kind == OPERAND_MEM) {
		c->regs->r[GPR_RSP] = sp;
		r = insn_mem_address(in, c, in->mem.seg, insn_mem_offset(in, c->regs), in->width,
				     MEM_WRITE, &gva);
		c->regs->r[GPR_RSP] = old;
		if (!r)
			r = insn_mem_probe(c, gva, in->width);
	}
	if (!r)
		r = peek(in, c, &val);
	if (!r && in->dst.kind == OPERAND_MEM)
		r = insn_mem_write(c, gva, in->width, val);
	if (r)
		return r;
	c->regs->r[GPR_RSP] = sp;
	insn_operand_set(c->regs, in->dst, in->width, val);
	insn_step_over(in, c->regs);
	return INSN_DONE;
}

static bool may_go(const struct insn *in, struct insn_ctx *c, u64 target)
{
	struct segment cs;

	if (in->mode == 64)
		return sign_extend(target, c->va_bits) == target;
	c->ops->get_seg(c, SEG_CS, &cs);
	return target <= cs.limit;
}

static enum insn_result go(const struct insn *in, struct insn_ctx *c, u64 target)
{
	if (!may_go(in, c, target))
		return insn_raise(c, EXC_GP);
	c->regs->rip = target;
	c->regs->rflags &= ~RFLAGS_RF;
	return INSN_DONE;
}

static enum insn_result branch(const struct insn *in, struct insn_ctx *c)
{
	u64 next = (c->regs->rip + in->len) & width_mask(in->width), target = 0;
	enum insn_result r = in->op == INSN_RET ? peek(in, c, &target) : read_dst(in, c, &target);

	if (r)
		return r;
	if (in->dst.kind == OPERAND_IMM)
		target = (next + target) & width_mask(in->width);
	if (!may_go(in, c, target))
		return insn_raise(c, EXC_GP);
	if (in->op == INSN_CALL)
		r = push(in, c, next);
	else if (in->op == INSN_RET)
		c->regs->r[GPR_RSP] = moved(c, stack_width(in, c), in->width);
	return r ? r : go(in, c, target);
}

enum insn_result insn_exec_stack(const struct insn *in, struct insn_ctx *c)
{
	u64 val = 0;
	enum insn_result r;

	if (in->op == INSN_POP)
		return pop(in, c);
	if (in->op != INSN_PUSH)
		return branch(in, c);
	r = read_dst(in, c, &val);
	if (!r)
		r = push(in, c, val);
	if (!r)
		insn_step_over(in, c->regs);
	return r;
}

// SPDX-License-Identifier: BSD-2-Clause
/* Whatever uses the stack, and near branches whose target is in memory. */
#include "insn_parts.h"

#include <arch/x86_64/defs/regs.h>

/* By POPF, whoever executes it. */
#define ALWAYS_POPPED                                                                              \
	(RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_TF | RFLAGS_DF | RFLAGS_OF | \
	 RFLAGS_NT | RFLAGS_AC | RFLAGS_ID)

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

/* Reads what the register `base` points to; the caller moves the pointer. */
static enum insn_result peek_at(const struct insn *in, struct insn_ctx *c, unsigned base, u64 *val)
{
	u64 at = c->regs->r[base] & width_mask(stack_width(in, c));
	gva_t gva = 0;
	enum insn_result r = insn_mem_address(in, c, SEG_SS, at, in->width, MEM_READ, &gva);

	return r ? r : insn_mem_read(c, gva, in->width, val);
}

static enum insn_result peek(const struct insn *in, struct insn_ctx *c, u64 *val)
{
	return peek_at(in, c, GPR_RSP, val);
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

/* Intel SDM vol. 2, "PUSHF" and "POPF": virtual-8086 mode needs IOPL 3. */
static bool may_use_flags(const struct insn_ctx *c)
{
	return !(c->regs->rflags & RFLAGS_VM) || (c->regs->rflags & RFLAGS_IOPL) == RFLAGS_IOPL;
}

static enum insn_result pop_flags(const struct insn *in, struct insn_ctx *c)
{
	u64 old = c->regs->rflags, val = 0, may = ALWAYS_POPPED;
	enum insn_result r = peek(in, c, &val);

	if (r)
		return r;
	if (!c->cpl)
		may |= RFLAGS_IOPL;
	if (c->cpl <= FIELD_GET(RFLAGS_IOPL, old))
		may |= RFLAGS_IF;
	may &= width_mask(in->width);
	c->regs->rflags = (old & ~may) | (val & may);
	c->regs->r[GPR_RSP] = moved(c, stack_width(in, c), in->width);
	return INSN_DONE;
}

/* A frame without outer ones: nobody nests. */
static enum insn_result enter(const struct insn *in, struct insn_ctx *c)
{
	unsigned width = stack_width(in, c);
	enum insn_result r;

	if (in->imm >> 16) {
		c->status = E_UNSUPPORTED;
		return INSN_FAILED;
	}
	r = push(in, c, c->regs->r[GPR_RBP]);
	if (r)
		return r;
	insn_reg_set(c->regs, GPR_RBP, width, c->regs->r[GPR_RSP]);
	c->regs->r[GPR_RSP] = moved(c, width, -(s64)in->imm);
	return INSN_DONE;
}

static enum insn_result leave(const struct insn *in, struct insn_ctx *c)
{
	unsigned width = stack_width(in, c);
	u64 val = 0;
	enum insn_result r = peek_at(in, c, GPR_RBP, &val);

	if (r)
		return r;
	insn_reg_set(c->regs, GPR_RSP, width, c->regs->r[GPR_RBP]);
	c->regs->r[GPR_RSP] = moved(c, width, in->width);
	insn_reg_set(c->regs, GPR_RBP, in->width, val);
	return INSN_DONE;
}

static enum insn_result push_operand(const struct insn *in, struct insn_ctx *c)
{
	u64 val = 0;
	enum insn_result r = read_dst(in, c, &val);

	return r ? r : push(in, c, val);
}

/* Those that go on behind themselves. */
static enum insn_result exec(const struct insn *in, struct insn_ctx *c)
{
	switch (in->op) {
	case INSN_PUSH:
		return push_operand(in, c);
	case INSN_ENTER:
		return enter(in, c);
	case INSN_LEAVE:
		return leave(in, c);
	default:
		if (!may_use_flags(c))
			return insn_raise(c, EXC_GP);
		return in->op == INSN_POPF ? pop_flags(in, c) :
					     push(in, c, c->regs->rflags & ~(RFLAGS_RF | RFLAGS_VM));
	}
}

enum insn_result insn_exec_stack(const struct insn *in, struct insn_ctx *c)
{
	enum insn_result r;

	if (in->op == INSN_POP)
		return pop(in, c);
	if (in->op >= INSN_CALL && in->op <= INSN_RET)
		return branch(in, c);
	r = exec(in, c);
	if (!r)
		insn_step_over(in, c->regs);
	return r;
}

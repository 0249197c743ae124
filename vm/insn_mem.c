// SPDX-License-Identifier: BSD-2-Clause
#include "insn_parts.h"

#include <arch/x86_64/defs/regs.h>

u64 insn_reg_get(const struct gpr *regs, unsigned reg, unsigned width)
{
	return regs->r[reg] & width_mask(width);
}

void insn_reg_set(struct gpr *regs, unsigned reg, unsigned width, u64 val)
{
	u64 mask = width_mask(width);

	if (width >= 4)
		regs->r[reg] = val & mask;
	else
		regs->r[reg] = (regs->r[reg] & ~mask) | (val & mask);
}

u64 insn_operand_get(const struct insn *in, struct insn_ctx *c, struct insn_operand o,
		     unsigned width)
{
	struct segment seg;

	switch (o.kind) {
	case OPERAND_REG:
		return insn_reg_get(c->regs, o.reg, width);
	case OPERAND_HIGH:
		return (u8)(c->regs->r[o.reg] >> 8);
	case OPERAND_IMM:
		return in->imm;
	case OPERAND_SEG:
		c->ops->get_seg(c, o.reg, &seg);
		return seg.selector;
	default:
		return 0;
	}
}

void insn_operand_set(struct gpr *regs, struct insn_operand o, unsigned width, u64 val)
{
	if (o.kind == OPERAND_REG)
		insn_reg_set(regs, o.reg, width, val);
	else if (o.kind == OPERAND_HIGH)
		regs->r[o.reg] = (regs->r[o.reg] & ~0xff00ull) | (val & 0xff) << 8;
}

u64 insn_mem_offset(const struct insn *in, const struct gpr *regs)
{
	const struct insn_mem *m = &in->mem;
	u64 off = m->disp;

	if (m->base == INSN_REG_RIP)
		off += regs->rip + in->len;
	else if (m->base != INSN_NO_REG)
		off += regs->r[m->base];
	if (m->index != INSN_NO_REG)
		off += regs->r[m->index] * m->scale;
	return off & width_mask(in->addr_width);
}

enum insn_result insn_raise(struct insn_ctx *c, u8 vector)
{
	bool code = vector == EXC_SS || vector == EXC_GP || vector == EXC_AC;

	c->fault = (struct insn_fault){
		.pending = true,
		.vector = vector,
		.has_error = code && (c->cr0 & CR0_PE),
	};
	return INSN_FAULT;
}

static enum insn_result refuse(struct insn_ctx *c, enum seg_index seg)
{
	return insn_raise(c, seg == SEG_SS ? EXC_SS : EXC_GP);
}

/* Intel SDM vol. 3, "Limit Checking". */
static bool inside_limit(const struct segment *s, bool down, u64 first, unsigned width)
{
	u64 last = first + width - 1;

	if (!down)
		return last <= s->limit;
	return first > s->limit && last <= (s->attr & SEG_ATTR_DB ? 0xffffffffu : 0xffffu);
}

/* Intel SDM vol. 3, "Type Checking"; not in real and virtual-8086 mode, where all six segments take
 * everything. */
static bool type_allows(const struct segment *s, enum mem_intent intent)
{
	u16 type = s->attr & SEG_ATTR_TYPE;

	if (!(s->attr & SEG_ATTR_P) || !(s->attr & SEG_ATTR_S))
		return false;
	if (type & SEG_ATTR_CODE)
		return intent == MEM_READ && (type & SEG_ATTR_WRITABLE); /* here: readable */
	return intent == MEM_READ || (type & SEG_ATTR_WRITABLE);
}

static bool canonical(u64 addr, unsigned bits)
{
	return sign_extend(addr, bits) == addr;
}

/* Intel SDM vol. 3, "Interrupt 17—Alignment Check Exception (#AC)". Odd sizes have no alignment of
 * their own. */
static enum insn_result check_alignment(struct insn_ctx *c, gva_t gva, unsigned width)
{
	if (c->cpl != 3 || !(c->cr0 & CR0_AM) || !(c->regs->rflags & RFLAGS_AC) || width > 8 ||
	    !(gva & (width - 1)))
		return INSN_DONE;
	return insn_raise(c, EXC_AC);
}

enum insn_result insn_mem_address(const struct insn *in, struct insn_ctx *c, enum seg_index seg,
				  u64 offset, unsigned width, enum mem_intent intent, gva_t *gva)
{
	bool typed = (c->cr0 & CR0_PE) && !(c->regs->rflags & RFLAGS_VM);
	struct segment s;
	bool down;

	if (in->mode == 64) {
		*gva = offset;
		if (seg == SEG_FS || seg == SEG_GS) {
			c->ops->get_seg(c, seg, &s);
			*gva += s.base;
		}
		if (!canonical(*gva, c->va_bits) || !canonical(*gva + width - 1, c->va_bits))
			return refuse(c, seg);
		return check_alignment(c, *gva, width);
	}
	c->ops->get_seg(c, seg, &s);
	down = (s.attr & SEG_ATTR_EXPAND_DOWN) && !(s.attr & SEG_ATTR_CODE);
	if ((typed && !type_allows(&s, intent)) || !inside_limit(&s, down, offset, width))
		return refuse(c, seg);
	*gva = (u32)(s.base + offset);
	return check_alignment(c, *gva, width);
}

static enum insn_result outcome(struct insn_ctx *c, enum status st)
{
	if (!st)
		return INSN_DONE;
	c->status = st;
	return c->fault.pending ? INSN_FAULT : INSN_FAILED;
}

enum insn_result insn_mem_read(struct insn_ctx *c, gva_t gva, unsigned width, u64 *val)
{
	enum status st = c->ops->mem_read(c, gva, width, val);

	*val &= width_mask(width);
	return outcome(c, st);
}

enum insn_result insn_mem_write(struct insn_ctx *c, gva_t gva, unsigned width, u64 val)
{
	return outcome(c, c->ops->mem_write(c, gva, width, val & width_mask(width)));
}

enum insn_result insn_mem_probe(struct insn_ctx *c, gva_t gva, unsigned width)
{
	return outcome(c, c->ops->mem_probe(c, gva, width));
}

enum insn_result insn_port_read(struct insn_ctx *c, u16 port, unsigned width, u64 *val)
{
	enum status st = c->ops->io_read(c, port, width, val);

	*val &= width_mask(width);
	return outcome(c, st);
}

enum insn_result insn_port_write(struct insn_ctx *c, u16 port, unsigned width, u64 val)
{
	return outcome(c, c->ops->io_write(c, port, width, val & width_mask(width)));
}

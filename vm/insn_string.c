// SPDX-License-Identifier: BSD-2-Clause
#include "insn_parts.h"

#include <arch/x86_64/defs/regs.h>

struct element {
	const struct insn *in;
	struct insn_ctx *c;
	gva_t src, dst; /* linear addresses, if the instruction has them */
};

struct string_op {
	bool src; /* reads [rSI] */
	bool dst; /* touches ES:[rDI] */
	enum mem_intent dst_intent;
	bool compares; /* REPE and REPNE look at ZF */
	enum insn_result (*step)(const struct element *e);
};

static enum insn_result step_movs(const struct element *e)
{
	enum insn_result r = insn_mem_probe(e->c, e->dst, e->in->width);
	u64 val = 0;

	if (!r)
		r = insn_mem_read(e->c, e->src, e->in->width, &val);
	return r ? r : insn_mem_write(e->c, e->dst, e->in->width, val);
}

static enum insn_result step_cmps(const struct element *e)
{
	u64 a = 0, b = 0;
	enum insn_result r = insn_mem_read(e->c, e->src, e->in->width, &a);

	if (!r)
		r = insn_mem_read(e->c, e->dst, e->in->width, &b);
	if (!r)
		insn_alu(INSN_CMP, a, b, e->in->width, &e->c->regs->rflags);
	return r;
}

static enum insn_result step_stos(const struct element *e)
{
	return insn_mem_write(e->c, e->dst, e->in->width, e->c->regs->r[GPR_RAX]);
}

static enum insn_result step_lods(const struct element *e)
{
	u64 val = 0;
	enum insn_result r = insn_mem_read(e->c, e->src, e->in->width, &val);

	if (!r)
		insn_reg_set(e->c->regs, GPR_RAX, e->in->width, val);
	return r;
}

static enum insn_result step_scas(const struct element *e)
{
	u64 val = 0;
	enum insn_result r = insn_mem_read(e->c, e->dst, e->in->width, &val);

	if (!r)
		insn_alu(INSN_CMP, e->c->regs->r[GPR_RAX], val, e->in->width, &e->c->regs->rflags);
	return r;
}

static enum insn_result step_ins(const struct element *e)
{
	enum insn_result r = insn_mem_probe(e->c, e->dst, e->in->width);
	u64 val = 0;

	if (!r)
		r = insn_port_read(e->c, (u16)e->c->regs->r[GPR_RDX], e->in->width, &val);
	return r ? r : insn_mem_write(e->c, e->dst, e->in->width, val);
}

static enum insn_result step_outs(const struct element *e)
{
	u64 val = 0;
	enum insn_result r = insn_mem_read(e->c, e->src, e->in->width, &val);

	return r ? r : insn_port_write(e->c, (u16)e->c->regs->r[GPR_RDX], e->in->width, val);
}

// clang-format off
static const struct string_op string_ops[] = {
	[INSN_MOVS - INSN_MOVS] = { .src = true, .dst = true, .dst_intent = MEM_WRITE, .step = step_movs },
	[INSN_CMPS - INSN_MOVS] = { .src = true, .dst = true, .compares = true, .step = step_cmps },
	[INSN_STOS - INSN_MOVS] = { .dst = true, .dst_intent = MEM_WRITE, .step = step_stos },
	[INSN_LODS - INSN_MOVS] = { .src = true, .step = step_lods },
	[INSN_SCAS - INSN_MOVS] = { .dst = true, .compares = true, .step = step_scas },
	[INSN_INS - INSN_MOVS]  = { .dst = true, .dst_intent = MEM_WRITE, .step = step_ins },
	[INSN_OUTS - INSN_MOVS] = { .src = true, .step = step_outs },
};
static_assert(ARRAY_LEN(string_ops) == INSN_IN - INSN_MOVS, "every string instruction has a row");
// clang-format on

static enum insn_result do_element(const struct insn *in, struct insn_ctx *c,
				   const struct string_op *op)
{
	u64 stride = c->regs->rflags & RFLAGS_DF ? -(u64)in->width : in->width;
	u64 si = insn_reg_get(c->regs, GPR_RSI, in->addr_width);
	u64 di = insn_reg_get(c->regs, GPR_RDI, in->addr_width);
	struct element e = { .in = in, .c = c };
	enum insn_result r = INSN_DONE;

	if (op->src)
		r = insn_mem_address(in, c, in->mem.seg, si, in->width, MEM_READ, &e.src);
	if (!r && op->dst)
		r = insn_mem_address(in, c, SEG_ES, di, in->width, op->dst_intent, &e.dst);
	if (!r)
		r = op->step(&e);
	if (r)
		return r;
	if (op->src)
		insn_reg_set(c->regs, GPR_RSI, in->addr_width, si + stride);
	if (op->dst)
		insn_reg_set(c->regs, GPR_RDI, in->addr_width, di + stride);
	return INSN_DONE;
}

enum insn_result insn_exec_string(const struct insn *in, struct insn_ctx *c)
{
	const struct string_op *op = &string_ops[in->op - INSN_MOVS];
	unsigned left = c->regs->rflags & RFLAGS_TF ? 1 : INSN_REP_MAX;
	u64 count;

	if (in->rep == REP_NONE)
		return do_element(in, c, op);
	for (count = insn_reg_get(c->regs, GPR_RCX, in->addr_width); count; left--) {
		enum insn_result r;
		bool equal;

		if (!left)
			return INSN_AGAIN;
		r = do_element(in, c, op);
		if (r)
			return r;
		insn_reg_set(c->regs, GPR_RCX, in->addr_width, --count);
		equal = c->regs->rflags & RFLAGS_ZF;
		if (op->compares && equal != (in->rep == REP_E))
			break;
	}
	return INSN_DONE;
}

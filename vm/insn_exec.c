// SPDX-License-Identifier: BSD-2-Clause
#include <vm/insn_exec.h>

#include <arch/x86_64/defs/regs.h>

#include "insn_parts.h"

/* Which operands an instruction of class INSN_DATA reads and writes. */
enum uses {
	READS_DST = 1 << 0,
	WRITES_DST = 1 << 1,
	READS_SRC = 1 << 2,
	WRITES_SRC = 1 << 3, /* with the old value of dst */
	UPDATES = READS_DST | WRITES_DST,
};

// clang-format off
static const u8 data_uses[] = {
	[INSN_ADD]     = UPDATES | READS_SRC,
	[INSN_OR]      = UPDATES | READS_SRC,
	[INSN_ADC]     = UPDATES | READS_SRC,
	[INSN_SBB]     = UPDATES | READS_SRC,
	[INSN_AND]     = UPDATES | READS_SRC,
	[INSN_SUB]     = UPDATES | READS_SRC,
	[INSN_XOR]     = UPDATES | READS_SRC,
	[INSN_CMP]     = READS_DST | READS_SRC,
	[INSN_TEST]    = READS_DST | READS_SRC,
	[INSN_MOV]     = WRITES_DST | READS_SRC,
	[INSN_MOVZX]   = WRITES_DST | READS_SRC,
	[INSN_MOVSX]   = WRITES_DST | READS_SRC,
	[INSN_XCHG]    = UPDATES | READS_SRC | WRITES_SRC,
	[INSN_XADD]    = UPDATES | READS_SRC | WRITES_SRC,
	[INSN_CMPXCHG] = UPDATES | READS_SRC,
	[INSN_NOT]     = UPDATES,
	[INSN_NEG]     = UPDATES,
	[INSN_INC]     = UPDATES,
	[INSN_DEC]     = UPDATES,
	[INSN_BT]      = READS_DST | READS_SRC,
	[INSN_BTS]     = UPDATES | READS_SRC,
	[INSN_BTR]     = UPDATES | READS_SRC,
	[INSN_BTC]     = UPDATES | READS_SRC,
	[INSN_ROL]     = UPDATES | READS_SRC,
	[INSN_ROR]     = UPDATES | READS_SRC,
	[INSN_RCL]     = UPDATES | READS_SRC,
	[INSN_RCR]     = UPDATES | READS_SRC,
	[INSN_SHL]     = UPDATES | READS_SRC,
	[INSN_SHR]     = UPDATES | READS_SRC,
	[INSN_SAL]     = UPDATES | READS_SRC,
	[INSN_SAR]     = UPDATES | READS_SRC,
	[INSN_SHLD]    = UPDATES | READS_SRC,
	[INSN_SHRD]    = UPDATES | READS_SRC,
	[INSN_BSF]     = UPDATES | READS_SRC,
	[INSN_BSR]     = UPDATES | READS_SRC,
	[INSN_TZCNT]   = WRITES_DST | READS_SRC,
	[INSN_LZCNT]   = WRITES_DST | READS_SRC,
	[INSN_POPCNT]  = WRITES_DST | READS_SRC,
	[INSN_SETCC]   = WRITES_DST,
	[INSN_CMOVCC]  = UPDATES | READS_SRC,
	[INSN_MOVBE]   = WRITES_DST | READS_SRC,
	[INSN_MOV_FROM_SEG] = WRITES_DST | READS_SRC,
	[INSN_SLDT]    = WRITES_DST,
	[INSN_STR]     = WRITES_DST,
	[INSN_SMSW]    = WRITES_DST,
	[INSN_IMUL]    = UPDATES | READS_SRC,
	[INSN_MUL_A]   = READS_DST,
	[INSN_IMUL_A]  = READS_DST,
	[INSN_DIV_A]   = READS_DST,
	[INSN_IDIV_A]  = READS_DST,
};
static_assert(ARRAY_LEN(data_uses) == INSN_MOVS, "every data instruction has a row");
// clang-format on

/*
 * A bit number in a register reaches beyond the operand: how far, in bytes, from its address (Intel
 * SDM vol. 2, "BT"). Negative numbers reach down.
 */
static u64 bit_displacement(const struct insn *in, const struct gpr *regs)
{
	unsigned bits = 8 * in->width;
	s64 index;

	if (in->op < INSN_BT || in->op > INSN_BTC || in->src.kind != OPERAND_REG)
		return 0;
	index = (s64)sign_extend(insn_reg_get(regs, in->src.reg, in->width), bits);
	return (u64)(index >> __builtin_ctz(bits)) * in->width;
}

/* The linear address of the memory operand, checked for all that will be done with it. */
static enum insn_result locate(const struct insn *in, struct insn_ctx *c, gva_t *gva)
{
	bool dst = in->dst.kind == OPERAND_MEM;
	enum mem_intent intent = dst && (data_uses[in->op] & WRITES_DST) ? MEM_WRITE : MEM_READ;
	u64 off = insn_mem_offset(in, c->regs);

	if (!dst && in->src.kind != OPERAND_MEM)
		return INSN_DONE;
	if (dst)
		off = (off + bit_displacement(in, c->regs)) & width_mask(in->addr_width);
	return insn_mem_address(in, c, in->mem.seg, off, dst ? in->width : in->src_width, intent,
				gva);
}

/* The old values of both operands, as far as the instruction looks at them. */
static enum insn_result fetch(const struct insn *in, struct insn_ctx *c, gva_t gva, u64 *dst,
			      u64 *src)
{
	u8 uses = data_uses[in->op];
	enum insn_result r = INSN_DONE;

	*dst = insn_operand_get(in, c, in->dst, in->width);
	*src = insn_operand_get(in, c, in->src, in->src_width);
	if (in->src.kind == OPERAND_MEM && (uses & READS_SRC))
		r = insn_mem_read(c, gva, in->src_width, src);
	if (in->dst.kind != OPERAND_MEM || !(uses & READS_DST))
		return r;
	if (uses & WRITES_DST)
		r = insn_mem_probe(c, gva, in->width);
	return r ? r : insn_mem_read(c, gva, in->width, dst);
}

/* What SLDT, STR and SMSW store. */
static u64 system_value(enum insn_op op, struct insn_ctx *c)
{
	struct segment s;

	if (op == INSN_SMSW)
		return c->cr0;
	c->ops->get_seg(c, op == INSN_STR ? SEG_TR : SEG_LDTR, &s);
	return s.selector;
}

/* The new value of dst, where insn_alu() has none. */
static u64 compute_more(const struct insn *in, struct insn_ctx *c, u64 dst, u64 src, u64 *rflags)
{
	u64 extra = insn_operand_get(in, c, in->extra, in->width);

	switch (in->op) {
	case INSN_SHLD:
	case INSN_SHRD:
		return insn_shift(in->op, dst, src, (u8)extra, in->width, rflags);
	case INSN_BSF:
	case INSN_BSR:
	case INSN_TZCNT:
	case INSN_LZCNT:
	case INSN_POPCNT:
		return insn_bit_scan(in->op, dst, src, in->width, rflags);
	case INSN_SETCC:
		return insn_condition(in->cond, *rflags);
	case INSN_CMOVCC:
		return insn_condition(in->cond, *rflags) ? src : dst;
	case INSN_MOVBE:
		return __builtin_bswap64(src) >> (64 - 8 * in->width);
	case INSN_MOV_FROM_SEG:
		return src;
	case INSN_SLDT:
	case INSN_STR:
	case INSN_SMSW:
		return system_value(in->op, c);
	case INSN_IMUL:
		return insn_multiply(in->extra.kind ? extra : dst, src, in->width, rflags);
	default:
		return insn_shift(in->op, dst, 0, (u8)src, in->width, rflags);
	}
}

/* The new value of dst. CMPXCHG may change rAX too, which the caller does, since the write can
 * still fail. */
static u64 compute(const struct insn *in, struct insn_ctx *c, u64 dst, u64 src, u64 *rflags)
{
	if (in->op > INSN_BTC)
		return compute_more(in, c, dst, src, rflags);
	switch (in->op) {
	case INSN_MOV:
	case INSN_MOVZX:
	case INSN_XCHG:
		return src;
	case INSN_MOVSX:
		return sign_extend(src, 8 * in->src_width);
	case INSN_XADD:
		return insn_alu(INSN_ADD, dst, src, in->width, rflags);
	case INSN_CMPXCHG:
		insn_alu(INSN_CMP, c->regs->r[GPR_RAX], dst, in->width, rflags);
		return *rflags & RFLAGS_ZF ? src : dst;
	default:
		return insn_alu(in->op, dst, src, in->width, rflags);
	}
}

/* Intel SDM vol. 3, "CR4", UMIP; the selectors have no meaning without descriptors. */
static bool may_store_system(const struct insn *in, const struct insn_ctx *c)
{
	if ((c->cr4 & CR4_UMIP) && c->cpl)
		return false;
	return in->op == INSN_SMSW || ((c->cr0 & CR0_PE) && !(c->regs->rflags & RFLAGS_VM));
}

/* With AX or rDX:rAX, which take the result. */
static enum insn_result exec_muldiv(const struct insn *in, struct insn_ctx *c, u64 operand)
{
	struct gpr *regs = c->regs;
	u64 lo = insn_reg_get(regs, GPR_RAX, in->width),
	    hi = insn_reg_get(regs, GPR_RDX, in->width);

	if (in->width == 1)
		hi = (u8)(regs->r[GPR_RAX] >> 8);
	if (!insn_muldiv(in->op, operand, in->width, &hi, &lo, &regs->rflags))
		return insn_raise(c, EXC_DE);
	if (in->width == 1) {
		insn_reg_set(regs, GPR_RAX, 2, hi << 8 | lo);
		return INSN_DONE;
	}
	insn_reg_set(regs, GPR_RAX, in->width, lo);
	insn_reg_set(regs, GPR_RDX, in->width, hi);
	return INSN_DONE;
}

/* Then the destination keeps its upper half too (AMD APM vol. 3, "BSF"). */
static bool found_nothing(enum insn_op op, u64 rflags)
{
	return (op == INSN_BSF || op == INSN_BSR) && (rflags & RFLAGS_ZF);
}

static enum insn_result exec_data(const struct insn *in, struct insn_ctx *c)
{
	u8 uses = data_uses[in->op];
	struct gpr *regs = c->regs;
	u64 rflags = regs->rflags;
	u64 dst, src, val;
	gva_t gva = 0;
	enum insn_result r;

	if (in->op >= INSN_SLDT && in->op <= INSN_SMSW && !may_store_system(in, c))
		return insn_raise(c, (c->cr4 & CR4_UMIP) && c->cpl ? EXC_GP : EXC_UD);
	r = locate(in, c, &gva);
	if (!r)
		r = fetch(in, c, gva, &dst, &src);
	if (r)
		return r;
	if (in->op >= INSN_MUL_A)
		return exec_muldiv(in, c, dst);
	val = compute(in, c, dst, src, &rflags);
	if (in->dst.kind == OPERAND_MEM && (uses & WRITES_DST))
		r = insn_mem_write(c, gva, in->width, val);
	if (r)
		return r;

	/* Nothing fails from here on. dst after src: XADD of a register with itself is a sum. */
	if (uses & WRITES_SRC)
		insn_operand_set(regs, in->src, in->width, dst);
	if (in->op == INSN_CMPXCHG && !(rflags & RFLAGS_ZF))
		/* Memory was written back; a register keeps all, its upper half too. */
		insn_reg_set(regs, GPR_RAX, in->width, dst);
	else if ((uses & WRITES_DST) && !found_nothing(in->op, rflags))
		insn_operand_set(regs, in->dst, in->width, val);
	regs->rflags = rflags;
	return INSN_DONE;
}

static enum insn_result exec_io(const struct insn *in, struct insn_ctx *c)
{
	struct insn_operand port = in->op == INSN_IN ? in->src : in->dst;
	u16 number = (u16)insn_operand_get(in, c, port, 2);
	u64 val = 0;
	enum insn_result r;

	if (in->op == INSN_OUT)
		return insn_port_write(c, number, in->width, c->regs->r[GPR_RAX]);
	r = insn_port_read(c, number, in->width, &val);
	if (!r)
		insn_reg_set(c->regs, GPR_RAX, in->width, val);
	return r;
}

void insn_step_over(const struct insn *in, struct gpr *regs)
{
	regs->rip += in->len;
	if (in->mode != 64)
		regs->rip = (u32)regs->rip;
	regs->rflags &= ~RFLAGS_RF;
}

enum insn_result insn_exec(const struct insn *in, struct insn_ctx *c)
{
	enum insn_result r;

	c->fault = (struct insn_fault){ 0 };
	c->status = OK;
	if (in->lock && !in->lockable)
		return insn_raise(c, EXC_UD);
	switch (insn_class_of(in->op)) {
	case INSN_DATA:
		r = exec_data(in, c);
		break;
	case INSN_STRING:
		r = insn_exec_string(in, c);
		break;
	case INSN_IO:
		r = exec_io(in, c);
		break;
	case INSN_STACK:
		return insn_exec_stack(in, c);
	case INSN_WIDE:
		r = insn_exec_wide(in, c);
		break;
	default:
		c->status = E_UNSUPPORTED;
		return INSN_FAILED;
	}
	if (r == INSN_DONE)
		insn_step_over(in, c->regs);
	return r;
}

// SPDX-License-Identifier: BSD-2-Clause
#include "insn_decoder.h"

/* SIB has the same shape. */
#define SIB_SCALE MODRM_MOD
#define SIB_INDEX MODRM_REG
#define SIB_BASE  MODRM_RM

/* Where a form's operand comes from. */
enum slot {
	SLOT_NONE,
	SLOT_RM,
	SLOT_REG,
	SLOT_IMM,
	SLOT_IMM8,
	SLOT_IMM24,
	SLOT_A,
	SLOT_OFFSET,
	SLOT_DX,
	SLOT_RM_REG, /* rm as a register, whatever mod says */
	SLOT_CR,
	SLOT_DR,
	SLOT_ONE,
	SLOT_CL,
	SLOT_SEG,
	SLOT_XMM,
	SLOT_MMX,
	SLOT_OPCODE, /* general register in the opcode */
	SLOT_REL,
};

// clang-format off
/* Operands are read in the order dst, src, extra: no form has an immediate before a displacement. */
static const struct {
	bool modrm;
	u8 dst, src, extra; /* enum slot */
} forms[] = {
	[FORM_PLAIN]  = { false, SLOT_NONE,   SLOT_NONE, SLOT_NONE },
	[FORM_E]      = { true,	 SLOT_RM,     SLOT_NONE, SLOT_NONE },
	[FORM_E_G]    = { true,	 SLOT_RM,     SLOT_REG, SLOT_NONE },
	[FORM_G_E]    = { true,	 SLOT_REG,    SLOT_RM, SLOT_NONE },
	[FORM_E_I]    = { true,	 SLOT_RM,     SLOT_IMM, SLOT_NONE },
	[FORM_E_Z]    = { true,	 SLOT_RM,     SLOT_IMM8, SLOT_NONE },
	[FORM_E_1]    = { true,	 SLOT_RM,     SLOT_ONE, SLOT_NONE },
	[FORM_E_C]    = { true,	 SLOT_RM,     SLOT_CL, SLOT_NONE },
	[FORM_E_G_Z]  = { true,	 SLOT_RM,     SLOT_REG, SLOT_IMM8 },
	[FORM_E_G_C]  = { true,	 SLOT_RM,     SLOT_REG, SLOT_CL },
	[FORM_G_E_I]  = { true,	 SLOT_REG,    SLOT_RM,  SLOT_IMM },
	[FORM_G_E_Z]  = { true,	 SLOT_REG,    SLOT_RM,  SLOT_IMM8 },
	[FORM_E_S]    = { true,	 SLOT_RM,     SLOT_SEG, SLOT_NONE },
	[FORM_E_V]    = { true,	 SLOT_RM,     SLOT_XMM, SLOT_NONE },
	[FORM_V_E]    = { true,	 SLOT_XMM,    SLOT_RM, SLOT_NONE },
	[FORM_E_P]    = { true,	 SLOT_RM,     SLOT_MMX, SLOT_NONE },
	[FORM_P_E]    = { true,	 SLOT_MMX,    SLOT_RM, SLOT_NONE },
	[FORM_R]      = { false, SLOT_OPCODE, SLOT_NONE, SLOT_NONE },
	[FORM_I]      = { false, SLOT_IMM,    SLOT_NONE, SLOT_NONE },
	[FORM_Z]      = { false, SLOT_IMM8,   SLOT_NONE, SLOT_NONE },
	[FORM_ENTER]  = { false, SLOT_IMM24,  SLOT_NONE, SLOT_NONE },
	[FORM_J]      = { false, SLOT_REL,    SLOT_NONE, SLOT_NONE },
	[FORM_A_I]    = { false, SLOT_A,      SLOT_IMM, SLOT_NONE },
	[FORM_A_O]    = { false, SLOT_A,      SLOT_OFFSET, SLOT_NONE },
	[FORM_O_A]    = { false, SLOT_OFFSET, SLOT_A, SLOT_NONE },
	[FORM_A_Z]    = { false, SLOT_A,      SLOT_IMM8, SLOT_NONE },
	[FORM_Z_A]    = { false, SLOT_IMM8,   SLOT_A, SLOT_NONE },
	[FORM_A_D]    = { false, SLOT_A,      SLOT_DX, SLOT_NONE },
	[FORM_D_A]    = { false, SLOT_DX,     SLOT_A, SLOT_NONE },
	[FORM_R_C]    = { true,	 SLOT_RM_REG, SLOT_CR, SLOT_NONE },
	[FORM_C_R]    = { true,	 SLOT_CR,     SLOT_RM_REG, SLOT_NONE },
	[FORM_R_D]    = { true,	 SLOT_RM_REG, SLOT_DR, SLOT_NONE },
	[FORM_D_R]    = { true,	 SLOT_DR,     SLOT_RM_REG, SLOT_NONE },
	[FORM_STRING] = { false, SLOT_NONE,   SLOT_NONE, SLOT_NONE },
	[FORM_EXACT]  = { true,	 SLOT_NONE,   SLOT_NONE, SLOT_NONE },
};
static_assert(ARRAY_LEN(forms) == FORM_COUNT, "every form has its operands");
// clang-format on

enum status decoder_take(struct decoder *d, unsigned width, u64 *val)
{
	if (d->pos + width > INSN_MAX_LEN)
		return E_INVAL;
	if (d->pos + width > d->len)
		return E_TRUNCATED;
	*val = 0;
	for (unsigned i = 0; i < width; i++)
		*val |= (u64)d->bytes[d->pos++] << (8 * i);
	return OK;
}

enum status decoder_take_byte(struct decoder *d, u8 *byte)
{
	u64 val;
	enum status st = decoder_take(d, 1, &val);

	if (!st)
		*byte = (u8)val;
	return st;
}

enum status decoder_take_modrm(struct decoder *d)
{
	if (d->has_modrm)
		return OK;
	d->has_modrm = true;
	return decoder_take_byte(d, &d->modrm);
}

static void set_segment(struct decoder *d)
{
	struct insn_mem *m = &d->in->mem;

	if (d->segment != NO_OVERRIDE)
		m->seg = d->segment;
	else
		m->seg = m->base == GPR_RSP || m->base == GPR_RBP ? SEG_SS : SEG_DS;
}

static enum status read_disp(struct decoder *d, unsigned size)
{
	struct insn_mem *m = &d->in->mem;
	enum status st;

	if (!size)
		return OK;
	st = decoder_take(d, size, &m->disp);
	if (!st)
		m->disp = sign_extend(m->disp, 8 * size);
	return st;
}

/* Intel SDM vol. 2, "16-Bit Addressing Forms with the ModR/M Byte". */
static enum status read_mem16(struct decoder *d)
{
	// clang-format off
	static const struct {
		u8 base, index;
	} regs[8] = {
		{ GPR_RBX, GPR_RSI },	  { GPR_RBX, GPR_RDI },
		{ GPR_RBP, GPR_RSI },	  { GPR_RBP, GPR_RDI },
		{ GPR_RSI, INSN_NO_REG }, { GPR_RDI, INSN_NO_REG },
		{ GPR_RBP, INSN_NO_REG }, { GPR_RBX, INSN_NO_REG },
	};
	// clang-format on
	u8 mod = FIELD_GET(MODRM_MOD, d->modrm), rm = d->modrm & MODRM_RM;
	struct insn_mem *m = &d->in->mem;
	unsigned disp = mod; /* its bytes */

	m->base = regs[rm].base;
	m->index = regs[rm].index;
	if (mod == 0 && rm == 6) {
		m->base = INSN_NO_REG;
		disp = 2;
	}
	set_segment(d);
	return read_disp(d, disp);
}

/* Intel SDM vol. 2, "32-Bit Addressing Forms with the ModR/M Byte", "... with the SIB Byte". */
static enum status read_mem32(struct decoder *d)
{
	u8 mod = FIELD_GET(MODRM_MOD, d->modrm), rm = d->modrm & MODRM_RM;
	u8 high = d->rex & REX_B ? 8 : 0;
	struct insn_mem *m = &d->in->mem;
	unsigned disp = mod == 2 ? 4 : mod;

	m->base = rm | high;
	if (rm == 4) {
		u8 sib, index;
		enum status st = decoder_take_byte(d, &sib);

		if (st)
			return st;
		rm = sib & SIB_BASE;
		m->base = rm | high;
		index = FIELD_GET(SIB_INDEX, sib) | (d->rex & REX_X ? 8 : 0);
		if (index != GPR_RSP) {
			m->index = index;
			m->scale = 1 << FIELD_GET(SIB_SCALE, sib);
		}
		if (mod == 0 && rm == 5)
			m->base = INSN_NO_REG;
	} else if (mod == 0 && rm == 5) {
		m->base = d->mode == 64 ? INSN_REG_RIP : INSN_NO_REG;
	}
	if (mod == 0 && rm == 5)
		disp = 4;
	set_segment(d);
	return read_disp(d, disp);
}

static struct insn_operand gpr_operand(const struct decoder *d, u8 reg, unsigned width)
{
	if (width == 1 && !d->rex && reg >= 4)
		return (struct insn_operand){ OPERAND_HIGH, reg - 4 };
	return (struct insn_operand){ OPERAND_REG, reg };
}

static enum status read_imm(struct decoder *d, unsigned size, struct insn_operand *out)
{
	enum status st = decoder_take(d, size, &d->in->imm);

	*out = (struct insn_operand){ OPERAND_IMM, 0 };
	if (!st && !(d->flags & ROW_IMM_BYTE))
		d->in->imm = sign_extend(d->in->imm, 8 * size) & width_mask(d->in->width);
	return st;
}

static enum status read_operand(struct decoder *d, enum slot slot, unsigned width,
				struct insn_operand *out)
{
	u8 reg = FIELD_GET(MODRM_REG, d->modrm) | (d->rex & REX_R ? 8 : 0);
	u8 rm = (d->modrm & MODRM_RM) | (d->rex & REX_B ? 8 : 0);

	switch (slot) {
	case SLOT_NONE:
		break;
	case SLOT_RM:
		if ((d->modrm & MODRM_MOD) == MODRM_MOD) {
			*out = gpr_operand(d, rm, width);
			break;
		}
		*out = (struct insn_operand){ OPERAND_MEM, 0 };
		return d->in->addr_width == 2 ? read_mem16(d) : read_mem32(d);
	case SLOT_REG:
		*out = gpr_operand(d, reg, width);
		break;
	case SLOT_IMM:
		return read_imm(d, (unsigned)min_u64(width, 4), out);
	case SLOT_IMM8:
		return read_imm(d, 1, out);
	case SLOT_IMM24:
		return read_imm(d, 3, out);
	case SLOT_A:
		*out = (struct insn_operand){ OPERAND_REG, GPR_RAX };
		break;
	case SLOT_OFFSET:
		*out = (struct insn_operand){ OPERAND_MEM, 0 };
		set_segment(d);
		return decoder_take(d, d->in->addr_width, &d->in->mem.disp);
	case SLOT_DX:
		*out = (struct insn_operand){ OPERAND_REG, GPR_RDX };
		break;
	case SLOT_RM_REG:
		*out = (struct insn_operand){ OPERAND_REG, rm };
		break;
	case SLOT_CR:
		/* AMD's way to CR8 outside of 64-bit mode: LOCK MOV CR0 (APM vol. 3, "MOV CRn"). */
		*out = (struct insn_operand){ OPERAND_CR, reg | (d->in->lock ? 8 : 0) };
		break;
	case SLOT_DR:
		*out = (struct insn_operand){ OPERAND_DR, reg };
		break;
	case SLOT_ONE:
		d->in->imm = 1;
		*out = (struct insn_operand){ OPERAND_IMM, 0 };
		break;
	case SLOT_CL:
		*out = (struct insn_operand){ OPERAND_REG, GPR_RCX };
		break;
	case SLOT_SEG:
		*out = (struct insn_operand){ OPERAND_SEG, reg & 7 };
		return (reg & 7) > SEG_GS ? E_UNSUPPORTED : OK;
	case SLOT_XMM:
		*out = (struct insn_operand){ d->vex ? OPERAND_YMM : OPERAND_XMM, reg };
		break;
	case SLOT_MMX:
		*out = (struct insn_operand){ OPERAND_MMX, reg & 7 };
		break;
	case SLOT_OPCODE:
		*out = (struct insn_operand){ OPERAND_REG,
					      (d->opcode & 7) | (d->rex & REX_B ? 8 : 0) };
		break;
	case SLOT_REL:
		return read_imm(d, d->in->width == 2 ? 2 : 4, out);
	}
	return OK;
}

static void set_string_mem(struct decoder *d)
{
	struct insn *in = d->in;
	bool es_di = in->op == INSN_STOS || in->op == INSN_SCAS || in->op == INSN_INS;

	in->mem.base = es_di ? GPR_RDI : GPR_RSI;
	set_segment(d);
	if (es_di)
		in->mem.seg = SEG_ES;
}

enum status decoder_take_operands(struct decoder *d, enum insn_form form)
{
	struct insn *in = d->in;
	enum status st = OK;

	if (forms[form].modrm)
		st = decoder_take_modrm(d);
	if (!st)
		st = read_operand(d, forms[form].dst, in->width, &in->dst);
	if (!st)
		st = read_operand(d, forms[form].src, in->src_width, &in->src);
	if (!st)
		st = read_operand(d, forms[form].extra, in->width, &in->extra);
	if (!st && form == FORM_STRING)
		set_string_mem(d);
	return st;
}

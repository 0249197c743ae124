// SPDX-License-Identifier: BSD-2-Clause
#include "insn_check.h"

#include "fuzz.h"

#include <Zydis/Zydis.h>
#include <lib/bits.h>
#include <lib/string.h>

/* --- What Zydis calls our operations
 * ---------------------------------------------------------------- */

// clang-format off
#define ONE(op, mnemonic)      { INSN_##op, { #mnemonic } }
#define MANY(op, mnemonics...) { INSN_##op, { mnemonics } }
#define M(mnemonic)	       #mnemonic

static const struct {
	enum insn_op op;
	const char *names[16];
} mnemonics[] = {
	ONE(ADD, ADD), ONE(OR, OR), ONE(ADC, ADC), ONE(SBB, SBB), ONE(AND, AND), ONE(SUB, SUB), ONE(XOR, XOR),
	ONE(CMP, CMP), ONE(TEST, TEST), MANY(MOV, M(MOV), M(MOVNTI)), ONE(MOVZX, MOVZX),
	MANY(MOVSX, M(MOVSX), M(MOVSXD)),
	ONE(XCHG, XCHG), ONE(XADD, XADD), ONE(CMPXCHG, CMPXCHG), ONE(NOT, NOT), ONE(NEG, NEG), ONE(INC, INC),
	ONE(DEC, DEC), ONE(BT, BT), ONE(BTS, BTS), ONE(BTR, BTR), ONE(BTC, BTC),
	ONE(ROL, ROL), ONE(ROR, ROR), ONE(RCL, RCL), ONE(RCR, RCR), ONE(SHL, SHL), ONE(SHR, SHR),
	ONE(SAL, SHL), ONE(SAR, SAR), ONE(SHLD, SHLD), ONE(SHRD, SHRD), ONE(BSF, BSF), ONE(BSR, BSR),
	ONE(TZCNT, TZCNT), ONE(LZCNT, LZCNT), ONE(POPCNT, POPCNT), ONE(MOVBE, MOVBE), ONE(MOV_FROM_SEG, MOV),
	MANY(SETCC, M(SETO), M(SETNO), M(SETB), M(SETNB), M(SETZ), M(SETNZ), M(SETBE), M(SETNBE),
	     M(SETS), M(SETNS), M(SETP), M(SETNP), M(SETL), M(SETNL), M(SETLE), M(SETNLE)),
	MANY(CMOVCC, M(CMOVO), M(CMOVNO), M(CMOVB), M(CMOVNB), M(CMOVZ), M(CMOVNZ), M(CMOVBE), M(CMOVNBE),
	     M(CMOVS), M(CMOVNS), M(CMOVP), M(CMOVNP), M(CMOVL), M(CMOVNL), M(CMOVLE), M(CMOVNLE)),
	ONE(IMUL, IMUL), ONE(MUL_A, MUL), ONE(IMUL_A, IMUL), ONE(DIV_A, DIV), ONE(IDIV_A, IDIV),
	ONE(PUSH, PUSH), ONE(POP, POP), ONE(CALL, CALL), ONE(JMP, JMP), ONE(RET, RET),
	MANY(PUSHF, M(PUSHF), M(PUSHFD), M(PUSHFQ)), MANY(POPF, M(POPF), M(POPFD), M(POPFQ)),
	ONE(ENTER, ENTER), ONE(LEAVE, LEAVE),
	MANY(VMOV, M(MOVUPS), M(MOVUPD), M(MOVSS), M(MOVSD), M(MOVD), M(MOVQ), M(MOVDQU), M(MOVNTQ), M(LDDQU)),
	MANY(VMOVA, M(MOVAPS), M(MOVAPD), M(MOVNTPS), M(MOVNTPD), M(MOVDQA), M(MOVNTDQ), M(MOVNTDQA)),
	MANY(CMPXCHG8B, M(CMPXCHG8B), M(CMPXCHG16B)),
	MANY(MOVS, M(MOVSB), M(MOVSW), M(MOVSD), M(MOVSQ)),
	MANY(CMPS, M(CMPSB), M(CMPSW), M(CMPSD), M(CMPSQ)),
	MANY(STOS, M(STOSB), M(STOSW), M(STOSD), M(STOSQ)),
	MANY(LODS, M(LODSB), M(LODSW), M(LODSD), M(LODSQ)),
	MANY(SCAS, M(SCASB), M(SCASW), M(SCASD), M(SCASQ)),
	MANY(INS, M(INSB), M(INSW), M(INSD)), MANY(OUTS, M(OUTSB), M(OUTSW), M(OUTSD)),
	ONE(IN, IN), ONE(OUT, OUT),
	ONE(CPUID, CPUID), ONE(RDMSR, RDMSR), ONE(WRMSR, WRMSR), ONE(RDTSC, RDTSC), ONE(RDTSCP, RDTSCP),
	ONE(RDPMC, RDPMC), ONE(HLT, HLT), ONE(NOP, NOP), ONE(PAUSE, PAUSE), ONE(INT3, INT3), ONE(ICEBP, INT1),
	ONE(WBINVD, WBINVD), MANY(WBNOINVD, M(WBNOINVD), M(WBINVD) /* Zydis 4.0 */), ONE(INVD, INVD), ONE(INVLPG, INVLPG), ONE(INVPCID, INVPCID),
	ONE(CLTS, CLTS), ONE(MOV_FROM_CR, MOV), ONE(MOV_TO_CR, MOV), ONE(MOV_FROM_DR, MOV), ONE(MOV_TO_DR, MOV),
	ONE(LMSW, LMSW), ONE(SMSW, SMSW), ONE(SGDT, SGDT), ONE(SIDT, SIDT), ONE(LGDT, LGDT), ONE(LIDT, LIDT),
	ONE(SLDT, SLDT), ONE(STR, STR), ONE(LLDT, LLDT), ONE(LTR, LTR), ONE(XGETBV, XGETBV), ONE(XSETBV, XSETBV),
	ONE(MONITOR, MONITOR), ONE(MWAIT, MWAIT), ONE(MONITORX, MONITORX), ONE(MWAITX, MWAITX),
	ONE(VMMCALL, VMMCALL), ONE(VMRUN, VMRUN), ONE(VMLOAD, VMLOAD), ONE(VMSAVE, VMSAVE), ONE(STGI, STGI),
	ONE(CLGI, CLGI), ONE(SKINIT, SKINIT), ONE(INVLPGA, INVLPGA), ONE(VMCALL, VMCALL), ONE(VMLAUNCH, VMLAUNCH),
	ONE(VMRESUME, VMRESUME), ONE(VMXOFF, VMXOFF), ONE(VMXON, VMXON), ONE(VMFUNC, VMFUNC), ONE(VMCLEAR, VMCLEAR),
	ONE(VMPTRLD, VMPTRLD), ONE(VMPTRST, VMPTRST), ONE(VMREAD, VMREAD), ONE(VMWRITE, VMWRITE),
	ONE(INVEPT, INVEPT), ONE(INVVPID, INVVPID),
};
// clang-format on
static_assert(ARRAY_LEN(mnemonics) == INSN_OPS - 1, "every operation has its name in Zydis");

static bool has_condition(enum insn_op op)
{
	return op == INSN_SETCC || op == INSN_CMOVCC;
}

static bool same_name(const struct insn *in, const char *name)
{
	/* Zydis writes a V before the older name. */
	bool vex = in->dst.kind == OPERAND_YMM || in->src.kind == OPERAND_YMM;

	for (size_t i = 0; i < ARRAY_LEN(mnemonics); i++)
		for (size_t k = 0; mnemonics[i].op == in->op && k < ARRAY_LEN(mnemonics[i].names);
		     k++)
			if (mnemonics[i].names[k] && str_equal_nocase(mnemonics[i].names[k], name + vex))
				return !has_condition(in->op) || k == in->cond;
	return false;
}

/* --- Differences that are right
 * --------------------------------------------------------------------- */

static bool has_prefix(const u8 *bytes, const struct insn *in, u8 prefix)
{
	/* All bytes before the opcode are prefixes; further ones do no harm to the rules below. */
	return memchr(bytes, prefix, in->len) != NULL;
}

static bool is_mov_sys(enum insn_op op)
{
	return op >= INSN_MOV_FROM_CR && op <= INSN_MOV_TO_DR;
}

/* Their operand's size is not that of a register. */
static bool is_system(enum insn_op op)
{
	return insn_class_of(op) == INSN_PRIV || (op >= INSN_SLDT && op <= INSN_SMSW) ||
	       (op >= INSN_SGDT && op <= INSN_LIDT);
}

static bool system_with_prefix(const u8 *bytes, const struct insn *in)
{
	return is_system(in->op) && (has_prefix(bytes, in, 0x66) || has_prefix(bytes, in, 0xf2) ||
				     has_prefix(bytes, in, 0xf3));
}

static bool refused_lock(const u8 *bytes, const struct insn *in)
{
	return in->lock && !in->lockable;
}

static bool refused_register(const u8 *bytes, const struct insn *in)
{
	return is_mov_sys(in->op);
}

/* What Zydis refuses and we decode, and why that is right. */
static const struct {
	bool (*applies)(const u8 *bytes, const struct insn *in);
	const char *why;
} refused[] = {
	{ refused_lock,
	  "LOCK where it may not be: insn.lockable says so, the executor raises #UD" },
	{ refused_register,
	  "control and debug registers that there are not: their handler raises #UD" },
	{ system_with_prefix,
	  "mandatory prefixes reserved for later: hardware of today ignores them" },
};

static bool movsxd_of_a_word(const struct insn *in, const ZydisDecodedInstruction *z)
{
	return in->op == INSN_MOVSX && in->width == 2 && z->opcode == 0x63;
}

static bool no_base_by_32_bits(const struct insn *in, const ZydisDecodedInstruction *z)
{
	return in->mode == 64 && in->addr_width == 4 && !z->raw.modrm.mod && z->raw.modrm.rm == 4 &&
	       z->raw.sib.base == 5 && z->raw.rex.B;
}

static bool notrack(const struct insn *in, const ZydisDecodedInstruction *z)
{
	return z->attributes & ZYDIS_ATTRIB_HAS_NOTRACK;
}

/* Where the operands differ, and why that is right. */
static const struct {
	bool (*applies)(const struct insn *in, const ZydisDecodedInstruction *z);
	const char *why;
} other_operands[] = {
	{ no_base_by_32_bits,
	  "SIB without a base: REX.B is not decoded (SDM, \"Special Cases of REX Encodings\"), but "
	  "Zydis 4.0 makes it R13D if 67 is there" },
	{ notrack,
	  "3E before an indirect branch: Zydis does not take it for the segment DS as well" },
	{ movsxd_of_a_word, "66 63: r/m16 by the SDM, and Zydis has r/m32" },
};

static void disagree(const u8 *bytes, const struct insn *in, const char *what,
		     const ZydisDecodedInstruction *z, const ZydisDecodedOperand *ops)
{
	ZydisFormatter formatter;
	char text[128] = "?";

	(void)ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
	if (z)
		(void)ZydisFormatterFormatInstruction(&formatter, z, ops, z->operand_count_visible,
						      text, sizeof(text), 0, NULL);
	fprintf(stderr, "insn_decode() and Zydis disagree on the %s, mode %u:", what, in->mode);
	for (unsigned i = 0; i < 16; i++)
		fprintf(stderr, " %02x", bytes[i]);
	fprintf(stderr, "\nours: operation %u, length %u, widths %u %u; Zydis: length %u, \"%s\"\n",
		in->op, in->len, in->width, in->src_width, z ? z->length : 0, text);
	abort();
}

/* --- Operands
 * ---------------------------------------------------------------------------------------- */

static u8 gpr_number(ZydisRegister reg)
{
	return reg == ZYDIS_REGISTER_NONE ? INSN_NO_REG
	       : reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP
		   ? INSN_REG_RIP
		   : (u8)ZydisRegisterGetId(reg);
}

static bool same_mem(const struct insn *in, const ZydisDecodedOperandMem *m, unsigned addr_bits)
{
	bool one_is_index = m->index != ZYDIS_REGISTER_NONE;
	u64 mask = width_mask(in->addr_width);

	if (in->addr_width * 8u != addr_bits || gpr_number(m->base) != in->mem.base ||
	    gpr_number(m->index) != in->mem.index)
		return false;
	if (one_is_index && m->scale && m->scale != in->mem.scale)
		return false;
	if ((u8)ZydisRegisterGetId(m->segment) != in->mem.seg)
		return false;
	return ((u64)(m->disp.has_displacement ? m->disp.value : 0) & mask) ==
	       (in->mem.disp & mask);
}

static bool same_register(const struct insn *in, const struct insn_operand *op, unsigned width,
			  ZydisRegister reg)
{
	ZydisRegisterClass class = ZydisRegisterGetClass(reg);

	switch (op->kind) {
	case OPERAND_HIGH:
		return reg == (ZydisRegister)(ZYDIS_REGISTER_AH + op->reg);
	case OPERAND_REG:
		/* AH is number 4 of Zydis' byte registers, SPL number 8. */
		if (class == ZYDIS_REGCLASS_GPR8) {
			ZydisRegister want = op->reg < 4 ? ZYDIS_REGISTER_AL + op->reg
							 : ZYDIS_REGISTER_SPL + (op->reg - 4);
			return width == 1 && reg == want;
		}
		return (u8)ZydisRegisterGetId(reg) == op->reg &&
		       (is_mov_sys(in->op) || is_system(in->op) ||
			ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, reg) == width * 8);
	case OPERAND_CR:
		return class == ZYDIS_REGCLASS_CONTROL && (u8)ZydisRegisterGetId(reg) == op->reg;
	case OPERAND_DR:
		return class == ZYDIS_REGCLASS_DEBUG && (u8)ZydisRegisterGetId(reg) == op->reg;
	case OPERAND_SEG:
		return class == ZYDIS_REGCLASS_SEGMENT && (u8)ZydisRegisterGetId(reg) == op->reg;
	case OPERAND_XMM:
		return class == ZYDIS_REGCLASS_XMM && (u8)ZydisRegisterGetId(reg) == op->reg;
	case OPERAND_YMM:
		return class == (in->width == 32 ? ZYDIS_REGCLASS_YMM : ZYDIS_REGCLASS_XMM) &&
		       (u8)ZydisRegisterGetId(reg) == op->reg;
	case OPERAND_MMX:
		return class == ZYDIS_REGCLASS_MMX && (u8)ZydisRegisterGetId(reg) == op->reg;
	default:
		return false;
	}
}

static bool same_operand(const struct insn *in, const struct insn_operand *op, unsigned width,
			 const ZydisDecodedOperand *z, unsigned addr_bits)
{
	switch (op->kind) {
	case OPERAND_MEM:
		return z->type == ZYDIS_OPERAND_TYPE_MEMORY && same_mem(in, &z->mem, addr_bits) &&
		       (is_system(in->op) || z->size == width * 8);
	case OPERAND_IMM:
		return z->type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
		       !((z->imm.value.u ^ in->imm) &
			 width_mask(in->op == INSN_IN || in->op == INSN_OUT ? 1 : width));
	default:
		return z->type == ZYDIS_OPERAND_TYPE_REGISTER &&
		       same_register(in, op, width, z->reg.value);
	}
}

/* IN and OUT name DX in 16 bits, whatever the data's width. */
static unsigned width_of(const struct insn *in, const struct insn_operand *op, unsigned width)
{
	bool port = in->op == INSN_IN ? op == &in->src : in->op == INSN_OUT && op == &in->dst;

	return port ? 2 : width;
}

static bool same_operands(const struct insn *in, const ZydisDecodedInstruction *z,
			  const ZydisDecodedOperand *ops)
{
	const struct insn_operand *ours[] = { &in->dst, &in->src, &in->extra };
	const unsigned widths[] = { in->width, in->src_width,
				    in->extra.kind == OPERAND_REG ? 1 : in->width };
	unsigned n = 0;

	if (in->op == INSN_ENTER)
		return in->imm == (ops[0].imm.value.u | ops[1].imm.value.u << 16);
	if (insn_class_of(in->op) == INSN_STRING)
		return true; /* implicit ones; lengths and names say it all */
	for (unsigned i = 0; i < ARRAY_LEN(ours) && ours[i]->kind; i++, n++)
		if (n >= z->operand_count ||
		    !same_operand(in, ours[i], width_of(in, ours[i], widths[i]), &ops[n],
				  z->address_width))
			return false;
	return n == z->operand_count_visible || !n;
}

/* --- The comparison
 * ---------------------------------------------------------------------------------- */

static void compare(const u8 *bytes, const struct insn *in)
{
	static const struct {
		unsigned mode;
		ZydisMachineMode machine;
		ZydisStackWidth stack;
	} modes[] = {
		{ 16, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16 },
		{ 32, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32 },
		{ 64, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64 },
	};
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction z;
	ZydisDecoder decoder;

	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if (modes[i].mode == in->mode)
			(void)ZydisDecoderInit(&decoder, modes[i].machine, modes[i].stack);
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, 15, &z, operands))) {
		for (size_t i = 0; i < ARRAY_LEN(refused); i++)
			if (refused[i].applies(bytes, in))
				return;
		disagree(bytes, in, "instruction itself", NULL, NULL);
	}
	if (z.length != in->len)
		disagree(bytes, in, "length", &z, operands);
	if (!same_name(in, ZydisMnemonicGetString(z.mnemonic)))
		disagree(bytes, in, "operation", &z, operands);
	if (same_operands(in, &z, operands))
		return;
	for (size_t i = 0; i < ARRAY_LEN(other_operands); i++)
		if (other_operands[i].applies(in, &z))
			return;
	disagree(bytes, in, "operands", &z, operands);
}

enum status insn_check_decode(const u8 bytes[16], unsigned mode, struct insn *out)
{
	enum status st = insn_decode(bytes, 16, mode, out);

	fuzz_check(st != E_TRUNCATED);
	if (!st) {
		fuzz_check(out->len && out->len <= INSN_MAX_LEN && out->op && out->op < INSN_OPS);
		compare(bytes, out);
	}
	return st;
}

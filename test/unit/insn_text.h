// SPDX-License-Identifier: BSD-2-Clause
/*
 * For test_insn.c: a decoded instruction as text, in nasm's syntax with all sizes and segments
 * spelled out.
 */
#pragma once

#include "unit.h"

#include <lib/bits.h>
#include <lib/fmt.h>
#include <vm/insn.h>

static const char *const op_names[] = {
	[INSN_ADD] = "add",
	[INSN_OR] = "or",
	[INSN_ADC] = "adc",
	[INSN_SBB] = "sbb",
	[INSN_AND] = "and",
	[INSN_SUB] = "sub",
	[INSN_XOR] = "xor",
	[INSN_CMP] = "cmp",
	[INSN_TEST] = "test",
	[INSN_MOV] = "mov",
	[INSN_MOVZX] = "movzx",
	[INSN_MOVSX] = "movsx",
	[INSN_XCHG] = "xchg",
	[INSN_XADD] = "xadd",
	[INSN_CMPXCHG] = "cmpxchg",
	[INSN_NOT] = "not",
	[INSN_NEG] = "neg",
	[INSN_INC] = "inc",
	[INSN_DEC] = "dec",
	[INSN_BT] = "bt",
	[INSN_BTS] = "bts",
	[INSN_BTR] = "btr",
	[INSN_BTC] = "btc",
	[INSN_ROL] = "rol",
	[INSN_ROR] = "ror",
	[INSN_RCL] = "rcl",
	[INSN_RCR] = "rcr",
	[INSN_SHL] = "shl",
	[INSN_SHR] = "shr",
	[INSN_SAL] = "sal",
	[INSN_SAR] = "sar",
	[INSN_SHLD] = "shld",
	[INSN_SHRD] = "shrd",
	[INSN_BSF] = "bsf",
	[INSN_BSR] = "bsr",
	[INSN_TZCNT] = "tzcnt",
	[INSN_LZCNT] = "lzcnt",
	[INSN_POPCNT] = "popcnt",
	[INSN_SETCC] = "set",
	[INSN_CMOVCC] = "cmov",
	[INSN_MOVBE] = "movbe",
	[INSN_MOV_FROM_SEG] = "mov",
	[INSN_IMUL] = "imul",
	[INSN_MUL_A] = "mul",
	[INSN_IMUL_A] = "imul",
	[INSN_DIV_A] = "div",
	[INSN_IDIV_A] = "idiv",
	[INSN_PUSH] = "push",
	[INSN_POP] = "pop",
	[INSN_CALL] = "call",
	[INSN_JMP] = "jmp",
	[INSN_RET] = "ret",
	[INSN_PUSHF] = "pushf",
	[INSN_POPF] = "popf",
	[INSN_ENTER] = "enter",
	[INSN_LEAVE] = "leave",
	[INSN_VMOV] = "vector",
	[INSN_VMOVA] = "aligned",
	[INSN_CMPXCHG8B] = "cmpxchg",
	[INSN_MOVS] = "movs",
	[INSN_CMPS] = "cmps",
	[INSN_STOS] = "stos",
	[INSN_LODS] = "lods",
	[INSN_SCAS] = "scas",
	[INSN_INS] = "ins",
	[INSN_OUTS] = "outs",
	[INSN_IN] = "in",
	[INSN_OUT] = "out",
	[INSN_CPUID] = "cpuid",
	[INSN_RDMSR] = "rdmsr",
	[INSN_WRMSR] = "wrmsr",
	[INSN_RDTSC] = "rdtsc",
	[INSN_RDTSCP] = "rdtscp",
	[INSN_RDPMC] = "rdpmc",
	[INSN_HLT] = "hlt",
	[INSN_NOP] = "nop",
	[INSN_PAUSE] = "pause",
	[INSN_INT3] = "int3",
	[INSN_ICEBP] = "icebp",
	[INSN_WBINVD] = "wbinvd",
	[INSN_WBNOINVD] = "wbnoinvd",
	[INSN_INVD] = "invd",
	[INSN_INVLPG] = "invlpg",
	[INSN_INVPCID] = "invpcid",
	[INSN_CLTS] = "clts",
	[INSN_MOV_FROM_CR] = "mov",
	[INSN_MOV_TO_CR] = "mov",
	[INSN_MOV_FROM_DR] = "mov",
	[INSN_MOV_TO_DR] = "mov",
	[INSN_LMSW] = "lmsw",
	[INSN_SMSW] = "smsw",
	[INSN_SGDT] = "sgdt",
	[INSN_SIDT] = "sidt",
	[INSN_LGDT] = "lgdt",
	[INSN_LIDT] = "lidt",
	[INSN_SLDT] = "sldt",
	[INSN_STR] = "str",
	[INSN_LLDT] = "lldt",
	[INSN_LTR] = "ltr",
	[INSN_XGETBV] = "xgetbv",
	[INSN_XSETBV] = "xsetbv",
	[INSN_MONITOR] = "monitor",
	[INSN_MWAIT] = "mwait",
	[INSN_MONITORX] = "monitorx",
	[INSN_MWAITX] = "mwaitx",
	[INSN_VMMCALL] = "vmmcall",
	[INSN_VMRUN] = "vmrun",
	[INSN_VMLOAD] = "vmload",
	[INSN_VMSAVE] = "vmsave",
	[INSN_STGI] = "stgi",
	[INSN_CLGI] = "clgi",
	[INSN_SKINIT] = "skinit",
	[INSN_INVLPGA] = "invlpga",
	[INSN_VMCALL] = "vmcall",
	[INSN_VMLAUNCH] = "vmlaunch",
	[INSN_VMRESUME] = "vmresume",
	[INSN_VMXOFF] = "vmxoff",
	[INSN_VMXON] = "vmxon",
	[INSN_VMFUNC] = "vmfunc",
	[INSN_VMCLEAR] = "vmclear",
	[INSN_VMPTRLD] = "vmptrld",
	[INSN_VMPTRST] = "vmptrst",
	[INSN_VMREAD] = "vmread",
	[INSN_VMWRITE] = "vmwrite",
	[INSN_INVEPT] = "invept",
	[INSN_INVVPID] = "invvpid",
};
static_assert(ARRAY_LEN(op_names) == INSN_OPS, "every operation has a name");

static const char *const seg_names[] = { "es", "cs", "ss", "ds", "fs", "gs" };
static const char *const size_names[] = {
	[1] = "byte", [2] = "word", [4] = "dword", [8] = "qword", [16] = "oword", [32] = "yword"
};
static const char *const cond_names[] = { "o", "no", "b",  "nb", "z", "nz", "be", "nbe",
					  "s", "ns", "p",  "np", "l", "nl", "le", "nle" };

struct text {
	char s[96];
	size_t len;
};

#define say(t, ...) \
	((t)->len += fmt_print((t)->s + (t)->len, sizeof((t)->s) - (t)->len, __VA_ARGS__))

static void print_reg(struct text *t, unsigned reg, unsigned width)
{
	static const char *const old[] = { "ax", "cx", "dx", "bx", "sp", "bp", "si", "di" };
	static const char *const low[] = { "al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil" };
	static const char *const suffix[] = { [1] = "b", [2] = "w", [4] = "d", [8] = "" };

	if (reg == INSN_REG_RIP)
		say(t, "%s", width == 8 ? "rip" : "eip");
	else if (reg >= 8)
		say(t, "r%u%s", reg, suffix[width]);
	else if (width == 1)
		say(t, "%s", low[reg]);
	else
		say(t, "%s%s", width == 8 ? "r" : width == 4 ? "e" : "", old[reg]);
}

static void print_mem(struct text *t, const struct insn *in, unsigned width)
{
	const struct insn_mem *m = &in->mem;
	bool regs = m->base != INSN_NO_REG || m->index != INSN_NO_REG;

	say(t, "%s [%s:", size_names[width], seg_names[m->seg]);
	if (m->base != INSN_NO_REG)
		print_reg(t, m->base, in->addr_width);
	if (m->index != INSN_NO_REG) {
		say(t, m->base != INSN_NO_REG ? "+" : "");
		print_reg(t, m->index, in->addr_width);
		if (in->addr_width > 2)
			say(t, "*%u", m->scale);
	}
	if (!regs)
		say(t, "0x%llx", (unsigned long long)(m->disp & width_mask(in->addr_width)));
	else if ((s64)m->disp < 0)
		say(t, "-0x%llx", (unsigned long long)-m->disp);
	else if (m->disp)
		say(t, "+0x%llx", (unsigned long long)m->disp);
	say(t, "]");
}

static void print_operand(struct text *t, const struct insn *in, const struct insn_operand *o,
			  unsigned width)
{
	static const char *const high[] = { "ah", "ch", "dh", "bh" };
	bool port = o->reg == GPR_RDX && insn_class_of(in->op) == INSN_IO;

	switch (o->kind) {
	case OPERAND_NONE:
		return;
	case OPERAND_REG:
		print_reg(t, o->reg, port ? 2 : width);
		return;
	case OPERAND_HIGH:
		say(t, "%s", high[o->reg]);
		return;
	case OPERAND_MEM:
		print_mem(t, in, width);
		return;
	case OPERAND_IMM:
		say(t, "0x%llx", (unsigned long long)in->imm);
		return;
	case OPERAND_CR:
		say(t, "cr%u", o->reg);
		return;
	case OPERAND_DR:
		say(t, "dr%u", o->reg);
		return;
	case OPERAND_SEG:
		say(t, "%s", seg_names[o->reg]);
		return;
	case OPERAND_XMM:
		say(t, "xmm%u", o->reg);
		return;
	case OPERAND_YMM:
		say(t, "ymm%u", o->reg);
		return;
	case OPERAND_MMX:
		say(t, "mm%u", o->reg);
		return;
	}
}

static void print_insn(struct text *t, const struct insn *in)
{
	unsigned natural = in->mode / 8;
	bool movsxd = in->op == INSN_MOVSX && (in->src_width == 4 || in->src_width == in->width);

	t->len = 0;
	say(t, "%s%s", in->lock ? "lock " : "",
	    in->rep == REP_E    ? "rep "
	    : in->rep == REP_NE ? "repne "
				: "");
	if (in->addr_width != natural)
		say(t, "a%u ", in->addr_width * 8);
	say(t, "%s", movsxd ? "movsxd" : op_names[in->op]);
	if (in->op == INSN_SETCC || in->op == INSN_CMOVCC)
		say(t, "%s", cond_names[in->cond]);
	say(t, in->dst.kind ? " " : "");
	print_operand(t, in, &in->dst, in->width);
	say(t, in->src.kind ? ", " : "");
	print_operand(t, in, &in->src, in->src_width);
	say(t, in->extra.kind ? ", " : "");
	print_operand(t, in, &in->extra, in->extra.kind == OPERAND_REG ? 1 : in->width);
	if (insn_class_of(in->op) == INSN_STRING) {
		say(t, " ");
		print_mem(t, in, in->width);
	}
}

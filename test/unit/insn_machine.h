// SPDX-License-Identifier: BSD-2-Clause
/*
 * For test_insn_exec.c and test_insn_string.c: a machine for insn_exec() that writes down what is
 * asked of it.
 */
#pragma once

#include "unit.h"

#include <arch/x86_64/defs/regs.h>
#include <lib/fmt.h>
#include <lib/range.h>
#include <lib/string.h>
#include <vm/insn_exec.h>

#include <stdlib.h>

/* Segment attributes. */
#define DATA     0x093 /* present, read-write, expand-up, 16-bit */
#define DATA_RO  0x091
#define DATA_DB  0x493
#define DOWN     0x097
#define DOWN_DB  0x497
#define CODE     0x09b /* readable */
#define CODE_XO  0x099
#define NULL_SEG 0x000
#define SYSTEM   0x083

struct machine {
	struct insn_ctx c;
	struct gpr regs;
	struct segment seg[SEG_COUNT];
	u8 mem[0x10000]; /* at linear `base` */
	u64 base;
	char log[256]; /* rADDR/WIDTH, w..., p... (probe), i..., o..., as they come */
	size_t log_len;
	bool quiet;       /* no log */
	u64 fault_from;   /* accesses from here on fault */
	bool fault_is_pf; /* with #PF, or without an exception */
	u64 port_value;
	u64 vec[4]; /* of every vector register */
};

static struct machine m;

static void note(char what, u64 addr, unsigned width)
{
	if (!m.quiet)
		m.log_len += fmt_print(m.log + m.log_len, sizeof(m.log) - m.log_len, "%s%c%llx/%u",
				       m.log_len ? " " : "", what, (unsigned long long)addr, width);
}

static enum status access(char what, gva_t gva, unsigned width)
{
	note(what, gva, width);
	if (gva < m.fault_from && range_inside(gva, width, m.base, sizeof(m.mem)))
		return OK;
	if (m.fault_is_pf)
		m.c.fault = (struct insn_fault){
			.pending = true,
			.vector = EXC_PF,
			.has_error = true,
			.error = 2,
			.cr2 = gva,
		};
	return E_IO;
}

static void get_seg(struct insn_ctx *c, enum seg_index seg, struct segment *out)
{
	*out = container_of(c, struct machine, c)->seg[seg];
}

static enum status mem_read(struct insn_ctx *c, gva_t gva, unsigned width, u64 *val)
{
	enum status st = access('r', gva, width);

	/* Upper bytes are noise: the executor must not trust them. */
	*val = ~0ull;
	if (!st)
		memcpy(val, m.mem + (gva - m.base), width);
	return st;
}

static enum status mem_write(struct insn_ctx *c, gva_t gva, unsigned width, u64 val)
{
	enum status st = access('w', gva, width);

	if (!st)
		memcpy(m.mem + (gva - m.base), &val, width);
	return st;
}

static enum status mem_probe(struct insn_ctx *c, gva_t gva, unsigned width)
{
	return access('p', gva, width);
}

static enum status io_read(struct insn_ctx *c, u16 port, unsigned width, u64 *val)
{
	note('i', port, width);
	*val = m.port_value;
	return OK;
}

static enum status io_write(struct insn_ctx *c, u16 port, unsigned width, u64 val)
{
	note('o', port, width);
	m.port_value = val;
	return OK;
}

static void set_table(struct insn_ctx *c, enum seg_index seg, u64 base, u16 limit)
{
	m.seg[seg] = (struct segment){ .base = base, .limit = limit };
}

static enum status vec_get(struct insn_ctx *c, struct insn_operand o, u64 val[4])
{
	note(o.kind == OPERAND_MMX ? 'm' : o.kind == OPERAND_XMM ? 'x' : 'y', o.reg, 0);
	memcpy(val, m.vec, sizeof(m.vec));
	return OK;
}

static enum status vec_set(struct insn_ctx *c, struct insn_operand o, const u64 val[4])
{
	note(o.kind == OPERAND_MMX ? 'M' : o.kind == OPERAND_XMM ? 'X' : 'Y', o.reg, 0);
	memcpy(m.vec, val, sizeof(m.vec));
	return OK;
}

static const struct insn_ops ops = { get_seg, set_table, mem_read, mem_write, mem_probe,
				     io_read, io_write,  vec_get,  vec_set };

static void reset(void)
{
	memset(&m, 0, sizeof(m));
	m.c = (struct insn_ctx){
		.ops = &ops, .regs = &m.regs, .cr0 = CR0_PE, .cr4 = CR4_OSFXSR, .va_bits = 48
	};
	m.regs.rip = 0x100;
	m.regs.rflags = RFLAGS_ONE;
	m.fault_from = ~0ull;
	m.fault_is_pf = true;
	for (unsigned i = 0; i < 6; i++)
		m.seg[i] =
		    (struct segment){ .attr = i == SEG_CS ? CODE : DATA_DB, .limit = 0xffffffff };
}

static enum insn_result run(unsigned mode, const char *hex)
{
	struct insn in;
	u8 bytes[16];
	size_t n = 0;

	m.log_len = 0;
	m.log[0] = 0;
	for (char *end; *hex; hex = end + (*end == ' '))
		bytes[n++] = (u8)strtoul(hex, &end, 16);
	assert_int_equal(insn_decode(bytes, n, mode, &in), OK);
	return insn_exec(&in, &m.c);
}

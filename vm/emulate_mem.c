// SPDX-License-Identifier: BSD-2-Clause
/* The memory accesses of an instruction that is executed for the guest. */
#include "emulate_parts.h"

#include <arch/x86_64/defs/regs.h>
#include <lib/bits.h>
#include <vm/emulate.h>

/* The CPU came this way itself before it found nothing at its end: it has looked at rights, and set accessed and dirty bits. */
static bool way_by_fault(const struct exec *e, gpa_t offset, enum gwalk_access access, gpa_t *gpa)
{
	const struct vm_exit *x = e->fault;

	if (!x || (x->fault.gpa & (PAGE_SIZE - 1)) != offset || (access == GWALK_WRITE && !x->fault.write))
		return false;
	*gpa = x->fault.gpa;
	return true;
}

/*
 * Through the guest's tables, once for each page and intent: in the course of an instruction a CPU need not look again, either.
 */
static enum status translate(struct insn_ctx *c, gva_t gva, enum gwalk_access access, gpa_t *gpa)
{
	struct exec *e = exec_of(c);
	gpa_t offset = gva & (PAGE_SIZE - 1);
	struct page_way *way = &e->way[access == GWALK_WRITE];
	enum status st = OK;
	struct gwalk_fault f;

	if (way->page != gva - offset) {
		if (way_by_fault(e, offset, access, gpa) || !(st = gwalk(&e->env, gva, access, gpa, &f)))
			*way = (struct page_way){ .page = gva - offset, .to = *gpa - offset };
	} else {
		*gpa = way->to + offset;
	}
	if (!st)
		return OK;
	if (f.kind == GWALK_RACE)
		return E_BUSY;
	c->fault = (struct insn_fault){
		.pending = true,
		.vector = f.kind == GWALK_PAGE_FAULT ? EXC_PF : EXC_GP,
		.has_error = true,
		.error = f.kind == GWALK_PAGE_FAULT ? f.error : 0,
		.cr2 = f.gva,
	};
	return st;
}

/* Both halves are translated before either is touched. */
static enum status translate_range(struct insn_ctx *c, gva_t gva, unsigned width, enum gwalk_access access,
				   gpa_t gpa[2], unsigned *first)
{
	unsigned left = (unsigned)(PAGE_SIZE - (gva & (PAGE_SIZE - 1)));
	enum status st = translate(c, gva, access, &gpa[0]);

	*first = width < left ? width : left;
	if (st || width <= left)
		return st;
	return translate(c, gva + left, access, &gpa[1]);
}

/* The part of an access that lies in one page; odd widths (page-crossing accesses) go byte by byte. */
static u64 read_part(struct vcpu *v, gpa_t gpa, unsigned width)
{
	u64 val = 0;

	if (width && !(width & (width - 1)))
		return emulate_read_phys(v, gpa, width);
	for (unsigned i = 0; i < width; i++)
		val |= emulate_read_phys(v, gpa + i, 1) << (8 * i);
	return val;
}

static void write_part(struct vcpu *v, gpa_t gpa, unsigned width, u64 val)
{
	if (width && !(width & (width - 1))) {
		emulate_write_phys(v, gpa, width, val & width_mask(width));
		return;
	}
	for (unsigned i = 0; i < width; i++)
		emulate_write_phys(v, gpa + i, 1, val >> (8 * i) & 0xff);
}

enum status emulate_mem_read(struct insn_ctx *c, gva_t gva, unsigned width, u64 *val)
{
	gpa_t gpa[2];
	unsigned first;
	enum status st = translate_range(c, gva, width, GWALK_READ, gpa, &first);

	if (st)
		return st;
	*val = read_part(exec_of(c)->v, gpa[0], first);
	if (first < width)
		*val |= read_part(exec_of(c)->v, gpa[1], width - first) << (8 * first);
	return OK;
}

enum status emulate_mem_write(struct insn_ctx *c, gva_t gva, unsigned width, u64 val)
{
	gpa_t gpa[2];
	unsigned first;
	enum status st = translate_range(c, gva, width, GWALK_WRITE, gpa, &first);

	if (st)
		return st;
	write_part(exec_of(c)->v, gpa[0], first, val);
	if (first < width)
		write_part(exec_of(c)->v, gpa[1], width - first, val >> (8 * first));
	return OK;
}

enum status emulate_mem_probe(struct insn_ctx *c, gva_t gva, unsigned width)
{
	gpa_t gpa[2];
	unsigned first;

	return translate_range(c, gva, width, GWALK_WRITE, gpa, &first);
}

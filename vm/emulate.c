// SPDX-License-Identifier: BSD-2-Clause
#include <vm/emulate.h>

#include "emulate_parts.h"
#include "insn_parts.h"

#include <arch/x86_64/defs/regs.h>
#include <lib/string.h>
#include <vm/cpuid.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

static struct gwalk_env walk_env(struct vcpu *v)
{
	const struct virt_ops *virt = v->vm->virt;

	return (struct gwalk_env){
		.mem = &v->vm->gmem,
		.cr0 = virt->get_reg(v, REG_CR0),
		.cr3 = virt->get_reg(v, REG_CR3),
		.cr4 = virt->get_reg(v, REG_CR4),
		.efer = virt->get_reg(v, REG_EFER),
		.rflags = v->regs.rflags,
		.cpl = (u8)vcpu_cpl(v),
		.phys_bits = v->vm->cpuid.phys_bits,
		.page_1g = v->vm->cpuid.page_1g,
	};
}

static void inject_walk_fault(struct vcpu *v, const struct gwalk_fault *f)
{
	switch (f->kind) {
	case GWALK_PAGE_FAULT:
		vcpu_inject_pf(v, f->gva, f->error);
		break;
	case GWALK_NOT_CANONICAL:
	case GWALK_TABLE_OUTSIDE:
	case GWALK_BYTES_OUTSIDE:
		/* Page tables or code in a device: no machine promises anything; #GP lets the guest see where. */
		vcpu_inject_error(v, EXC_GP, 0);
		break;
	case GWALK_NO_FAULT:
	case GWALK_RACE:
		break;
	}
}

static bool decode(struct vcpu *v, const u8 *bytes, size_t len, const struct gwalk_fault *f, struct insn *out)
{
	switch (insn_decode(bytes, len, vcpu_code_bits(v), out)) {
	case OK:
		return true;
	case E_TRUNCATED:
		inject_walk_fault(v, f);
		return false;
	case E_INVAL:
		vcpu_inject_error(v, EXC_GP, 0);
		return false;
	default:
		vcpu_inject(v, EXC_UD);
		return false;
	}
}

/* Linear address of the instruction at RIP. */
static gva_t code_address(struct vcpu *v)
{
	struct segment cs;

	if (vcpu_code_bits(v) == 64)
		return v->regs.rip;
	v->vm->virt->get_seg(v, SEG_CS, &cs);
	return (u32)(cs.base + (u32)v->regs.rip);
}

size_t emulate_peek(struct vcpu *v, u8 bytes[INSN_MAX_LEN])
{
	struct gwalk_env env = walk_env(v);
	struct gwalk_fault fault = { 0 };

	return gwalk_fetch(&env, code_address(v), bytes, &fault);
}

/* Fetches it by way of the guest's tables. */
static rare bool fetch(struct vcpu *v, struct insn *out)
{
	struct gwalk_env env = walk_env(v);
	gva_t at = code_address(v);
	struct gwalk_fault fault = { 0 };
	struct gwalk_trace trace;
	u8 bytes[INSN_MAX_LEN];
	size_t len;

	len = gwalk_fetch(&env, at, bytes, &fault);
	if (!decode(v, bytes, len, &fault, out))
		return false;
	/* The way may be another already. But what is kept is compared with the bytes at its end. */
	if (vcpu_code_bits(v) == 64 && !gwalk_traced(&env, at, GWALK_FETCH, &trace, &fault))
		insn_cache_keep(&v->insns, &env, at, &trace, bytes, out);
	return true;
}

static const struct insn *find_known(struct vcpu *v)
{
	if (vcpu_code_bits(v) != 64)
		return NULL;
	return insn_cache_find(&v->insns, v->regs.rip, v->vm->virt->get_reg(v, REG_CR3));
}

bool emulate_decode(struct vcpu *v, struct insn *out)
{
	const struct insn *known = find_known(v);

	if (!known)
		return fetch(v, out);
	*out = *known;
	return true;
}

u8 emulate_length(struct vcpu *v)
{
	struct insn insn;

	return emulate_decode(v, &insn) ? insn.len : 0;
}

bool emulate_decode_bytes(struct vcpu *v, const u8 *bytes, u8 count, struct insn *out)
{
	if (count && insn_decode(bytes, count, vcpu_code_bits(v), out) == OK)
		return true;
	return emulate_decode(v, out);
}

/* --- Callbacks of the executor ---------------------------------------------------------------------------- */

static void get_seg(struct insn_ctx *c, enum seg_index seg, struct segment *out)
{
	struct vcpu *v = exec_of(c)->v;

	v->vm->virt->get_seg(v, seg, out);
}

static void set_table(struct insn_ctx *c, enum seg_index seg, u64 base, u16 limit)
{
	struct vcpu *v = exec_of(c)->v;

	v->vm->virt->set_seg(v, seg, &(struct segment){ .base = base, .limit = limit });
}

bool emulate_system(struct vcpu *v, gva_t gva, void *buf, size_t len, bool write)
{
	struct gwalk_env env = walk_env(v);

	while (len) {
		size_t part = PAGE_SIZE - (gva & (PAGE_SIZE - 1));
		struct gwalk_fault f;
		gpa_t gpa;

		part = part < len ? part : len;
		if (gwalk(&env, gva, GWALK_SYSTEM | (write ? GWALK_WRITE : 0), &gpa, &f)) {
			inject_walk_fault(v, &f);
			return false;
		}
		if (write ? gmem_write(&v->vm->gmem, gpa, buf, part) : gmem_read(&v->vm->gmem, gpa, buf, part)) {
			vcpu_inject_error(v, EXC_GP, 0);
			return false;
		}
		buf = (u8 *)buf + part;
		gva += part;
		len -= part;
	}
	return true;
}

u64 emulate_read_phys(struct vcpu *v, gpa_t gpa, unsigned width)
{
	const struct board_ops *board = v->vm->ops;
	u64 val = 0;

	if (!gmem_read(&v->vm->gmem, gpa, &val, width))
		return val;
	if (board->lapic_page(v, gpa))
		return board->lapic_read(v, (u32)(gpa & (PAGE_SIZE - 1)), width);
	return bus_read(&v->vm->mmio, gpa, width);
}

void emulate_write_phys(struct vcpu *v, gpa_t gpa, unsigned width, u64 val)
{
	const struct board_ops *board = v->vm->ops;

	if (!gmem_write(&v->vm->gmem, gpa, &val, width))
		return;
	if (board->lapic_page(v, gpa))
		board->lapic_write(v, (u32)(gpa & (PAGE_SIZE - 1)), width, val);
	else
		bus_write(&v->vm->mmio, gpa, width, val);
}

static enum status io_read(struct insn_ctx *c, u16 port, unsigned width, u64 *val)
{
	*val = bus_read(&exec_of(c)->v->vm->ports, port, width);
	return OK;
}

static enum status io_write(struct insn_ctx *c, u16 port, unsigned width, u64 val)
{
	bus_write(&exec_of(c)->v->vm->ports, port, width, val);
	return OK;
}

/* #MF is what the instruction itself would meet, which the host must not. */
static enum status vec_done(struct insn_ctx *c, bool fine)
{
	if (!fine)
		c->fault = (struct insn_fault){ .pending = true, .vector = EXC_MF };
	return fine ? OK : E_BUSY;
}

static unsigned vec_width(struct insn_operand o)
{
	return o.kind == OPERAND_MMX ? 8 : o.kind == OPERAND_XMM ? 16 : 32;
}

static enum status vec_get(struct insn_ctx *c, struct insn_operand o, u64 val[4])
{
	return vec_done(c, guest_cpu_get_vector(o.reg, vec_width(o), val));
}

static enum status vec_set(struct insn_ctx *c, struct insn_operand o, const u64 val[4])
{
	return vec_done(c, guest_cpu_set_vector(o.reg, vec_width(o), val));
}

static const struct insn_ops ops = {
	.get_seg = get_seg,
	.set_table = set_table,
	.mem_read = emulate_mem_read,
	.mem_write = emulate_mem_write,
	.mem_probe = emulate_mem_probe,
	.io_read = io_read,
	.io_write = io_write,
	.vec_get = vec_get,
	.vec_set = vec_set,
};

static struct exec make_exec(struct vcpu *v)
{
	struct exec e = { .v = v, .env = walk_env(v) };

	e.way[0].page = e.way[1].page = NO_PAGE;
	e.ctx.ops = &ops;
	e.ctx.regs = &v->regs;
	e.ctx.cr0 = e.env.cr0;
	e.ctx.cr4 = e.env.cr4;
	e.ctx.xcr0 = v->cpu.xcr0;
	e.ctx.cpl = e.env.cpl;
	e.ctx.va_bits = e.env.cr4 & CR4_LA57 ? 57 : 48;
	return e;
}

static void inject_fault(struct vcpu *v, const struct insn_fault *f)
{
	if (f->vector == EXC_PF)
		vcpu_inject_pf(v, f->cr2, f->error);
	else if (f->has_error)
		vcpu_inject_error(v, f->vector, f->error);
	else
		vcpu_inject(v, f->vector);
}

bool emulate_operand(struct vcpu *v, const struct insn *insn, const struct insn_operand *op, u64 *val)
{
	struct exec e = make_exec(v);
	gva_t gva;

	if (op->kind == OPERAND_REG) {
		*val = v->regs.r[op->reg] & 0xffff;
		return true;
	}
	if (insn_mem_address(insn, &e.ctx, insn->mem.seg, insn_mem_offset(insn, &v->regs), 2, MEM_READ, &gva) ==
		INSN_DONE &&
	    !emulate_mem_read(&e.ctx, gva, 2, val))
		return true;
	if (e.ctx.fault.pending)
		inject_fault(v, &e.ctx.fault);
	return false;
}

enum exit_action emulate_execute(struct vcpu *v, const struct insn *insn, const struct vm_exit *fault)
{
	struct exec e = make_exec(v);
	u64 rflags = v->regs.rflags;

	/* With one operand in memory it was this one. */
	if (fault && insn_class_of(insn->op) == INSN_DATA)
		e.fault = fault;
	switch (insn_exec(insn, &e.ctx)) {
	case INSN_DONE:
		v->int_shadow = false;
		vcpu_end_insn(v, rflags);
		break;
	case INSN_AGAIN:
		vcpu_end_insn(v, rflags);
		break;
	case INSN_FAULT:
		inject_fault(v, &e.ctx.fault);
		break;
	case INSN_FAILED:
		if (e.ctx.status == E_UNSUPPORTED)
			vcpu_inject(v, EXC_UD);
		break;
	}
	return EXIT_RESUME;
}

// SPDX-License-Identifier: BSD-2-Clause
#include "insn_check.h"

#include "fuzz.h"

#include <arch/x86_64/defs/regs.h>
#include <lib/bits.h>
#include <vm/insn_exec.h>

#define ALL_FLAGS 0x3f7fd7ull

struct machine {
	struct insn_ctx c;
	struct gpr regs;
	u64 state; /* of the generator that answers reads and decides on faults */
	unsigned accesses;
	bool fault_by_page;
	unsigned fault_at; /* the access that fails; 0: none */
	bool writes_probed;
	gva_t probed;
};

static u64 next_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static struct machine *machine_of(struct insn_ctx *c)
{
	return container_of(c, struct machine, c);
}

static enum status access(struct insn_ctx *c, gva_t gva, unsigned width)
{
	struct machine *m = machine_of(c);

	fuzz_check(width == 1 || width == 2 || width == 4 || width == 8 || width == 6 ||
		   width == 10 || width == 16 || width == 32);
	if (++m->accesses != m->fault_at)
		return OK;
	if (m->fault_by_page)
		c->fault = (struct insn_fault){
			.pending = true, .vector = EXC_PF, .has_error = true, .error = 2, .cr2 = gva
		};
	return E_IO;
}

static enum status mem_read(struct insn_ctx *c, gva_t gva, unsigned width, u64 *val)
{
	*val = next_random(&machine_of(c)->state);
	return access(c, gva, width);
}

static enum status mem_write(struct insn_ctx *c, gva_t gva, unsigned width, u64 val)
{
	fuzz_check(!(val & ~width_mask(width)));
	return access(c, gva, width);
}

static enum status mem_probe(struct insn_ctx *c, gva_t gva, unsigned width)
{
	return access(c, gva, width);
}

static enum status io_read(struct insn_ctx *c, u16 port, unsigned width, u64 *val)
{
	fuzz_check(width <= 4);
	return mem_read(c, port, width, val);
}

static enum status io_write(struct insn_ctx *c, u16 port, unsigned width, u64 val)
{
	fuzz_check(width <= 4);
	return mem_write(c, port, width, val);
}

static void get_seg(struct insn_ctx *c, enum seg_index seg, struct segment *out)
{
	u64 r = machine_of(c)->state * (seg + 1);

	*out = (struct segment){ .attr = (u16)(r & 0xfff) | (r & 0x3000 ? 0x93 : 0),
				 .limit = r & 0x4000 ? ~0u : (u32)(r >> 16),
				 .base = r & 0x8000 ? 0 : (u32)(r >> 24) };
}

static void set_table(struct insn_ctx *c, enum seg_index seg, u64 base, u16 limit)
{
	fuzz_check((seg == SEG_GDTR || seg == SEG_IDTR) && !c->cpl);
	fuzz_check(sign_extend(base, c->va_bits) == base);
}

static enum status vec_get(struct insn_ctx *c, struct insn_operand o, u64 val[4])
{
	fuzz_check(o.kind == OPERAND_MMX ? o.reg < 8 : o.kind >= OPERAND_XMM && o.kind <= OPERAND_YMM && o.reg < 16);
	for (unsigned i = 0; i < 4; i++)
		val[i] = next_random(&machine_of(c)->state);
	return OK;
}

static enum status vec_set(struct insn_ctx *c, struct insn_operand o, const u64 val[4])
{
	u64 old[4];

	return vec_get(c, o, old);
}

static const struct insn_ops ops = { get_seg, set_table, mem_read, mem_write, mem_probe,
				     io_read, io_write,  vec_get,  vec_set };

static void init(struct machine *m, u64 seed)
{
	*m = (struct machine){ .state = seed * 2654435769u + 1 };
	for (unsigned i = 0; i < GPR_COUNT; i++)
		m->regs.r[i] = next_random(&m->state) >> (m->state & 31);
	m->regs.rip = next_random(&m->state) & 0xffff;
	m->regs.rflags = (next_random(&m->state) & ALL_FLAGS) | RFLAGS_ONE;
	m->regs.rflags &= seed & 1 ? ~0ull : ~(u64)RFLAGS_TF;
	m->fault_at = seed & 2 ? (unsigned)(m->state >> 8) % 6 : 0;
	m->fault_by_page = seed & 4;
	m->c = (struct insn_ctx){ .ops = &ops,
				  .regs = &m->regs,
				  .cr0 = seed & 24 ? CR0_PE : 0,
				  .cr4 = seed & 32 ? CR4_OSFXSR | CR4_OSXSAVE : 0,
				  .xcr0 = seed & 128 ? XCR0_X87 | XCR0_SSE | XCR0_AVX : XCR0_X87,
				  .cpl = seed & 64 ? 3 : 0,
				  .va_bits = 48 };
}

static bool moves_rip(enum insn_op op)
{
	return op == INSN_CALL || op == INSN_JMP || op == INSN_RET;
}

void insn_check_exec(const struct insn *in, u64 seed)
{
	struct machine m;
	struct gpr before;
	enum insn_result res;

	init(&m, seed);
	before = m.regs;
	res = insn_exec(in, &m.c);
	switch (res) {
	case INSN_DONE:
		fuzz_check(moves_rip(in->op) ||
			   m.regs.rip == ((before.rip + in->len) & width_mask(in->mode / 8)) ||
			   m.regs.rip == before.rip + in->len);
		break;
	case INSN_AGAIN:
		fuzz_check(in->rep && m.regs.rip == before.rip);
		break;
	case INSN_FAULT:
		fuzz_check(m.c.fault.pending && m.regs.rip == before.rip);
		break;
	case INSN_FAILED:
		fuzz_check(!m.c.fault.pending && m.c.status && m.regs.rip == before.rip);
		break;
	}
	/* All or nothing, but for the elements of a REP that were finished. */
	if ((res == INSN_FAULT || res == INSN_FAILED) && !in->rep)
		fuzz_check(!memcmp(before.r, m.regs.r, sizeof(before.r)) &&
			   !((before.rflags ^ m.regs.rflags) & ~(u64)RFLAGS_RF));
	fuzz_check(insn_class_of(in->op) != INSN_PRIV || res == INSN_FAILED || res == INSN_FAULT);
	fuzz_check(m.accesses <= INSN_REP_MAX * 4);
	fuzz_check(m.regs.rflags & RFLAGS_ONE);
}

// SPDX-License-Identifier: BSD-2-Clause
#include <vm/task.h>

#include <arch/x86_64/defs/regs.h>
#include <lib/bits.h>
#include <lib/string.h>
#include <vm/emulate.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

#define DESC_TYPE	BITS(43, 40)
#define DESC_S		BIT(44)
#define DESC_P		BIT(47)
#define DESC_BUSY	BIT(41)
#define DESC_ACCESSED	BIT(40)
#define TYPE_LDT	2u
#define TYPE_CONFORMING 4u
#define TSS_MAX		104
#define TSS_TRAP	100 /* bit 0: #DB in the new task */
#define DR6_BT		BIT(15)
#define DR7_LOCAL	0x155ull

/* Where a TSS keeps what; registers in the order of enum gpr_index, segments in that of enum seg_index. */
struct form {
	u8 word; /* bytes of a register */
	u8 ip, flags, regs, segs, seg_step, seg_count, ldt;
	u8 cr3; /* 0: none */
	u8 size;
};

/* Intel SDM vol. 3, "16-Bit Task-State Segment (TSS)", "Task-State Segment (TSS)". */
static const struct form form16 = {
	.word = 2, .ip = 14, .flags = 16, .regs = 18, .segs = 34, .seg_step = 2, .seg_count = 4, .ldt = 42, .size = 44
};
static const struct form form32 = {
	.word = 4, .ip = 32, .flags = 36, .regs = 40, .segs = 72, .seg_step = 4, .seg_count = 6, .ldt = 96, .cr3 = 28, .size = 104
};

struct task {
	u16 selector;
	u64 desc;
	const struct form *form;
	struct segment seg; /* of the TSS */
	u8 image[TSS_MAX];
};

static u32 image_get(const struct task *t, unsigned off, unsigned width)
{
	u32 val = 0;

	memcpy(&val, t->image + off, width);
	return val;
}

static void image_put(struct task *t, unsigned off, unsigned width, u32 val)
{
	memcpy(t->image + off, &val, width);
}

static bool fail(struct vcpu *v, u8 vector, u16 selector)
{
	vcpu_inject_error(v, vector, selector & ~3u);
	return false;
}

static struct segment from_desc(u16 selector, u64 desc)
{
	u32 limit = (u32)((desc & 0xffff) | (desc >> 32 & 0xf0000));
	u16 attr = (u16)((desc >> 40 & 0xff) | (desc >> 44 & 0xf00));

	return (struct segment){
		.selector = selector,
		.attr = attr,
		.limit = attr & SEG_ATTR_G ? limit << 12 | 0xfff : limit,
		.base = (desc >> 16 & 0xffffff) | (desc >> 32 & 0xff000000),
	};
}

/* Linear address of a descriptor, if it is inside its table. */
static bool find_desc(struct vcpu *v, u16 selector, gva_t *at)
{
	struct segment table;
	u32 off = selector & ~7u;

	v->vm->virt->get_seg(v, selector & 4 ? SEG_LDTR : SEG_GDTR, &table);
	if ((selector & 4) && !(table.attr & SEG_ATTR_P))
		return false;
	*at = (u32)(table.base + off);
	return off + 7 <= table.limit;
}

/* False: `vector` was injected, or a page fault. */
static bool read_desc(struct vcpu *v, u16 selector, u8 vector, u64 *desc, gva_t *at)
{
	if (!find_desc(v, selector, at))
		return fail(v, vector, selector);
	return emulate_system(v, *at, desc, 8, false);
}

static bool set_desc_bit(struct vcpu *v, u16 selector, u64 bit, bool on)
{
	gva_t at;
	u64 desc;

	if (!read_desc(v, selector, EXC_TS, &desc, &at))
		return false;
	desc = on ? desc | bit : desc & ~bit;
	return emulate_system(v, at, &desc, 8, true);
}

/* --- Before the switch: a fault is the old task's ----------------------------------------------------------- */

static bool read_tss(struct vcpu *v, struct task *t, u8 fault)
{
	u32 type = (u32)FIELD_GET(SEG_ATTR_TYPE, t->seg.attr);

	if (t->seg.attr & SEG_ATTR_S || (type & ~0xau) != 1)
		return fail(v, fault, t->selector);
	if (!(t->seg.attr & SEG_ATTR_P))
		return fail(v, EXC_NP, t->selector);
	t->form = type & 8 ? &form32 : &form16;
	if (t->seg.limit < t->form->size - 1u)
		return fail(v, EXC_TS, t->selector);
	return emulate_system(v, t->seg.base, t->image, t->form->size, false);
}

static bool read_both(struct vcpu *v, const struct vm_exit *x, struct task *old, struct task *new)
{
	bool iret = x->task.source == TASK_IRET;
	u8 fault = iret ? EXC_TS : EXC_GP;
	gva_t at;

	new->selector = x->task.selector;
	if (!(new->selector & ~7u) || new->selector & 4)
		return fail(v, fault, new->selector);
	if (!read_desc(v, new->selector, fault, &new->desc, &at))
		return false;
	if (!(new->desc & DESC_BUSY) == iret)
		return fail(v, fault, new->selector);
	new->seg = from_desc(new->selector, new->desc);
	v->vm->virt->get_seg(v, SEG_TR, &old->seg);
	old->selector = old->seg.selector;
	return read_tss(v, new, fault) && read_tss(v, old, EXC_TS);
}

/* What the old task will go on with: the instruction after the one that switched, if one did. */
static void save_state(struct vcpu *v, const struct vm_exit *x, struct task *old)
{
	const struct form *f = old->form;
	u64 flags = v->regs.rflags & ~RFLAGS_RF;
	struct segment seg;

	if (x->task.source == TASK_IRET)
		flags &= ~RFLAGS_NT;
	image_put(old, f->ip, f->word, (u32)v->regs.rip + x->insn_len);
	image_put(old, f->flags, f->word, (u32)flags);
	for (unsigned i = 0; i < 8; i++)
		image_put(old, f->regs + i * f->word, f->word, (u32)v->regs.r[i]);
	for (unsigned i = 0; i < f->seg_count; i++) {
		v->vm->virt->get_seg(v, i, &seg);
		image_put(old, f->segs + i * f->seg_step, 2, seg.selector);
	}
}

/* The order matters: all of it can fault, and a fault finds the old task as it was, but for what it saved. */
static bool write_back(struct vcpu *v, const struct vm_exit *x, struct task *old, struct task *new)
{
	const struct form *f = old->form;
	unsigned end = f->segs + f->seg_count * f->seg_step;
	bool nested = x->task.source == TASK_CALL || x->task.source == TASK_GATE;

	if (!emulate_system(v, old->seg.base + f->ip, old->image + f->ip, end - f->ip, true))
		return false;
	if (nested && !emulate_system(v, new->seg.base, &old->selector, 2, true))
		return false;
	if (!nested && !set_desc_bit(v, old->selector, DESC_BUSY, false))
		return false;
	return x->task.source == TASK_IRET || set_desc_bit(v, new->selector, DESC_BUSY, true);
}

/* --- After it: a fault is the new task's --------------------------------------------------------------------- */

static void set_null(struct vcpu *v, enum seg_index s, u16 selector)
{
	/* The CPL is that of SS, also while there is none. */
	struct segment null = { .selector = selector, .attr = s == SEG_SS ? (u16)((selector & 3) << 5) : 0 };

	v->vm->virt->set_seg(v, s, &null);
}

static bool load_ldt(struct vcpu *v, u16 selector)
{
	struct segment seg;
	gva_t at;
	u64 desc;

	set_null(v, SEG_LDTR, selector);
	if (!(selector & ~3u))
		return true;
	if (selector & 4)
		return fail(v, EXC_TS, selector);
	if (!read_desc(v, selector, EXC_TS, &desc, &at))
		return false;
	seg = from_desc(selector, desc);
	if ((desc & DESC_S) || FIELD_GET(DESC_TYPE, desc) != TYPE_LDT || !(desc & DESC_P))
		return fail(v, EXC_TS, selector);
	v->vm->virt->set_seg(v, SEG_LDTR, &seg);
	return true;
}

/* Intel SDM vol. 3, "Exception Conditions Checked During a Task Switch". */
static bool fits(enum seg_index s, const struct segment *seg, unsigned cpl)
{
	unsigned dpl = (unsigned)FIELD_GET(SEG_ATTR_DPL, seg->attr), rpl = seg->selector & 3;
	u16 type = seg->attr & SEG_ATTR_TYPE;

	if (!(seg->attr & SEG_ATTR_S))
		return false;
	if (s == SEG_CS)
		return (type & SEG_ATTR_CODE) && (type & TYPE_CONFORMING ? dpl <= rpl : dpl == rpl);
	if (s == SEG_SS)
		return !(type & SEG_ATTR_CODE) && (type & SEG_ATTR_WRITABLE) && dpl == cpl && rpl == cpl;
	if ((type & SEG_ATTR_CODE) && !(type & SEG_ATTR_WRITABLE))
		return false; /* not readable */
	return (type & SEG_ATTR_CODE && type & TYPE_CONFORMING) || (dpl >= cpl && dpl >= rpl);
}

static bool load_seg(struct vcpu *v, enum seg_index s, u16 selector, unsigned cpl)
{
	struct segment seg;
	gva_t at;
	u64 desc;

	if (!(selector & ~3u))
		return s != SEG_CS && s != SEG_SS ? true : fail(v, EXC_TS, selector);
	if (!read_desc(v, selector, EXC_TS, &desc, &at))
		return false;
	seg = from_desc(selector, desc);
	if (!fits(s, &seg, cpl))
		return fail(v, EXC_TS, selector);
	if (!(desc & DESC_P))
		return fail(v, s == SEG_SS ? EXC_SS : EXC_NP, selector);
	if (!(desc & DESC_ACCESSED)) {
		desc |= DESC_ACCESSED;
		if (!emulate_system(v, at, &desc, 8, true))
			return false;
	}
	seg.attr |= 1;
	if (s == SEG_CS && (seg.attr & TYPE_CONFORMING))
		seg.attr = (u16)((seg.attr & ~SEG_ATTR_DPL) | FIELD_PUT(SEG_ATTR_DPL, selector & 3));
	v->vm->virt->set_seg(v, s, &seg);
	return true;
}

static bool load_segments(struct vcpu *v, const struct task *t)
{
	static const enum seg_index order[] = { SEG_CS, SEG_SS, SEG_ES, SEG_DS, SEG_FS, SEG_GS };
	const struct form *f = t->form;
	u16 selector[6] = { 0 };

	for (unsigned i = 0; i < f->seg_count; i++)
		selector[i] = (u16)image_get(t, f->segs + i * f->seg_step, 2);
	for (enum seg_index s = SEG_ES; s <= SEG_GS; s++) {
		struct segment flat = { .selector = selector[s], .attr = 0xf3, .limit = 0xffff, .base = (u64)selector[s] << 4 };

		if (v->regs.rflags & RFLAGS_VM)
			v->vm->virt->set_seg(v, s, &flat);
		else if (s != SEG_CS)
			set_null(v, s, s == SEG_SS ? selector[SEG_CS] & 3 : selector[s]);
	}
	if (!load_ldt(v, (u16)image_get(t, f->ldt, 2)))
		return false;
	for (size_t i = 0; !(v->regs.rflags & RFLAGS_VM) && i < ARRAY_LEN(order); i++)
		if (!load_seg(v, order[i], selector[order[i]], selector[SEG_CS] & 3))
			return false;
	return true;
}

static bool load_state(struct vcpu *v, const struct vm_exit *x, struct task *t)
{
	const struct virt_ops *virt = v->vm->virt;
	const struct form *f = t->form;
	bool nested = x->task.source == TASK_CALL || x->task.source == TASK_GATE;
	u64 cr0 = virt->get_reg(v, REG_CR0);

	t->seg.attr |= 2; /* busy */
	virt->set_seg(v, SEG_TR, &t->seg);
	virt->set_reg(v, REG_CR0, cr0 | CR0_TS);
	if (f->cr3 && (cr0 & CR0_PG)) {
		virt->set_reg(v, REG_CR3, image_get(t, f->cr3, 4));
		virt->flush(v);
	}
	virt->set_reg(v, REG_DR7, virt->get_reg(v, REG_DR7) & ~DR7_LOCAL);
	v->regs.rip = image_get(t, f->ip, f->word);
	v->regs.rflags = (image_get(t, f->flags, f->word) & RFLAGS_LOADABLE) | RFLAGS_ONE | (nested ? RFLAGS_NT : 0);
	for (unsigned i = 0; i < 8; i++)
		v->regs.r[i] = image_get(t, f->regs + i * f->word, f->word);
	v->int_shadow = false;
	return load_segments(v, t);
}

static bool push_error(struct vcpu *v, const struct vm_exit *x, const struct form *f)
{
	struct segment ss;
	u32 mask, sp, error = x->task.error;

	if (!x->task.has_error)
		return true;
	v->vm->virt->get_seg(v, SEG_SS, &ss);
	mask = ss.attr & SEG_ATTR_DB ? ~0u : 0xffffu;
	sp = ((u32)v->regs.r[GPR_RSP] - f->word) & mask;
	if (!emulate_system(v, (u32)(ss.base + sp), &error, f->word, true))
		return false;
	v->regs.r[GPR_RSP] = ((u32)v->regs.r[GPR_RSP] & ~mask) | sp;
	return true;
}

enum exit_action exit_task(struct vcpu *v, struct vm_exit *x)
{
	struct task old = { 0 }, new = { 0 };

	/* The event that came through a task gate is delivered by this. */
	v->event.valid = false;
	if (!read_both(v, x, &old, &new))
		return EXIT_RESUME;
	save_state(v, x, &old);
	if (!write_back(v, x, &old, &new) || !load_state(v, x, &new) || !push_error(v, x, new.form))
		return EXIT_RESUME;
	if (new.form == &form32 && (image_get(&new, TSS_TRAP, 2) & 1)) {
		v->vm->virt->set_reg(v, REG_DR6, v->vm->virt->get_reg(v, REG_DR6) | DR6_BT);
		vcpu_inject(v, EXC_DB);
	}
	return EXIT_RESUME;
}

// SPDX-License-Identifier: BSD-2-Clause
#include <vm/vcpu.h>

#include <arch/x86_64/defs/msr.h>
#include <arch/x86_64/defs/regs.h>
#include <core/service/log.h>
#include <core/service/mem.h>
#include <core/service/time.h>
#include <lib/bits.h>
#include <lib/fmt.h>
#include <vm/apic_page.h>
#include <vm/run.h>
#include <vm/vm.h>

/* The vendor's part lies behind it, so that both share the last page. */
#define HW_AT align_up(sizeof(struct vcpu), 64)

enum status vcpu_create(struct vm *vm, u32 id, struct vcpu **out)
{
	struct vcpu *v = mem_alloc(HW_AT + vm->virt->vcpu_bytes);
	enum status st;

	if (!v)
		return E_NOMEM;
	v->vm = vm;
	v->hw = (struct virt_vcpu *)((u8 *)v + HW_AT);
	v->id = id;
	insn_cache_init(&v->insns);
	run_init(&v->run, &vm->sched);
	v->run.run = vcpu_run;
	v->run.gone = vcpu_gone;
	v->apic = mem_alloc(sizeof(*v->apic));
	if (!v->apic) {
		st = E_NOMEM;
		goto free_vcpu;
	}
	if (!guest_cpu_init(&v->cpu)) {
		st = E_NOMEM;
		goto free_apic;
	}
	st = vm->virt->vcpu_init(v);
	if (st)
		goto fini_cpu;
	*out = v;
	return OK;

fini_cpu:
	guest_cpu_fini(&v->cpu);
free_apic:
	mem_free(v->apic, sizeof(*v->apic));
free_vcpu:
	mem_free(v, HW_AT + vm->virt->vcpu_bytes);
	return st;
}

void vcpu_destroy(struct vcpu *v)
{
	v->vm->virt->vcpu_fini(v);
	guest_cpu_fini(&v->cpu);
	mem_free(v->apic, sizeof(*v->apic));
	mem_free(v, HW_AT + v->vm->virt->vcpu_bytes);
}

/* Intel SDM vol. 3, "Processor State After Reset": the hidden parts; limit FFFFh, present, accessed. */
#define REAL_DATA  (SEG_ATTR_P | SEG_ATTR_S | 0x3)
#define REAL_CODE  (SEG_ATTR_P | SEG_ATTR_S | 0xb)
#define ATTR_LDT   (SEG_ATTR_P | 0x2)
#define ATTR_TSS32 (SEG_ATTR_P | 0xb)
#define FLAT_DATA  (SEG_ATTR_P | SEG_ATTR_S | 0x3 | SEG_ATTR_DB | SEG_ATTR_G)
#define FLAT_CODE  (SEG_ATTR_P | SEG_ATTR_S | 0xb | SEG_ATTR_G)

static void set_seg(struct vcpu *v, enum seg_index s, u16 selector, u64 base, u32 limit, u16 attr)
{
	struct segment seg = { .selector = selector, .base = base, .limit = limit, .attr = attr };

	v->vm->virt->set_seg(v, s, &seg);
}

static void reset_segments(struct vcpu *v)
{
	for (enum seg_index s = SEG_ES; s <= SEG_GS; s++)
		set_seg(v, s, 0, 0, 0xffff, REAL_DATA);
	set_seg(v, SEG_CS, 0xf000, 0xffff0000, 0xffff, REAL_CODE);
	set_seg(v, SEG_TR, 0, 0, 0xffff, ATTR_TSS32);
	set_seg(v, SEG_LDTR, 0, 0, 0xffff, ATTR_LDT);
	set_seg(v, SEG_GDTR, 0, 0, 0xffff, 0);
	set_seg(v, SEG_IDTR, 0, 0, 0xffff, 0);
}

/* What only power-on changes: INIT leaves it alone. */
static void reset_cold(struct vcpu *v)
{
	const struct virt_ops *virt = v->vm->virt;

	guest_cpu_load_reset(&v->cpu);
	virt->trap_dr(v, true);
	v->msr = (struct vcpu_msrs){ .misc_enable = 1 };
	virt->set_tsc(v, v->tsc_offset);
	virt->set_reg(v, REG_PAT, PAT_RESET);
	for (enum virt_reg r = REG_SYSENTER_CS; r <= REG_KERNEL_GS_BASE; r++)
		virt->set_reg(v, r, 0);
}

void vcpu_reset(struct vcpu *v, bool init)
{
	const struct virt_ops *virt = v->vm->virt;
	u64 cr0 = CR0_ET | CR0_CD | CR0_NW;

	if (init)
		cr0 = (virt->get_reg(v, REG_CR0) & (CR0_CD | CR0_NW)) | CR0_ET;
	v->regs = (struct gpr){ .rip = 0xfff0, .rflags = RFLAGS_ONE };
	v->regs.r[GPR_RDX] = machine_cpuid(1, 0).eax;
	v->event = (struct vcpu_event){ 0 };
	v->int_shadow = v->nmi_blocked = v->nmi_pending = false;
	virt->set_reg(v, REG_EFER, 0);
	virt->set_reg(v, REG_CR0, cr0);
	virt->set_reg(v, REG_CR2, 0);
	virt->set_reg(v, REG_CR3, 0);
	virt->set_reg(v, REG_CR4, 0);
	virt->set_reg(v, REG_DR6, DR6_INIT);
	virt->set_reg(v, REG_DR7, DR7_INIT);
	reset_segments(v);
	if (init) {
		guest_cpu_load_init(&v->cpu);
		v->vm->ops->vcpu_init(v);
	} else {
		reset_cold(v);
	}
	virt->want_window(v, WINDOW_NONE);
	virt->flush(v);
}

void vcpu_apply_start(struct vcpu *v)
{
	const struct virt_ops *virt = v->vm->virt;
	const struct vm_start *s = &v->vm->start;
	u16 code = FLAT_CODE | (s->long_mode ? SEG_ATTR_L : SEG_ATTR_DB);

	if (s->long_mode) {
		virt->set_reg(v, REG_CR4, CR4_PAE);
		virt->set_reg(v, REG_CR3, s->cr3);
		virt->set_reg(v, REG_EFER, EFER_LME | EFER_LMA);
		virt->set_reg(v, REG_CR0, CR0_PE | CR0_ET | CR0_NE | CR0_PG);
	} else {
		virt->set_reg(v, REG_CR0, CR0_PE | CR0_ET | CR0_NE);
	}
	for (enum seg_index i = SEG_ES; i <= SEG_GS; i++)
		set_seg(v, i, s->ds, 0, 0xffffffff, FLAT_DATA);
	set_seg(v, SEG_CS, s->cs, 0, 0xffffffff, code);
	if (s->gdt)
		set_seg(v, SEG_GDTR, 0, s->gdt, s->gdt_limit, 0);
	v->regs.rip = s->rip;
	v->regs.r[GPR_RSP] = s->rsp;
	v->regs.r[GPR_RAX] = s->rax;
	v->regs.r[GPR_RSI] = s->rsi;
	v->regs.r[GPR_RBX] = s->rbx;
}

void vcpu_start_up(struct vcpu *v, u8 vector)
{
	set_seg(v, SEG_CS, (u16)(vector << 8), (u64)vector << 12, 0xffff, REAL_CODE);
	v->regs.rip = 0;
}

/* The run queue lock orders this before the look at whether `v` runs or sleeps. */
void vcpu_notify(struct vcpu *v)
{
	/* Pairs with the acquire in vm/run.c: who sees it sees what was stored before. */
	atomic_store_explicit(&v->attention, ATTEND_ALL, memory_order_release);
	run_notify(&v->run);
}

void vcpu_note_cr8(struct vcpu *v, u8 cr8)
{
	v->vm->ops->set_cr8(v, cr8);
	v->cr8 = cr8;
}

/* In the format of an xAPIC, or with the APIC off, the board serves all accesses. */
void vcpu_set_x2apic(struct vcpu *v, bool on)
{
	const bool *by_cpu = v->vm->virt->apic;

	v->apic_by_cpu = on && by_cpu && *by_cpu;
}

/* --- Exceptions ------------------------------------------------------------------------------------------------- */

/* Intel SDM vol. 3, "Interrupt 8—Double Fault Exception (#DF)", conditions table. */
static bool contributory(u8 vector)
{
	return vector == EXC_DE || (vector >= EXC_TS && vector <= EXC_GP);
}

static void queue(struct vcpu *v, u8 vector, bool has_error, u32 error)
{
	struct vcpu_event *e = &v->event;

	if (e->valid && e->type != EVENT_EXCEPTION)
		return; /* the cut-short event comes first; the instruction will fault again */
	vcpu_attend(v);
	if (e->valid && e->vector == EXC_DF) {
		vm_guest_crash(v, NULL, "triple fault");
		return;
	}
	if (e->valid && ((contributory(e->vector) && contributory(vector)) ||
			 (e->vector == EXC_PF && (contributory(vector) || vector == EXC_PF)))) {
		vector = EXC_DF;
		has_error = true;
		error = 0;
	}
	*e = (struct vcpu_event){
		.valid = true,
		.type = EVENT_EXCEPTION,
		.vector = vector,
		.has_error = has_error,
		.error = error,
	};
}

void vcpu_inject(struct vcpu *v, u8 vector)
{
	queue(v, vector, false, 0);
}

/* Real mode pushes no error codes. */
void vcpu_inject_error(struct vcpu *v, u8 vector, u32 error)
{
	queue(v, vector, v->vm->virt->get_reg(v, REG_CR0) & CR0_PE, error);
}

void vcpu_inject_pf(struct vcpu *v, gva_t gva, u32 error)
{
	v->vm->virt->set_reg(v, REG_CR2, gva);
	vcpu_inject_error(v, EXC_PF, error);
}

/* Intel SDM vol. 3, "Single-Step Exception Condition"; "Debug Control Register", GD. */
void vcpu_end_insn(struct vcpu *v, u64 rflags)
{
	const struct virt_ops *virt = v->vm->virt;

	if (!(rflags & RFLAGS_TF))
		return;
	virt->set_reg(v, REG_DR6, virt->get_reg(v, REG_DR6) | DR6_BS);
	virt->set_reg(v, REG_DR7, virt->get_reg(v, REG_DR7) & ~DR7_GD);
	vcpu_inject(v, EXC_DB);
}

/* --- Questions ---------------------------------------------------------------------------------------------------- */

unsigned vcpu_code_bits(struct vcpu *v)
{
	const struct virt_ops *virt = v->vm->virt;
	struct segment cs;

	if (virt->long_code(v))
		return 64;
	if (v->regs.rflags & RFLAGS_VM)
		return 16;
	virt->get_seg(v, SEG_CS, &cs);
	/* In real mode too: a 32-bit code segment lives on there until a mode with descriptors loads another. */
	return cs.attr & SEG_ATTR_DB ? 32 : 16;
}

unsigned vcpu_cpl(struct vcpu *v)
{
	return v->vm->virt->cpl(v);
}

u64 vcpu_tsc_at(const struct vcpu *v, u64 now)
{
	return tsc_from_host(&v->vm->tsc, time_to_tsc(now)) + v->tsc_offset;
}

u64 vcpu_tsc(struct vcpu *v)
{
	return vcpu_tsc_at(v, time_now());
}

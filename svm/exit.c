// SPDX-License-Identifier: BSD-2-Clause
/* Into the guest, and from exit codes to struct vm_exit. */
#include "svm.h"

#include <arch/x86_64/cpu.h>
#include <lib/string.h>

typedef void decoder(struct vcpu *v, const struct vmcb *b, struct vm_exit *x);

/* Without the CPU's help: the instruction that exits now did so before. */
static void recall_length(struct vcpu *v, const struct vmcb *b, struct vm_exit *x)
{
	const struct insn *known = NULL;

	if (svm_is_long_code(b))
		known = insn_cache_find(&v->insns, v->regs.rip, b->s.cr3);
	if (known)
		x->insn_len = known->len;
}

/* The length of an instruction that exited before it ran. */
static void take_length(struct vcpu *v, const struct vmcb *b, struct vm_exit *x)
{
	u64 next;

	if (!svm_features.nrips) {
		recall_length(v, b, x);
		return;
	}
	next = b->c.next_rip;
	if (next - v->regs.rip <= INSN_MAX_LEN)
		x->insn_len = (u8)(next - v->regs.rip);
}

static void decode_ioio(struct vcpu *v, const struct vmcb *b, struct vm_exit *x)
{
	u64 info = b->c.exit_info1;

	x->pio.port = (u16)FIELD_GET(IOIO_PORT, info);
	x->pio.width = (u8)FIELD_GET(IOIO_WIDTH, info);
	x->pio.how = (u8)FIELD_GET(IOIO_HOW, info);
	x->insn_len = (u8)(b->c.exit_info2 - v->regs.rip);
}

static void decode_msr(struct vcpu *v, const struct vmcb *b, struct vm_exit *x)
{
	x->kind = b->c.exit_info1 & 1 ? EXIT_WRMSR : EXIT_RDMSR;
	take_length(v, b, x);
}

static void decode_vmmcall(struct vcpu *v, const struct vmcb *b, struct vm_exit *x)
{
	x->hypercall.cpl = b->s.cpl;
	x->hypercall.wide = svm_is_long_code(b);
	take_length(v, b, x);
}

static void decode_cr(struct vcpu *v, const struct vmcb *b, struct vm_exit *x)
{
	const struct vmcb_control *c = &b->c;

	x->cr.cr = (u8)(c->exit_code - VMEXIT_CR0_WRITE);
	x->cr.gpr = CR_SOURCE_UNKNOWN;
	/* Else it is decoded, and then has its length, too. */
	if (!svm_features.decode_assists || !(c->exit_info1 & CR_INFO_MOV))
		return;
	x->cr.gpr = (u8)FIELD_GET(CR_INFO_GPR, c->exit_info1);
	take_length(v, b, x);
}

static void decode_npf(struct vcpu *v, const struct vmcb *b, struct vm_exit *x)
{
	const struct vmcb_control *c = &b->c;

	x->fault.gpa = c->exit_info2;
	x->fault.write = c->exit_info1 & NPF_WRITE;
	x->fault.fetch = c->exit_info1 & NPF_FETCH;
	x->fault.table = c->exit_info1 & NPF_TABLE;
	x->fault.byte_count = 0;
	if (!svm_features.decode_assists)
		return;
	x->fault.byte_count = c->fetched_count & 0xf;
	memcpy(x->fault.bytes, c->fetched, sizeof(x->fault.bytes));
}

static void decode_exception(struct vcpu *v, const struct vmcb *b, struct vm_exit *x)
{
	const struct vmcb_control *c = &b->c;

	x->exception.vector = (u8)(c->exit_code - VMEXIT_EXCEPTION);
	x->exception.has_error = x->exception.vector == EXC_AC;
	x->exception.error = (u32)c->exit_info1;
	if (x->exception.vector != EXC_MC)
		return;
	/* The machine's fault, not the guest's: the host's own handler decides. */
	x->kind = EXIT_HOST;
	__asm__ volatile("int %0" : : "i"(EXC_MC));
}

/* The kind says it all. */
static void decode_nothing(struct vcpu *v, const struct vmcb *b, struct vm_exit *x)
{
}

static void decode_iret(struct vcpu *v, const struct vmcb *b, struct vm_exit *x)
{
	svm_on_iret(v);
}

static void decode_vintr(struct vcpu *v, const struct vmcb *b, struct vm_exit *x)
{
	svm_want_window(v, WINDOW_NONE);
	vcpu_attend(v);
}

enum how {
	DECODE_UNKNOWN, /* nobody knows this exit */
	DECODE_NOTHING,
	DECODE_LENGTH,
	DECODE_CR,
	DECODE_MSR,
	DECODE_VMMCALL,
	DECODE_EXCEPTION,
	DECODE_IRET,
	DECODE_VINTR,
};

static decoder *const decoders[] = {
	// clang-format off
	[DECODE_NOTHING]	= decode_nothing,
	[DECODE_LENGTH]		= take_length,
	[DECODE_CR]		= decode_cr,
	[DECODE_MSR]		= decode_msr,
	[DECODE_VMMCALL]	= decode_vmmcall,
	[DECODE_EXCEPTION]	= decode_exception,
	[DECODE_IRET]		= decode_iret,
	[DECODE_VINTR]		= decode_vintr,
	// clang-format on
};

/* Of bytes: nearly all codes are unknown. */
static const struct row {
	u8 kind; /* enum exit_kind */
	u8 how;	 /* enum how */
} rows[] = {
	// clang-format off
	[VMEXIT_CR0_WRITE]	  = { EXIT_CR_WRITE, DECODE_CR },
	[VMEXIT_CR0_WRITE + 4]	  = { EXIT_CR_WRITE, DECODE_CR },
	[VMEXIT_CR0_WRITE + 8]	  = { EXIT_CR_WRITE, DECODE_CR },
	[VMEXIT_DR_WRITE]	  = { EXIT_DR, DECODE_NOTHING },
	[VMEXIT_DR_WRITE + 1]	  = { EXIT_DR, DECODE_NOTHING },
	[VMEXIT_DR_WRITE + 2]	  = { EXIT_DR, DECODE_NOTHING },
	[VMEXIT_DR_WRITE + 3]	  = { EXIT_DR, DECODE_NOTHING },
	[VMEXIT_EXCEPTION + EXC_DB] = { EXIT_EXCEPTION, DECODE_EXCEPTION },
	[VMEXIT_EXCEPTION + EXC_AC] = { EXIT_EXCEPTION, DECODE_EXCEPTION },
	[VMEXIT_EXCEPTION + EXC_MC] = { EXIT_EXCEPTION, DECODE_EXCEPTION },
	[VMEXIT_INTR]		  = { EXIT_HOST, DECODE_NOTHING },
	[VMEXIT_NMI]		  = { EXIT_HOST, DECODE_NOTHING },
	[VMEXIT_SMI]		  = { EXIT_HOST, DECODE_NOTHING },
	[VMEXIT_INIT]		  = { EXIT_HOST, DECODE_NOTHING },
	[VMEXIT_VINTR]		  = { EXIT_NONE, DECODE_VINTR },
	[VMEXIT_RDPMC]		  = { EXIT_FORBIDDEN, DECODE_NOTHING },
	[VMEXIT_CPUID]		  = { EXIT_CPUID, DECODE_LENGTH },
	[VMEXIT_RSM]		  = { EXIT_UNDEFINED, DECODE_NOTHING },
	[VMEXIT_IRET]		  = { EXIT_NONE, DECODE_IRET },
	[VMEXIT_INVD]		  = { EXIT_CACHE, DECODE_LENGTH },
	[VMEXIT_PAUSE]		  = { EXIT_PAUSE, DECODE_LENGTH },
	[VMEXIT_HLT]		  = { EXIT_HLT, DECODE_LENGTH },
	[VMEXIT_INVLPGA]	  = { EXIT_UNDEFINED, DECODE_NOTHING },
	[VMEXIT_MSR]		  = { EXIT_RDMSR, DECODE_MSR },
	[VMEXIT_FERR_FREEZE]	  = { EXIT_NONE, DECODE_NOTHING },
	[VMEXIT_SHUTDOWN]	  = { EXIT_SHUTDOWN, DECODE_NOTHING },
	[VMEXIT_VMRUN]		  = { EXIT_UNDEFINED, DECODE_NOTHING },
	[VMEXIT_VMMCALL]	  = { EXIT_HYPERCALL, DECODE_VMMCALL },
	[VMEXIT_VMLOAD]		  = { EXIT_UNDEFINED, DECODE_NOTHING },
	[VMEXIT_VMSAVE]		  = { EXIT_UNDEFINED, DECODE_NOTHING },
	[VMEXIT_STGI]		  = { EXIT_UNDEFINED, DECODE_NOTHING },
	[VMEXIT_CLGI]		  = { EXIT_UNDEFINED, DECODE_NOTHING },
	[VMEXIT_SKINIT]		  = { EXIT_UNDEFINED, DECODE_NOTHING },
	[VMEXIT_WBINVD]		  = { EXIT_CACHE, DECODE_LENGTH },
	[VMEXIT_MONITOR]	  = { EXIT_UNDEFINED, DECODE_NOTHING },
	[VMEXIT_MWAIT]		  = { EXIT_UNDEFINED, DECODE_NOTHING },
	[VMEXIT_XSETBV]		  = { EXIT_XSETBV, DECODE_LENGTH },
	[VMEXIT_RDPRU]		  = { EXIT_UNDEFINED, DECODE_NOTHING },
	[VMEXIT_INVPCID]	  = { EXIT_UNDEFINED, DECODE_NOTHING },
	// clang-format on
};

/* What the table, as a short one, does not reach, or does not name. */
static rare void decode_other(struct vcpu *v, const struct vmcb *b, struct vm_exit *x)
{
	const struct vmcb_control *c = &b->c;

	if (c->exit_code == VMEXIT_NPF) {
		x->kind = EXIT_FAULT;
		decode_npf(v, b, x);
		return;
	}
	/* QEMU before 10.0.7 writes only the low half of VMEXIT_INVALID. */
	x->kind = (s32)c->exit_code == VMEXIT_INVALID ? EXIT_INVALID : EXIT_UNKNOWN;
	x->raw.code = c->exit_code;
	x->raw.info1 = c->exit_info1;
	x->raw.info2 = c->exit_info2;
}

static void decode(struct vcpu *v, const struct vmcb *b, u64 code, struct vm_exit *x)
{
	u8 how = code < ARRAY_LEN(rows) ? rows[code].how : DECODE_UNKNOWN;

	if (how == DECODE_UNKNOWN) {
		decode_other(v, b, x);
		return;
	}
	x->kind = rows[code].kind;
	decoders[how](v, b, x);
}

/* --- The world switch ----------------------------------------------------------------------------------------------- */

static void write_guest(struct vcpu *v, struct vmcb *b)
{
	b->s.rsp = v->regs.r[GPR_RSP];
	b->s.rflags = v->regs.rflags;
	b->c.int_state = v->int_shadow ? INT_STATE_SHADOW : 0;
}

static rare void read_rest(struct vcpu *v, const struct vmcb *b)
{
	if (svm_mode_changed(b))
		svm_sync_mode(v);
	svm_recover_irq(v);
	if (b->c.exit_int_info & EVENT_VALID)
		svm_recover_event(v);
	if ((u8)b->c.int_ctl == v->hw->tpr)
		return;
	v->hw->tpr = (u8)b->c.int_ctl;
	vcpu_note_cr8(v, (u8)v->hw->tpr);
}

static void read_guest(struct vcpu *v, const struct virt_vcpu *hw, struct vmcb *b)
{
	v->regs.r[GPR_RAX] = b->s.rax;
	v->regs.r[GPR_RSP] = b->s.rsp;
	v->regs.rip = b->s.rip;
	v->regs.rflags = b->s.rflags;
	v->int_shadow = b->c.int_state & INT_STATE_SHADOW;
	b->c.event_inj = 0;
	b->c.tlb_control = TLB_NOTHING;
	/* Nearly never: V_IRQ lies behind V_TPR. */
	if (svm_mode_changed(b) || (u16)b->c.int_ctl != hw->tpr || (b->c.exit_int_info & EVENT_VALID))
		read_rest(v, b);
}

/* Decodes an exit and has it handled. */
static inline enum exit_action handle(struct vcpu *v, const struct vmcb *b, u64 code, struct vm_exit *x)
{
	x->insn_len = 0;
	if (code == VMEXIT_IOIO) {
		x->kind = EXIT_PIO;
		decode_ioio(v, b, x);
	} else {
		decode(v, b, code, x);
	}
	return exit_dispatch(v, x);
}

enum exit_action svm_run(struct vcpu *v)
{
	const struct virt_vcpu *hw = v->hw;
	struct vmcb *b = hw->vmcb;

	for (write_guest(v, b);; b->c.int_state = 0) {
		enum exit_action action;
		struct vm_exit *x;
		u64 code;

		forget(v);
		b->s.rax = v->regs.r[GPR_RAX];
		b->s.rip = v->regs.rip;
		svm_enter(&v->regs, hw->vmcb_hpa, hw->host_hpa);
		read_guest(v, hw, b);
		code = b->c.exit_code;
		if (code == VMEXIT_INTR)
			return exit_host(v);
		x = exit_trace_next(&v->trace);
		action = handle(v, b, code, x);
		if (action != EXIT_NEXT || !vcpu_step_short(v, x))
			return action;
		if (vcpu_must_look(v))
			return EXIT_RESUME;
	}
}

// SPDX-License-Identifier: BSD-2-Clause
/* Into the guest, and from exit reasons to struct vm_exit. */
#include "vmx.h"

#include <core/clock.h>
#include <core/service/time.h>

typedef void decoder(struct vcpu *v, struct vm_exit *x);

/* The length of an instruction that exited before it ran. */
static void take_length(struct vcpu *v, struct vm_exit *x)
{
	x->insn_len = (u8)vmread_known(VMCS_EXIT_LENGTH);
}

/* "Information for VM Exits During Event Delivery": what an instruction or an interrupt caused did not occur during one. */
static void take_vectoring(struct vcpu *v)
{
	if (vmread(VMCS_VECTORING) & EVENT_VALID)
		vmx_recover_event(v);
}

static void decode_io(struct vcpu *v, struct vm_exit *x)
{
	u64 q = vmread_known(VMCS_QUALIFICATION);

	x->pio.port = (u16)FIELD_GET(IO_PORT, q);
	x->pio.width = (u8)(FIELD_GET(IO_SIZE, q) + 1);
	x->pio.how = (u8)FIELD_GET(IO_HOW, q);
	take_length(v, x);
}

static void decode_vmcall(struct vcpu *v, struct vm_exit *x)
{
	x->hypercall.cpl = (u8)FIELD_GET(RIGHTS_DPL, vmread_known(VMCS_GUEST_SS_RIGHTS));
	x->hypercall.wide = (v->hw->efer & EFER_LMA) && (vmread_known(VMCS_GUEST_CS_RIGHTS) & RIGHTS_L);
	take_length(v, x);
}

static void decode_cr(struct vcpu *v, struct vm_exit *x)
{
	u64 q = vmread(VMCS_QUALIFICATION);
	u32 type = (u32)FIELD_GET(CR_TYPE, q);

	x->kind = type == CR_TYPE_FROM ? EXIT_CR_READ : EXIT_CR_WRITE;
	x->cr.cr = (u8)FIELD_GET(CR_NUMBER, q);
	/* CLTS and LMSW are for the decoder. */
	x->cr.gpr = type <= CR_TYPE_FROM ? (u8)FIELD_GET(CR_GPR, q) : CR_SOURCE_UNKNOWN;
	take_length(v, x);
}

/* Intel SDM vol. 3, "Exit Qualification for EPT Violations". */
static void decode_violation(struct vcpu *v, struct vm_exit *x)
{
	u64 q = vmread(VMCS_QUALIFICATION);

	take_vectoring(v);
	x->fault.gpa = vmread(VMCS_GUEST_PHYSICAL);
	x->fault.write = q & EPT_Q_WRITE;
	x->fault.fetch = q & EPT_Q_FETCH;
	/* Without a linear address it was the load of PDPTEs by MOV to CR. */
	x->fault.table = !(q & EPT_Q_LINEAR) || !(q & EPT_Q_TRANSLATED);
	x->fault.byte_count = 0;
	if (q & EPT_Q_IRET_UNBLOCKS)
		vmx_block_nmis_again(v);
}

/* Our mistake in the tables, but this guest alone has them. */
static void decode_misconfig(struct vcpu *v, struct vm_exit *x)
{
	take_vectoring(v);
	x->raw.code = REASON_EPT_MISCONFIG;
	x->raw.info1 = vmread(VMCS_GUEST_PHYSICAL);
	x->raw.info2 = 0;
}

/* Unlike the exception itself, its exit leaves DR6 as it was. "Debug Exceptions", "Exit
 * Qualification for Debug Exceptions". */
static void update_dr6(void)
{
	u64 q = vmread(VMCS_QUALIFICATION), dr6 = read_dr6() & ~DEBUG_BREAKPOINTS;

	dr6 |= (q & (DEBUG_BREAKPOINTS | DEBUG_BD | DEBUG_BS)) | DEBUG_RTM;
	write_dr6(dr6 ^ (q & DEBUG_RTM));
	/* Delivery clears DR7.GD, but not if it is we who inject it. */
	if (q & DEBUG_BD)
		vmwrite(VMCS_GUEST_DR7, vmread(VMCS_GUEST_DR7) & ~DR7_GD);
}

/* "EOI Virtualization": a trap, the EOI is done. */
static void decode_eoi(struct vcpu *v, struct vm_exit *x)
{
	x->apic.reg = APIC_REG_EOI;
	x->apic.vector = (u8)FIELD_GET(EOI_VECTOR, vmread(VMCS_QUALIFICATION));
}

/* "APIC-Write Emulation": a trap too, what was written is in the page. */
static void decode_apic_write(struct vcpu *v, struct vm_exit *x)
{
	x->apic.reg = (u8)(FIELD_GET(APIC_W_OFFSET, vmread(VMCS_QUALIFICATION)) / 16);
	x->apic.vector = (u8)apic_page_get(v->apic, x->apic.reg);
}

/* The machine's own: its handler decides. */
#define RAISE(vector) __asm__ volatile("int %0" : : "i"(vector) : "memory")

static void decode_exception(struct vcpu *v, struct vm_exit *x)
{
	u64 info = vmread(VMCS_EXIT_EVENT);
	u8 vector = (u8)FIELD_GET(EVENT_VECTOR, info);

	take_vectoring(v);
	if (FIELD_GET(EVENT_TYPE, info) == EVENT_TYPE_NMI) {
		x->kind = EXIT_HOST;
		/* NMIs are blocked since the exit; the IRET of the handler lets them in again. */
		RAISE(EXC_NMI);
		return;
	}
	if (vector == EXC_MC) {
		x->kind = EXIT_HOST;
		RAISE(EXC_MC);
		return;
	}
	if (vector == EXC_DB)
		update_dr6();
	/* INT1: not delivered yet, so RIP is still at it, but it is a trap. */
	if (FIELD_GET(EVENT_TYPE, info) == EVENT_TYPE_ICEBP)
		v->regs.rip += vmread(VMCS_EXIT_LENGTH);
	if (info & EVENT_IRET_UNBLOCKS)
		vmx_block_nmis_again(v);
	x->exception.vector = vector;
	x->exception.has_error = info & EVENT_HAS_ERROR;
	x->exception.error = x->exception.has_error ? (u32)vmread(VMCS_EXIT_EVENT_ERROR) : 0;
}

static void decode_machine_check(struct vcpu *v, struct vm_exit *x)
{
	RAISE(EXC_MC);
}

/* "Exit Qualification for Task Switches". An instruction has a length, INT n too; an interrupt or a
 * fault has none, the old task goes on where it was. */
static void decode_task_switch(struct vcpu *v, struct vm_exit *x)
{
	u64 q = vmread(VMCS_QUALIFICATION);
	const struct vcpu_event *e = &v->event;

	take_vectoring(v);
	x->task.selector = (u16)FIELD_GET(TASK_SELECTOR, q);
	x->task.source = (u8)FIELD_GET(TASK_SOURCE, q);
	x->task.has_error = e->valid && e->has_error;
	x->task.error = e->error;
	if (x->task.source != TASK_GATE || (e->valid && e->type == EVENT_SOFT))
		take_length(v, x);
}

static void decode_refused(struct vcpu *v, struct vm_exit *x)
{
	x->raw.code = vmread(VMCS_EXIT_REASON);
	x->raw.info1 = vmread(VMCS_QUALIFICATION);
	x->raw.info2 = 0;
}

/* The kind says it all. */
static void decode_nothing(struct vcpu *v, struct vm_exit *x)
{
}

/* It stays open until somebody looks whether it is still needed. */
static void decode_window(struct vcpu *v, struct vm_exit *x)
{
	vcpu_attend(v);
}

static const struct row {
	enum exit_kind kind;
	decoder *decode; /* NULL: nobody knows this exit */
} rows[] = {
	// clang-format off
	[REASON_EXCEPTION]	= { EXIT_EXCEPTION, decode_exception },
	[REASON_EXTERNAL]	= { EXIT_HOST, decode_nothing },
	[REASON_TRIPLE_FAULT]	= { EXIT_SHUTDOWN, decode_nothing },
	[REASON_INIT]		= { EXIT_HOST, decode_nothing },
	[REASON_SIPI]		= { EXIT_HOST, decode_nothing },
	[REASON_IO_SMI]		= { EXIT_HOST, decode_nothing },
	[REASON_SMI]		= { EXIT_HOST, decode_nothing },
	[REASON_IRQ_WINDOW]	= { EXIT_NONE, decode_window },
	[REASON_NMI_WINDOW]	= { EXIT_NONE, decode_window },
	[REASON_TASK_SWITCH]	= { EXIT_TASK, decode_task_switch },
	[REASON_CPUID]		= { EXIT_CPUID, take_length },
	[REASON_GETSEC]		= { EXIT_UNDEFINED, decode_nothing },
	[REASON_HLT]		= { EXIT_HLT, take_length },
	[REASON_INVD]		= { EXIT_CACHE, take_length },
	[REASON_RDPMC]		= { EXIT_FORBIDDEN, decode_nothing },
	[REASON_VMCALL]		= { EXIT_HYPERCALL, decode_vmcall },
	[REASON_VMCLEAR]	= { EXIT_UNDEFINED, decode_nothing },
	[REASON_VMLAUNCH]	= { EXIT_UNDEFINED, decode_nothing },
	[REASON_VMPTRLD]	= { EXIT_UNDEFINED, decode_nothing },
	[REASON_VMPTRST]	= { EXIT_UNDEFINED, decode_nothing },
	[REASON_VMREAD]		= { EXIT_UNDEFINED, decode_nothing },
	[REASON_VMRESUME]	= { EXIT_UNDEFINED, decode_nothing },
	[REASON_VMWRITE]	= { EXIT_UNDEFINED, decode_nothing },
	[REASON_VMXOFF]		= { EXIT_UNDEFINED, decode_nothing },
	[REASON_VMXON]		= { EXIT_UNDEFINED, decode_nothing },
	[REASON_CR]		= { EXIT_CR_WRITE, decode_cr },
	[REASON_DR]		= { EXIT_DR, decode_nothing },
	[REASON_RDMSR]		= { EXIT_RDMSR, take_length },
	[REASON_WRMSR]		= { EXIT_WRMSR, take_length },
	[REASON_GUEST_STATE]	= { EXIT_INVALID, decode_refused },
	[REASON_MSR_LOADING]	= { EXIT_INVALID, decode_refused },
	[REASON_MWAIT]		= { EXIT_UNDEFINED, decode_nothing },
	[REASON_MONITOR]	= { EXIT_UNDEFINED, decode_nothing },
	[REASON_PAUSE]		= { EXIT_PAUSE, take_length },
	[REASON_MACHINE_CHECK]	= { EXIT_HOST, decode_machine_check },
	[REASON_EOI]		= { EXIT_APIC, decode_eoi },
	[REASON_EPT_VIOLATION]	= { EXIT_FAULT, decode_violation },
	[REASON_EPT_MISCONFIG]	= { EXIT_UNKNOWN, decode_misconfig },
	[REASON_INVEPT]		= { EXIT_UNDEFINED, decode_nothing },
	[REASON_PREEMPTION]	= { EXIT_HOST, decode_nothing },
	[REASON_INVVPID]	= { EXIT_UNDEFINED, decode_nothing },
	[REASON_WBINVD]		= { EXIT_CACHE, take_length },
	[REASON_XSETBV]		= { EXIT_XSETBV, take_length },
	[REASON_APIC_WRITE]	= { EXIT_APIC, decode_apic_write },
	[REASON_ENCLS]		= { EXIT_UNDEFINED, decode_nothing },
	// clang-format on
};
static_assert(ARRAY_LEN(rows) == REASONS, "rows up to the last reason");

static rare void decode_failure(struct vcpu *v, struct vm_exit *x, bool has_error)
{
	v->hw->failure = has_error ? (u32)vmread(VMCS_INSTRUCTION_ERROR) : 0;
	x->kind = EXIT_INVALID;
	x->raw.code = v->hw->failure;
	x->raw.info1 = 0;
	x->raw.info2 = 0;
}

static void decode_other(struct vcpu *v, u32 reason, struct vm_exit *x)
{
	reason &= (u32)REASON_BASIC;
	x->insn_len = 0;
	if (reason >= ARRAY_LEN(rows) || !rows[reason].decode) {
		x->kind = EXIT_UNKNOWN;
		decode_refused(v, x);
		return;
	}
	x->kind = rows[reason].kind;
	rows[reason].decode(v, x);
}

static inline void decode(struct vcpu *v, u32 reason, struct vm_exit *x)
{
	if (reason == REASON_IO) {
		x->kind = EXIT_PIO;
		decode_io(v, x);
		return;
	}
	decode_other(v, reason, x);
}

/* --- The world switch ----------------------------------------------------------------------------------------------- */

#define TIMER_MAX   0xffffffffull
/* The timer stands still outside of the guest; after so many exits what it has left is written again. */
#define TIMER_EXITS 16

/*
 * The guest leaves when this pCPU's LAPIC timer fires, even if it does not let the interrupt end it
 * (Bochs, RFLAGS.IF=0). One tick later than that, so that on other machines the interrupt comes
 * first.
 */
static rare void set_preemption_timer(struct virt_vcpu *hw)
{
	u64 at = pcpu_armed(), ticks = TIMER_MAX;
	s64 left;

	hw->timer_at = at;
	hw->timer_left = TIMER_EXITS;
	if (!vmx_features.preemption_timer)
		return;
	if (at != TIME_NEVER) {
		left = (s64)(clock_to_tsc(at) - rdtsc());
		ticks = left > 0 ? (u64)left >> FIELD_GET(MISC_TIMER_RATE, vmx_caps.misc) : 0;
		ticks = min_u64(ticks + 1, TIMER_MAX);
	}
	vmwrite_known(VMCS_PREEMPTION_TIMER, ticks);
}

/* INVEPT drops what INVVPID leaves, translations of guest-physical addresses, and the other way
 * round. */
static rare void flush_now(struct vcpu *v)
{
	struct virt_vcpu *hw = v->hw;

	hw->flush = false;
	invept(vmx_controls.invept, vmx_eptp(v));
	if (vmx_features.vpid)
		invvpid(vmx_controls.invvpid, (u16)hw->vpid.number);
}

static rare void write_rest(struct vcpu *v)
{
	struct virt_vcpu *hw = v->hw;

	if (hw->blocking || v->int_shadow || v->nmi_blocked)
		vmx_write_blocking(v);
	if (hw->pdptes_stale)
		vmx_sync_pdptes(v);
	/* Neither wanted nor on: nothing to bring in line. */
	if (v->apic_by_cpu || hw->apic)
		vmx_sync_apic(v);
	if (hw->flush)
		flush_now(v);
}

static void write_guest(struct vcpu *v, struct virt_vcpu *hw)
{
	vmwrite_known(VMCS_GUEST_RSP, v->regs.r[GPR_RSP]);
	vmwrite_known(VMCS_GUEST_RFLAGS, v->regs.rflags);
	/* Nothing was blocked, and nothing is: nearly always. */
	hw->nmi_blocked = v->nmi_blocked;
	if (hw->todo | v->int_shadow | v->apic_by_cpu | hw->apic)
		write_rest(v);
}

/* Not entered, for the given reason. Answers the next one, which is decoded if it is not that of an exit. */
static rare u32 mend(struct vcpu *v, struct vm_exit *x, u32 reason)
{
	struct virt_vcpu *hw = v->hw;

	while (reason < VMX_FAIL_VALID && (reason & REASON_ENTRY_FAILED) && vmx_mend_segments())
		reason = vmx_enter(&v->regs, hw->launched, &hw->host_rsp);
	if (reason >= VMX_FAIL_VALID)
		decode_failure(v, x, reason == VMX_FAIL_VALID);
	else if (reason & REASON_ENTRY_FAILED)
		decode_other(v, reason, x);
	return reason;
}

/* The preemption timer's. */
static enum exit_action time_is_over(struct vcpu *v, struct virt_vcpu *hw)
{
	hw->timer_at = 0;
	return exit_host(v);
}

enum exit_action vmx_run(struct vcpu *v)
{
	struct virt_vcpu *hw = v->hw;

	for (write_guest(v, hw);;) {
		enum exit_action action;
		struct vm_exit *x;
		u32 reason;

		forget(v);
		if (hw->timer_at != pcpu_armed() || !--hw->timer_left)
			set_preemption_timer(hw);
		reason = vmx_enter(&v->regs, hw->launched, &hw->host_rsp);
		x = exit_trace_next(&v->trace);
		if (reason & REASON_ENTRY_FAILED) {
			reason = mend(v, x, reason);
			if (reason & REASON_ENTRY_FAILED)
				return exit_dispatch(v, x);
		}
		hw->launched = true;
		if ((u32)vmread_known(VMCS_GUEST_BLOCKING) | hw->todo)
			vmx_read_blocking(v);
		/* Neither tells more than that an interrupt of the host's waits. */
		if (reason == REASON_EXTERNAL)
			return exit_host(v);
		if (reason == REASON_PREEMPTION)
			return time_is_over(v, hw);
		decode(v, reason, x);
		action = exit_dispatch(v, x);
		if (action != EXIT_NEXT || !vcpu_step_short(v, x))
			return action;
		if (vcpu_must_look(v) || hw->todo)
			return EXIT_RESUME;
	}
}

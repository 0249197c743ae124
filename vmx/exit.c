// SPDX-License-Identifier: BSD-2-Clause
/* From exit reasons to struct vm_exit. */
#include "vmx.h"

#include <arch/x86_64/cpu.h>

typedef void decoder(struct vcpu *v, struct vm_exit *x);

/* The length of an instruction that exited before it ran. */
static void take_length(struct vcpu *v, struct vm_exit *x)
{
	x->insn_len = (u8)vmread(VMCS_EXIT_LENGTH);
}

static void decode_io(struct vcpu *v, struct vm_exit *x)
{
	u64 q = vmread(VMCS_QUALIFICATION);

	x->pio.port = (u16)FIELD_GET(IO_PORT, q);
	x->pio.width = (u8)(FIELD_GET(IO_SIZE, q) + 1);
	x->pio.in = q & IO_IN;
	x->pio.string = q & IO_STRING;
	take_length(v, x);
}

static void decode_vmcall(struct vcpu *v, struct vm_exit *x)
{
	x->hypercall.cpl = vmx_cpl(v);
	x->hypercall.wide = vmx_long_code(v);
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

/* It stays open until somebody looks whether it is still needed. */
static void decode_window(struct vcpu *v, struct vm_exit *x)
{
	vcpu_attend(v);
}

static const struct row {
	enum exit_kind kind;
	decoder *decode; /* NULL: the kind says it all */
} rows[] = {
	// clang-format off
	[REASON_EXCEPTION]	= { EXIT_EXCEPTION, decode_exception },
	[REASON_EXTERNAL]	= { EXIT_HOST, NULL },
	[REASON_TRIPLE_FAULT]	= { EXIT_SHUTDOWN, NULL },
	[REASON_INIT]		= { EXIT_HOST, NULL },
	[REASON_SIPI]		= { EXIT_HOST, NULL },
	[REASON_IO_SMI]		= { EXIT_HOST, NULL },
	[REASON_SMI]		= { EXIT_HOST, NULL },
	[REASON_IRQ_WINDOW]	= { EXIT_NONE, decode_window },
	[REASON_NMI_WINDOW]	= { EXIT_NONE, decode_window },
	[REASON_TASK_SWITCH]	= { EXIT_TASK, decode_task_switch },
	[REASON_CPUID]		= { EXIT_CPUID, take_length },
	[REASON_GETSEC]		= { EXIT_UNDEFINED, NULL },
	[REASON_HLT]		= { EXIT_HLT, take_length },
	[REASON_INVD]		= { EXIT_CACHE, take_length },
	[REASON_RDPMC]		= { EXIT_FORBIDDEN, NULL },
	[REASON_VMCALL]		= { EXIT_HYPERCALL, decode_vmcall },
	[REASON_VMCLEAR]	= { EXIT_UNDEFINED, NULL },
	[REASON_VMLAUNCH]	= { EXIT_UNDEFINED, NULL },
	[REASON_VMPTRLD]	= { EXIT_UNDEFINED, NULL },
	[REASON_VMPTRST]	= { EXIT_UNDEFINED, NULL },
	[REASON_VMREAD]		= { EXIT_UNDEFINED, NULL },
	[REASON_VMRESUME]	= { EXIT_UNDEFINED, NULL },
	[REASON_VMWRITE]	= { EXIT_UNDEFINED, NULL },
	[REASON_VMXOFF]		= { EXIT_UNDEFINED, NULL },
	[REASON_VMXON]		= { EXIT_UNDEFINED, NULL },
	[REASON_CR]		= { EXIT_CR_WRITE, decode_cr },
	[REASON_IO]		= { EXIT_PIO, decode_io },
	[REASON_RDMSR]		= { EXIT_RDMSR, take_length },
	[REASON_WRMSR]		= { EXIT_WRMSR, take_length },
	[REASON_GUEST_STATE]	= { EXIT_INVALID, decode_refused },
	[REASON_MSR_LOADING]	= { EXIT_INVALID, decode_refused },
	[REASON_MWAIT]		= { EXIT_UNDEFINED, NULL },
	[REASON_MONITOR]	= { EXIT_UNDEFINED, NULL },
	[REASON_PAUSE]		= { EXIT_PAUSE, take_length },
	[REASON_MACHINE_CHECK]	= { EXIT_HOST, decode_machine_check },
	[REASON_EOI]		= { EXIT_APIC, decode_eoi },
	[REASON_EPT_VIOLATION]	= { EXIT_FAULT, decode_violation },
	[REASON_EPT_MISCONFIG]	= { EXIT_UNKNOWN, decode_misconfig },
	[REASON_INVEPT]		= { EXIT_UNDEFINED, NULL },
	[REASON_PREEMPTION]	= { EXIT_HOST, NULL },
	[REASON_INVVPID]	= { EXIT_UNDEFINED, NULL },
	[REASON_WBINVD]		= { EXIT_CACHE, take_length },
	[REASON_XSETBV]		= { EXIT_XSETBV, take_length },
	[REASON_APIC_WRITE]	= { EXIT_APIC, decode_apic_write },
	[REASON_ENCLS]		= { EXIT_UNDEFINED, NULL },
	// clang-format on
};
static_assert(ARRAY_LEN(rows) == REASONS, "rows up to the last reason");

static void decode_other(struct vcpu *v, struct vm_exit *x)
{
	x->kind = EXIT_UNKNOWN;
	decode_refused(v, x);
}

void vmx_decode_failure(struct vcpu *v, struct vm_exit *x, bool has_error)
{
	v->hw->failure = has_error ? (u32)vmread(VMCS_INSTRUCTION_ERROR) : 0;
	x->kind = EXIT_INVALID;
	x->raw.code = v->hw->failure;
	x->raw.info1 = 0;
	x->raw.info2 = 0;
}

void vmx_decode(struct vcpu *v, u32 reason, struct vm_exit *x)
{
	reason &= (u32)REASON_BASIC;
	if (reason >= ARRAY_LEN(rows) ||
	    (rows[reason].kind == EXIT_UNKNOWN && !rows[reason].decode)) {
		decode_other(v, x);
		return;
	}
	x->kind = rows[reason].kind;
	if (rows[reason].decode)
		rows[reason].decode(v, x);
}

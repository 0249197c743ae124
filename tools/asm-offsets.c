// SPDX-License-Identifier: BSD-2-Clause
/* Compiled to assembly only: each line becomes a constant in build/gen/asm-offsets.inc. */
#include <arch/x86_64/defs/ap_boot.h>
#include <arch/x86_64/defs/msr.h>
#include <arch/x86_64/defs/vectors.h>
#include <arch/x86_64/lapic.h>
#include <core/pcpu.h>
#include <vm/regs.h>
#include <vmx/vmcs.h>

#define OFFSET(name, value) __asm__ volatile("\n.ascii \"OFFSET " #name " %0\"" : : "i"(value))

void asm_offsets(void);

void asm_offsets(void)
{
	OFFSET(AP_PARAMS_OFFSET, AP_PARAMS_OFFSET);
	OFFSET(AP_CR3, offsetof(struct ap_params, cr3));
	OFFSET(AP_STACK, offsetof(struct ap_params, stack));
	OFFSET(AP_ENTRY, offsetof(struct ap_params, entry));
	OFFSET(AP_ARG, offsetof(struct ap_params, arg));
	OFFSET(AP_EFER_NXE, offsetof(struct ap_params, efer_nxe));
	OFFSET(VEC_TIMER, VEC_TIMER);
	OFFSET(MSR_X2APIC_EOI, MSR_X2APIC_FIRST + LAPIC_REG_EOI);
	OFFSET(LAPIC_EOI, LAPIC_REG_EOI * 16);
	OFFSET(PCPU_ARMED, offsetof(struct pcpu, armed));
	OFFSET(PCPU_TICKS, offsetof(struct pcpu, ticks));
	OFFSET(VMCS_HOST_RSP, VMCS_HOST_RSP);
	OFFSET(VMCS_GUEST_RIP, VMCS_GUEST_RIP);
	OFFSET(VMCS_GUEST_RSP, VMCS_GUEST_RSP);
	OFFSET(VMCS_GUEST_RFLAGS, VMCS_GUEST_RFLAGS);
	OFFSET(VMCS_EXIT_REASON, VMCS_EXIT_REASON);
	OFFSET(GPR_RIP_AT, offsetof(struct gpr, rip));
	OFFSET(GPR_RFLAGS_AT, offsetof(struct gpr, rflags));
	OFFSET(GPR_R_RSP, offsetof(struct gpr, r[GPR_RSP]));
	OFFSET(GPR_R_RAX, offsetof(struct gpr, r[GPR_RAX]));
	OFFSET(GPR_R_RCX, offsetof(struct gpr, r[GPR_RCX]));
	OFFSET(GPR_R_RDX, offsetof(struct gpr, r[GPR_RDX]));
	OFFSET(GPR_R_RBX, offsetof(struct gpr, r[GPR_RBX]));
	OFFSET(GPR_R_RBP, offsetof(struct gpr, r[GPR_RBP]));
	OFFSET(GPR_R_RSI, offsetof(struct gpr, r[GPR_RSI]));
	OFFSET(GPR_R_RDI, offsetof(struct gpr, r[GPR_RDI]));
	OFFSET(GPR_R_R8, offsetof(struct gpr, r[GPR_R8]));
	OFFSET(GPR_R_R9, offsetof(struct gpr, r[GPR_R9]));
	OFFSET(GPR_R_R10, offsetof(struct gpr, r[GPR_R10]));
	OFFSET(GPR_R_R11, offsetof(struct gpr, r[GPR_R11]));
	OFFSET(GPR_R_R12, offsetof(struct gpr, r[GPR_R12]));
	OFFSET(GPR_R_R13, offsetof(struct gpr, r[GPR_R13]));
	OFFSET(GPR_R_R14, offsetof(struct gpr, r[GPR_R14]));
	OFFSET(GPR_R_R15, offsetof(struct gpr, r[GPR_R15]));
}

// SPDX-License-Identifier: BSD-2-Clause
/* A VM's and a vCPU's hardware part. */
#include "svm.h"

#include <arch/x86_64/cpu.h>
#include <core/service/log.h>
#include <core/service/mem.h>
#include <lib/string.h>

#define ALWAYS_MISC1                                                                               \
	(MISC1_INTR | MISC1_NMI | MISC1_SMI | MISC1_INIT | MISC1_RDPMC | MISC1_CPUID | MISC1_RSM | MISC1_INVD |        \
	 MISC1_HLT | MISC1_INVLPGA | MISC1_IOIO | MISC1_MSR | MISC1_FERR | MISC1_SHUTDOWN)
#define ALWAYS_MISC2                                                                               \
	(MISC2_VMRUN | MISC2_VMMCALL | MISC2_VMLOAD | MISC2_VMSAVE | MISC2_STGI | MISC2_CLGI | MISC2_SKINIT |          \
	 MISC2_WBINVD | MISC2_MONITOR | MISC2_MWAIT | MISC2_XSETBV)
/* #MC is the host's; #DB and #AC can be raised for ever without an instruction completing (CVE-2015-5307, -8104). */
#define ALWAYS_EXCEPTIONS (BIT(EXC_MC) | BIT(EXC_AC) | BIT(EXC_DB))
/* So many PAUSEs, each within so many cycles of the last one, are a wait that others should use. */
#define PAUSE_COUNT  3000
#define PAUSE_CYCLES 128

rare enum status svm_vm_init(struct vm *vm)
{
	struct virt_vm *hw = mem_alloc(sizeof(*hw));

	if (!hw)
		return E_NOMEM;
	hw->iopm = mem_alloc(IOPM_SIZE);
	hw->msrpm = mem_alloc(MSRPM_SIZE);
	vm->hw = hw;
	if (!hw->iopm || !hw->msrpm) {
		svm_vm_fini(vm);
		return E_NOMEM;
	}
	memset(hw->iopm, 0xff, IOPM_SIZE);
	memset(hw->msrpm, 0xff, MSRPM_SIZE);
	return OK;
}

void svm_vm_fini(struct vm *vm)
{
	mem_free(vm->hw->iopm, IOPM_SIZE);
	mem_free(vm->hw->msrpm, MSRPM_SIZE);
	mem_free(vm->hw, sizeof(*vm->hw));
	vm->hw = NULL;
}

static rare void fill_control(struct vcpu *v, struct vmcb_control *c)
{
	struct cpuid_regs l7 = cpuid(7, 0);

	c->cr_write = (u16)CR4_WRITE;
	c->exceptions = (u32)ALWAYS_EXCEPTIONS;
	c->misc1 = (u32)ALWAYS_MISC1;
	c->misc2 = (u32)ALWAYS_MISC2;
	/* Instructions that the guest's CPUID does not show, where the host's CPU has them. */
	if (l7.ebx & BIT(10))
		c->misc3 |= (u32)MISC3_INVPCID;
	if (cpuid(0x80000000, 0).eax >= 0x80000008 && (cpuid(0x80000008, 0).ebx & BIT(4)))
		c->misc2 |= (u32)MISC2_RDPRU;
	if (svm_features.pause_filter) {
		c->misc1 |= (u32)MISC1_PAUSE;
		c->pause_count = PAUSE_COUNT;
		c->pause_threshold = PAUSE_CYCLES;
	}
	c->iopm_base = mem_hpa(v->vm->hw->iopm);
	c->msrpm_base = mem_hpa(v->vm->hw->msrpm);
	c->int_ctl = INT_CTL_MASKING;
	c->np_enable = 1;
	c->n_cr3 = v->vm->as.pt.root;
}

rare enum status svm_vcpu_init(struct vcpu *v)
{
	struct virt_vcpu *hw = v->hw;

	hw->vmcb = mem_alloc(PAGE_SIZE);
	if (!hw->vmcb)
		return E_NOMEM;
	hw->vmcb_hpa = mem_hpa(hw->vmcb);
	fill_control(v, &hw->vmcb->c);
	return OK;
}

void svm_vcpu_fini(struct vcpu *v)
{
	mem_free(v->hw->vmcb, PAGE_SIZE);
}

/* Until the next entry has done it. */
void svm_flush(struct vcpu *v)
{
	v->hw->vmcb->c.tlb_control = svm_features.flush_by_asid ? TLB_FLUSH_ASID : TLB_FLUSH_ALL;
}

void svm_trap_dr(struct vcpu *v, bool trap)
{
	v->hw->vmcb->c.dr_write = trap ? DR_WRITE : 0;
}

void svm_set_tsc(struct vcpu *v, u64 offset)
{
	v->hw->vmcb->c.tsc_offset = offset;
}

rare void svm_dump(struct vcpu *v)
{
	const struct vmcb_control *c = &v->hw->vmcb->c;

	log_info("  vmcb: exit %llx info1 %llx info2 %llx int_info %llx event_inj %llx int_ctl %llx asid %u",
		 (unsigned long long)c->exit_code, (unsigned long long)c->exit_info1, (unsigned long long)c->exit_info2,
		 (unsigned long long)c->exit_int_info, (unsigned long long)c->event_inj,
		 (unsigned long long)c->int_ctl, c->asid);
}

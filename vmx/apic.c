// SPDX-License-Identifier: BSD-2-Clause
/*
 * The CPU as a guest's x2APIC: it serves the registers from v->apic and delivers the interrupts
 * that are requested there. Intel SDM vol. 3, "APIC Virtualization and Virtual Interrupts". In the
 * other modes of the APIC, and without these features, only the TPR shadow is used.
 */
#include "vmx.h"

#include <core/service/mem.h>

void vmx_fill_apic(struct vcpu *v)
{
	if (!vmx_features.tpr_shadow)
		return;
	vmwrite(VMCS_VIRTUAL_APIC, mem_hpa(v->apic));
	/* Never below it: loads of CR8 exit while an interrupt waits for one. */
	vmwrite(VMCS_TPR_THRESHOLD, 0);
	if (!vmx_features.apic)
		return;
	for (u32 i = 0; i < ARRAY_LEN(v->hw->eoi_exits); i++)
		vmwrite(VMCS_EOI_EXITS0 + 2 * i, v->hw->eoi_exits[i]);
}

/*
 * The map that lets x2APIC MSRs through goes with the control that says what they are: without it
 * they would be the pCPU's own.
 */
static void change_mode(struct vcpu *v)
{
	struct virt_vcpu *hw = v->hw;
	u64 proc2 = vmx_controls.ctl[CTL_PROC2];
	u8 *map = v->vm->hw->msr_bitmaps;

	hw->apic = v->apic_by_cpu;
	if (hw->apic) {
		proc2 |= VMX_PROC2_APIC;
		map += PAGE_SIZE;
	}
	vmwrite(VMCS_PROC2_CONTROLS, proc2);
	vmwrite(VMCS_MSR_BITMAP, mem_hpa(map));
}

/* An EOI of a level-triggered interrupt goes to the IOAPIC, so it exits. */
static void sync_eoi_exits(struct vcpu *v)
{
	u64 *exits = v->hw->eoi_exits;

	for (u32 i = 0; i < ARRAY_LEN(v->hw->eoi_exits); i++) {
		u64 level = apic_page_get(v->apic, APIC_REG_TMR + 2 * i) |
			    (u64)apic_page_get(v->apic, APIC_REG_TMR + 2 * i + 1) << 32;

		if (level == exits[i])
			continue;
		exits[i] = level;
		vmwrite(VMCS_EOI_EXITS0 + 2 * i, level);
	}
}

static u8 vector_or_none(int vector)
{
	return vector < 0 ? 0 : (u8)vector;
}

void vmx_sync_apic(struct vcpu *v)
{
	u8 requested, in_service;

	if (v->apic_by_cpu != v->hw->apic)
		change_mode(v);
	if (!v->hw->apic)
		return;
	sync_eoi_exits(v);
	requested = vector_or_none(apic_page_highest(v->apic, APIC_REG_IRR));
	in_service = vector_or_none(apic_page_highest(v->apic, APIC_REG_ISR));
	vmwrite(VMCS_GUEST_INTERRUPTS,
		FIELD_PUT(INTERRUPTS_RVI, requested) | FIELD_PUT(INTERRUPTS_SVI, in_service));
}

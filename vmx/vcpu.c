// SPDX-License-Identifier: BSD-2-Clause
/* A VM's and a vCPU's hardware part. */
#include "vmx.h"

#include "check.h"

#include <arch/x86_64/cpu.h>
#include <core/service/log.h>
#include <core/service/mem.h>
#include <core/service/time.h>
#include <lib/string.h>

/* #MC is the host's; #DB and #AC can be raised for ever without an instruction completing
 * (CVE-2015-5307, -8104). */
#define ALWAYS_EXCEPTIONS (BIT(EXC_MC) | BIT(EXC_AC) | BIT(EXC_DB))
/* PAUSEs with no more than so many cycles between them, for so long, are a wait that others should use. */
#define PAUSE_CYCLES      128
#define PAUSE_LOOP_CYCLES 4096

rare enum status vmx_vm_init(struct vm *vm)
{
	struct virt_vm *hw = mem_alloc(sizeof(*hw));

	if (!hw)
		return E_NOMEM;
	hw->io_bitmap = mem_alloc(IO_BITMAP_SIZE);
	hw->msr_bitmaps = mem_alloc(MSR_BITMAP_SIZE);
	vm->hw = hw;
	if (!hw->io_bitmap || !hw->msr_bitmaps) {
		vmx_vm_fini(vm);
		return E_NOMEM;
	}
	memset(hw->io_bitmap, 0xff, IO_BITMAP_SIZE);
	memset(hw->msr_bitmaps, 0xff, MSR_BITMAP_SIZE);
	vmx_open_x2apic(hw->msr_bitmaps + PAGE_SIZE);
	return OK;
}

void vmx_vm_fini(struct vm *vm)
{
	mem_free(vm->hw->io_bitmap, IO_BITMAP_SIZE);
	mem_free(vm->hw->msr_bitmaps, MSR_BITMAP_SIZE);
	mem_free(vm->hw, sizeof(*vm->hw));
	vm->hw = NULL;
}

/* Fields that are only read if their feature is in use, and that a CPU without it may not have. */
static void fill_optional(struct vcpu *v)
{
	vmx_fill_apic(v);
	if (vmx_features.pause_loop) {
		vmwrite(VMCS_PLE_GAP, PAUSE_CYCLES);
		vmwrite(VMCS_PLE_WINDOW, PAUSE_LOOP_CYCLES);
	}
	if (vmx_features.tsc_scaling)
		vmwrite(VMCS_TSC_MULTIPLIER, v->vm->tsc.ratio);
	if (vmx_features.encls)
		vmwrite(VMCS_ENCLS_BITMAP, ~0ull);
}

static void fill_lists(struct virt_vcpu *hw)
{
	vmwrite(VMCS_EXIT_STORE_COUNT, 0);
	vmwrite(VMCS_EXIT_LOAD_LIST, mem_hpa(hw->exit_list));
	vmwrite(VMCS_ENTRY_LOAD_LIST, mem_hpa(hw->entry_list));
	vmwrite(VMCS_ENTRY_LOAD_COUNT, !vmx_features.load_pat + !vmx_features.load_efer);
}

static rare void fill_control(struct vcpu *v)
{
	struct virt_vcpu *hw = v->hw;

	hw->proc = vmx_controls.ctl[CTL_PROC];
	hw->entry = vmx_controls.ctl[CTL_ENTRY];
	vmwrite(VMCS_PIN_CONTROLS, vmx_controls.ctl[CTL_PIN]);
	vmwrite(VMCS_PROC_CONTROLS, hw->proc);
	vmwrite(VMCS_PROC2_CONTROLS, vmx_controls.ctl[CTL_PROC2]);
	vmwrite(VMCS_EXIT_CONTROLS, vmx_controls.ctl[CTL_EXIT]);
	vmwrite(VMCS_ENTRY_CONTROLS, hw->entry);
	vmwrite(VMCS_EXCEPTION_BITMAP, ALWAYS_EXCEPTIONS);
	vmwrite(VMCS_PF_ERROR_MASK, 0);
	vmwrite(VMCS_PF_ERROR_MATCH, 0);
	vmwrite(VMCS_CR3_TARGETS, 0);
	vmwrite(VMCS_IO_BITMAP_A, mem_hpa(v->vm->hw->io_bitmap));
	vmwrite(VMCS_IO_BITMAP_B, mem_hpa(v->vm->hw->io_bitmap + PAGE_SIZE));
	vmwrite(VMCS_MSR_BITMAP, mem_hpa(v->vm->hw->msr_bitmaps));
	vmwrite(VMCS_EPT_POINTER, vmx_eptp(v));
	vmwrite(VMCS_CR0_MASK, vmx_cr0_mask());
	vmwrite(VMCS_CR4_MASK, vmx_cr4_mask());
	vmwrite(VMCS_ENTRY_EVENT, 0);
	fill_lists(hw);
	fill_optional(v);
}

/* What nobody sets later, and what is written only when it differs from our copy, which is zero. */
static rare void fill_guest(void)
{
	vmwrite(VMCS_GUEST_LINK, ~0ull);
	vmwrite(VMCS_GUEST_DEBUGCTL, 0);
	vmwrite(VMCS_GUEST_ACTIVITY, 0);
	vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
	vmwrite(VMCS_GUEST_BLOCKING, 0);
	vmwrite(VMCS_HOST_RSP, 0);
}

/*
 * Another vCPU's VMCS may be current here, so ours is not touched before it is first loaded. "Launch
 * state of VMCS": only VMCLEAR makes a region usable that never was one.
 */
rare enum status vmx_vcpu_init(struct vcpu *v)
{
	struct virt_vcpu *hw = v->hw;

	hw->vmcs = mem_alloc(PAGE_SIZE);
	if (!hw->vmcs)
		return E_NOMEM;
	*(u32 *)hw->vmcs = (u32)FIELD_GET(BASIC_REVISION, vmx_caps.basic);
	hw->vmcs_hpa = mem_hpa(hw->vmcs);
	vmclear(&hw->vmcs_hpa);
	hw->fresh = true;
	hw->vpid.pcpu = PCPUS_MAX;
	return OK;
}

/* vmx_put() has cleared the VMCS: no pCPU has any of it in its caches. */
void vmx_vcpu_fini(struct vcpu *v)
{
	mem_free(v->hw->vmcs, PAGE_SIZE);
}

/*
 * Gives the loaded vCPU what it needs of this pCPU. Without VPIDs the number is not used, but a new
 * one still says that this pCPU may know old EPT translations.
 */
static rare void adopt(struct vcpu *v, struct vmx_cpu *c)
{
	struct virt_vcpu *hw = v->hw;

	vmx_load_syscall(c, &hw->off);
	if (tag_is_valid(&c->vpids, &hw->vpid))
		return;
	if (hw->fresh) {
		fill_control(v);
		fill_guest();
		hw->fresh = false;
	}
	if (hw->vpid.pcpu != c->vpids.pcpu)
		vmx_write_host(hw);
	tag_take(&c->vpids, &hw->vpid);
	hw->flush = true;
	if (vmx_features.vpid)
		vmwrite(VMCS_VPID, hw->vpid.number);
}

/* Does this pCPU have its MSRs for system calls? */
static bool has_syscall(const struct vmx_cpu *c, const struct vmx_unswitched *off)
{
	u64 differs = 0;

	for (u32 i = 0; i < SYSCALL_MSRS; i++)
		differs |= c->syscall[i] ^ off->syscall[i];
	return !differs;
}

void vmx_load(struct vcpu *v)
{
	struct virt_vcpu *hw = v->hw;
	struct vmx_cpu *c = vmx_cpu_here();

	vmptrld(&hw->vmcs_hpa);
	c->current = hw;
	hw->launched = false;
	hw->timer_at = 0;
	write_cr2(hw->off.cr2);
	write_dr6(hw->off.dr6);
	wrmsr(MSR_KERNEL_GS_BASE, hw->off.kernel_gs_base);
	if (!has_syscall(c, &hw->off) || !tag_is_valid(&c->vpids, &hw->vpid))
		adopt(v, c);
}

/* The VMCS goes back to memory, all of it: the next pCPU that loads it need not ask this one. */
void vmx_put(struct vcpu *v)
{
	struct virt_vcpu *hw = v->hw;

	hw->off.cr2 = read_cr2();
	hw->off.dr6 = read_dr6();
	hw->off.kernel_gs_base = rdmsr(MSR_KERNEL_GS_BASE);
	vmclear(&hw->vmcs_hpa);
}

void vmx_flush(struct vcpu *v)
{
	v->hw->flush = true;
}

/* DR6 and DR7 with them. */
void vmx_trap_dr(struct vcpu *v, bool trap)
{
	struct virt_vcpu *hw = v->hw;

	hw->proc = (hw->proc & ~(u32)PROC_MOV_DR) | (trap ? (u32)PROC_MOV_DR : 0);
	vmwrite(VMCS_PROC_CONTROLS, hw->proc);
}

void vmx_set_tsc(struct vcpu *v, u64 offset)
{
	vmwrite(VMCS_TSC_OFFSET, offset);
}

/* Which rule the CPU has found broken: `check` goes through them again. */
static void dump_refused(vmx_checker *check)
{
	const struct vmx_limits limits = {
		.caps = &vmx_caps,
		.phys_bits = cpu_features.phys_bits,
		.load_pat = vmx_features.load_pat,
		.load_efer = vmx_features.load_efer,
	};
	struct vmx_fault fault;

	if (check(&limits, vmread, &fault))
		log_info("  vmcs: %s (%llx): %s", vmcs_field_name(fault.field),
			 (unsigned long long)fault.val, fault.rule);
	else
		log_info("  vmcs: no rule of the manual is broken that we know of");
}

rare void vmx_dump(struct vcpu *v)
{
	typedef unsigned long long ull;
	u32 reason = (u32)vmread(VMCS_EXIT_REASON);

	log_info(
	    "  vmcs: exit %x qualification %llx gpa %llx linear %llx event %llx vectoring %llx",
	    reason, (ull)vmread(VMCS_QUALIFICATION), (ull)vmread(VMCS_GUEST_PHYSICAL),
	    (ull)vmread(VMCS_GUEST_LINEAR), (ull)vmread(VMCS_EXIT_EVENT),
	    (ull)vmread(VMCS_VECTORING));
	log_info("  vmcs: blocking %llx pending debug %llx entry event %llx vpid %u",
		 (ull)vmread(VMCS_GUEST_BLOCKING), (ull)vmread(VMCS_GUEST_PENDING_DEBUG),
		 (ull)vmread(VMCS_ENTRY_EVENT), v->hw->vpid.number);
	log_info("  vmcs: pin %llx proc %llx proc2 %llx exit %llx entry %llx",
		 (ull)vmread(VMCS_PIN_CONTROLS), (ull)vmread(VMCS_PROC_CONTROLS),
		 (ull)vmread(VMCS_PROC2_CONTROLS), (ull)vmread(VMCS_EXIT_CONTROLS),
		 (ull)vmread(VMCS_ENTRY_CONTROLS));
	if (v->hw->failure)
		log_info("  vmcs: VM-instruction error %u: %s", v->hw->failure,
			 vmcs_error_text(v->hw->failure));
	if (v->hw->failure == ERROR_CONTROLS)
		dump_refused(vmx_check_controls);
	if ((reason & REASON_ENTRY_FAILED) && (reason & REASON_BASIC) == REASON_GUEST_STATE)
		dump_refused(vmx_check_guest);
}

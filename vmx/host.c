// SPDX-License-Identifier: BSD-2-Clause
/* The hypervisor's side of the world switch. Intel SDM vol. 3, "Host-State Area", "Loading Host
 * State". */
#include "vmx.h"

#include <arch/x86_64/cpu.h>

struct table_reg {
	u16 limit;
	u64 base;
} __attribute__((packed));

static struct table_reg read_gdtr(void)
{
	struct table_reg r;

	__asm__ volatile("sgdt %0" : "=m"(r));
	return r;
}

static struct table_reg read_idtr(void)
{
	struct table_reg r;

	__asm__ volatile("sidt %0" : "=m"(r));
	return r;
}

static void write_segments(void)
{
	vmwrite(VMCS_HOST_CS, SEL_CODE);
	vmwrite(VMCS_HOST_SS, SEL_DATA);
	vmwrite(VMCS_HOST_DS, SEL_DATA);
	vmwrite(VMCS_HOST_ES, SEL_DATA);
	vmwrite(VMCS_HOST_FS, 0);
	vmwrite(VMCS_HOST_GS, 0);
	vmwrite(VMCS_HOST_TR, SEL_TSS);
	vmwrite(VMCS_HOST_FS_BASE, rdmsr(MSR_FS_BASE));
	vmwrite(VMCS_HOST_GS_BASE, rdmsr(MSR_GS_BASE));
	vmwrite(VMCS_HOST_TR_BASE, (u64)&this_pcpu()->desc.tss);
	vmwrite(VMCS_HOST_GDTR_BASE, read_gdtr().base);
	vmwrite(VMCS_HOST_IDTR_BASE, read_idtr().base);
}

/* MSRs that an exit overwrites. Nothing here makes system calls; zeroes are as good as what was
 * there. */
static void write_msrs(struct virt_vcpu *hw)
{
	struct msr_entry *list = hw->exit_list;
	u32 count = 0;

	vmwrite(VMCS_HOST_SYSENTER_CS, 0);
	vmwrite(VMCS_HOST_SYSENTER_ESP, 0);
	vmwrite(VMCS_HOST_SYSENTER_EIP, 0);
	if (vmx_features.load_pat)
		vmwrite(VMCS_HOST_PAT, rdmsr(MSR_PAT));
	else
		list[count++] = (struct msr_entry){ .index = MSR_PAT, .data = rdmsr(MSR_PAT) };
	if (vmx_features.load_efer)
		vmwrite(VMCS_HOST_EFER, rdmsr(MSR_EFER));
	else
		list[count++] = (struct msr_entry){ .index = MSR_EFER, .data = rdmsr(MSR_EFER) };
	vmwrite(VMCS_EXIT_LOAD_COUNT, count);
}

/*
 * Nothing of this changes once the pCPU is up. CR3 is the VM's window, which is entered before and
 * left after the vCPU is loaded: the same on all pCPUs.
 * A VMCS has no limits of GDTR and IDTR; an exit leaves them at FFFFh, and they stay so: all 256
 * vectors have their gates, and nobody loads a selector but those of desc.h.
 */
void vmx_write_host(struct virt_vcpu *hw)
{
	vmwrite(VMCS_HOST_CR0, read_cr0());
	vmwrite(VMCS_HOST_CR3, read_cr3());
	vmwrite(VMCS_HOST_CR4, read_cr4());
	write_segments();
	write_msrs(hw);
	vmwrite(VMCS_HOST_RIP, (u64)vmx_exit);
}

/* The hypervisor does not care what is in them. */
void vmx_load_syscall(struct vmx_cpu *c, const struct vmx_unswitched *off)
{
	for (u32 i = 0; i < SYSCALL_MSRS; i++) {
		c->syscall[i] = off->syscall[i];
		wrmsr(MSR_STAR + i, off->syscall[i]);
	}
}

void vmx_set_syscall(struct virt_vcpu *hw, u32 index, u64 val)
{
	hw->off.syscall[index] = val;
	vmx_load_syscall(vmx_cpu_here(), &hw->off);
}

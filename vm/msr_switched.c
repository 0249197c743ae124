// SPDX-License-Identifier: BSD-2-Clause
/* MSRs that the hardware switches with the guest. */
#include "msr_parts.h"

#include <arch/x86_64/defs/msr.h>
#include <lib/bits.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

static bool is_canonical(u64 a)
{
	return (u64)((s64)(a << 16) >> 16) == a;
}

static const struct {
	u32 msr;
	enum virt_reg reg;
} switched[] = {
	{ MSR_SYSENTER_CS, REG_SYSENTER_CS },
	{ MSR_SYSENTER_ESP, REG_SYSENTER_ESP },
	{ MSR_SYSENTER_EIP, REG_SYSENTER_EIP },
	{ MSR_STAR, REG_STAR },
	{ MSR_LSTAR, REG_LSTAR },
	{ MSR_CSTAR, REG_CSTAR },
	{ MSR_SFMASK, REG_SFMASK },
	{ MSR_KERNEL_GS_BASE, REG_KERNEL_GS_BASE },
};

bool msr_read_switched(struct vcpu *v, u32 msr, u64 *val)
{
	for (size_t i = 0; i < ARRAY_LEN(switched); i++)
		if (switched[i].msr == msr) {
			*val = v->vm->virt->get_reg(v, switched[i].reg);
			return true;
		}
	return false;
}

bool msr_write_switched(struct vcpu *v, u32 msr, u64 val)
{
	bool address = msr != MSR_STAR && msr != MSR_SFMASK && msr != MSR_SYSENTER_CS;

	/* What the CPU would refuse must not come to set_reg(): VMX writes the pCPU's own MSR. */
	if ((address && !is_canonical(val)) || (msr == MSR_SFMASK && val >> 32))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(switched); i++)
		if (switched[i].msr == msr) {
			v->vm->virt->set_reg(v, switched[i].reg, val);
			return true;
		}
	return false;
}

static enum seg_index base_of(u32 msr)
{
	return msr == MSR_FS_BASE ? SEG_FS : SEG_GS;
}

bool msr_read_base(struct vcpu *v, u32 msr, u64 *val)
{
	struct segment s;

	v->vm->virt->get_seg(v, base_of(msr), &s);
	*val = s.base;
	return true;
}

bool msr_write_base(struct vcpu *v, u32 msr, u64 val)
{
	struct segment s;

	if (!is_canonical(val))
		return false;
	v->vm->virt->get_seg(v, base_of(msr), &s);
	s.base = val;
	v->vm->virt->set_seg(v, base_of(msr), &s);
	return true;
}

void msr_open_switched(struct vm *vm)
{
	for (size_t i = 0; i < ARRAY_LEN(switched); i++)
		vm->virt->trap_msr(vm, switched[i].msr, false, false);
	vm->virt->trap_msr(vm, MSR_FS_BASE, false, false);
	vm->virt->trap_msr(vm, MSR_GS_BASE, false, false);
	if (machine_cpuid(0x80000001, 0).edx & BIT(27))
		vm->virt->trap_msr(vm, MSR_TSC_AUX, false, true);
}

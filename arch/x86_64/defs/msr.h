// SPDX-License-Identifier: BSD-2-Clause
/*
 * Model-specific registers by the manuals' names. Constants only: safe on the host.
 * Intel SDM vol. 4; AMD APM vol. 2, "MSR Cross-Reference".
 */
#pragma once

#define MSR_TSC		     0x10u
#define MSR_PLATFORM_ID	     0x17u
#define MSR_APIC_BASE	     0x1bu
#define MSR_FEATURE_CONTROL  0x3au
#define MSR_TSC_ADJUST	     0x3bu
#define MSR_UCODE_REV	     0x8bu
#define MSR_MTRRCAP	     0xfeu
#define MSR_SYSENTER_CS	     0x174u
#define MSR_SYSENTER_ESP     0x175u
#define MSR_SYSENTER_EIP     0x176u
#define MSR_MCG_CAP	     0x179u
#define MSR_MCG_STATUS	     0x17au
#define MSR_MISC_ENABLE	     0x1a0u
#define MSR_DEBUGCTL	     0x1d9u
#define MSR_MTRR_PHYSBASE0   0x200u
#define MSR_MTRR_PHYSMASK7   0x20fu
#define MSR_MTRR_FIX64K	     0x250u
#define MSR_MTRR_FIX16K_80   0x258u
#define MSR_MTRR_FIX16K_A0   0x259u
#define MSR_MTRR_FIX4K_C0    0x268u
#define MSR_MTRR_FIX4K_F8    0x26fu
#define MSR_PAT		     0x277u
#define MSR_MTRR_DEF_TYPE    0x2ffu
#define MSR_VMX_BASIC	     0x480u
#define MSR_VMX_PIN	     0x481u
#define MSR_VMX_PROC	     0x482u
#define MSR_VMX_EXIT	     0x483u
#define MSR_VMX_ENTRY	     0x484u
#define MSR_VMX_MISC	     0x485u
#define MSR_VMX_CR0_FIXED0   0x486u
#define MSR_VMX_CR0_FIXED1   0x487u
#define MSR_VMX_CR4_FIXED0   0x488u
#define MSR_VMX_CR4_FIXED1   0x489u
#define MSR_VMX_PROC2	     0x48bu
#define MSR_VMX_EPT_VPID     0x48cu
#define MSR_VMX_TRUE_PIN     0x48du
#define MSR_VMX_TRUE_PROC    0x48eu
#define MSR_VMX_TRUE_EXIT    0x48fu
#define MSR_VMX_TRUE_ENTRY   0x490u
#define MSR_TSC_DEADLINE     0x6e0u
#define MSR_X2APIC_FIRST     0x800u
#define MSR_X2APIC_LAST	     0x8ffu
#define MSR_EFER	     0xc0000080u
#define MSR_STAR	     0xc0000081u
#define MSR_LSTAR	     0xc0000082u
#define MSR_CSTAR	     0xc0000083u
#define MSR_SFMASK	     0xc0000084u
#define MSR_FS_BASE	     0xc0000100u
#define MSR_GS_BASE	     0xc0000101u
#define MSR_KERNEL_GS_BASE   0xc0000102u
#define MSR_TSC_AUX	     0xc0000103u
#define MSR_TSC_RATIO	     0xc0000104u
#define MSR_SYSCFG	     0xc0010010u
#define MSR_HWCR	     0xc0010015u
#define MSR_NB_CFG	     0xc001001fu
#define MSR_VM_CR	     0xc0010114u
#define MSR_VM_HSAVE_PA	     0xc0010117u
#define MSR_PATCH_LEVEL	     0x8bu
#define MSR_DE_CFG	     0xc0011029u

#define APIC_BASE_BSP	     (1ull << 8)
#define APIC_BASE_X2APIC     (1ull << 10)
#define APIC_BASE_ENABLE     (1ull << 11)

#define FEATURE_LOCKED	     (1ull << 0)
#define FEATURE_VMXON	     (1ull << 2) /* outside of SMX */

#define VM_CR_SVMDIS	     (1ull << 4)

/* Power-on value: WB WT UC- UC, twice. */
#define PAT_RESET	     0x0007040600070406ull
/* Ours: WB WC UC- UC, then as at power-on; ept/x86_entry.h chooses among the first four. */
#define PAT_HOST	     0x0007040600070106ull

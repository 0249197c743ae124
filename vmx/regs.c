// SPDX-License-Identifier: BSD-2-Clause
/* Guest registers in the VMCS, and in those of the CPU that nothing switches. Only for the loaded
 * vCPU. */
#include "vmx.h"

#include <arch/x86_64/cpu.h>
#include <lib/assert.h>
#include <lib/string.h>

/*
 * Which bits of CR0 a guest must not change alone (a change exits; it reads its own value from the
 * shadow):
 * - PE, PG: EFER.LMA and the entry control for long mode follow them;
 * - CD, NW: they would switch the pCPU's caches for everybody;
 * - NE, and what else VMX fixes.
 * The rest, TS above all, is the guest's own, as with SVM. Bits that do not exist stay with the
 * CPU, which ignores or refuses them.
 */
#define CR0_OURS    (CR0_PE | CR0_PG | CR0_CD | CR0_NW | CR0_NE)
#define CR0_DEFINED (CR0_OURS | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_WP | CR0_AM)
/* Of CR4 only PGE is the guest's own: it is how guests flush everything. */
#define CR4_THEIRS CR4_PGE

/* "VMX-Fixed Bits in CR0", without those that an unrestricted guest may clear. */
static u64 cr0_fixed(void)
{
	return vmx_caps.cr0_fixed0 & ~(CR0_PE | CR0_PG);
}

u64 vmx_cr0_mask(void)
{
	return CR0_OURS | cr0_fixed();
}

u64 vmx_cr4_mask(void)
{
	return ~CR4_THEIRS;
}

static u64 get_cr0(const struct virt_vcpu *hw)
{
	u64 mask = vmx_cr0_mask();

	return (hw->cr0 & mask) | (vmread(VMCS_GUEST_CR0) & ~mask);
}

static void set_cr0(struct virt_vcpu *hw, u64 val)
{
	hw->cr0 = val & CR0_DEFINED;
	vmwrite(VMCS_CR0_SHADOW, hw->cr0);
	vmwrite(VMCS_GUEST_CR0,
		((hw->cr0 & ~(CR0_CD | CR0_NW)) | cr0_fixed()) & vmx_caps.cr0_fixed1);
	hw->pdptes_stale = true;
}

static u64 get_cr4(void)
{
	u64 mask = vmx_cr4_mask();

	return (vmread(VMCS_CR4_SHADOW) & mask) | (vmread(VMCS_GUEST_CR4) & ~mask);
}

/* With MCE clear a machine check would shut the pCPU down instead of exiting. */
static void set_cr4(struct virt_vcpu *hw, u64 val)
{
	vmwrite(VMCS_CR4_SHADOW, val);
	vmwrite(VMCS_GUEST_CR4, (val | CR4_MCE | vmx_caps.cr4_fixed0) & vmx_caps.cr4_fixed1);
	hw->pdptes_stale = true;
}

/* The guest changes EFER only by exits (CR0.PG exits too), so our copy is always right. */
static void set_efer(struct virt_vcpu *hw, u64 val)
{
	u32 entry = hw->entry & ~(u32)ENTRY_CTL_LONG_MODE;

	hw->efer = val;
	if (val & EFER_LMA)
		entry |= (u32)ENTRY_CTL_LONG_MODE;
	if (entry != hw->entry)
		vmwrite(VMCS_ENTRY_CONTROLS, entry);
	hw->entry = entry;
	if (vmx_features.load_efer)
		vmwrite(VMCS_GUEST_EFER, val);
	else
		hw->entry_list[0] = (struct msr_entry){ .index = MSR_EFER, .data = val };
}

static void set_pat(struct virt_vcpu *hw, u64 val)
{
	hw->pat = val;
	if (vmx_features.load_pat)
		vmwrite(VMCS_GUEST_PAT, val);
	else
		hw->entry_list[!vmx_features.load_efer] =
		    (struct msr_entry){ .index = MSR_PAT, .data = val };
}

/* Where a register lies in the VMCS; 0: elsewhere. */
static const u16 fields[VIRT_REGS] = {
	[REG_CR3] = VMCS_GUEST_CR3,
	[REG_DR7] = VMCS_GUEST_DR7,
	[REG_SYSENTER_CS] = VMCS_GUEST_SYSENTER_CS,
	[REG_SYSENTER_ESP] = VMCS_GUEST_SYSENTER_ESP,
	[REG_SYSENTER_EIP] = VMCS_GUEST_SYSENTER_EIP,
};

/* Or in which MSR of this pCPU. */
static const u32 msrs[VIRT_REGS] = {
	[REG_STAR] = MSR_STAR,
	[REG_LSTAR] = MSR_LSTAR,
	[REG_CSTAR] = MSR_CSTAR,
	[REG_SFMASK] = MSR_SFMASK,
	[REG_KERNEL_GS_BASE] = MSR_KERNEL_GS_BASE,
};

u64 vmx_get_reg(struct vcpu *v, enum virt_reg r)
{
	struct virt_vcpu *hw = v->hw;

	assert(vmx_is_current(hw));
	switch (r) {
	case REG_CR0:
		return get_cr0(hw);
	case REG_CR2:
		return read_cr2();
	case REG_CR4:
		return get_cr4();
	case REG_CR8:
		return apic_page_cr8(v->apic);
	case REG_EFER:
		return hw->efer;
	case REG_DR6:
		return read_dr6();
	case REG_PAT:
		return hw->pat;
	default:
		return fields[r] ? vmread(fields[r]) : rdmsr(msrs[r]);
	}
}

void vmx_set_reg(struct vcpu *v, enum virt_reg r, u64 val)
{
	struct virt_vcpu *hw = v->hw;

	assert(vmx_is_current(hw));
	switch (r) {
	case REG_CR0:
		set_cr0(hw, val);
		break;
	case REG_CR2:
		write_cr2(val);
		break;
	case REG_CR3:
		vmwrite(VMCS_GUEST_CR3, val);
		hw->pdptes_stale = true;
		break;
	case REG_CR4:
		set_cr4(hw, val);
		break;
	case REG_CR8: /* The CPU finds it where the board has it. */
		assert(val == apic_page_cr8(v->apic));
		break;
	case REG_EFER:
		set_efer(hw, val);
		break;
	case REG_DR6:
		write_dr6(val);
		break;
	case REG_PAT:
		set_pat(hw, val);
		break;
	case REG_STAR ... REG_SFMASK:
		vmx_set_syscall(hw, r - REG_STAR, val);
		break;
	default:
		if (fields[r])
			vmwrite(fields[r], val);
		else
			wrmsr(msrs[r], val);
	}
}

#define SEGMENT(s)                                                             \
	{                                                                      \
		VMCS_GUEST_##s, VMCS_GUEST_##s##_BASE, VMCS_GUEST_##s##_LIMIT, \
		    VMCS_GUEST_##s##_RIGHTS                                    \
	}
#define TABLE(s)                                                    \
	{                                                           \
		0, VMCS_GUEST_##s##_BASE, VMCS_GUEST_##s##_LIMIT, 0 \
	}

static const struct {
	u16 selector, base, limit, rights; /* 0: there is none */
} segs[SEG_COUNT] = {
	[SEG_ES] = SEGMENT(ES),   [SEG_CS] = SEGMENT(CS),     [SEG_SS] = SEGMENT(SS),
	[SEG_DS] = SEGMENT(DS),   [SEG_FS] = SEGMENT(FS),     [SEG_GS] = SEGMENT(GS),
	[SEG_TR] = SEGMENT(TR),   [SEG_LDTR] = SEGMENT(LDTR), [SEG_GDTR] = TABLE(GDTR),
	[SEG_IDTR] = TABLE(IDTR),
};

#define ATTR_LOW  0x0ffu
#define ATTR_HIGH 0xf00u

/* A segment that is not usable is one that is not present, to everybody but VMX. */
static u16 attr_of(u32 rights)
{
	u16 attr = (u16)(FIELD_PUT(ATTR_LOW, FIELD_GET(RIGHTS_LOW, rights)) |
			 FIELD_PUT(ATTR_HIGH, FIELD_GET(RIGHTS_HIGH, rights)));

	return rights & RIGHTS_UNUSABLE ? (u16)(attr & ~SEG_ATTR_P) : attr;
}

static u32 rights_of(u16 attr)
{
	u32 rights = (u32)(FIELD_PUT(RIGHTS_LOW, FIELD_GET(ATTR_LOW, attr)) |
			   FIELD_PUT(RIGHTS_HIGH, FIELD_GET(ATTR_HIGH, attr)));

	return attr & SEG_ATTR_P ? rights : rights | (u32)RIGHTS_UNUSABLE;
}

/* SS.DPL is the CPL, even if SS is not usable: "Guest Segment Registers". */
void vmx_get_seg(struct vcpu *v, enum seg_index s, struct segment *out)
{
	assert(vmx_is_current(v->hw));
	*out = (struct segment){
		.base = vmread(segs[s].base),
		.limit = (u32)vmread(segs[s].limit),
	};
	if (!segs[s].rights)
		return;
	out->selector = (u16)vmread(segs[s].selector);
	out->attr = attr_of((u32)vmread(segs[s].rights));
}

u8 vmx_cpl(struct vcpu *v)
{
	assert(vmx_is_current(v->hw));
	return (u8)FIELD_GET(RIGHTS_DPL, vmread(VMCS_GUEST_SS_RIGHTS));
}

bool vmx_long_code(struct vcpu *v)
{
	assert(vmx_is_current(v->hw));
	return (v->hw->efer & EFER_LMA) && (vmread(VMCS_GUEST_CS_RIGHTS) & RIGHTS_L);
}

void vmx_set_seg(struct vcpu *v, enum seg_index s, const struct segment *seg)
{
	assert(vmx_is_current(v->hw));
	vmwrite(segs[s].base, seg->base);
	vmwrite(segs[s].limit, seg->limit);
	if (!segs[s].rights)
		return;
	vmwrite(segs[s].selector, seg->selector);
	vmwrite(segs[s].rights, rights_of(seg->attr));
}

/*
 * What a guest may have, but an entry refuses:
 * - Bochs 2.7: a data segment that was null and was then loaded in real mode is usable, but of
 *   type 0. What real mode loads is writable data, accessed, so that is what it becomes.
 * - A 16-bit TSS in long mode, until the guest loads another: it becomes the 64-bit one that the
 *   rules ask for.
 */
bool vmx_mend_segments(void)
{
	u32 tr = (u32)vmread(VMCS_GUEST_TR_RIGHTS);
	bool mended = false;

	if ((vmread(VMCS_ENTRY_CONTROLS) & ENTRY_CTL_LONG_MODE) &&
	    (tr & RIGHTS_TYPE) == TYPE_BUSY_TSS16) {
		vmwrite(VMCS_GUEST_TR_RIGHTS, (tr & ~RIGHTS_TYPE) | TYPE_BUSY_TSS);
		mended = true;
	}
	for (enum seg_index s = SEG_ES; s <= SEG_GS; s++) {
		u32 rights = (u32)vmread(segs[s].rights);

		if ((rights & (RIGHTS_UNUSABLE | RIGHTS_ACCESSED)) || s == SEG_CS)
			continue;
		vmwrite(segs[s].rights, rights | RIGHTS_ACCESSED | RIGHTS_WRITABLE);
		mended = true;
	}
	return mended;
}

/* "PAE Paging", the format of a PDPTE: what must be 0 in one that is present. */
static u64 pdpte_reserved(void)
{
	return BITS(2, 1) | BITS(8, 5) | (~0ull << cpu_features.phys_bits);
}

/*
 * With EPT the CPU keeps the four PDPTEs of PAE paging as registers, and loads them itself when the
 * guest writes CR3 or CR4. When we wrote, it is our turn. One that MOV to CR would refuse becomes
 * one that is not present: the guest gets #PF instead of #GP.
 */
void vmx_sync_pdptes(struct vcpu *v)
{
	struct virt_vcpu *hw = v->hw;
	u64 table[4] = { 0 };
	const u64 *in_ram;

	hw->pdptes_stale = false;
	if (!(hw->cr0 & CR0_PG) || !(vmread(VMCS_CR4_SHADOW) & CR4_PAE) || (hw->efer & EFER_LMA))
		return;
	in_ram = gmem_ptr(&v->vm->gmem, vmread(VMCS_GUEST_CR3) & BITS(31, 5), sizeof(table));
	if (in_ram)
		memcpy(table, in_ram, sizeof(table));
	for (unsigned i = 0; i < ARRAY_LEN(table); i++) {
		if ((table[i] & 1) && (table[i] & pdpte_reserved()))
			table[i] = 0;
		vmwrite(VMCS_GUEST_PDPTE0 + 2 * i, table[i]);
	}
}

// SPDX-License-Identifier: BSD-2-Clause
/* Guest registers in the VMCB. */
#include "svm.h"

#include <lib/assert.h>

/*
 * A guest on its way into long mode has EFER.LME=1 while CR0.PG=0. The VMCB gets LME only together with PG, because QEMU's TCG loses the
 * host's paging when a guest exits with LME=1, PG=0, PAE=0. While LME is hidden CR0 writes exit; otherwise they do not.
 * The way out of long mode needs no care: PG=0 leaves PAE=1 behind, and clearing that exits by the CR4 intercept.
 */
static void apply_mode(struct virt_vcpu *hw, u64 efer)
{
	struct vmcb_save *s = &hw->vmcb->s;
	struct vmcb_control *c = &hw->vmcb->c;

	hw->efer = efer;
	hw->lme_hidden = (efer & EFER_LME) && !(s->cr0 & CR0_PG);
	s->efer = efer | EFER_SVME;
	if (hw->lme_hidden)
		s->efer &= ~(EFER_LME | EFER_LMA);
	c->cr_write = (u16)((c->cr_write & ~1u) | hw->lme_hidden);
}

static u64 guest_efer(const struct virt_vcpu *hw)
{
	return hw->lme_hidden ? hw->efer : hw->vmcb->s.efer & ~EFER_SVME;
}

void svm_sync_mode(struct vcpu *v)
{
	apply_mode(v->hw, guest_efer(v->hw));
}

/* Where a register lies in the VMCB; 0: none, it needs code. */
static const u16 offsets[VIRT_REGS] = {
	[REG_CR0] = offsetof(struct vmcb, s.cr0), /* only to read */
	[REG_CR2] = offsetof(struct vmcb, s.cr2),
	[REG_CR3] = offsetof(struct vmcb, s.cr3),
	[REG_CR4] = offsetof(struct vmcb, s.cr4),
	[REG_DR6] = offsetof(struct vmcb, s.dr6),
	[REG_DR7] = offsetof(struct vmcb, s.dr7),
	[REG_PAT] = offsetof(struct vmcb, s.g_pat),
	[REG_SYSENTER_CS] = offsetof(struct vmcb, s.sysenter_cs),
	[REG_SYSENTER_ESP] = offsetof(struct vmcb, s.sysenter_esp),
	[REG_SYSENTER_EIP] = offsetof(struct vmcb, s.sysenter_eip),
	[REG_STAR] = offsetof(struct vmcb, s.star),
	[REG_LSTAR] = offsetof(struct vmcb, s.lstar),
	[REG_CSTAR] = offsetof(struct vmcb, s.cstar),
	[REG_SFMASK] = offsetof(struct vmcb, s.sfmask),
	[REG_KERNEL_GS_BASE] = offsetof(struct vmcb, s.kernel_gs_base),
};

static u64 *slot(struct virt_vcpu *hw, enum virt_reg r)
{
	assert(offsets[r]);
	return (u64 *)((u8 *)hw->vmcb + offsets[r]);
}

u64 svm_get_reg(struct vcpu *v, enum virt_reg r)
{
	struct virt_vcpu *hw = v->hw;

	switch (r) {
	case REG_CR8:
		return FIELD_GET(INT_CTL_TPR, hw->vmcb->c.int_ctl);
	case REG_EFER:
		return guest_efer(hw);
	default:
		return *slot(hw, r);
	}
}

void svm_set_reg(struct vcpu *v, enum virt_reg r, u64 val)
{
	struct virt_vcpu *hw = v->hw;
	struct vmcb_control *c = &hw->vmcb->c;

	switch (r) {
	case REG_CR0:
		hw->vmcb->s.cr0 = val;
		apply_mode(hw, guest_efer(hw));
		break;
	case REG_CR8:
		c->int_ctl = (c->int_ctl & ~INT_CTL_TPR) | FIELD_PUT(INT_CTL_TPR, val);
		hw->tpr = (u8)val;
		break;
	case REG_EFER:
		apply_mode(hw, val);
		break;
	default:
		*slot(hw, r) = val;
	}
}

static const u16 seg_offsets[SEG_COUNT] = {
	[SEG_ES] = offsetof(struct vmcb, s.es),	    [SEG_CS] = offsetof(struct vmcb, s.cs),
	[SEG_SS] = offsetof(struct vmcb, s.ss),	    [SEG_DS] = offsetof(struct vmcb, s.ds),
	[SEG_FS] = offsetof(struct vmcb, s.fs),	    [SEG_GS] = offsetof(struct vmcb, s.gs),
	[SEG_TR] = offsetof(struct vmcb, s.tr),	    [SEG_LDTR] = offsetof(struct vmcb, s.ldtr),
	[SEG_GDTR] = offsetof(struct vmcb, s.gdtr), [SEG_IDTR] = offsetof(struct vmcb, s.idtr),
};

static struct vmcb_seg *seg_slot(struct virt_vcpu *hw, enum seg_index s)
{
	return (struct vmcb_seg *)((u8 *)hw->vmcb + seg_offsets[s]);
}

void svm_get_seg(struct vcpu *v, enum seg_index s, struct segment *out)
{
	const struct vmcb_seg *seg = seg_slot(v->hw, s);

	*out = (struct segment){
		.selector = seg->selector,
		.attr = seg->attr,
		.limit = seg->limit,
		.base = seg->base,
	};
	/* The hardware may leave SS.DPL behind; the CPL is what counts. */
	if (s == SEG_SS)
		out->attr = (u16)((out->attr & ~SEG_ATTR_DPL) | FIELD_PUT(SEG_ATTR_DPL, v->hw->vmcb->s.cpl));
}

void svm_set_seg(struct vcpu *v, enum seg_index s, const struct segment *seg)
{
	*seg_slot(v->hw, s) = (struct vmcb_seg){
		.selector = seg->selector,
		.attr = seg->attr,
		.limit = seg->limit,
		.base = seg->base,
	};
	if (s == SEG_SS)
		v->hw->vmcb->s.cpl = (u8)FIELD_GET(SEG_ATTR_DPL, seg->attr);
}

u8 svm_cpl(struct vcpu *v)
{
	return v->hw->vmcb->s.cpl;
}

bool svm_long_code(struct vcpu *v)
{
	return svm_is_long_code(v->hw->vmcb);
}

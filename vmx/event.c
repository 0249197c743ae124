// SPDX-License-Identifier: BSD-2-Clause
/*
 * Events on their way into the guest. Intel SDM vol. 3, "Event Injection", "Interruptibility
 * State", "Information for VM Exits That Occur During Event Delivery".
 */
#include "vmx.h"

#include <core/service/time.h>

static const u8 hw_type[] = {
	[EVENT_INTR] = EVENT_TYPE_INTR,
	[EVENT_NMI] = EVENT_TYPE_NMI,
	[EVENT_EXCEPTION] = EVENT_TYPE_EXC,
	[EVENT_SOFT] = EVENT_TYPE_SOFT,
};

/* Without virtual NMIs: a handler that takes longer may be interrupted by the next NMI. */
#define NMI_HANDLER_MAX (100 * NS_PER_MS)

/* #DF, #TS, #NP, #SS, #GP, #PF, #AC. */
#define HAS_ERROR (BIT(8) | BITS(14, 10) | BIT(17))

/* The CPU insists on an error code for these vectors, and on none for others and in real mode. */
static bool pushes_error(const struct virt_vcpu *hw, const struct vcpu_event *e)
{
	return e->type == EVENT_EXCEPTION && e->vector < 32 && (HAS_ERROR & BIT(e->vector)) &&
	       (hw->cr0 & CR0_PE);
}

static rare void inject_other(struct vcpu *v, const struct vcpu_event *e)
{
	struct virt_vcpu *hw = v->hw;
	u64 info = EVENT_VALID | FIELD_PUT(EVENT_VECTOR, e->vector);

	if (e->type == EVENT_SOFT) {
		info |= FIELD_PUT(EVENT_TYPE, hw->soft_type);
		vmwrite(VMCS_ENTRY_EVENT_LENGTH, hw->soft_length);
	} else {
		info |= FIELD_PUT(EVENT_TYPE, hw_type[e->type]);
	}
	if (pushes_error(hw, e)) {
		info |= EVENT_HAS_ERROR;
		vmwrite(VMCS_ENTRY_EVENT_ERROR, e->has_error ? e->error : 0);
	}
	vmwrite(VMCS_ENTRY_EVENT, info);
	if (e->type != EVENT_NMI)
		return;
	/* With virtual NMIs the CPU blocks by itself from here on, and refuses the injection if it
	 * is blocked already. */
	v->nmi_blocked = !vmx_features.virtual_nmis;
	hw->nmi_at = time_now();
}

void vmx_inject(struct vcpu *v, const struct vcpu_event *e)
{
	if (e->type == EVENT_INTR)
		vmwrite_known(VMCS_ENTRY_EVENT, EVENT_VALID | FIELD_PUT(EVENT_TYPE, EVENT_TYPE_INTR) |
						    FIELD_PUT(EVENT_VECTOR, e->vector));
	else
		inject_other(v, e);
}

/*
 * A window of its own for NMIs comes with virtual NMIs. Without them nothing tells the IRET: an NMI
 * handler counts as finished when the guest can take interrupts again (so the interrupt window is
 * open for that too), or has not for long enough.
 */
static rare void open_window(struct vcpu *v, enum virt_window what)
{
	struct virt_vcpu *hw = v->hw;
	u32 proc = hw->proc & ~(u32)(PROC_IRQ_WINDOW | PROC_NMI_WINDOW | PROC_CR8_LOAD);

	/* Always, without the TPR shadow. */
	proc |= vmx_controls.ctl[CTL_PROC] & (u32)PROC_CR8_LOAD;
	if (what == WINDOW_CR8)
		proc |= (u32)PROC_CR8_LOAD;

	if (vmx_features.virtual_nmis && v->nmi_pending && !v->nmi_blocked)
		proc |= (u32)PROC_NMI_WINDOW;
	else if (what == WINDOW_INTR || (!vmx_features.virtual_nmis && v->nmi_blocked))
		proc |= (u32)PROC_IRQ_WINDOW;
	if (proc != hw->proc)
		vmwrite(VMCS_PROC_CONTROLS, proc);
	hw->proc = proc;
}

void vmx_want_window(struct vcpu *v, enum virt_window what)
{
	/* Nearly always: there is none, and none is wanted. Without the TPR shadow one for CR8 always is. */
	if (what != WINDOW_NONE || (v->hw->proc & (u32)(PROC_IRQ_WINDOW | PROC_NMI_WINDOW | PROC_CR8_LOAD)) || v->nmi_blocked ||
	    v->nmi_pending)
		open_window(v, what);
}

static void set_pending_step(bool on)
{
	u64 pending = vmread(VMCS_GUEST_PENDING_DEBUG) & ~DEBUG_BS;

	vmwrite(VMCS_GUEST_PENDING_DEBUG, on ? pending | DEBUG_BS : pending);
}

void vmx_write_blocking(struct vcpu *v)
{
	struct virt_vcpu *hw = v->hw;
	u32 shadow = hw->blocking & (u32)(BLOCKING_STI | BLOCKING_MOV_SS), want = 0;

	/* Stepping over the instruction in the shadow has ended it, and dealt with TF. */
	if (shadow && !v->int_shadow)
		set_pending_step(false);
	if (v->int_shadow) {
		/* Blocking by STI cannot be with IF=0. */
		if (!shadow || !(v->regs.rflags & RFLAGS_IF))
			shadow = (u32)BLOCKING_MOV_SS;
		want = shadow;
		/* A single step over the instruction in the shadow is still due: the CPU refuses to
		 * enter unless it is pending. */
		set_pending_step(v->regs.rflags & RFLAGS_TF);
	}
	if (v->nmi_blocked && vmx_features.virtual_nmis)
		want |= (u32)BLOCKING_NMI;
	if (want == hw->blocking)
		return;
	hw->blocking = (u8)want;
	vmwrite(VMCS_GUEST_BLOCKING, want);
}

static bool handler_is_over(const struct vcpu *v)
{
	if ((v->regs.rflags & RFLAGS_IF) && !v->int_shadow)
		return true;
	return time_now() - v->hw->nmi_at > NMI_HANDLER_MAX;
}

void vmx_read_blocking(struct vcpu *v)
{
	struct virt_vcpu *hw = v->hw;

	hw->blocking = (u8)vmread(VMCS_GUEST_BLOCKING);
	v->int_shadow = hw->blocking & (BLOCKING_STI | BLOCKING_MOV_SS);
	if (vmx_features.virtual_nmis)
		v->nmi_blocked = hw->blocking & BLOCKING_NMI;
	else if (v->nmi_blocked)
		v->nmi_blocked = !handler_is_over(v);
}

void vmx_block_nmis_again(struct vcpu *v)
{
	if (vmx_features.virtual_nmis && !v->event.valid)
		v->nmi_blocked = true;
}

/* INT n, INT1, INT3, INTO: delivered again as what they were, because RIP is still at them. */
static void recover_soft(struct vcpu *v, u32 type)
{
	v->hw->soft_type = (u8)type;
	v->hw->soft_length = (u8)vmread(VMCS_EXIT_LENGTH);
	v->event.type = EVENT_SOFT;
}

void vmx_recover_event(struct vcpu *v)
{
	u64 info = vmread(VMCS_VECTORING);
	u32 type = (u32)FIELD_GET(EVENT_TYPE, info);

	vcpu_attend(v);
	v->event =
	    (struct vcpu_event){ .valid = true, .vector = (u8)FIELD_GET(EVENT_VECTOR, info) };
	switch (type) {
	case EVENT_TYPE_INTR:
		v->event.type = EVENT_INTR;
		break;
	case EVENT_TYPE_NMI:
		v->event.type = EVENT_NMI;
		/* It blocks once it is delivered. */
		v->nmi_blocked = false;
		break;
	case EVENT_TYPE_EXC:
		v->event.type = EVENT_EXCEPTION;
		v->event.has_error = info & EVENT_HAS_ERROR;
		if (v->event.has_error)
			v->event.error = (u32)vmread(VMCS_VECTORING_ERROR);
		break;
	default:
		recover_soft(v, type);
	}
}

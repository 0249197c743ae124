// SPDX-License-Identifier: BSD-2-Clause
/* Events on their way into the guest. AMD APM vol. 2, "Event Injection", "Virtual Interrupts". */
#include "svm.h"

static const u8 hw_type[] = {
	[EVENT_INTR] = EVENT_TYPE_INTR,
	[EVENT_NMI] = EVENT_TYPE_NMI,
	[EVENT_EXCEPTION] = EVENT_TYPE_EXC,
	[EVENT_SOFT] = EVENT_TYPE_SOFT,
};

/* A virtual interrupt without its intercept is one on its way; with the intercept it only asks for a window. */
static bool is_on_its_way(const struct vmcb_control *c)
{
	return (c->int_ctl & INT_CTL_IRQ) && !(c->misc1 & MISC1_VINTR);
}

void svm_inject(struct vcpu *v, const struct vcpu_event *e)
{
	struct vmcb_control *c = &v->hw->vmcb->c;
	u64 inj = EVENT_VALID | FIELD_PUT(EVENT_TYPE, hw_type[e->type]) | FIELD_PUT(EVENT_VECTOR, e->vector);

	/* The guest takes it at once in either form. */
	if (!svm_features.event_inj && e->type == EVENT_INTR && (v->regs.rflags & RFLAGS_IF) && !v->int_shadow) {
		c->int_ctl &= ~INT_CTL_VECTOR;
		c->int_ctl |= INT_CTL_IRQ | INT_CTL_IGN_TPR | FIELD_PUT(INT_CTL_VECTOR, e->vector);
		c->misc1 &= ~(u32)MISC1_VINTR;
		return;
	}
	if (e->has_error)
		inj |= EVENT_HAS_ERROR | FIELD_PUT(EVENT_ERROR, e->error);
	c->event_inj = inj;
	if (e->type == EVENT_NMI) {
		/* Without virtual NMIs the CPU does not track the blocking: the guest's IRET tells. */
		v->nmi_blocked = true;
		c->misc1 |= (u32)MISC1_IRET;
	}
}

/* A virtual interrupt that is never delivered: its intercept fires when the guest could take one. */
void svm_want_window(struct vcpu *v, enum virt_window what)
{
	struct vmcb_control *c = &v->hw->vmcb->c;

	/* Nearly always. */
	if (what == WINDOW_NONE && !(c->misc1 & MISC1_VINTR) && !(c->cr_write & CR8_WRITE))
		return;
	c->cr_write = (u16)((c->cr_write & ~CR8_WRITE) | (what == WINDOW_CR8 ? CR8_WRITE : 0));
	if (what == WINDOW_INTR) {
		if (is_on_its_way(c))
			c->event_inj = EVENT_VALID | FIELD_PUT(EVENT_TYPE, EVENT_TYPE_INTR) |
				       FIELD_PUT(EVENT_VECTOR, FIELD_GET(INT_CTL_VECTOR, c->int_ctl));
		c->int_ctl |= INT_CTL_IRQ | INT_CTL_IGN_TPR;
		c->misc1 |= (u32)MISC1_VINTR;
	} else if (!is_on_its_way(c)) {
		c->int_ctl &= ~(INT_CTL_IRQ | INT_CTL_IGN_TPR);
		c->misc1 &= ~(u32)MISC1_VINTR;
	}
}

/* The IRET has not run yet: one more instruction of shadow keeps the next NMI behind it. */
void svm_on_iret(struct vcpu *v)
{
	v->hw->vmcb->c.misc1 &= ~(u32)MISC1_IRET;
	v->nmi_blocked = false;
	v->int_shadow = true;
}

void svm_recover_irq(struct vcpu *v)
{
	struct vmcb_control *c = &v->hw->vmcb->c;

	if (!is_on_its_way(c))
		return;
	c->int_ctl &= ~INT_CTL_IRQ;
	vcpu_attend(v);
	v->event = (struct vcpu_event){
		.valid = true,
		.type = EVENT_INTR,
		.vector = (u8)FIELD_GET(INT_CTL_VECTOR, c->int_ctl),
	};
}

void svm_recover_event(struct vcpu *v)
{
	u64 info = v->hw->vmcb->c.exit_int_info;
	u32 type = (u32)FIELD_GET(EVENT_TYPE, info);
	u8 vector = (u8)FIELD_GET(EVENT_VECTOR, info);

	/* INT n, INT3 and INTO run again: RIP is still at them. */
	if (type == EVENT_TYPE_SOFT || (type == EVENT_TYPE_EXC && (vector == EXC_BP || vector == EXC_OF)))
		return;
	/* QEMU calls an interrupt that was cut short an exception. */
	if (type == EVENT_TYPE_EXC && vector >= 32)
		type = EVENT_TYPE_INTR;
	if (type == EVENT_TYPE_EXC && vector == EXC_NMI)
		type = EVENT_TYPE_NMI;
	vcpu_attend(v);
	v->event = (struct vcpu_event){
		.valid = true,
		.type = type == EVENT_TYPE_INTR ? EVENT_INTR : type == EVENT_TYPE_NMI ? EVENT_NMI : EVENT_EXCEPTION,
		.vector = vector,
		.has_error = type == EVENT_TYPE_EXC && (info & EVENT_HAS_ERROR),
		.error = (u32)FIELD_GET(EVENT_ERROR, info),
	};
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Messages between the LAPICs of a VM: who is addressed, and what arrives (Intel SDM vol. 3,
 * "Determining IPI Destination", "Interrupt Command Register (ICR)").
 */
#include "lapic_defs.h"

#include <lib/assert.h>

#define XAPIC_ALL  0xffu
#define X2APIC_ALL 0xffffffffu

enum shorthand {
	TO_DESTINATION,
	TO_SELF,
	TO_ALL,
	TO_OTHERS,
};

/* A message on its way; `sender` counts only with a shorthand. */
struct dispatch {
	const struct apic_msg *msg;
	enum shorthand to;
	const struct lapic *sender;
};

static bool broadcast(const struct apic_msg *m)
{
	return m->dest == (m->x2apic ? X2APIC_ALL : XAPIC_ALL);
}

static bool match_physical(const struct lapic *l, const struct apic_msg *m)
{
	/* An xAPIC knows the low 8 bits of its id only. */
	if (lapic_mode(l) == MODE_X2APIC)
		return m->dest == l->id;
	return m->dest == (l->id & 0xff);
}

/* Each member compares in the way of its own mode, so an 8-bit destination names members of x2APIC
 * cluster 0. */
static bool match_logical(const struct lapic *l, const struct apic_msg *m)
{
	u32 ldr, own;

	if (lapic_mode(l) == MODE_X2APIC) {
		ldr = lapic_x2apic_ldr(l->id);
		return m->dest >> 16 == ldr >> 16 && (m->dest & ldr & 0xffff);
	}
	if (m->dest > XAPIC_ALL)
		return false;
	own = lapic_get(l, APIC_REG_LDR) >> 24;
	switch (lapic_get(l, APIC_REG_DFR) >> 28) {
	case 0xf: /* flat */
		return own & m->dest;
	case 0x0: /* cluster */
		return own >> 4 == m->dest >> 4 && (own & m->dest & 0xf);
	default:
		return false;
	}
}

static bool addressed(const struct dispatch *d, const struct lapic *l)
{
	if (lapic_mode(l) == MODE_OFF)
		return false;
	switch (d->to) {
	case TO_SELF:
		return l == d->sender;
	case TO_ALL:
		return true;
	case TO_OTHERS:
		return l != d->sender;
	default:
		break;
	}
	if (broadcast(d->msg))
		return true;
	return d->msg->logical ? match_logical(l, d->msg) : match_physical(l, d->msg);
}

static void deliver_vector(struct lapic *l, const struct apic_msg *m)
{
	if (!lapic_software_on(l))
		return;
	if (m->vector < VECTOR_FIRST_VALID)
		atomic_fetch_or_explicit(&l->errors, ESR_RECV_VECTOR, memory_order_seq_cst);
	else
		lapic_post(l, m->vector, m->level);
	l->client->kick(l->ctx, false);
}

static void deliver(struct lapic *l, const struct apic_msg *m)
{
	switch (m->delivery) {
	case APIC_FIXED:
	case APIC_LOWEST:
		deliver_vector(l, m);
		return;
	case APIC_NMI:
		lapic_post_signal(l, LAPIC_SIGNAL_NMI, 0);
		break;
	case APIC_INIT:
		lapic_post_signal(l, LAPIC_SIGNAL_INIT, 0);
		break;
	case APIC_STARTUP:
		lapic_post_signal(l, LAPIC_SIGNAL_SIPI, m->vector);
		break;
	case APIC_EXTINT:
		atomic_store_explicit(&l->extint, true, memory_order_seq_cst);
		break;
	default: /* SMI: there is no SMM. */
		return;
	}
	l->client->kick(l->ctx, true);
}

/* To the one of the lowest processor priority, as far as can be seen from here; equals take turns. */
static void dispatch_lowest(struct lapic_bus *bus, const struct dispatch *d)
{
	u32 first = atomic_fetch_add_explicit(&bus->lowest_next, 1, memory_order_relaxed);
	struct lapic *best = NULL;
	u32 lowest = 0;

	for (u32 i = 0; i < bus->count; i++) {
		struct lapic *l = bus->member[(first + i) % bus->count];
		u32 ppr = lapic_get(l, APIC_REG_PPR);

		if ((best && ppr >= lowest) || !addressed(d, l) || !lapic_software_on(l))
			continue;
		best = l;
		lowest = ppr;
	}
	if (best)
		deliver(best, d->msg);
}

static void dispatch(struct lapic_bus *bus, const struct dispatch *d)
{
	/* A de-assert only synchronised the arbitration of P6 and Pentium processors. */
	if (d->msg->delivery == APIC_INIT && d->msg->deassert)
		return;
	if (d->msg->delivery == APIC_LOWEST) {
		dispatch_lowest(bus, d);
		return;
	}
	for (u32 i = 0; i < bus->count; i++)
		if (addressed(d, bus->member[i]))
			deliver(bus->member[i], d->msg);
}

void lapic_bus_send(struct lapic_bus *bus, const struct apic_msg *msg)
{
	const struct dispatch d = { .msg = msg, .to = TO_DESTINATION };

	dispatch(bus, &d);
}

void lapic_send_ipi(struct lapic *l, u64 icr)
{
	const bool x2apic = lapic_mode(l) == MODE_X2APIC;
	const bool level = icr & ICR_LEVEL;
	/* Fixed IPIs are edges whatever the trigger mode says; only the INIT de-assert is told by
	 * it. */
	const struct apic_msg msg = {
		.dest = (u32)FIELD_GET(x2apic ? ICR_DEST : ICR_DEST_XAPIC, icr),
		.x2apic = x2apic,
		.logical = icr & ICR_LOGICAL,
		.deassert = level && !(icr & ICR_ASSERT),
		.delivery = (enum apic_delivery)FIELD_GET(ICR_DELIVERY, icr),
		.vector = (u8)FIELD_GET(ICR_VECTOR, icr),
	};
	const struct dispatch d = {
		.msg = &msg,
		.to = (enum shorthand)FIELD_GET(ICR_SHORTHAND, icr),
		.sender = l,
	};

	/* Logged here, and by each receiver too: so a self-IPI has both errors, as the SDM says. */
	if (msg.delivery <= APIC_LOWEST && msg.vector < VECTOR_FIRST_VALID)
		lapic_log_error(l, ESR_SEND_VECTOR);
	/* ExtINT is for the IOAPIC and LINT0; in the ICR it is reserved. */
	if (msg.delivery == APIC_EXTINT)
		return;
	/* SDM, "Valid Combinations": a CPU does not reset itself. */
	if ((d.to == TO_SELF || d.to == TO_ALL) &&
	    (msg.delivery == APIC_INIT || msg.delivery == APIC_STARTUP))
		return;
	dispatch(l->bus, &d);
}

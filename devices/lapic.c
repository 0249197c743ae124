// SPDX-License-Identifier: BSD-2-Clause
/*
 * The registers of an emulated LAPIC: what reading and writing them does, and their reset. Who may
 * access which bits of which is lapic_access.c.
 */
#include "lapic.h"

#include "lapic_defs.h"

#include <lib/assert.h>

#define SVR_RESET 0xffu
#define DFR_ONES  0x0fffffffu

/* --- Reset ----------------------------------------------------------------------------- */

void lapic_follow_mode(struct lapic *l)
{
	const bool x2apic = lapic_mode(l) == MODE_X2APIC;

	lapic_set(l, APIC_REG_ID, x2apic ? l->id : l->id << 24);
	if (x2apic)
		lapic_set(l, APIC_REG_LDR, lapic_x2apic_ldr(l->id));
	lapic_set_icr(l, lapic_icr(l) & ICR_LOW);
	/* From a CPU there is no way back but by a reset. */
	l->by_cpu = l->client->x2apic(l->ctx, x2apic);
}

/* SDM, "Local APIC State After Power-Up or Reset". */
void lapic_reset_registers(struct lapic *l)
{
	lapic_timer_reset(l);
	lapic_drop_posted(l);
	atomic_store_explicit(&l->errors, 0, memory_order_relaxed);
	atomic_store_explicit(&l->extint, false, memory_order_relaxed);
	l->esr_pending = 0;
	l->requested = l->in_service = 0;
	for (u32 reg = 0; reg < APIC_REGS; reg++)
		lapic_set(l, reg, 0);
	lapic_set(l, APIC_REG_VERSION, LAPIC_VERSION);
	lapic_set(l, APIC_REG_DFR, ~0u);
	lapic_set(l, APIC_REG_SVR, SVR_RESET);
	for (u32 i = 0; i < LVT_COUNT; i++)
		lapic_set(l, APIC_REG_LVT + i, LVT_MASKED);
	lapic_follow_mode(l);
}

void lapic_reset(struct lapic *l, bool init)
{
	if (!init) {
		atomic_store_explicit(&l->signals, 0, memory_order_relaxed);
		atomic_store_explicit(
		    &l->base, LAPIC_BASE_DEFAULT | APIC_BASE_ENABLE | (l->id ? 0 : APIC_BASE_BSP),
		    memory_order_relaxed);
	}
	lapic_reset_registers(l);
}

void lapic_init(struct lapic *l, const struct lapic_setup *setup)
{
	struct lapic_bus *bus = setup->bus;

	check(bus->count < LAPIC_BUS_MAX);
	*l = (struct lapic){
		.id = setup->id,
		.bus = bus,
		.page = setup->page,
		.client = setup->client,
		.ctx = setup->ctx,
	};
	lapic_timer_setup(l);
	lapic_reset(l, false);
	bus->member[bus->count++] = l;
}

void lapic_virtual_wire(struct lapic *l)
{
	lapic_set(l, APIC_REG_SVR, SVR_RESET | SVR_ENABLE);
	lapic_set(l, APIC_REG_LVT + LVT_LINT0, FIELD_PUT(LVT_DELIVERY, APIC_EXTINT));
	lapic_set(l, APIC_REG_LVT + LVT_LINT1, FIELD_PUT(LVT_DELIVERY, APIC_NMI));
}

/* --- Reading --------------------------------------------------------------------------- */

/* SDM, "Arbitration Priority". */
static u32 arbitration_priority(const struct lapic *l)
{
	u32 request = lapic_class(apic_page_highest(l->page, APIC_REG_IRR));
	u32 in_service = lapic_class(apic_page_highest(l->page, APIC_REG_ISR));
	u32 tpr = lapic_get(l, APIC_REG_TPR), task = tpr & PRIORITY_CLASS;

	if (task >= request && task > in_service)
		return tpr;
	return (u32)max_u64(task & in_service, request);
}

u32 lapic_reg_read(struct lapic *l, u32 reg)
{
	lapic_fold(l);
	switch (reg) {
	case APIC_REG_APR:
		return arbitration_priority(l);
	case APIC_REG_TIMER_COUNT:
		return lapic_timer_count(l);
	default: /* EOI and remote read are never written to, and read 0. */
		return lapic_get(l, reg);
	}
}

/* --- Writing --------------------------------------------------------------------------- */

static void write_lvt(struct lapic *l, enum lapic_lvt which, u32 val)
{
	/* SDM, "Local APIC State After It Has Been Software Disabled": the mask bits cannot be
	 * cleared. */
	if (!lapic_software_on(l))
		val |= LVT_MASKED;
	if (which == LVT_TIMER)
		lapic_timer_set_lvt(l, val);
	else
		lapic_set(l, APIC_REG_LVT + (u32)which, val);
}

static void write_svr(struct lapic *l, u32 val)
{
	lapic_set(l, APIC_REG_SVR, val);
	if (val & SVR_ENABLE)
		return;
	for (u32 i = 0; i < LVT_COUNT; i++)
		write_lvt(l, (enum lapic_lvt)i, lapic_lvt(l, (enum lapic_lvt)i));
}

/* What was found since the last write becomes readable (SDM, "Error Handling"). */
static void write_esr(struct lapic *l)
{
	lapic_log_error(l, atomic_exchange_explicit(&l->errors, 0, memory_order_acquire));
	lapic_set(l, APIC_REG_ESR, l->esr_pending);
	l->esr_pending = 0;
}

static void set_tpr(struct lapic *l, u8 tpr)
{
	lapic_set(l, APIC_REG_TPR, tpr);
	lapic_update_ppr(l);
}

void lapic_reg_write(struct lapic *l, u32 reg, u32 val)
{
	if (reg >= APIC_REG_LVT && reg < APIC_REG_LVT + LVT_COUNT) {
		write_lvt(l, (enum lapic_lvt)(reg - APIC_REG_LVT), val);
		return;
	}
	switch (reg) {
	case APIC_REG_TPR:
		set_tpr(l, (u8)val);
		break;
	case APIC_REG_EOI:
		lapic_end_of_interrupt(l);
		break;
	case APIC_REG_LDR:
		lapic_set(l, APIC_REG_LDR, val);
		break;
	case APIC_REG_DFR:
		lapic_set(l, APIC_REG_DFR, val | DFR_ONES);
		break;
	case APIC_REG_SVR:
		write_svr(l, val);
		break;
	case APIC_REG_ESR:
		write_esr(l);
		break;
	case APIC_REG_ICR:
		lapic_set(l, APIC_REG_ICR, val);
		lapic_send_ipi(l, lapic_icr(l));
		break;
	case APIC_REG_ICR_HIGH:
		lapic_set(l, APIC_REG_ICR_HIGH, val);
		break;
	case APIC_REG_TIMER_INITIAL:
		lapic_timer_set_initial(l, val);
		break;
	case APIC_REG_TIMER_DIVIDE:
		lapic_timer_set_divide(l, val);
		break;
	case APIC_REG_SELF_IPI:
		lapic_send_ipi(l, FIELD_PUT(ICR_SHORTHAND, 1) | val);
		break;
	default:
		break;
	}
}

void lapic_set_cr8(struct lapic *l, u8 cr8)
{
	set_tpr(l, (u8)((cr8 & 0xf) << 4));
}

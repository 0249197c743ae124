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

/* SDM, "Local APIC State After Power-Up or Reset". */
void lapic_reset_registers(struct lapic *l)
{
	lapic_timer_reset(l);
	atomic_store_explicit(&l->svr, SVR_RESET, memory_order_relaxed);
	atomic_store_explicit(&l->ldr, 0, memory_order_relaxed);
	atomic_store_explicit(&l->dfr, ~0u, memory_order_relaxed);
	atomic_store_explicit(&l->errors, 0, memory_order_relaxed);
	for (u32 i = 0; i < LAPIC_VECTOR_WORDS; i++) {
		atomic_store_explicit(&l->irr[i], 0, memory_order_relaxed);
		atomic_store_explicit(&l->tmr[i], 0, memory_order_relaxed);
		l->isr[i] = 0;
	}
	for (u32 i = 0; i < LVT_COUNT; i++)
		l->lvt[i] = LVT_MASKED;
	l->icr = 0;
	l->tpr = 0;
	l->esr = 0;
	l->esr_pending = 0;
	lapic_update_ppr(l);
}

void lapic_reset(struct lapic *l, bool init)
{
	lapic_reset_registers(l);
	if (init)
		return;
	atomic_store_explicit(&l->signals, 0, memory_order_relaxed);
	atomic_store_explicit(&l->base,
			      LAPIC_BASE_DEFAULT | APIC_BASE_ENABLE | (l->id ? 0 : APIC_BASE_BSP),
			      memory_order_relaxed);
}

void lapic_init(struct lapic *l, u32 id, struct lapic_bus *bus, const struct lapic_client *client,
		void *ctx)
{
	check(bus->count < LAPIC_BUS_MAX);
	*l = (struct lapic){ .id = id, .bus = bus, .client = client, .ctx = ctx };
	lapic_timer_setup(l);
	lapic_reset(l, false);
	bus->member[bus->count++] = l;
}

void lapic_virtual_wire(struct lapic *l)
{
	atomic_store_explicit(&l->svr, SVR_RESET | SVR_ENABLE, memory_order_relaxed);
	l->lvt[LVT_LINT0] = FIELD_PUT(LVT_DELIVERY, APIC_EXTINT);
	l->lvt[LVT_LINT1] = FIELD_PUT(LVT_DELIVERY, APIC_NMI);
}

/* --- Reading --------------------------------------------------------------------------- */

static u32 read_id(const struct lapic *l)
{
	return lapic_mode(l) == MODE_X2APIC ? l->id : l->id << 24;
}

static u32 read_ldr(const struct lapic *l)
{
	if (lapic_mode(l) == MODE_X2APIC)
		return lapic_x2apic_ldr(l->id);
	return atomic_load_explicit(&l->ldr, memory_order_relaxed);
}

static u32 read_plain(struct lapic *l, u32 reg)
{
	switch (reg) {
	case REG_ID:
		return read_id(l);
	case REG_VERSION:
		return LAPIC_VERSION;
	case REG_TPR:
		return l->tpr;
	case REG_APR:
		return lapic_arbitration_priority(l);
	case REG_PPR:
		return atomic_load_explicit(&l->ppr, memory_order_relaxed);
	case REG_LDR:
		return read_ldr(l);
	case REG_DFR:
		return atomic_load_explicit(&l->dfr, memory_order_relaxed);
	case REG_SVR:
		return atomic_load_explicit(&l->svr, memory_order_relaxed);
	case REG_ESR:
		return l->esr;
	case REG_ICR:
		return (u32)l->icr;
	case REG_ICR_HIGH:
		return (u32)(l->icr >> 32);
	case REG_TIMER_INITIAL:
		return l->timer_initial;
	case REG_TIMER_COUNT:
		return lapic_timer_count(l);
	case REG_TIMER_DIVIDE:
		return l->timer_divide;
	default: /* EOI, remote read */
		return 0;
	}
}

u32 lapic_reg_read(struct lapic *l, u32 reg)
{
	/* What has expired shows in the IRR. */
	lapic_timer_fold(l);
	if (reg >= REG_ISR && reg < REG_TMR)
		return l->isr[reg - REG_ISR];
	if (reg >= REG_TMR && reg < REG_IRR)
		return atomic_load_explicit(&l->tmr[reg - REG_TMR], memory_order_relaxed);
	if (reg >= REG_IRR && reg < REG_ESR)
		return atomic_load_explicit(&l->irr[reg - REG_IRR], memory_order_relaxed);
	if (reg >= REG_LVT && reg < REG_LVT + LVT_COUNT)
		return l->lvt[reg - REG_LVT];
	return read_plain(l, reg);
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
		l->lvt[which] = val;
}

static void write_svr(struct lapic *l, u32 val)
{
	atomic_store_explicit(&l->svr, val, memory_order_relaxed);
	if (val & SVR_ENABLE)
		return;
	for (u32 i = 0; i < LVT_COUNT; i++)
		write_lvt(l, (enum lapic_lvt)i, l->lvt[i]);
}

/* What was found since the last write becomes readable (SDM, "Error Handling"). */
static void write_esr(struct lapic *l)
{
	lapic_log_error(l, atomic_exchange_explicit(&l->errors, 0, memory_order_acquire));
	l->esr = l->esr_pending;
	l->esr_pending = 0;
}

static void set_tpr(struct lapic *l, u8 tpr)
{
	l->tpr = tpr;
	lapic_update_ppr(l);
}

void lapic_reg_write(struct lapic *l, u32 reg, u32 val)
{
	if (reg >= REG_LVT && reg < REG_LVT + LVT_COUNT) {
		write_lvt(l, (enum lapic_lvt)(reg - REG_LVT), val);
		return;
	}
	switch (reg) {
	case REG_TPR:
		set_tpr(l, (u8)val);
		break;
	case REG_EOI:
		lapic_end_of_interrupt(l);
		break;
	case REG_LDR:
		atomic_store_explicit(&l->ldr, val, memory_order_relaxed);
		break;
	case REG_DFR:
		atomic_store_explicit(&l->dfr, val | DFR_ONES, memory_order_relaxed);
		break;
	case REG_SVR:
		write_svr(l, val);
		break;
	case REG_ESR:
		write_esr(l);
		break;
	case REG_ICR:
		l->icr = (l->icr & BITS(63, 32)) | val;
		lapic_send_ipi(l, l->icr);
		break;
	case REG_ICR_HIGH:
		l->icr = (l->icr & BITS(31, 0)) | (u64)val << 32;
		break;
	case REG_TIMER_INITIAL:
		lapic_timer_set_initial(l, val);
		break;
	case REG_TIMER_DIVIDE:
		lapic_timer_set_divide(l, val);
		break;
	case REG_SELF_IPI:
		lapic_send_ipi(l, FIELD_PUT(ICR_SHORTHAND, 1) | val);
		break;
	default:
		break;
	}
}

u8 lapic_cr8(const struct lapic *l)
{
	return l->tpr >> 4;
}

void lapic_set_cr8(struct lapic *l, u8 cr8)
{
	set_tpr(l, (u8)((cr8 & 0xf) << 4));
}

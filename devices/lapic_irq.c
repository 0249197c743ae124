// SPDX-License-Identifier: BSD-2-Clause
/*
 * Interrupts inside an emulated LAPIC: request and service registers, priorities, errors, local
 * sources (Intel SDM vol. 3, "Handling Interrupts", "Task Priority", "Error Handling").
 */
#include "lapic_defs.h"

#define SIGNALS            0xffu
#define SIGNAL_SIPI_VECTOR BITS(15, 8)

#define PRIORITY_CLASS 0xf0u

static int highest(const u32 words[LAPIC_VECTOR_WORDS])
{
	for (int i = LAPIC_VECTOR_WORDS - 1; i >= 0; i--)
		if (words[i])
			return i * 32 + 31 - __builtin_clz(words[i]);
	return -1;
}

/* The highest requested vector or -1. The order of the loads is that of lapic_has_work(), and costs
 * nothing on x86. */
static int highest_request(const struct lapic *l)
{
	for (int i = LAPIC_VECTOR_WORDS - 1; i >= 0; i--) {
		u32 word = atomic_load_explicit(&l->irr[i], memory_order_seq_cst);

		if (word)
			return i * 32 + 31 - __builtin_clz(word);
	}
	return -1;
}

static u32 ppr(const struct lapic *l)
{
	return atomic_load_explicit(&l->ppr, memory_order_relaxed);
}

/* SDM, "Processor Priority". */
void lapic_update_ppr(struct lapic *l)
{
	int isrv = highest(l->isr);
	u32 in_service = isrv < 0 ? 0 : isrv & PRIORITY_CLASS;
	u32 val = (l->tpr & PRIORITY_CLASS) >= in_service ? l->tpr : in_service;

	atomic_store_explicit(&l->ppr, val, memory_order_relaxed);
}

/* SDM, "Arbitration Priority". */
u8 lapic_arbitration_priority(const struct lapic *l)
{
	int irrv = highest_request(l), isrv = highest(l->isr);
	u32 request = irrv < 0 ? 0 : irrv & PRIORITY_CLASS;
	u32 in_service = isrv < 0 ? 0 : isrv & PRIORITY_CLASS;
	u32 task = l->tpr & PRIORITY_CLASS;

	if (task >= request && task > in_service)
		return l->tpr;
	return (u8)max_u64(task & in_service, request);
}

/* --- Posting: any pCPU ----------------------------------------------------------------- */

void lapic_post(struct lapic *l, u8 vector, bool level)
{
	u32 bit = 1u << (vector % 32), word = vector / 32;

	/* The IRR's bit comes last: who sees it sees the trigger mode. */
	if (level)
		atomic_fetch_or_explicit(&l->tmr[word], bit, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(&l->tmr[word], ~bit, memory_order_relaxed);
	atomic_fetch_or_explicit(&l->irr[word], bit, memory_order_seq_cst);
}

void lapic_post_signal(struct lapic *l, u32 signal, u8 sipi)
{
	u32 old = atomic_load_explicit(&l->signals, memory_order_relaxed), val;

	do {
		val = old | signal;
		/* A SIPI before the INIT met a CPU that was not waiting for one: it is lost. */
		if (signal & LAPIC_SIGNAL_INIT)
			val &= ~LAPIC_SIGNAL_SIPI;
		if (signal & LAPIC_SIGNAL_SIPI)
			val = (u32)((val & ~SIGNAL_SIPI_VECTOR) |
				    FIELD_PUT(SIGNAL_SIPI_VECTOR, sipi));
	} while (!atomic_compare_exchange_weak_explicit(
	    &l->signals, &old, val, memory_order_seq_cst, memory_order_relaxed));
}

u32 lapic_take_signals(struct lapic *l, u8 *sipi)
{
	u32 val;

	if (!(atomic_load_explicit(&l->signals, memory_order_relaxed) & SIGNALS))
		return 0;
	/* Pairs with lapic_post_signal(). */
	val = atomic_exchange_explicit(&l->signals, 0, memory_order_acquire);
	*sipi = (u8)FIELD_GET(SIGNAL_SIPI_VECTOR, val);
	return val & SIGNALS;
}

bool lapic_has_work(struct lapic *l, bool interrupts_on)
{
	int vector;

	if (atomic_load_explicit(&l->signals, memory_order_seq_cst) & SIGNALS)
		return true;
	if (!interrupts_on || lapic_mode(l) == MODE_OFF)
		return false;
	if (atomic_load_explicit(&l->timer_fired, memory_order_seq_cst) ||
	    atomic_load_explicit(&l->errors, memory_order_seq_cst))
		return true;
	vector = highest_request(l);
	return vector >= 0 && (vector & PRIORITY_CLASS) > (ppr(l) & PRIORITY_CLASS);
}

/* --- The owner ------------------------------------------------------------------------- */

static void fold(struct lapic *l)
{
	lapic_timer_fold(l);
	if (atomic_load_explicit(&l->errors, memory_order_relaxed))
		lapic_log_error(l, atomic_exchange_explicit(&l->errors, 0, memory_order_acquire));
}

int lapic_pending(struct lapic *l)
{
	int vector;

	if (lapic_mode(l) == MODE_OFF)
		return -1;
	fold(l);
	/* Software-disabled too: what was accepted before stays and is delivered (SDM, "Local APIC
	 * State After It Has Been Software Disabled"). */
	vector = highest_request(l);
	if (vector < 0 || (vector & PRIORITY_CLASS) <= (ppr(l) & PRIORITY_CLASS))
		return -1;
	return vector;
}

void lapic_accept(struct lapic *l, u8 vector)
{
	u32 bit = 1u << (vector % 32), word = vector / 32;

	atomic_fetch_and_explicit(&l->irr[word], ~bit, memory_order_acq_rel);
	l->isr[word] |= bit;
	lapic_update_ppr(l);
}

void lapic_end_of_interrupt(struct lapic *l)
{
	int vector = highest(l->isr);
	u32 bit, word;

	if (vector < 0)
		return;
	bit = 1u << (vector % 32);
	word = (u32)vector / 32;
	l->isr[word] &= ~bit;
	lapic_update_ppr(l);
	if (atomic_load_explicit(&l->tmr[word], memory_order_relaxed) & bit)
		l->bus->eoi(l->bus->ctx, (u8)vector);
}

void lapic_log_error(struct lapic *l, u32 bits)
{
	u32 entry = l->lvt[LVT_ERROR];
	u8 vector = (u8)FIELD_GET(LVT_VECTOR, entry);

	if (!(bits & ~l->esr_pending))
		return;
	l->esr_pending |= bits;
	if (entry & LVT_MASKED)
		return;
	/* An error interrupt with an illegal vector is an error itself; it must not raise the
	 * next. */
	if (vector < VECTOR_FIRST_VALID)
		l->esr_pending |= ESR_RECV_VECTOR;
	else
		lapic_post(l, vector, false);
}

void lapic_raise(struct lapic *l, enum lapic_lvt which)
{
	u32 entry = l->lvt[which];
	u8 vector = (u8)FIELD_GET(LVT_VECTOR, entry);

	if (entry & LVT_MASKED)
		return;
	switch (FIELD_GET(LVT_DELIVERY, entry)) {
	case APIC_FIXED:
		if (vector < VECTOR_FIRST_VALID)
			lapic_log_error(l, ESR_RECV_VECTOR);
		else
			lapic_post(l, vector, false);
		break;
	case APIC_NMI:
		lapic_post_signal(l, LAPIC_SIGNAL_NMI, 0);
		break;
	case APIC_INIT:
		lapic_post_signal(l, LAPIC_SIGNAL_INIT, 0);
		break;
	default: /* SMI: there is no SMM. ExtINT: lapic_takes_extint(). The rest is reserved. */
		break;
	}
}

bool lapic_takes_extint(const struct lapic *l)
{
	u32 entry = l->lvt[LVT_LINT0];

	if (lapic_mode(l) == MODE_OFF)
		return true;
	return !(entry & LVT_MASKED) && FIELD_GET(LVT_DELIVERY, entry) == APIC_EXTINT;
}

void lapic_lint1(struct lapic *l)
{
	/* Without an APIC the pin is the CPU's NMI. */
	if (lapic_mode(l) == MODE_OFF)
		lapic_post_signal(l, LAPIC_SIGNAL_NMI, 0);
	else
		lapic_raise(l, LVT_LINT1);
}

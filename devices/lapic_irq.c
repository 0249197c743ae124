// SPDX-License-Identifier: BSD-2-Clause
/*
 * Interrupts inside an emulated LAPIC: request and service registers, priorities, errors, local
 * sources (Intel SDM vol. 3, "Handling Interrupts", "Task Priority", "Error Handling").
 */
#include "lapic_defs.h"

#define SIGNALS            0xffu
#define SIGNAL_SIPI_VECTOR BITS(15, 8)

#define PRIORITY_CLASS 0xf0u

static u32 class_of(int vector)
{
	return vector < 0 ? 0 : (u32)vector & PRIORITY_CLASS;
}

/* SDM, "Processor Priority". */
static u32 work_out_ppr(const struct lapic *l, u32 tpr)
{
	u32 in_service = class_of(apic_page_highest(l->page, APIC_REG_ISR));

	return (tpr & PRIORITY_CLASS) >= in_service ? tpr : in_service;
}

void lapic_update_ppr(struct lapic *l)
{
	l->tpr_seen = lapic_get(l, APIC_REG_TPR);
	lapic_set(l, APIC_REG_PPR, work_out_ppr(l, l->tpr_seen));
}

static u32 ppr(const struct lapic *l)
{
	u32 tpr = lapic_get(l, APIC_REG_TPR);

	return tpr == l->tpr_seen ? lapic_get(l, APIC_REG_PPR) : work_out_ppr(l, tpr);
}

/* SDM, "Arbitration Priority". */
u8 lapic_arbitration_priority(const struct lapic *l)
{
	u32 request = class_of(apic_page_highest(l->page, APIC_REG_IRR));
	u32 in_service = class_of(apic_page_highest(l->page, APIC_REG_ISR));
	u32 tpr = lapic_get(l, APIC_REG_TPR), task = tpr & PRIORITY_CLASS;

	if (task >= request && task > in_service)
		return (u8)tpr;
	return (u8)max_u64(task & in_service, request);
}

static bool beats_ppr(const struct lapic *l, int vector)
{
	return class_of(vector) > (ppr(l) & PRIORITY_CLASS);
}

/* --- Posting: any pCPU ----------------------------------------------------------------- */

void lapic_post(struct lapic *l, u8 vector, bool level)
{
	u32 bit = 1u << (vector % 32), word = vector / 32;

	atomic_fetch_or_explicit(level ? &l->level[word] : &l->edge[word], bit,
				 memory_order_relaxed);
	/* Last: who sees it sees the vector. */
	atomic_fetch_or_explicit(&l->posted, 1u << word, memory_order_seq_cst);
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

static int highest_posted(struct lapic *l)
{
	/* The order that lapic_has_work() promises; costs nothing on x86. */
	u32 words = atomic_load_explicit(&l->posted, memory_order_seq_cst);

	while (words) {
		u32 i = 31 - (u32)__builtin_clz(words);
		u32 word = atomic_load_explicit(&l->edge[i], memory_order_relaxed) |
			   atomic_load_explicit(&l->level[i], memory_order_relaxed);

		if (word)
			return (int)(i * 32 + 31) - __builtin_clz(word);
		words &= ~(1u << i);
	}
	return -1;
}

bool lapic_has_work(struct lapic *l, bool interrupts_on)
{
	if (atomic_load_explicit(&l->signals, memory_order_seq_cst) & SIGNALS)
		return true;
	if (!interrupts_on || lapic_mode(l) == MODE_OFF)
		return false;
	if (atomic_load_explicit(&l->timer_fired, memory_order_seq_cst) ||
	    atomic_load_explicit(&l->errors, memory_order_seq_cst))
		return true;
	return beats_ppr(l, highest_posted(l)) ||
	       beats_ppr(l, apic_page_highest(l->page, APIC_REG_IRR));
}

/* --- The owner ------------------------------------------------------------------------- */

static void change(struct lapic *l, u32 first, u8 vector, bool on)
{
	u32 reg = first + vector / 32u, bit = 1u << (vector % 32), word = lapic_get(l, reg);

	lapic_set(l, reg, on ? word | bit : word & ~bit);
}

void lapic_drop_posted(struct lapic *l)
{
	/* First: what comes meanwhile leaves at worst a bit without a vector. */
	atomic_store_explicit(&l->posted, 0, memory_order_seq_cst);
	for (u32 i = 0; i < APIC_VECTOR_REGS; i++) {
		atomic_store_explicit(&l->edge[i], 0, memory_order_relaxed);
		atomic_store_explicit(&l->level[i], 0, memory_order_relaxed);
	}
}

/* The TMR has the trigger mode of the newest arrival; level, if both came. */
static void fold_posted(struct lapic *l)
{
	u32 words;

	if (!atomic_load_explicit(&l->posted, memory_order_relaxed))
		return;
	/* Pairs with lapic_post(). */
	words = atomic_exchange_explicit(&l->posted, 0, memory_order_acquire);
	for (; words; words &= words - 1) {
		u32 i = (u32)__builtin_ctz(words), edge, level;

		edge = atomic_exchange_explicit(&l->edge[i], 0, memory_order_relaxed);
		level = atomic_exchange_explicit(&l->level[i], 0, memory_order_relaxed);
		lapic_set(l, APIC_REG_TMR + i, (lapic_get(l, APIC_REG_TMR + i) & ~edge) | level);
		lapic_set(l, APIC_REG_IRR + i, lapic_get(l, APIC_REG_IRR + i) | edge | level);
	}
}

static rare void fold(struct lapic *l)
{
	if (lapic_get(l, APIC_REG_TPR) != l->tpr_seen)
		lapic_update_ppr(l);
	lapic_timer_fold(l);
	if (atomic_load_explicit(&l->errors, memory_order_relaxed))
		lapic_log_error(l, atomic_exchange_explicit(&l->errors, 0, memory_order_acquire));
	fold_posted(l);
}

/* Most often there is nothing. */
static inline void fold_any(struct lapic *l)
{
	if (lapic_get(l, APIC_REG_TPR) != l->tpr_seen || atomic_load_explicit(&l->timer_fired, memory_order_relaxed) ||
	    (atomic_load_explicit(&l->errors, memory_order_relaxed) |
	     atomic_load_explicit(&l->posted, memory_order_relaxed)))
		fold(l);
}

void lapic_fold(struct lapic *l)
{
	fold_any(l);
}

int lapic_pending(struct lapic *l)
{
	int vector;

	if (lapic_mode(l) == MODE_OFF)
		return -1;
	fold_any(l);
	/* Software-disabled too: what was accepted before stays and is delivered (SDM, "Local APIC
	 * State After It Has Been Software Disabled"). */
	vector = apic_page_highest(l->page, APIC_REG_IRR);
	return class_of(vector) > (lapic_get(l, APIC_REG_PPR) & PRIORITY_CLASS) ? vector : -1;
}

bool lapic_held(const struct lapic *l)
{
	return (lapic_get(l, APIC_REG_TPR) & PRIORITY_CLASS) && apic_page_highest(l->page, APIC_REG_IRR) >= 0;
}

void lapic_accept(struct lapic *l, u8 vector)
{
	change(l, APIC_REG_IRR, vector, false);
	change(l, APIC_REG_ISR, vector, true);
	/* It has beaten the TPR and all others in service. */
	lapic_set(l, APIC_REG_PPR, class_of(vector));
}

static void broadcast_eoi(struct lapic *l, u8 vector)
{
	if (lapic_get(l, APIC_REG_TMR + vector / 32u) & 1u << (vector % 32))
		l->bus->eoi(l->bus->ctx, vector);
}

void lapic_end_of_interrupt(struct lapic *l)
{
	int vector = apic_page_highest(l->page, APIC_REG_ISR);

	if (vector < 0)
		return;
	change(l, APIC_REG_ISR, (u8)vector, false);
	lapic_update_ppr(l);
	broadcast_eoi(l, (u8)vector);
}

void lapic_written(struct lapic *l, u32 reg, u8 vector)
{
	if (reg == APIC_REG_EOI)
		broadcast_eoi(l, vector);
	else if (reg == APIC_REG_SELF_IPI)
		lapic_reg_write(l, reg, vector);
}

void lapic_log_error(struct lapic *l, u32 bits)
{
	u32 entry = lapic_lvt(l, LVT_ERROR);
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
	u32 entry = lapic_lvt(l, which);
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
	u32 entry = lapic_lvt(l, LVT_LINT0);

	if (lapic_mode(l) == MODE_OFF)
		return true;
	return !(entry & LVT_MASKED) && FIELD_GET(LVT_DELIVERY, entry) == APIC_EXTINT;
}

bool lapic_extint_came(struct lapic *l)
{
	return atomic_load_explicit(&l->extint, memory_order_seq_cst);
}

void lapic_extint_done(struct lapic *l)
{
	atomic_store_explicit(&l->extint, false, memory_order_relaxed);
}

void lapic_lint1(struct lapic *l)
{
	/* Without an APIC the pin is the CPU's NMI. */
	if (lapic_mode(l) == MODE_OFF)
		lapic_post_signal(l, LAPIC_SIGNAL_NMI, 0);
	else
		lapic_raise(l, LVT_LINT1);
}

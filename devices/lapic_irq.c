// SPDX-License-Identifier: BSD-2-Clause
/*
 * Interrupts inside an emulated LAPIC: request and service registers, priorities, errors, local
 * sources (Intel SDM vol. 3, "Handling Interrupts", "Task Priority", "Error Handling").
 */
#include "lapic_defs.h"

#define SIGNALS            0xffu
#define SIGNAL_SIPI_VECTOR BITS(15, 8)

/* The owner's: the highest vector in IRR or ISR, of which `words` are not 0, or -1. */
static __attribute__((noinline)) int highest(const struct lapic *l, u32 first, u32 words)
{
	u32 i;

	if (l->by_cpu)
		return apic_page_highest(l->page, first);
	if (!words)
		return -1;
	i = 31 - (u32)__builtin_clz(words);
	return (int)(i * 32 + 31) - __builtin_clz(lapic_get(l, first + i));
}

/* SDM, "Processor Priority". */
static u32 work_out_ppr(u32 tpr, int in_service)
{
	return (tpr & PRIORITY_CLASS) >= lapic_class(in_service) ? tpr : lapic_class(in_service);
}

__attribute__((noinline)) void lapic_update_ppr(struct lapic *l)
{
	l->tpr_seen = lapic_get(l, APIC_REG_TPR);
	lapic_set(l, APIC_REG_PPR, work_out_ppr(l->tpr_seen, highest(l, APIC_REG_ISR, l->in_service)));
}

static u32 ppr(const struct lapic *l)
{
	u32 tpr = lapic_get(l, APIC_REG_TPR);

	if (tpr == l->tpr_seen)
		return lapic_get(l, APIC_REG_PPR);
	return work_out_ppr(tpr, apic_page_highest(l->page, APIC_REG_ISR));
}

static rare bool beats_ppr(const struct lapic *l, int vector)
{
	return lapic_class(vector) > (ppr(l) & PRIORITY_CLASS);
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

rare void lapic_post_signal(struct lapic *l, u32 signal, u8 sipi)
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

rare bool lapic_has_work(struct lapic *l, bool interrupts_on)
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

/* Sets or clears the vector's bit, and that of its word in *words. */
static inline void set(struct lapic *l, u32 first, u8 vector, u8 *words)
{
	u32 i = vector / 32u;

	lapic_set(l, first + i, lapic_get(l, first + i) | 1u << (vector % 32));
	*words |= (u8)(1u << i);
}

static inline void clear(struct lapic *l, u32 first, u8 vector, u8 *words)
{
	u32 i = vector / 32u, left = lapic_get(l, first + i) & ~(1u << (vector % 32));

	lapic_set(l, first + i, left);
	if (!left)
		*words &= (u8)~(1u << i);
}

/* In the TMR. */
static inline void note_edge(struct lapic *l, u8 vector)
{
	u32 reg = APIC_REG_TMR + vector / 32u, word = lapic_get(l, reg);

	if (word)
		lapic_set(l, reg, word & ~(1u << (vector % 32)));
}

/* An edge from within. */
static __attribute__((noinline)) void request(struct lapic *l, u8 vector)
{
	note_edge(l, vector);
	set(l, APIC_REG_IRR, vector, &l->requested);
}

rare void lapic_drop_posted(struct lapic *l)
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
		if (edge | level)
			l->requested |= (u8)(1u << i);
	}
}

/* The host's timer went off. The vector that it is to request, or -1 if it does not say so by itself. */
static inline int expire(struct lapic *l)
{
	u32 entry = lapic_lvt(l, LVT_TIMER);
	u8 vector = (u8)FIELD_GET(LVT_VECTOR, entry);

	/* Nothing is set to the expiry any more: that says as much as the clock, and there is nothing to set again. */
	if ((entry & (LVT_MASKED | LVT_PERIODIC)) || l->timer.due != TIME_NEVER || l->timer_expiry == TIME_NEVER ||
	    vector < VECTOR_FIRST_VALID)
		return -1;
	atomic_exchange_explicit(&l->timer_fired, false, memory_order_relaxed);
	l->timer_expiry = TIME_NEVER;
	l->timer_deadline = 0;
	return vector;
}

static __attribute__((noinline)) void fold_rest(struct lapic *l)
{
	if (lapic_get(l, APIC_REG_TPR) != l->tpr_seen)
		lapic_update_ppr(l);
	if (atomic_load_explicit(&l->errors, memory_order_relaxed))
		lapic_log_error(l, atomic_exchange_explicit(&l->errors, 0, memory_order_acquire));
	fold_posted(l);
}

/* Most often there is nothing but the timer, if that. */
static inline bool has_rest(const struct lapic *l)
{
	return lapic_get(l, APIC_REG_TPR) != l->tpr_seen || (atomic_load_explicit(&l->errors, memory_order_relaxed) |
							     atomic_load_explicit(&l->posted, memory_order_relaxed));
}

void lapic_fold(struct lapic *l)
{
	if (atomic_load_explicit(&l->timer_fired, memory_order_relaxed)) {
		/* Pairs with the timer's callback. */
		atomic_exchange_explicit(&l->timer_fired, false, memory_order_acquire);
		lapic_timer_sync(l);
	}
	if (has_rest(l))
		fold_rest(l);
}

int lapic_pending(struct lapic *l)
{
	int vector;

	if (lapic_mode(l) == MODE_OFF)
		return -1;
	lapic_fold(l);
	/* Software-disabled too: what was accepted before stays and is delivered (SDM, "Local APIC
	 * State After It Has Been Software Disabled"). */
	vector = highest(l, APIC_REG_IRR, l->requested);
	return lapic_class(vector) > (lapic_get(l, APIC_REG_PPR) & PRIORITY_CLASS) ? vector : -1;
}

bool lapic_held(const struct lapic *l)
{
	return (lapic_get(l, APIC_REG_TPR) & PRIORITY_CLASS) && highest(l, APIC_REG_IRR, l->requested) >= 0;
}

/* It has beaten the TPR and all others in service. */
static inline void serve(struct lapic *l, u8 vector)
{
	set(l, APIC_REG_ISR, vector, &l->in_service);
	lapic_set(l, APIC_REG_PPR, lapic_class(vector));
}

void lapic_accept(struct lapic *l, u8 vector)
{
	clear(l, APIC_REG_IRR, vector, &l->requested);
	serve(l, vector);
}

/* `fresh`, if not -1, is to be requested first. */
static __attribute__((noinline)) int take(struct lapic *l, int fresh)
{
	int vector;

	if (fresh >= 0)
		request(l, (u8)fresh);
	vector = lapic_pending(l);
	if (vector >= 0)
		lapic_accept(l, (u8)vector);
	return vector;
}

/* The timer's, if it is the only one and can be taken, needs no way through the IRR. */
int lapic_take(struct lapic *l)
{
	int vector = -1;

	/* Acquire: pairs with the timer's callback. */
	if (lapic_mode(l) != MODE_OFF && atomic_load_explicit(&l->timer_fired, memory_order_acquire))
		vector = expire(l);
	if (vector < 0 || has_rest(l) || l->requested || lapic_class(vector) <= (lapic_get(l, APIC_REG_PPR) & PRIORITY_CLASS))
		return take(l, vector);
	note_edge(l, (u8)vector);
	serve(l, (u8)vector);
	return vector;
}

static void broadcast_eoi(struct lapic *l, u8 vector)
{
	if (lapic_get(l, APIC_REG_TMR + vector / 32u) & 1u << (vector % 32))
		l->bus->eoi(l->bus->ctx, vector);
}

void lapic_end_of_interrupt(struct lapic *l)
{
	int vector = highest(l, APIC_REG_ISR, l->in_service);

	if (vector < 0)
		return;
	clear(l, APIC_REG_ISR, (u8)vector, &l->in_service);
	lapic_update_ppr(l);
	broadcast_eoi(l, (u8)vector);
}

rare void lapic_written(struct lapic *l, u32 reg, u8 vector)
{
	if (reg == APIC_REG_EOI)
		broadcast_eoi(l, vector);
	else if (reg == APIC_REG_SELF_IPI)
		lapic_reg_write(l, reg, vector);
}

rare void lapic_log_error(struct lapic *l, u32 bits)
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
		request(l, vector);
}

rare void lapic_raise(struct lapic *l, enum lapic_lvt which)
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
			request(l, vector);
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

rare bool lapic_takes_extint(const struct lapic *l)
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

rare void lapic_lint1(struct lapic *l)
{
	/* Without an APIC the pin is the CPU's NMI. */
	if (lapic_mode(l) == MODE_OFF)
		lapic_post_signal(l, LAPIC_SIGNAL_NMI, 0);
	else
		lapic_raise(l, LVT_LINT1);
}

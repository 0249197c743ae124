// SPDX-License-Identifier: BSD-2-Clause
/*
 * The fields of struct lapic, in a header so that it can sit inside the vCPU's board state. Only
 * devices/lapic*.c touch them; everyone else uses lapic.h.
 *
 * Interrupts from elsewhere go straight into the IRR, which is the posted word: the sender sets the
 * bit, only the owner clears it. So there is no second copy that could be folded too late.
 */
#pragma once

#include <core/service/time.h>
#include <lib/types.h>
#include <stdatomic.h>

struct lapic_bus;
struct lapic_client;

/* The local vector table, in the order of its registers from 320h. */
enum lapic_lvt {
	LVT_TIMER,
	LVT_THERMAL,
	LVT_PERF,
	LVT_LINT0,
	LVT_LINT1,
	LVT_ERROR,
	LVT_COUNT,
};

#define LAPIC_VECTOR_WORDS 8 /* 256 vectors, 32 a word */

struct lapic {
	u32 id;                            /* [b] initial APIC id */
	struct lapic_bus *bus;             /* [b] */
	const struct lapic_client *client; /* [b] */
	void *ctx;                         /* [b] */

	/*
	 * [a] What a sender reads to see whether a message is for this member. Written by the owner
	 * only; relaxed, as real senders too may meet the old or the new setting.
	 */
	_Atomic u64 base; /* IA32_APIC_BASE */
	atomic_uint svr;
	atomic_uint ldr; /* xAPIC format; the x2APIC's follows from the id */
	atomic_uint dfr;

	/*
	 * [a] What senders post. Each post is a sequentially consistent read-modify-write and is
	 * followed by kick(); its partners are the loads in lapic_has_work() and the exchanges by
	 * which the owner takes it.
	 */
	atomic_uint irr[LAPIC_VECTOR_WORDS];
	atomic_uint tmr[LAPIC_VECTOR_WORDS]; /* trigger mode of the newest arrival; relaxed, ordered
						by irr */
	atomic_uint signals;                 /* LAPIC_SIGNAL_*, bits 15:8 the start-up vector */
	atomic_uint errors;                  /* ESR bits found by senders */
	atomic_bool timer_fired; /* a hint: the truth is timer_expiry against the clock */

	/* [a] Written by the owner, relaxed; read by lapic_has_work(). */
	atomic_uint ppr;

	/* [o] */
	u32 isr[LAPIC_VECTOR_WORDS];
	u32 lvt[LVT_COUNT];
	u64 icr;
	u8 tpr;
	u32 esr;         /* as software reads it */
	u32 esr_pending; /* found since software's last write of the ESR */

	u32 timer_initial;
	u32 timer_divide;   /* DCR */
	u64 timer_expiry;   /* ns at which the count ends, masked or not; TIME_NEVER: stopped */
	u64 timer_deadline; /* IA32_TSC_DEADLINE */
	struct timer timer;
};

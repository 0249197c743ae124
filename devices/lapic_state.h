// SPDX-License-Identifier: BSD-2-Clause
/*
 * The fields of struct lapic, in a header so that it can sit inside the vCPU's board state. Only
 * devices/lapic*.c touch them; everyone else uses lapic.h.
 *
 * The registers themselves are in the vCPU's page (vm/apic_page.h), which only the owner writes.
 * Interrupts from elsewhere are posted beside it, and the owner folds them into IRR and TMR before
 * each entry; its own it puts there at once.
 */
#pragma once

#include <core/service/time.h>
#include <lib/types.h>
#include <stdatomic.h>
#include <vm/apic_page.h>

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
static_assert(LVT_COUNT == APIC_LVT_REGS, "local vector table");

struct lapic {
	u32 id;                            /* [b] initial APIC id */
	struct lapic_bus *bus;             /* [b] */
	struct apic_page *page;            /* [b] */
	const struct lapic_client *client; /* [b] */
	void *ctx;                         /* [b] */

	/*
	 * [a] IA32_APIC_BASE. With SVR, LDR and DFR of the page it is what a sender reads to see
	 * whether a message is for this member. Written by the owner only; relaxed, as real senders
	 * too may meet the old or the new setting.
	 */
	_Atomic u64 base;

	/*
	 * [a] What senders post. The last step of each post is a sequentially consistent
	 * read-modify-write, followed by kick(); its partners are the loads in lapic_has_work() and
	 * the exchanges by which the owner takes it.
	 */
	atomic_uint edge[APIC_VECTOR_REGS];  /* interrupts; relaxed, ordered by `posted` */
	atomic_uint level[APIC_VECTOR_REGS]; /* those with level trigger mode */
	atomic_uint posted;                  /* bit n: there may be some in word n */
	atomic_uint signals;                 /* LAPIC_SIGNAL_*, bits 15:8 the start-up vector */
	atomic_uint errors;                  /* ESR bits found by senders */
	atomic_bool extint;                  /* an ExtINT message came: INTA is due */
	atomic_bool timer_fired; /* a hint: the truth is timer_expiry against the clock */

	/* [o] */
	bool by_cpu;        /* the CPU serves the page, and changes IRR and ISR while it is in the guest */
	u8 requested;       /* bit n: there are some in word n of the IRR; not kept up while by_cpu */
	u8 in_service;      /* the same for the ISR */
	u32 tpr_seen;       /* with which the PPR was worked out: a guest's CR8 may change the TPR alone */
	u32 esr_pending;    /* found since software's last write of the ESR */
	u64 timer_expiry;   /* ns at which the count ends, masked or not; TIME_NEVER: stopped */
	u64 timer_deadline; /* IA32_TSC_DEADLINE */
	struct timer timer;
};

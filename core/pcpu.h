// SPDX-License-Identifier: BSD-2-Clause
/*
 * A physical CPU.
 */
#pragma once

#include <arch/x86_64/desc.h>
#include <core/service/run.h>
#include <core/service/time.h>
#include <lib/status.h>
#include <lib/lock.h>
#include <lib/types.h>
#include <stdatomic.h>

#define PCPUS_MAX 256

struct pcpu {
	struct pcpu *self;	  /* [b] first: read through GS */
	u32 id;			  /* [b] index */
	u32 apic_id;		  /* [b] */
	atomic_bool online;	  /* [a] release when it is ready and waits for pcpu_release() */
	u64 first_tsc;		  /* [b] its TSC when it came online; published by `online` */
	struct desc_tables desc;  /* [b] */
	struct runnable *current; /* [o] */
	u64 slice_end;		  /* [o] ns; TIME_NEVER when idle */
	u64 armed;		  /* [o] ns at which the LAPIC timer fires; TIME_NEVER: stopped, or it has (tick.asm) */
	struct window *_Atomic window; /* [a] address space in CR3; NULL: the shared one; set with release, by this pCPU only */
	u64 looked;		  /* [o] time_now() when run_wanted() ended a turn; 0: the loop has seen it */
	u64 extras;		  /* [o] guest_cpu.extras of the last one loaded, if not EXTRAS_LOAD: then EXTRAS_LOADED */
	struct spinlock timer_lock;
	struct list timers;	  /* [timer_lock] sorted by due */
	atomic_ullong next_due;	  /* [a] of the first timer, TIME_NEVER: none; set under timer_lock, brought forward by this pCPU only: relaxed */
	struct timer *_Atomic timer_running; /* [a] whose fn runs now: set under timer_lock, cleared with release */
	u64 since;		  /* [run queue lock] ns, when what runs, or idling, began */
	u64 idle_ns;		  /* [run queue lock] until `since` */
	bool idling;		  /* [run queue lock] */
	atomic_ullong ticks;	  /* [a] timer interrupts so far; only counted here (tick.asm), so relaxed */
	atomic_bool wanted;	  /* [a] its loop is to look again: set with release before a kick */
	u64 stack_top;		  /* [b] */
};

/* NULL before this pCPU's descriptor tables are loaded. */
static inline struct pcpu *this_pcpu(void)
{
	struct pcpu *p;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(p));
	return p;
}

/* this_pcpu()->armed, without the way by `self`. */
static inline u64 pcpu_armed(void)
{
	u64 at;

	__asm__ volatile("mov %%gs:%c1, %0" : "=r"(at) : "i"(offsetof(struct pcpu, armed)));
	return at;
}

/* Number of pCPUs known, online or not, and one of them. */
u32 pcpu_count(void);
struct pcpu *pcpu_get(u32 id);

/* Allocates pCPU 0 and makes this CPU it; needs hostmap. Boot only. */
void pcpu_init_boot(void);
/* INIT to the processors with these APIC ids (this one is skipped): it takes them some time, for other things. Boot only. */
void pcpu_reset_others(const u32 *apic_ids, u32 count);
/*
 * Wakes these processors, after pcpu_reset_others(); each calls `on` before it counts as online, and stays out of it
 * if that fails. Answers how many are online in all. Boot only.
 */
u32 pcpu_start_others(const u32 *apic_ids, u32 count, hpa_t trampoline, enum status (*on)(void));
/* Makes another pCPU leave its guest or its sleep, to look at what was changed for it. */
void pcpu_kick(u32 id);
/* Makes a pCPU's loop look again for what it shall run; this one's, too. */
void pcpu_want(u32 id);
/* Lets all pCPUs enter their loops (they wait until the VMs are made). */
void pcpu_release(void);

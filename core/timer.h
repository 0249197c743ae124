// SPDX-License-Identifier: BSD-2-Clause
/*
 * Between the clock, the timers and the loop. Upper layers use core/service/time.h.
 */
#pragma once

#include <core/pcpu.h>


/* Starts the clock: `khz` of the TSC, wall clock in ns since 1970 at this moment. Boot only. */
void time_init(u32 tsc_khz, u64 wall);
void timer_pcpu_init(struct pcpu *p);
/* Runs this pCPU's timers that are due at `now`, which time_now() has just answered, or have become so meanwhile. */
void timer_run_due_now(void);
static inline void timer_run_due(u64 now)
{
	if (atomic_load_explicit(&this_pcpu()->next_due, memory_order_relaxed) <= now)
		timer_run_due_now();
}

/* Makes the LAPIC timer fire at the earlier of `limit` and this pCPU's first timer. `now`: the same. */
void timer_arm(u64 limit, u64 now);
/* The armed interrupt came. */
void timer_fired(void);

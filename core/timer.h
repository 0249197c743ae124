// SPDX-License-Identifier: BSD-2-Clause
/*
 * Between the clock, the timers and the loop. Upper layers use core/service/time.h.
 */
#pragma once

#include <core/pcpu.h>

/* Starts the clock: `khz` of the TSC, wall clock in ns since 1970 at this moment. Boot only. */
void time_init(u32 tsc_khz, u64 wall);
void timer_pcpu_init(struct pcpu *p);
/* Runs this pCPU's timers that are due at `now`, which time_now() has just answered. */
void timer_run_due(struct pcpu *p, u64 now);

/* Makes the LAPIC timer of this pCPU fire at the earlier of `limit` and its first timer. */
void timer_arm(struct pcpu *p, u64 limit);
/* tick.asm: where the interrupt arrives; not callable. */
void trap_timer(void);

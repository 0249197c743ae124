// SPDX-License-Identifier: BSD-2-Clause
/*
 * The clock and the timers of unit tests: time moves only when the test says so.
 */
#pragma once

#include <lib/types.h>

/* The host's TSC frequency; 1 tick a ns unless the test says otherwise. */
extern u32 fake_time_tsc_khz;

/* Back to 0 ns, no timers pending, TSC of 1 GHz, wall clock at 2026-01-02 03:04:05 UTC. */
void fake_time_reset(void);
/* Moves the clock by `ns`, firing due timers in order, each at its own due time. */
void fake_time_advance(u64 ns);
/* When the next pending timer is due, TIME_NEVER if none. */
u64 fake_time_next(void);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Counts the steps of the schedulers' data structures on the host, so that a test can hold them against log n. Costs nothing
 * in the hypervisor.
 */
#pragma once

#include <lib/types.h>

#ifdef PLINTH_HOST
extern _Thread_local u64 sched_steps;
#define sched_steps_here _Thread_local u64 sched_steps
static inline void sched_step(void)
{
	sched_steps++;
}
#else
#define sched_steps_here static_assert(true, "")
static inline void sched_step(void)
{
}
#endif

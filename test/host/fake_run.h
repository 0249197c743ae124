// SPDX-License-Identifier: BSD-2-Clause
/*
 * The run loop of unit tests: one pCPU, and the test says when it runs something.
 */
#pragma once

#include <core/service/run.h>

/* Calls of run_notify() since fake_run_reset(). */
extern unsigned fake_run_notified;
/* What run_wanted() answers before `until` has come. By default true: an exit for the hypervisor
 * always leads back to the loop. */
extern bool fake_run_wanted;
/* What run_yield() answers; by default false. */
extern bool fake_run_yields, fake_run_here;
/* run_notify() runs at once all that is ready, as another pCPU might; unless something runs. */
extern bool fake_run_eager;
/* Time that passes while something runs once, ns. */
extern u64 fake_run_slice;

void fake_run_reset(void);
/* Runs what comes next on the pCPU `cpu`. False: nothing may run there. */
bool fake_run_once(u32 cpu);
/* Runs everything in turn until all sleep, but not more than `limit` times; returns how often. */
unsigned fake_run_all(unsigned limit);

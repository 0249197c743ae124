// SPDX-License-Identifier: BSD-2-Clause
/*
 * The run loop of each pCPU.
 */
#pragma once

#include <sched/sched.h>

/* Chooses the policy. Boot only, when all pCPUs are known and before any runnable exists. */
enum status must_check run_setup(const struct sched_policy *policy, u64 slice);
/* Runs what the policy picks, for ever. Interrupts off. */
_Noreturn void run_loop(void);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The end: what is printed and how the other pCPUs are stopped.
 */
#pragma once

#include <arch/x86_64/desc.h>
#include <core/service/run.h>
#include <stdbool.h>

/* Prints registers and a backtrace of an exception in the hypervisor and stops the machine. */
_Noreturn void panic_trap(const struct trap_frame *f);
/* Prints registers and a backtrace of an NMI that is not ours, and goes on. Takes no lock that anything but NMIs takes. */
void panic_report_nmi(const struct trap_frame *f);
/* fn is told at the end of a report what its pCPU ran; log_line() then needs no locks. Boot only. */
void panic_on_report(void (*fn)(struct runnable *r));
/* An NMI asked this pCPU to stop because another one panicked. */
bool panic_stopping(void);
/* Makes the stack canary one that nobody can know. Boot only, and no caller may ever return. */
void panic_seed_canary(u64 random);

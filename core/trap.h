// SPDX-License-Identifier: BSD-2-Clause
/*
 * Interrupts of the machine's devices. They are taken where interrupts are on: in run_wanted() and
 * in the idle loop, where no lock is held.
 */
#pragma once

/* fn is called at each VEC_CONSOLE, with interrupts off, on the pCPU that it was led to. Boot only.
 */
void trap_on_console(void (*fn)(void));

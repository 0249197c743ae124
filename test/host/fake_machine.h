// SPDX-License-Identifier: BSD-2-Clause
/*
 * The machine of unit tests: what CPUID says is a table that the test fills.
 */
#pragma once

#include <core/service/machine.h>

extern u64 fake_machine_xcr0;
extern u32 fake_machine_cpu; /* machine_this_pcpu() */
extern u32 fake_machine_pcpus; /* by default 4 */
extern u64 fake_machine_vector[2][16][4]; /* YMM, and with first index 1 MMX registers */
extern bool fake_machine_x87_pending;
/* What guest_cpu_load() loaded and nobody saved yet; NULL: the hypervisor's own. */
extern const struct guest_cpu *fake_machine_loaded;

/* A plain AMD processor of 40 physical address bits with XSAVE, AVX and protection keys. */
void fake_machine_reset(void);
/* One answer; the newest one counts. */
void fake_machine_set(u32 leaf, u32 subleaf, struct machine_cpuid regs);
/* Every leaf answers all ones, or zeros, that was not set after this. */
void fake_machine_fill(bool ones);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * What CPUID tells a guest: an explicit table; what it does not list is zero.
 */
#pragma once

#include <core/service/machine.h>

struct vcpu;

/* The answer for (leaf, subleaf) in `v`'s present state. */
struct machine_cpuid cpuid_answer(struct vcpu *v, u32 leaf, u32 subleaf);
/* CR4 and EFER bits that the guest's CPUID gives it, and its physical address width. */
u64 cpuid_cr4_allowed(void);
u64 cpuid_efer_allowed(void);
u32 cpuid_phys_bits(void);

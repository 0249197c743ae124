// SPDX-License-Identifier: BSD-2-Clause
/*
 * What CPUID tells a guest: an explicit table; what it does not list is zero.
 */
#pragma once

#include <core/service/machine.h>

struct vcpu;
struct vm;

#define CPUID_SLOTS 28 /* leaves with an answer of their own, and one for all others */

/* What does not depend on a vCPU's state; [b] of each VM. */
struct cpuid_table {
	struct machine_cpuid answer[CPUID_SLOTS];
	u64 cr4_allowed; /* bits of CR4 that the guest's CPUID gives it */
	u8 phys_bits;	 /* width of a guest-physical address */
	bool page_1g;
};

/* Fills vm->cpuid from vm->recipe and the machine. */
void cpuid_setup(struct vm *vm);
/* The answer for (leaf, subleaf) in `v`'s present state. */
struct machine_cpuid cpuid_answer(struct vcpu *v, u32 leaf, u32 subleaf);
/* EFER bits that a guest may set. */
u64 cpuid_efer_allowed(void);

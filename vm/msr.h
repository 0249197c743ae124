// SPDX-License-Identifier: BSD-2-Clause
/*
 * MSRs: an explicit table; what it does not list answers #GP.
 */
#pragma once

#include <lib/types.h>

struct vcpu;
struct vm;

/* False: #GP(0). */
bool msr_read(struct vcpu *v, u32 msr, u64 *val);
bool msr_write(struct vcpu *v, u32 msr, u64 val);
/* Opens the permission map for the MSRs that the hardware switches with the guest. */
void msr_setup(struct vm *vm);

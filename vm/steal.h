// SPDX-License-Identifier: BSD-2-Clause
/*
 * KVM-compatible steal time: a guest sees how long its vCPU wanted a pCPU and had none, and whether it has one now.
 */
#pragma once

#include <lib/types.h>

struct vcpu;

#define MSR_KVM_STEAL_TIME 0x4b564d03u

/* Bit 0 of `val` enables, bits 1 to 5 are reserved, the rest is the gpa of the vCPU's structure. False: #GP. */
bool steal_set(struct vcpu *v, u64 val);
/* The vCPU has got a pCPU; is about to lose it. On that pCPU, in its VM's window. */
void steal_running(struct vcpu *v);
void steal_preempted(struct vcpu *v);

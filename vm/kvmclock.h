// SPDX-License-Identifier: BSD-2-Clause
/*
 * The KVM-compatible clock, so that an unmodified Linux keeps exact time.
 */
#pragma once

#include <lib/types.h>

struct vcpu;

#define MSR_KVM_WALL_CLOCK_OLD	0x11u
#define MSR_KVM_SYSTEM_TIME_OLD 0x12u
#define MSR_KVM_WALL_CLOCK	0x4b564d00u
#define MSR_KVM_SYSTEM_TIME	0x4b564d01u

/* The guest names the gpa of its wall-clock structure: it is filled once. False: bad address. */
bool kvmclock_wall(struct vcpu *v, u64 val);
/* Bit 0 of `val` enables; the rest is the gpa of the vCPU's time structure. */
bool kvmclock_time(struct vcpu *v, u64 val);
/* The guest's TSC was written: its clock goes on from where it was. */
void kvmclock_tsc_moved(struct vcpu *v);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the files behind vm/msr.h share.
 */
#pragma once

#include <lib/types.h>

struct vcpu;
struct vm;

/* Of one row of the table; false: #GP(0). */
typedef bool msr_read_fn(struct vcpu *v, u32 msr, u64 *val);
typedef bool msr_write_fn(struct vcpu *v, u32 msr, u64 val);

/* msr_switched.c: those with a register of virt.h, the bases of FS and GS, and the permission map for both. */
msr_read_fn msr_read_switched, msr_read_base;
msr_write_fn msr_write_switched, msr_write_base;
void msr_open_switched(struct vm *vm);

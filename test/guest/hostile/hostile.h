// SPDX-License-Identifier: BSD-2-Clause
/*
 * hostile: a guest that tries to harm its neighbours, in one way after the other. Everything that
 * it does is a function of its seed, but for what its own interrupts and processors add.
 */
#pragma once

#include "apic.h"
#include "cpu.h"
#include "rt.h"
#include "trap.h"

/* One attack in small steps: called until its time is up. Interrupts are off; may leave the machine
 * as hostile_mend() can repair it. */
typedef void attack_fn(void);

struct attack {
	const char *name;
	attack_fn *step;
	attack_fn *begin; /* once, before the first step; NULL: nothing */
};

// clang-format off
#define ATTACK(n, b) { .name = #n, .step = n##_step, .begin = b }
#define ATTACKS_END  { .name = NULL }
// clang-format on

extern const struct attack register_attacks[], memory_attacks[], interrupt_attacks[];

u64 noise(void);
/* The PM timer's I/O port and others that would end the VM or this guest's voice. */
bool port_is_spared(u16 port);
/* Processors besides this one that run what ap_job points to; those of the MADT. */
extern u32 cpu_ids[CPUS_MAX], cpu_count;
/* A fault in `insn` is ignored. */
#define CARELESS(insn, ...) (void)TRY(insn, OUT(), __VA_ARGS__)

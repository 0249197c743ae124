// SPDX-License-Identifier: BSD-2-Clause
/*
 * statedump: what a guest can see of its processor, as lines "= KEY VALUES" in a fixed order, to be
 * compared between machines.
 */
#pragma once

#include "apic.h"
#include "cpu.h"
#include "rt.h"
#include "trap.h"

void dump_cpuid(void);
void dump_msrs(void);
/* Leaves the processor in x2APIC mode. */
void dump_x2apic(void);
/* Of processor 1, if there is one. */
void dump_start(void);
void dump_insns(void);

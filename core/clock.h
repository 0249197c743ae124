// SPDX-License-Identifier: BSD-2-Clause
/*
 * The clock of core/service/time.h, inline for what core does at each turn. time.c sets it.
 */
#pragma once

#include <arch/x86_64/cpu.h>
#include <lib/types.h>

/* [b] 32.32 fixed point */
extern u64 clock_ns_per_tick, clock_ticks_per_ns;

static inline u64 clock_scale(u64 v, u64 factor)
{
	return (u64)(((unsigned __int128)v * factor) >> 32);
}

static inline u64 clock_now(void)
{
	return clock_scale(rdtsc(), clock_ns_per_tick);
}

static inline u64 clock_to_tsc(u64 ns)
{
	return clock_scale(ns, clock_ticks_per_ns);
}

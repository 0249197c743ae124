// SPDX-License-Identifier: BSD-2-Clause
#include <core/service/time.h>
#include <core/timer.h>

#include <arch/x86_64/cpu.h>

static u64 tsc_base;
static u64 ns_per_tick; /* 32.32 fixed point */
static u64 ticks_per_ns; /* 32.32 fixed point */
static u32 khz;
static u64 wall_base;

static u64 mul_shift(u64 v, u64 factor)
{
	return (u64)(((unsigned __int128)v * factor) >> 32);
}

void time_init(u32 tsc_khz, u64 wall)
{
	khz = tsc_khz;
	ns_per_tick = (1000000ull << 32) / tsc_khz;
	ticks_per_ns = ((u64)tsc_khz << 32) / 1000000;
	wall_base = wall - time_now();
}

u64 time_from_tsc(u64 tsc)
{
	return (s64)(tsc - tsc_base) < 0 ? 0 : mul_shift(tsc - tsc_base, ns_per_tick);
}

u64 time_to_tsc(u64 ns)
{
	return tsc_base + mul_shift(ns, ticks_per_ns);
}

u64 time_now(void)
{
	return time_from_tsc(rdtsc());
}

u64 time_wall(void)
{
	return wall_base + time_now();
}

u32 time_tsc_khz(void)
{
	return khz;
}

// SPDX-License-Identifier: BSD-2-Clause
#include <core/service/time.h>

#include <core/clock.h>
#include <core/timer.h>

u64 clock_ns_per_tick, clock_ticks_per_ns;
static u32 khz;
static u64 wall_base;

void time_init(u32 tsc_khz, u64 wall)
{
	khz = tsc_khz;
	clock_ns_per_tick = (1000000ull << 32) / tsc_khz;
	clock_ticks_per_ns = ((u64)tsc_khz << 32) / 1000000;
	wall_base = wall - time_now();
}

u64 time_from_tsc(u64 tsc)
{
	return (s64)tsc < 0 ? 0 : clock_scale(tsc, clock_ns_per_tick);
}

u64 time_to_tsc(u64 ns)
{
	return clock_to_tsc(ns);
}

u64 time_now(void)
{
	return clock_now();
}

u64 time_wall(void)
{
	return wall_base + time_now();
}

u32 time_tsc_khz(void)
{
	return khz;
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exact conversions between ns and the ticks of a clock of `hz` (below 10 GHz), without drift: both
 * round against the origin of time, never against an earlier result.
 */
#pragma once

#include <lib/types.h>

/* Ticks completed at `ns`. */
static inline u64 ticks_from_ns(u64 ns, u64 hz)
{
	return ns / NS_PER_S * hz + ns % NS_PER_S * hz / NS_PER_S;
}

/* The first ns at which `ticks` ticks are completed. */
static inline u64 ticks_to_ns(u64 ticks, u64 hz)
{
	return ticks / hz * NS_PER_S + (ticks % hz * NS_PER_S + hz - 1) / hz;
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The one home of range tests. Every function is right up to the last byte of the 64-bit space: none
 * computes addr + len.
 */
#pragma once

#include <lib/types.h>

/* Is [addr, addr+len) inside [base, base+size)? An empty range is inside if addr is within [base, base+size]. */
static inline bool range_inside(u64 addr, u64 len, u64 base, u64 size)
{
	return addr >= base && addr - base <= size && len <= size - (addr - base);
}

/* Do [a, a+alen) and [b, b+blen) share a byte? Empty ranges share nothing. */
static inline bool range_overlap(u64 a, u64 alen, u64 b, u64 blen)
{
	if (!alen || !blen)
		return false;
	return a >= b ? a - b < blen : b - a < alen;
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Bits, fields and alignment. A hardware field is declared once as a mask; FIELD_GET and FIELD_PUT
 * do the shifting.
 */
#pragma once

#include <lib/types.h>

#define BIT(n)	     (1ull << (n))
#define BITS(hi, lo) ((~0ull >> (63 - (hi))) & (~0ull << (lo)))

/* Value of the field `mask` (contiguous, not 0) in `reg`. */
#define FIELD_GET(mask, reg) (((u64)(reg) & (mask)) >> __builtin_ctzll(mask))
/* `val` moved to the place of the field `mask`; excess bits are cut. */
#define FIELD_PUT(mask, val) (((u64)(val) << __builtin_ctzll(mask)) & (mask))

/* Alignment to a power of two. align_up wraps to 0 at the top of the address space. */
static inline u64 align_down(u64 v, u64 to)
{
	return v & ~(to - 1);
}

static inline u64 align_up(u64 v, u64 to)
{
	return (v + to - 1) & ~(to - 1);
}

static inline bool is_aligned(u64 v, u64 to)
{
	return !(v & (to - 1));
}

static inline u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 max_u64(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* A mask of the low `bytes` bytes (0 to 8). */
static inline u64 width_mask(unsigned bytes)
{
	return bytes >= 8 ? ~0ull : (1ull << (bytes * 8)) - 1;
}

/* The low `bits` bits (1 to 64) as a signed number. */
static inline u64 sign_extend(u64 v, unsigned bits)
{
	unsigned up = 64 - bits;

	return (u64)((s64)(v << up) >> up);
}

/* a * b / d with a product of 128 bits; the quotient must fit into 64. */
static inline u64 mul_div(u64 a, u64 b, u64 d)
{
	u64 hi, lo;

	__asm__("mulq %3\n\tdivq %4" : "=&a"(lo), "=&d"(hi) : "0"(a), "rm"(b), "r"(d) : "cc");
	return lo;
}

/* A number of 128 bits / d; the quotient must fit into 64. */
static inline u64 div_wide(unsigned __int128 a, u64 d)
{
	u64 hi = (u64)(a >> 64), lo = (u64)a;

	__asm__("divq %2" : "+a"(lo), "+d"(hi) : "r"(d) : "cc");
	return lo;
}

/* How many bits are set. (The builtin may become a call of the compiler's library, which is not there.) */
static inline u32 bits_count(u64 word)
{
	u32 n = 0;

	for (; word; word &= word - 1)
		n++;
	return n;
}

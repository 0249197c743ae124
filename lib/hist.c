// SPDX-License-Identifier: BSD-2-Clause
#include <lib/hist.h>

#include <lib/bits.h>

static u32 bucket_of(u64 v)
{
	u32 top;

	if (v < 4)
		return (u32)v;
	top = 63 - (u32)__builtin_clzll(v);
	return (u32)min_u64((top - 1) * 4 + (v >> (top - 2) & 3), HIST_BUCKETS - 1);
}

/* The largest value that counts in bucket `i`. */
static u64 upper_end(u32 i)
{
	u32 shift;

	if (i < 4)
		return i;
	shift = i / 4 - 1;
	return ((4 + i % 4 + 1ull) << shift) - 1;
}

void hist_add(struct hist *h, u64 value)
{
	h->count[bucket_of(value)]++;
	h->total++;
	h->max = max_u64(h->max, value);
}

u64 hist_permille(const struct hist *h, u32 permille)
{
	u64 rank = (h->total * permille + 999) / 1000, seen = 0;

	for (u32 i = 0; i + 1 < HIST_BUCKETS; i++) {
		seen += h->count[i];
		if (seen && seen >= rank)
			return min_u64(upper_end(i), h->max);
	}
	return h->max;
}

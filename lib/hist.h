// SPDX-License-Identifier: BSD-2-Clause
/*
 * A histogram of fixed size for values of unknown range: exact below 4, then four buckets for each power of two. No lock.
 */
#pragma once

#include <lib/types.h>

#define HIST_BUCKETS 96 /* up to 2^25; what is larger counts in the last */

struct hist {
	u32 count[HIST_BUCKETS];
	u64 total; /* values */
	u64 max;
};

void hist_add(struct hist *h, u64 value);
/* The value that so many of a thousand do not exceed, at most a quarter too high; 0 without any. */
u64 hist_permille(const struct hist *h, u32 permille);

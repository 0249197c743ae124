// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest's TSC: the host's, at a rate of its own if the CPU can scale it, and moved by an offset
 * (Intel SDM vol. 3, "Time-Stamp Counter Scaling"; AMD APM vol. 2, "TSC Ratio MSR").
 */
#pragma once

#include <lib/types.h>

struct virt_ops;

/*
 * Guest ticks = host ticks * ratio >> TSC_RATIO_BITS. VMX has all these bits of a fraction, SVM the
 * upper 32; a ratio has the other 16 clear, so that it is the same on both.
 */
#define TSC_RATIO_BITS 48
#define TSC_RATIO_ONE  (1ull << TSC_RATIO_BITS)

struct tsc_rate {
	u32 khz;   /* of the guest */
	u64 ratio; /* never 0 */
};

/* NULL if a guest may have a TSC of `khz`, else why not. */
const char *tsc_refusal(const struct virt_ops *virt, u32 khz);
/* Of a guest that wants `khz`, which is not refused; 0: the host's. */
struct tsc_rate tsc_rate(u32 khz);
/* Guest ticks in so many host ticks; as the CPU computes them. */
u64 tsc_from_host(const struct tsc_rate *r, u64 ticks);
/* The other way round, not too few; all ones if they do not fit. */
u64 tsc_to_host(const struct tsc_rate *r, u64 ticks);

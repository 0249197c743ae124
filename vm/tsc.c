// SPDX-License-Identifier: BSD-2-Clause
#include <vm/tsc.h>

#include <core/service/time.h>
#include <lib/bits.h>
#include <vm/virt.h>

#define RATIO_STEP_BITS 16
/* Host and guest are not further apart, so that the ratio is exact to 1 in 2^26 and fits. */
#define FACTOR_MAX 64

const char *tsc_refusal(const struct virt_ops *virt, u32 khz)
{
	u64 host = time_tsc_khz();

	if (!virt->tsc_scaling || !*virt->tsc_scaling)
		return "the CPU cannot scale the TSC";
	if (khz > host * FACTOR_MAX || khz * (u64)FACTOR_MAX < host)
		return "too far from the host's frequency";
	return NULL;
}

struct tsc_rate tsc_rate(u32 khz)
{
	u32 host = time_tsc_khz();
	u64 ratio;

	if (!khz || khz == host)
		return (struct tsc_rate){ .khz = host, .ratio = TSC_RATIO_ONE };
	ratio = mul_div(khz, TSC_RATIO_ONE >> RATIO_STEP_BITS, host);
	return (struct tsc_rate){ .khz = khz, .ratio = ratio << RATIO_STEP_BITS };
}

u64 tsc_from_host(const struct tsc_rate *r, u64 ticks)
{
	return (u64)((unsigned __int128)ticks * r->ratio >> TSC_RATIO_BITS);
}

u64 tsc_to_host(const struct tsc_rate *r, u64 ticks)
{
	/* Where the quotient needs more than 64 bits. */
	if (ticks >> (64 - TSC_RATIO_BITS) >= r->ratio)
		return ~0ull;
	return mul_div(ticks, TSC_RATIO_ONE, r->ratio) + 1;
}

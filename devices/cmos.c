// SPDX-License-Identifier: BSD-2-Clause
#include "cmos.h"

#include <lib/bits.h>

#define EQUIPMENT     0x14
#define BASE_KIB      0x15
#define EXTENDED_KIB  0x17
#define SUM_HIGH      0x2e
#define SUM_LOW       0x2f
#define SUMMED_FIRST  0x10
#define SUMMED_END    0x2e
#define EXTENDED_KIB2 0x30 /* what the memory test found: the same */
#define ABOVE_16M     0x34 /* in 64 KiB, as is the next */
#define ABOVE_4G      0x5b

/* No diskettes, no display adapter. */
#define EQUIPMENT_FPU   0x02u
#define EQUIPMENT_MOUSE 0x04u

static void put_le(u8 *at, unsigned bytes, u64 val)
{
	val = min_u64(val, width_mask(bytes));
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (u8)(val >> (8 * i));
}

static void put_checksum(u8 cmos[CMOS_SIZE])
{
	u32 sum = 0;

	for (unsigned i = SUMMED_FIRST; i < SUMMED_END; i++)
		sum += cmos[i];
	cmos[SUM_HIGH] = (u8)(sum >> 8);
	cmos[SUM_LOW] = (u8)sum;
}

void cmos_fill(u8 cmos[CMOS_SIZE], u64 below_4g, u64 above_4g)
{
	u64 above_1m = below_4g > MIB ? below_4g - MIB : 0;
	u64 above_16m = below_4g > 16 * MIB ? below_4g - 16 * MIB : 0;

	cmos[EQUIPMENT] = EQUIPMENT_FPU | EQUIPMENT_MOUSE;
	put_le(&cmos[BASE_KIB], 2, min_u64(below_4g, 640 * KIB) / KIB);
	put_le(&cmos[EXTENDED_KIB], 2, above_1m / KIB);
	put_le(&cmos[EXTENDED_KIB2], 2, above_1m / KIB);
	put_le(&cmos[ABOVE_16M], 2, above_16m / (64 * KIB));
	put_le(&cmos[ABOVE_4G], 3, above_4g / (64 * KIB));
	put_checksum(cmos);
}

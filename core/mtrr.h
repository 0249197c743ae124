// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the machine's MTRRs say of its RAM. The host's own accesses obey them by themselves; a guest's on Intel do not: there the second stage
 * has the word (Intel SDM vol. 3, "Memory Type Range Registers"; "EPT and Memory Typing"). Pure: core/mem.c reads the registers.
 */
#pragma once

#include <lib/types.h>

#define MTRR_RANGES 32

struct mtrrs {
	bool on;      /* false: there are none, or they are off, and the firmware left RAM to the PAT */
	u8 otherwise; /* the type of what no range covers */
	u32 count;
	struct mtrr_range {
		hpa_t base;
		u64 len;
		u8 type;
	} range[MTRR_RANGES];
};

/* Takes one pair IA32_MTRR_PHYSBASEn, PHYSMASKn, if it is valid. Of a mask with holes only its lowest block counts. */
void mtrrs_add(struct mtrrs *m, u64 base, u64 mask);
/* Is RAM at `at`, above 1 MiB, write-back? `len`, more than 0, becomes as much of it as has the same answer for the same reason. */
bool mtrrs_write_back(const struct mtrrs *m, hpa_t at, u64 *len);

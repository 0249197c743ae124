// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a PC's firmware leaves in the CMOS beside the clock, for systems that look there: memory
 * sizes, equipment, checksum (IBM PC/AT Technical Reference, "CMOS RAM").
 */
#pragma once

#include <lib/types.h>

#define CMOS_SIZE 128

/* RAM below and above 4 GiB in bytes, the first from address 0. Leaves the clock's bytes alone. */
void cmos_fill(u8 cmos[CMOS_SIZE], u64 below_4g, u64 above_4g);

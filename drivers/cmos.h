// SPDX-License-Identifier: BSD-2-Clause
/*
 * The machine's real-time clock (MC146818 and its kin, ports 70h and 71h), read once at boot.
 * cmos_decode() is pure.
 */
#pragma once

#include <lib/types.h>

/* The registers as read. */
struct cmos_time {
	u8 second, minute, hour, day, month, year;
	u8 century;  /* of the register that the FADT names; 0: there is none */
	u8 status_b; /* tells BCD from binary and 12 from 24 hours */
};

/* ns since 1970-01-01 00:00 UTC, if the clock runs in UTC; 0 if the registers make no date. */
u64 cmos_decode(const struct cmos_time *t);
/* Reads and decodes the clock. `century_reg` is the FADT's, 0 for none. 0 if there is no clock with
 * a sensible date. */
u64 cmos_read_wall(u8 century_reg);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The MC146818 clock with 128 bytes of CMOS (Motorola MC146818A data sheet; the century is byte 32h
 * as on every PC). Origin 70h: index and data port.
 *
 * The guest's clock is the host's wall clock plus an offset; a guest that sets its clock changes
 * the offset. Clock, alarm and periodic rate are computed when somebody looks; a host timer runs
 * only while an enabled interrupt is not yet pending, so the guest's reads of register C pace it
 * (8192 Hz at most). A date written without SET is normalised at once (February 30 becomes March).
 * The battery is our firmware: a reset keeps clock and CMOS, but restores registers A and B.
 */
#pragma once

#include <vm/device.h>
#include "cmos.h"

struct rtc {
	struct device dev;
	struct irq_line irq; /* [b] */
	struct dev_timer timer;
	s64 offset;  /* seconds to add to the divider chain's */
	u64 phase;   /* ns below a second: the divider chain is the wall clock plus this */
	u64 seen;    /* the flags in register C are complete up to here, ns of the chain */
	s64 weekday; /* days by which the guest's day of the week differs, 0 to 6 */
	u8 index;    /* port 70h as written: bit 7 would disable NMI */
	u8 cmos[CMOS_SIZE];
};

void rtc_init(struct rtc *r, struct spinlock *lock, struct irq_line irq);

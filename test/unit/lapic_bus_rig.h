// SPDX-License-Identifier: BSD-2-Clause
/* For test_lapic_bus*.c: four LAPICs that send to each other. */
#pragma once

#include "lapic_rig.h"

#include <pthread.h>

#define CPUS 4

static struct lapic *const cpu = rig.cpu;

/* Who has 51h requested, bit n for CPU n; and forgets it. */
static inline u32 who(void)
{
	u32 mask = 0;

	for (u32 i = 0; i < rig.bus.count; i++) {
		if (lapic_pending(&cpu[i]) != 0x51)
			continue;
		lapic_accept(&cpu[i], 0x51);
		lapic_reset(&cpu[i], true);
		wr(&cpu[i], SVR, 0x1ff);
		mask |= 1u << i;
	}
	return mask;
}

/* Who has these signals posted; and takes them. */
static inline u32 who_signals(u32 signals)
{
	u32 mask = 0;
	u8 sipi;

	for (u32 i = 0; i < rig.bus.count; i++)
		if (lapic_take_signals(&cpu[i], &sipi) == signals)
			mask |= 1u << i;
	return mask;
}

static inline void icr(u32 from, u32 dest, u32 low)
{
	wr(&cpu[from], ICR_HI, dest << 24);
	wr(&cpu[from], ICR, low);
}

static inline void x2icr(u32 from, u32 dest, u32 low)
{
	assert_true(lapic_msr_write(&cpu[from], 0x830, (u64)dest << 32 | low));
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The machine's reference timers: HPET, ACPI PM timer, PIT channel 2. Boot uses them to find the
 * TSC's frequency and to wait; afterwards the TSC alone is the clock. Not for two pCPUs at a time.
 */
#pragma once

#include <lib/types.h>

/* What there is; all of it may be absent. */
struct ref_clocks {
	volatile void *hpet; /* its registers, mapped uncached (1 KiB), or NULL */
	u16 pm_timer_port;   /* 0: none */
	bool pm_timer_32bit;
	bool no_pit; /* known to be absent; else it is tried */
};

/*
 * The TSC's frequency in kHz by the first of HPET, PM timer, PIT that ticks steadily; why one is
 * passed over is logged. *name (may be NULL) tells which it was. If none is steady the least bad
 * measurement counts; 0 if there is none at all.
 */
u32 tsc_calibrate_khz(const struct ref_clocks *clocks, const char **name);
/* Waits at least `ns` by the first of them that ticks. False, and the time is anybody's guess, if
 * none does. */
bool clocksource_wait(const struct ref_clocks *clocks, u64 ns);

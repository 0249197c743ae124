// SPDX-License-Identifier: BSD-2-Clause
#include "clock.h"

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/lapic.h>
#include <core/hostmap.h>
#include <core/service/log.h>
#include <core/service/time.h>
#include <core/timer.h>
#include <drivers/clocksource.h>
#include <drivers/cmos.h>
#include <lib/assert.h>

#define HPET_LEN       1024
#define LAPIC_MEASURE  (10 * NS_PER_MS)
#define FALLBACK_KHZ   2000000u
#define SAMPLES	       8

void clock_start(const struct acpi_info *acpi, bool use_hpet)
{
	struct ref_clocks clocks = {
		.pm_timer_port = acpi->pm_timer_port,
		.pm_timer_32bit = acpi->pm_timer_32bit,
	};
	const char *name = "nothing";
	u32 khz;

	if (acpi->hpet_base && use_hpet)
		clocks.hpet = hostmap_add(acpi->hpet_base, HPET_LEN, PT_READ | PT_WRITE, PT_UC);
	khz = tsc_calibrate_khz(&clocks, &name);
	if (!khz) {
		khz = FALLBACK_KHZ;
		log_error("no clock to measure the TSC with; assuming 2 GHz, so all times are wrong");
	}
	time_init(khz, acpi->no_cmos_rtc ? 0 : cmos_read_wall(acpi->century_reg));
	log_info("tsc %u.%03u MHz by %s%s", khz / 1000, khz % 1000, name,
		 cpu_features.invariant_tsc ? "" : ", not known to be invariant");
}

/*
 * The timer's count and the time at one moment: the reading that took the shortest of several, because an emulator or a system
 * management interrupt may hold this pCPU up in the midst of one.
 */
static void sample(u64 *now, u32 *ticks)
{
	u64 shortest = TIME_NEVER;

	for (unsigned i = 0; i < SAMPLES; i++) {
		u64 before = time_now(), took;
		u32 count = lapic_timer_measure();

		took = time_now() - before;
		if (took >= shortest)
			continue;
		shortest = took;
		*now = before + took / 2;
		*ticks = count;
	}
}

void clock_start_lapic(void)
{
	u64 start = 0, end = 0;
	u32 from = 0, to = 0, khz;

	if (cpu_features.tsc_deadline) {
		lapic_timer_choose(0, 0);
		log_info("lapic timer in TSC-deadline mode");
		return;
	}
	lapic_timer_measure_start();
	sample(&start, &from);
	while (time_now() - start < LAPIC_MEASURE)
		cpu_pause();
	sample(&end, &to);
	khz = (u32)((u64)(to - from) * 1000000 / (end - start));
	lapic_timer_choose(khz, time_tsc_khz());
	lapic_timer_stop();
	log_info("lapic timer one-shot, %u kHz", khz);
}

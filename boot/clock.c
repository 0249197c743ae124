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
#define LAPIC_MEASURE  (20 * NS_PER_MS)
#define FALLBACK_KHZ   2000000u

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

void clock_start_lapic(void)
{
	u64 start, ticks;

	if (cpu_features.tsc_deadline) {
		lapic_timer_choose(true, 0);
		log_info("lapic timer in TSC-deadline mode");
		return;
	}
	start = time_now();
	lapic_timer_measure_start();
	while (time_now() - start < LAPIC_MEASURE)
		cpu_pause();
	ticks = lapic_timer_measure();
	lapic_timer_choose(false, (u32)(ticks * 1000000 / (time_now() - start)));
	lapic_timer_stop();
	log_info("lapic timer one-shot, %u kHz", (u32)(ticks * 1000000 / LAPIC_MEASURE));
}

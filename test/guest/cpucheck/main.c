// SPDX-License-Identifier: BSD-2-Clause
/*
 * Runs every check, prints "ok NAME", "skip NAME" or "FAIL NAME: reason" and at the end "cpucheck:
 * N ok, M failed". "only=NAME" on the command line runs one;
 * "emulated" says that the processor is QEMU's.
 */
#include "check.h"

static const struct check *const groups[] = {
	cpu_checks, trap_checks, mode_checks,  mmio_checks,
	io_checks,  irq_checks,  x2apic_checks, timer_checks, time_checks, corner_checks,
};

void main(const struct hvm_start_info *si)
{
	static const struct check_plan plan = { "cpucheck", groups, ARRAY_LEN(groups), NULL };

	checks_run(&plan, si);
}

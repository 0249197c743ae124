// SPDX-License-Identifier: BSD-2-Clause
/*
 * Finding out how fast time passes. Boot only.
 */
#pragma once

#include <drivers/acpi.h>

/* Calibrates the TSC, reads the wall clock, starts time_now(). */
void clock_start(const struct acpi_info *acpi, bool use_hpet);
/* Chooses and calibrates the LAPIC timer. */
void clock_start_lapic(void);

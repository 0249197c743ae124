// SPDX-License-Identifier: BSD-2-Clause
/*
 * Waking application processors.
 */
#pragma once

#include <arch/x86_64/defs/ap_boot.h>
#include <lib/types.h>

/* Copies the trampoline to `page` (mapped alias of a page below 1 MiB). Boot only. */
void smp_prepare(void *page);
/*
 * Sends INIT and start-up IPIs to `apic_id` with the parameters at the end of the page. `wait` busy-waits the given ns.
 * The caller then watches for the sign of life that `entry` gives.
 */
void smp_start(void *page, hpa_t page_hpa, u32 apic_id, const struct ap_params *p, void (*wait)(u64 ns));

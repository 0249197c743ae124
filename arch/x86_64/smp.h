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
 * Intel SDM vol. 3, "Typical BSP Initialization Sequence": SMP_INIT_NS after an INIT, a processor takes a start-up IPI, and perhaps only
 * the second one, SMP_AGAIN_NS later.
 */
#define SMP_INIT_NS  (10 * NS_PER_MS)
#define SMP_AGAIN_NS (200 * NS_PER_US)
/*
 * Sends a start-up IPI to `apic_id` with the parameters at the end of the page. The caller then watches for the sign of life that
 * `entry` gives, and sends another if there is none.
 */
void smp_start(void *page, hpa_t page_hpa, u32 apic_id, const struct ap_params *p);

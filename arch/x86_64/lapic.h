// SPDX-License-Identifier: BSD-2-Clause
/*
 * This pCPU's local APIC: identity, IPIs, end of interrupt, one-shot timer. xAPIC by MMIO or x2APIC by MSR, the same on
 * all pCPUs. (The LAPIC that a guest sees is devices/lapic.h.)
 */
#pragma once

#include <lib/types.h>

#define LAPIC_REG_EOI 0x0b /* MMIO offset / 16, and the MSR - MSR_X2APIC_FIRST */
extern volatile u8 *lapic_page; /* [b] NULL: x2APIC */

/* Physical base of the xAPIC page, from IA32_APIC_BASE. */
hpa_t lapic_mmio_base(void);
/* Chooses the mode for all pCPUs: x2APIC if `x2apic`, else xAPIC at `mmio` (mapped uncached). Boot only. */
void lapic_choose(bool x2apic, void *mmio);
/*
 * Masks all inputs of the two 8259s, which BIOSes leave open on the vectors of exceptions, and which not every machine keeps out when
 * LINT0 is masked. Boot only.
 */
void lapic_silence_pic(void);
/* Enables this pCPU's LAPIC, masks its LVT, leaves the timer stopped; in its mode, if that is chosen. */
void lapic_enable(void);
u32 lapic_id(void);
void lapic_eoi(void);
void lapic_send(u32 apic_id, u8 vector);
void lapic_send_nmi(u32 apic_id);
void lapic_send_nmi_others(void);
void lapic_send_init(u32 apic_id);
void lapic_send_sipi(u32 apic_id, u8 page);

/* The timer counts at `khz` (already divided by 1), the TSC at `tsc_khz`; 0: it has the TSC-deadline mode. Stops this pCPU's. Boot only. */
void lapic_timer_choose(u32 khz, u32 tsc_khz);
/* VEC_TIMER at that value of the TSC, or somewhat before. */
void lapic_timer_arm(u64 tsc);
void lapic_timer_stop(void);
/* Starts the counter from its maximum, masked, for calibration; and reads how far it has come. */
void lapic_timer_measure_start(void);
u32 lapic_timer_measure(void);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The ACPI fixed hardware (ACPI specification, "ACPI Hardware Specification"): PM1a event and
 * control registers, a PM timer of 32 bits, GPE0 (nothing behind it), and the SMI command port that
 * switches ACPI mode on and off.
 *
 * `dev` has its origin at the PM base: PM1a_EVT +0 (4 bytes), PM1a_CNT +4 (2), PM_TMR +8 (4), GPE0
 * +20h (4). `smi` has its origin at port B2h (B2h, B3h). The FADT must say TMR_VAL_EXT, and
 * ACPI_ENABLE PM_ACPI_ENABLE, ACPI_DISABLE PM_ACPI_DISABLE. `poweroff` is called with the device
 * lock held.
 */
#pragma once

#include <vm/device.h>

#define PM_TIMER_HZ     3579545ull
#define PM_ACPI_ENABLE  0xf1
#define PM_ACPI_DISABLE 0xf0
#define PM_SLP_TYP_S5   5

struct pm {
	struct device dev;
	struct device smi;
	struct irq_line sci;         /* [b] active high */
	void (*poweroff)(void *ctx); /* [b] may be NULL */
	void *ctx;                   /* [b] */
	struct dev_timer timer;      /* the timer's next overflow, while it may interrupt */
	u64 base;                    /* when the PM timer was 0, ns */
	u32 half;                    /* overflows of bit 31 that TMR_STS knows of */
	u16 sts, en, cnt;
	u8 smi_data[2];
};

void pm_init(struct pm *p, struct spinlock *lock, struct irq_line sci, void (*poweroff)(void *ctx),
	     void *ctx);
/* Presses the power button. With the device lock held. */
void pm_press_power(struct pm *p);

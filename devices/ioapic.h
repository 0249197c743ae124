// SPDX-License-Identifier: BSD-2-Clause
/*
 * The IOAPIC: 24 pins, each with a redirection entry that says which message its interrupt becomes
 * (Intel 82093AA data sheet; the EOI register and the version are those of the ICH's IOAPIC). A
 * device of the MMIO bus with its origin at IOAPIC_BASE; every call is made with the VM's device
 * lock held.
 *
 * Pins are logical: true is "asserted". The polarity bit is kept and has no effect, as every wire
 * of the board is of the polarity that its entry in the ACPI tables says.
 */
#pragma once

#include <lib/types.h>
#include <vm/device.h>
#include <vm/intc.h>

#define IOAPIC_BASE 0xfec00000ull
#define IOAPIC_LEN  0x1000
#define IOAPIC_PINS 24

struct ioapic {
	struct device dev;
	/* Sends a message to the LAPICs. It must not call back into the IOAPIC. */
	void (*send)(void *ctx, const struct apic_msg *msg); /* [b] */
	void *ctx;                                           /* [b] */
	u32 id;                                              /* as software set it; no effect */
	u32 select;                                          /* IOREGSEL */
	u32 asserted;                                        /* pins, bit n is pin n */
	u64 entry[IOAPIC_PINS];
};

void ioapic_init(struct ioapic *io, struct spinlock *lock,
		 void (*send)(void *ctx, const struct apic_msg *msg), void *ctx);
/* The wire at `pin` changed; the same level twice is harmless, a pin that is not there is
 * ignored. */
void ioapic_set_irq(struct ioapic *io, unsigned pin, bool level);
/* A LAPIC ended a level interrupt. What is still asserted is sent once more, each pin once a
 * call. */
void ioapic_eoi(struct ioapic *io, u8 vector);

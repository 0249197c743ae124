// SPDX-License-Identifier: BSD-2-Clause
/*
 * Interrupt messages between IOAPIC, MSI, LAPICs. The bits are those of the LAPIC's ICR and of an IOAPIC
 * redirection entry, so a sender copies fields (Intel SDM vol. 3, "Interrupt Command Register").
 */
#pragma once

#include <lib/types.h>

/* The input of a LAPIC's timer, before the divider. */
#define APIC_BUS_HZ 1000000000ull

enum apic_delivery {
	APIC_FIXED   = 0,
	APIC_LOWEST  = 1,
	APIC_SMI     = 2,
	APIC_NMI     = 4,
	APIC_INIT    = 5,
	APIC_STARTUP = 6,
	APIC_EXTINT  = 7,
};

struct apic_msg {
	u32 dest;		     /* 8 bits from an xAPIC or IOAPIC (FFh: all), 32 from an x2APIC */
	bool x2apic;		     /* dest has x2APIC meaning (FFFF_FFFFh: all) */
	bool logical;
	bool level;		     /* trigger mode: level */
	bool deassert;		     /* INIT level de-assert: ignored by all but arbitration */
	enum apic_delivery delivery;
	u8 vector;
};

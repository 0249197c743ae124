// SPDX-License-Identifier: BSD-2-Clause
#include "ioapic.h"

#include <lib/bits.h>

#define LOW_ACTIVE BIT(13)
#define LEVEL      BIT(15)

/* ACPI, "Interrupt Source Override Structure": ISA's own is edge, active high. */
#define POLARITY_LOW  3
#define TRIGGER_LEVEL 3

struct ioapic_isa ioapic_isa(const struct acpi_info *acpi, u8 irq)
{
	struct ioapic_isa isa = { .gsi = irq };

	for (u32 i = 0; i < acpi->override_count; i++) {
		const struct acpi_override *o = &acpi->override[i];

		if (o->irq != irq)
			continue;
		isa.gsi = o->gsi;
		if (FIELD_GET(ACPI_INTI_POLARITY, o->flags) == POLARITY_LOW)
			isa.low |= (u32)LOW_ACTIVE;
		if (FIELD_GET(ACPI_INTI_TRIGGER, o->flags) == TRIGGER_LEVEL)
			isa.low |= (u32)LEVEL;
	}
	return isa;
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The machine's IOAPICs: all pins masked at boot, and an ISA interrupt led to a pCPU. (The one that
 * a guest sees is devices/ioapic.h.)
 */
#pragma once

#include "acpi.h"

/* Where an ISA interrupt comes in, and how, as the MADT says. */
struct ioapic_isa {
	u32 gsi;
	u32 low; /* of the redirection entry: polarity and trigger mode */
};

/* Pure. */
struct ioapic_isa ioapic_isa(const struct acpi_info *acpi, u8 irq);
/* Masks every pin of one. False if there is no IOAPIC. Boot only. */
must_check bool ioapic_silence(const struct acpi_ioapic *io);
/* Leads `irq` to `vector` of one pCPU. False if no IOAPIC is known that could. Boot only. */
must_check bool ioapic_route(const struct acpi_info *acpi, u8 irq, u32 apic_id, u8 vector);

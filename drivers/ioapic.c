// SPDX-License-Identifier: BSD-2-Clause
#include "ioapic.h"

#include <arch/x86_64/cpu.h>
#include <core/hostmap.h>
#include <lib/bits.h>

/* Intel 82093AA data sheet, "I/O APIC Registers". */
#define SELECT    0x00
#define WINDOW    0x10
#define REG_VER   0x01
#define REG_ENTRY 0x10 /* two for each pin */
#define VER_LAST  BITS(23, 16)
#define PINS_MAX  240
#define MASKED    BIT(16)
#define DEST      BITS(31, 24) /* of an entry's upper half: an APIC id */
#define SIZE      0x20

static volatile u8 *map(const struct acpi_ioapic *io)
{
	hpa_t page = align_down(io->base, PAGE_SIZE);
	u8 *at = hostmap_add(page, PAGE_SIZE, PT_READ | PT_WRITE, PT_UC);

	return at && io->base - page <= PAGE_SIZE - SIZE ? at + (io->base - page) : NULL;
}

static u32 read(volatile u8 *at, u32 r)
{
	mmio_write32(at + SELECT, r);
	return mmio_read32(at + WINDOW);
}

static void write(volatile u8 *at, u32 r, u32 v)
{
	mmio_write32(at + SELECT, r);
	mmio_write32(at + WINDOW, v);
}

/* Without an IOAPIC, reads answer all ones or zeros; there is none with a single pin. */
bool ioapic_silence(const struct acpi_ioapic *io)
{
	volatile u8 *at = map(io);
	u32 last = at ? (u32)FIELD_GET(VER_LAST, read(at, REG_VER)) : 0;

	for (u32 pin = 0; pin <= last && last && last < PINS_MAX; pin++)
		write(at, REG_ENTRY + 2 * pin, read(at, REG_ENTRY + 2 * pin) | (u32)MASKED);
	return last && last < PINS_MAX;
}

bool ioapic_route(const struct acpi_info *acpi, u8 irq, u32 apic_id, u8 vector)
{
	struct ioapic_isa isa = ioapic_isa(acpi, irq);

	for (u32 i = 0; i < acpi->ioapic_count && apic_id <= 0xFF; i++) {
		const struct acpi_ioapic *io = &acpi->ioapic[i];
		volatile u8 *at;
		u32 pin;

		if (isa.gsi < io->gsi_base)
			continue;
		at = map(io);
		pin = isa.gsi - io->gsi_base;
		if (!at || pin > FIELD_GET(VER_LAST, read(at, REG_VER)))
			continue;
		write(at, REG_ENTRY + 2 * pin + 1, (u32)FIELD_PUT(DEST, apic_id));
		write(at, REG_ENTRY + 2 * pin, isa.low | vector);
		return true;
	}
	return false;
}

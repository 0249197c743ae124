// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the firmware's ACPI tables say about this machine: processors, interrupt controllers,
 * timers, PCI configuration space, serial port. Every table is optional and none is believed
 * unchecked; what is wrong is logged as a warning and left out. No AML here. Pure: memory comes
 * through a callback.
 */
#pragma once

#include <lib/types.h>

#define ACPI_CPUS_MAX      256
#define ACPI_IOAPICS_MAX   64
#define ACPI_OVERRIDES_MAX 16
#define ACPI_NMIS_MAX      16
#define ACPI_MCFG_MAX      8

struct acpi_memory {
	/* Makes [addr, addr+len) readable until acpi_read() returns; NULL: cannot. `len` is at most
	 * 1 MiB. */
	const void *(*map)(void *ctx, hpa_t addr, u64 len);
	void *ctx;
};

/* ACPI, "Generic Address Structure". addr 0: there is none. */
enum acpi_space {
	ACPI_SPACE_MEMORY = 0,
	ACPI_SPACE_IO = 1,
	ACPI_SPACE_PCI = 2, /* addr: device << 32 | function << 16 | offset, on bus 0 */
};

struct acpi_address {
	u64 addr;
	u8 space; /* enum acpi_space */
	u8 bits;  /* width of the register */
};

struct acpi_ioapic {
	hpa_t base;
	u32 id;
	u32 gsi_base;
};

/* MPS INTI flags, of overrides and NMIs. */
#define ACPI_INTI_POLARITY 0x3 /* 0: as the bus, 1: high, 3: low */
#define ACPI_INTI_TRIGGER  0xC /* 0: as the bus, 1: edge, 3: level */

struct acpi_override { /* of an ISA interrupt */
	u32 gsi;
	u16 flags;
	u8 irq;
};

struct acpi_nmi { /* a processor's LINT pin that is NMI */
	u32 uid;  /* of the processor; ACPI_UID_ALL: of all */
	u16 flags;
	u8 lint;
};
#define ACPI_UID_ALL (~0u)

struct acpi_mcfg {
	hpa_t base; /* of bus 0, even if first_bus is not 0 */
	u16 segment;
	u8 first_bus, last_bus;
};

struct acpi_info {
	bool found; /* there is an RSDP; all else may still be missing */

	/* MADT: processors that are enabled, no two with the same id, in the table's order (the
	 * bootstrap processor first) */
	u32 cpu_count;
	u32 cpu_offline; /* further ones that are not enabled but could come online */
	u32 cpu_apic_id[ACPI_CPUS_MAX];
	u32 cpu_uid[ACPI_CPUS_MAX];
	hpa_t lapic_base; /* 0: no MADT */
	bool has_8259;
	u32 ioapic_count, override_count, nmi_count;
	struct acpi_ioapic ioapic[ACPI_IOAPICS_MAX];
	struct acpi_override override[ACPI_OVERRIDES_MAX];
	struct acpi_nmi nmi[ACPI_NMIS_MAX];

	/* FADT; ports are 0 if absent */
	bool has_fadt;
	bool no_cmos_rtc;
	u8 century_reg; /* CMOS register of the century, 0: none */
	u16 pm_timer_port;
	bool pm_timer_32bit;
	u16 pm1a_event_port, pm1b_event_port, pm1a_control_port, pm1b_control_port;
	struct acpi_address reset;
	u8 reset_value;

	hpa_t hpet_base; /* 0: none */

	u32 mcfg_count;
	struct acpi_mcfg mcfg[ACPI_MCFG_MAX];

	struct acpi_address serial; /* SPCR: a 16550 compatible port, addr 0: none */
	u32 serial_baud;            /* 0: as the firmware has set it */
};

/*
 * Reads the tables under `rsdp`; 0: looks for an RSDP where a BIOS puts it (do not ask that under
 * UEFI). Fills `info` as far as tables are there and right; finding nothing at all is no error.
 */
void acpi_read(const struct acpi_memory *mem, hpa_t rsdp, struct acpi_info *info);

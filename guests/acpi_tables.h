// SPDX-License-Identifier: BSD-2-Clause
/*
 * The ACPI tables of a guest, built into its RAM at LAYOUT_ACPI_BASE: RSDP, RSDT, XSDT, FADT, FACS,
 * MADT, MCFG, HPET and the DSDT that iasl makes of dsdt.asl. They describe the board that board_layout.h
 * and devices/pc.c state; nothing in them comes from the host.
 */
#pragma once

#include <lib/status.h>
#include <lib/types.h>
#include <vm/gmem.h>

/* Ports and values that the tables name besides those of board_layout.h. */
#define ACPI_PM1_EVENT   0  /* from LAYOUT_PM_BASE: status (2 bytes), enable (2 bytes) */
#define ACPI_PM1_CONTROL 4  /* 2 bytes */
#define ACPI_PM_TIMER    8  /* 4 bytes, counts 32 bits */
#define ACPI_GPE0        32 /* status (2 bytes), enable (2 bytes) */
#define ACPI_SCI_IRQ     9  /* level, active high */
#define ACPI_SMI_PORT    0xb2
#define ACPI_ENABLE      0xf1 /* written to ACPI_SMI_PORT: sets PM1 control's SCI_EN */
#define ACPI_DISABLE     0xf0
#define ACPI_RESET_PORT  0xcf9
#define ACPI_RESET_VALUE 6
#define ACPI_SLP_TYP_S5  5
#define ACPI_CENTURY     0x32 /* register of the RTC */
#define ACPI_HPET_ID     0x8086a201u /* as its capabilities say */
#define ACPI_HPET_MIN_TICK 10000 /* ticks between interrupts that are not merged */

struct acpi_config {
	u32 vcpus; /* APIC ids 0 to vcpus-1 */
	bool hpet; /* there is one */
};

/* Where the guest, or its loader, finds the RSDP afterwards: LAYOUT_ACPI_BASE. */
enum status must_check acpi_tables_build(const struct acpi_config *cfg, const struct gmem *g);

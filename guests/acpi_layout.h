// SPDX-License-Identifier: BSD-2-Clause
/*
 * The ACPI tables that a guest is given, as the ACPI specification 6.0 lays them out: only the ones
 * that acpi_tables.c builds. (What the hypervisor reads of the real machine's tables is
 * drivers/acpi.c.)
 */
#pragma once

#include <lib/types.h>

#define ACPI_PACKED __attribute__((packed))

/* "Root System Description Pointer". */
struct acpi_rsdp {
	char signature[8];
	u8 checksum; /* of the first 20 bytes */
	char oem_id[6];
	u8 revision;
	u32 rsdt;
	u32 length;
	u64 xsdt;
	u8 checksum_all;
	u8 reserved[3];
} ACPI_PACKED;
static_assert(sizeof(struct acpi_rsdp) == 36, "RSDP");

/* "System Description Table Header". */
struct acpi_head {
	char signature[4];
	u32 length;
	u8 revision;
	u8 checksum;
	char oem_id[6];
	char oem_table_id[8];
	u32 oem_revision;
	char creator_id[4];
	u32 creator_revision;
} ACPI_PACKED;
static_assert(sizeof(struct acpi_head) == 36, "table header");

/* "Generic Address Structure". */
struct acpi_gas {
	u8 space;
	u8 bits;
	u8 offset;
	u8 access;
	u64 addr;
} ACPI_PACKED;
static_assert(sizeof(struct acpi_gas) == 12, "GAS");

#define GAS_MEMORY 0 /* space */
#define GAS_IO     1
#define GAS_BYTE   1 /* access */
#define GAS_WORD   2
#define GAS_DWORD  3

/* "Firmware ACPI Control Structure". No checksum. */
struct acpi_facs {
	char signature[4];
	u32 length;
	u32 hardware_signature;
	u32 waking_vector;
	u32 global_lock;
	u32 flags;
	u64 x_waking_vector;
	u8 version;
	u8 reserved[31];
} ACPI_PACKED;
static_assert(sizeof(struct acpi_facs) == 64, "FACS");

/* "Fixed ACPI Description Table". */
struct acpi_fadt {
	struct acpi_head head;
	u32 facs;
	u32 dsdt;
	u8 reserved_44;
	u8 pm_profile;
	u16 sci_irq;
	u32 smi_port;
	u8 acpi_enable;
	u8 acpi_disable;
	u8 s4bios;
	u8 pstate;
	u32 pm1a_event;
	u32 pm1b_event;
	u32 pm1a_control;
	u32 pm1b_control;
	u32 pm2_control;
	u32 pm_timer;
	u32 gpe0;
	u32 gpe1;
	u8 pm1_event_len;
	u8 pm1_control_len;
	u8 pm2_control_len;
	u8 pm_timer_len;
	u8 gpe0_len;
	u8 gpe1_len;
	u8 gpe1_base;
	u8 cst;
	u16 c2_latency;
	u16 c3_latency;
	u16 flush_size;
	u16 flush_stride;
	u8 duty_offset;
	u8 duty_width;
	u8 day_alarm;
	u8 month_alarm;
	u8 century;
	u16 boot_arch;
	u8 reserved_111;
	u32 flags;
	struct acpi_gas reset; /* 116 */
	u8 reset_value;
	u16 arm_boot_arch;
	u8 minor;
	u64 x_facs; /* 132 */
	u64 x_dsdt;
	struct acpi_gas x_pm1a_event;
	struct acpi_gas x_pm1b_event;
	struct acpi_gas x_pm1a_control;
	struct acpi_gas x_pm1b_control;
	struct acpi_gas x_pm2_control;
	struct acpi_gas x_pm_timer;
	struct acpi_gas x_gpe0;
	struct acpi_gas x_gpe1;
	struct acpi_gas sleep_control;
	struct acpi_gas sleep_status;
	char hypervisor[8];
} ACPI_PACKED;
static_assert(offsetof(struct acpi_fadt, pm1a_event) == 56, "FADT");
static_assert(offsetof(struct acpi_fadt, century) == 108, "FADT");
static_assert(offsetof(struct acpi_fadt, reset) == 116, "FADT");
static_assert(offsetof(struct acpi_fadt, x_facs) == 132, "FADT");
static_assert(offsetof(struct acpi_fadt, x_pm_timer) == 208, "FADT");
static_assert(sizeof(struct acpi_fadt) == 276, "FADT of revision 6");

#define FADT_DESKTOP         1
#define FADT_BOOT_LEGACY     0x0001
#define FADT_BOOT_8042       0x0002
#define FADT_BOOT_NO_VGA     0x0004
#define FADT_WBINVD          0x00000001u
#define FADT_PROC_C1         0x00000004u
#define FADT_NO_SLP_BUTTON   0x00000020u /* no fixed one */
#define FADT_NO_FIXED_RTC    0x00000040u
#define FADT_TIMER_32BIT     0x00000100u
#define FADT_RESET_SUPPORTED 0x00000400u

/* "Multiple APIC Description Table" and its entries. */
struct acpi_madt {
	struct acpi_head head;
	u32 lapic_base;
	u32 flags;
} ACPI_PACKED;
static_assert(sizeof(struct acpi_madt) == 44, "MADT");

#define MADT_HAS_8259 1u

enum madt_type {
	MADT_LAPIC = 0,
	MADT_IOAPIC = 1,
	MADT_OVERRIDE = 2,
	MADT_LAPIC_NMI = 4,
	MADT_X2APIC = 9,
	MADT_X2APIC_NMI = 10,
};

struct madt_lapic {
	u8 type, length;
	u8 uid;
	u8 id;
	u32 flags;
} ACPI_PACKED;
static_assert(sizeof(struct madt_lapic) == 8, "MADT");

#define MADT_CPU_ENABLED 1u

struct madt_ioapic {
	u8 type, length;
	u8 id;
	u8 reserved;
	u32 base;
	u32 gsi_base;
} ACPI_PACKED;
static_assert(sizeof(struct madt_ioapic) == 12, "MADT");

struct madt_override {
	u8 type, length;
	u8 bus;
	u8 irq;
	u32 gsi;
	u16 flags;
} ACPI_PACKED;
static_assert(sizeof(struct madt_override) == 10, "MADT");

#define MADT_AS_BUS     0x0000
#define MADT_HIGH_LEVEL 0x000d

struct madt_lapic_nmi {
	u8 type, length;
	u8 uid; /* FFh: all */
	u16 flags;
	u8 lint;
} ACPI_PACKED;
static_assert(sizeof(struct madt_lapic_nmi) == 6, "MADT");

struct madt_x2apic {
	u8 type, length;
	u16 reserved;
	u32 id;
	u32 flags;
	u32 uid;
} ACPI_PACKED;
static_assert(sizeof(struct madt_x2apic) == 16, "MADT");

struct madt_x2apic_nmi {
	u8 type, length;
	u16 flags;
	u32 uid;
	u8 lint;
	u8 reserved[3];
} ACPI_PACKED;
static_assert(sizeof(struct madt_x2apic_nmi) == 12, "MADT");

/* PCI Firmware Specification, "MCFG Table Description", with one segment. */
struct acpi_mcfg_table {
	struct acpi_head head;
	u64 reserved;
	u64 base;
	u16 segment;
	u8 first_bus, last_bus;
	u32 reserved_56;
} ACPI_PACKED;
static_assert(sizeof(struct acpi_mcfg_table) == 60, "MCFG");

/* HPET specification, "The HPET Description Table". */
struct acpi_hpet_table {
	struct acpi_head head;
	u32 id; /* the low half of the capabilities register */
	struct acpi_gas base;
	u8 number;
	u16 min_tick;
	u8 protection;
} ACPI_PACKED;
static_assert(sizeof(struct acpi_hpet_table) == 56, "HPET");

// SPDX-License-Identifier: BSD-2-Clause
/*
 * ACPI tables as a tiny guest finds them (ACPI specification, "ACPI Software Programming Model").
 */
#pragma once

#include <lib/types.h>

struct acpi_header {
	char signature[4];
	u32 length;
	u8 revision;
	u8 checksum;
	char oem_id[6];
	char oem_table_id[8];
	u32 oem_revision;
	u32 creator_id;
	u32 creator_revision;
} __attribute__((packed));
static_assert(sizeof(struct acpi_header) == 36, "ACPI");

/* Does the table's sum of bytes come to 0? */
bool acpi_sum_ok(const void *table, u32 len);
/* By the search for "RSD PTR " in the EBDA and E0000h to FFFFFh; 0 if there is none with a good
 * checksum. */
u64 acpi_scan_rsdp(void);
void acpi_use(u64 rsdp);
/* The nth table that RSDT or XSDT names, or NULL. */
const struct acpi_header *acpi_table(u32 n);
const struct acpi_header *acpi_find(const char *signature);
u32 acpi_read32(const struct acpi_header *t, u32 off);
u64 acpi_read64(const struct acpi_header *t, u32 off);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Between acpi.c and acpi_madt.c: a mapped and checked table, and reading its fields.
 */
#pragma once

#include "acpi.h"

#define ACPI_HEADER_LEN 36 /* ACPI, "System Description Table Header" */

struct acpi_table {
	const u8 *data;
	u32 len; /* at least ACPI_HEADER_LEN */
};

/* The little-endian field of 1 to 8 bytes at `offset`; 0 if the table ends before it: older
 * revisions are shorter. */
static inline u64 acpi_field(const struct acpi_table *t, u32 offset, u32 bytes)
{
	u64 v = 0;

	if (offset > t->len || bytes > t->len - offset)
		return 0;
	for (u32 i = 0; i < bytes; i++)
		v |= (u64)t->data[offset + i] << (8 * i);
	return v;
}

void acpi_read_madt(const struct acpi_table *t, struct acpi_info *info);

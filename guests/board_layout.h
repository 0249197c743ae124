// SPDX-License-Identifier: BSD-2-Clause
/*
 * Where things sit in a guest's physical address space: the constants that loaders, ACPI tables and
 * the board agree on, and the two ways RAM is described from them. Knows no device.
 */
#pragma once

#include <lib/types.h>
#include <vm/gmem.h>

/* Loaders leave what is below alone: real-mode vectors, BIOS data area. */
#define LAYOUT_LOADER_BASE 0x10000ull
#define LAYOUT_LOW_END     0xa0000ull /* 640 KiB */

/* Backed by RAM, but reserved: VGA hole, option ROMs, ACPI tables. */
#define LAYOUT_ROM_BASE LAYOUT_LOW_END
#define LAYOUT_ROM_END  0x100000ull

/* The RSDP is the first byte (ACPI, "Finding the RSDP on IA-PC Systems"). */
#define LAYOUT_ACPI_BASE 0xe0000ull
#define LAYOUT_ACPI_LEN  0x20000ull

/* RAM below 4 GiB ends at RAM_MAX at the latest; the rest goes on at RAM_HIGH. */
#define LAYOUT_RAM_MAX  0xb0000000ull
#define LAYOUT_RAM_HIGH 0x100000000ull

/* Buses 0 to 255, of which 0 exists. */
#define LAYOUT_MMCONFIG_BASE LAYOUT_RAM_MAX
#define LAYOUT_MMCONFIG_LEN  0x10000000ull

#define LAYOUT_IOAPIC_BASE 0xfec00000ull
#define LAYOUT_LAPIC_BASE  0xfee00000ull
#define LAYOUT_HPET_BASE   0xfed00000ull
#define LAYOUT_PM_BASE     0x600 /* ports: PM1 event, PM1 control, PM timer */

/* Splits `bytes` (page aligned) of RAM around the hole below 4 GiB; `out` holds GMEM_REGIONS. */
void gmem_layout(u64 bytes, struct gmem_region *out, u32 *count);

/* The types of INT 15h E820h, which PVH uses too. */
enum memory_type {
	MEMORY_RAM = 1,
	MEMORY_RESERVED = 2,
};

/* Each region may be split by the ROM area; the ROM area and MMCONFIG. */
#define MEMORY_MAP_MAX (GMEM_REGIONS + 3)

struct memory_map {
	u32 count;
	struct memory_range {
		gpa_t base;
		u64 len;
		u32 type;        /* enum memory_type */
	} range[MEMORY_MAP_MAX]; /* sorted, no overlaps */
};

/* What firmware would tell a guest with this RAM. */
void memory_map_build(const struct gmem *g, struct memory_map *map);

/* The same as INT 15h E820h returns it, and QEMU in "etc/e820". */
struct guest_e820 {
	struct guest_e820_entry {
		u64 base, len;
		u32 type; /* enum memory_type */
	} __attribute__((packed)) entry[MEMORY_MAP_MAX];
};
static_assert(sizeof(struct guest_e820_entry) == 20, "e820 entry");

/* Returns the number of bytes in use. */
u32 guest_e820_build(const struct gmem *g, struct guest_e820 *e);

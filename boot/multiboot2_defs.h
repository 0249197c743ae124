// SPDX-License-Identifier: BSD-2-Clause
/*
 * The multiboot2 boot information as GRUB lays it out (Multiboot2 Specification version 2.0, "Boot
 * information format"). Layouts only; boot/multiboot2.c reads them. The header that GRUB looks for
 * is in boot/start.asm.
 */
#pragma once

#include <lib/types.h>

/* Every tag begins at a multiple of this from the start of the information. */
#define MB2_ALIGN 8u

struct mb2_info {
	u32 total_size; /* bytes, this header and the end tag included */
	u32 reserved;
};

enum mb2_tag_type {
	MB2_TAG_END = 0,
	MB2_TAG_CMDLINE = 1,
	MB2_TAG_MODULE = 3,
	MB2_TAG_MMAP = 6,
	MB2_TAG_FRAMEBUFFER = 8,
	MB2_TAG_ACPI_OLD = 14,
	MB2_TAG_ACPI_NEW = 15,
	MB2_TAG_EFI_MMAP = 17,
	MB2_TAG_LOAD_BASE = 21,
};

struct mb2_tag {
	u32 type;
	u32 size; /* bytes, this header included, the padding to MB2_ALIGN not */
};

/* Followed by the module's command line, ended by NUL. */
struct mb2_module {
	struct mb2_tag tag;
	u32 start;
	u32 end;
};

/* Followed by entries of entry_size bytes. */
struct mb2_mmap {
	struct mb2_tag tag;
	u32 entry_size;
	u32 entry_version;
};

struct mb2_mmap_entry {
	u64 base;
	u64 len;
	u32 type; /* MB2_MEM_*, others are reserved */
	u32 reserved;
};
static_assert(sizeof(struct mb2_mmap_entry) == 24, "multiboot2 memory map entry");

#define MB2_MEM_RAM          1
#define MB2_MEM_ACPI_RECLAIM 3
#define MB2_MEM_ACPI_NVS     4

/* Followed by descriptors of desc_size bytes. */
struct mb2_efi_mmap {
	struct mb2_tag tag;
	u32 desc_size;
	u32 desc_version;
};

/* UEFI Specification, "EFI_BOOT_SERVICES.GetMemoryMap()". */
struct mb2_efi_desc {
	u32 type; /* see boot/efi_mem.h */
	u32 pad;
	u64 base;
	u64 virt;
	u64 pages;
	u64 attribute;
};
static_assert(sizeof(struct mb2_efi_desc) == 40, "EFI memory descriptor");

/* Followed by the colour info: for MB2_FB_RGB struct mb2_fb_rgb. */
struct mb2_framebuffer {
	struct mb2_tag tag;
	u64 addr;
	u32 pitch;
	u32 width;
	u32 height;
	u8 bpp;
	u8 type;
	u16 reserved;
};
static_assert(sizeof(struct mb2_framebuffer) == 32, "multiboot2 framebuffer tag");

#define MB2_FB_RGB 1

struct mb2_fb_rgb {
	u8 red_shift, red_size;
	u8 green_shift, green_size;
	u8 blue_shift, blue_size;
};

struct mb2_load_base {
	struct mb2_tag tag;
	u32 addr;
};

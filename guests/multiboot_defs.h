// SPDX-License-Identifier: BSD-2-Clause
/*
 * "Multiboot Specification version 0.6.96": the header in a kernel's image and what the kernel is
 * handed. (What the hypervisor itself is handed by GRUB is multiboot2, boot/multiboot2_defs.h.)
 */
#pragma once

#include <lib/bits.h>
#include <lib/types.h>

/* "The layout of Multiboot header". */
#define MULTIBOOT_SEARCH 8192 /* the header lies in these bytes, aligned to 4 */
#define MULTIBOOT_MAGIC  0x1badb002u

struct multiboot_header {
	u32 magic, flags, checksum;
	u32 header_addr, load_addr, load_end_addr, bss_end_addr,
	    entry_addr; /* MULTIBOOT_ADDRESSES */
};
static_assert(sizeof(struct multiboot_header) == 32, "header with the address fields");
#define MULTIBOOT_HEADER_MIN offsetof(struct multiboot_header, header_addr)

/* "The magic fields of Multiboot header": bits 15 to 0 are what the kernel cannot do without. */
#define MULTIBOOT_ALIGN     BIT(0) /* modules at page boundaries */
#define MULTIBOOT_MEMORY    BIT(1) /* memory sizes and map */
#define MULTIBOOT_VIDEO     BIT(2)
#define MULTIBOOT_REQUIRED  BITS(15, 0)
#define MULTIBOOT_ADDRESSES BIT(16) /* the "a.out kludge": load by the header, not by ELF */

/* "Machine state": in EAX, with the address of the information in EBX. */
#define MULTIBOOT_BOOTED 0x2badb002u

/* "Boot information format", up to the fields of VBE. */
struct multiboot_info {
	u32 flags;
	u32 mem_lower, mem_upper; /* 0x04, KiB from 0 and from 1 MiB on */
	u32 boot_device;
	u32 cmdline; /* 0x10 */
	u32 module_count, modules;
	u32 symbols[4];               /* 0x1c */
	u32 memory_bytes, memory_map; /* 0x2c */
	u32 drive_bytes, drives;
	u32 config_table, loader_name; /* 0x3c */
	u32 apm_table;
	u32 video[4];       /* 0x48 */
	u32 framebuffer[7]; /* 0x58 */
};
static_assert(offsetof(struct multiboot_info, memory_map) == 0x30, "mmap_addr");
static_assert(offsetof(struct multiboot_info, loader_name) == 0x40, "boot_loader_name");
static_assert(sizeof(struct multiboot_info) == 0x74, "up to color_info");

#define INFO_MEMORY      BIT(0)
#define INFO_CMDLINE     BIT(2)
#define INFO_MODULES     BIT(3)
#define INFO_MEMORY_MAP  BIT(6)
#define INFO_LOADER_NAME BIT(9)

struct multiboot_module {
	u32 base, end, cmdline, reserved;
};
static_assert(sizeof(struct multiboot_module) == 16, "module");

struct multiboot_memory {
	u32 size; /* of what follows */
	u64 base, len;
	u32 type; /* enum memory_type */
} __attribute__((packed));
static_assert(sizeof(struct multiboot_memory) == 24, "memory map entry");

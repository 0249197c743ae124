// SPDX-License-Identifier: BSD-2-Clause
/*
 * The Linux/x86 boot protocol's structures (Linux documentation, "The Linux/x86 Boot Protocol",
 * sections "The Real-Mode Kernel Header" and "64-bit Boot Protocol"; "Zero Page"). Layouts only.
 */
#pragma once

#include "board_layout.h"

#include <lib/types.h>

#define LINUX_HEADER_OFFSET 0x1f1 /* in the file and in the zero page */
#define LINUX_HEADER_LIMIT  0x290 /* where the zero page goes on with something else */
#define LINUX_JUMP_END      0x202 /* the header ends as many bytes on as the jump at 200h skips */
#define LINUX_SECTOR        512
#define LINUX_ENTRY64       0x200 /* behind the 32-bit entry */

#define LINUX_MAGIC     0x53726448u /* "HdrS" */
#define LINUX_BOOT_FLAG 0xaa55

#define LINUX_LOADED_HIGH    0x01 /* loadflags: the kernel runs at 1 MiB or above */
#define LINUX_XLF_KERNEL_64  0x01 /* xloadflags: has the 64-bit entry point */
#define LINUX_LOADER_UNKNOWN 0xff

struct linux_header {
	u8 setup_sects; /* 0x1f1; 0 means 4 */
	u16 root_flags;
	u32 syssize; /* 0x1f4, units of 16 bytes */
	u16 ram_size, vid_mode, root_dev;
	u16 boot_flag; /* 0x1fe */
	u8 jump, jump_len;
	u32 magic;   /* 0x202 */
	u16 version; /* 0x206, 2.06 is 0206h */
	u32 realmode_switch;
	u16 start_sys_seg, kernel_version;
	u8 type_of_loader; /* 0x210 */
	u8 loadflags;
	u16 setup_move_size;
	u32 code32_start;
	u32 ramdisk_image, ramdisk_size; /* 0x218 */
	u32 bootsect_kludge;
	u16 heap_end;
	u8 ext_loader_ver, ext_loader_type;
	u32 cmd_line_ptr;     /* 0x228 */
	u32 initrd_addr_max;  /* address of the last byte allowed */
	u32 kernel_alignment; /* 0x230 */
	u8 relocatable_kernel;
	u8 min_alignment;
	u16 xloadflags;   /* since 2.12 */
	u32 cmdline_size; /* 0x238, since 2.06, without the NUL */
	u32 hardware_subarch;
	u64 hardware_subarch_data; /* 0x240 */
	u32 payload_offset, payload_length;
	u64 setup_data;   /* 0x250 */
	u64 pref_address; /* since 2.10 */
	u32 init_size;    /* 0x260, since 2.10 */
	u32 handover_offset, kernel_info_offset;
	u8 later[LINUX_HEADER_LIMIT - 0x26c]; /* of protocols to come, copied as they are */
} __attribute__((packed));
#define LINUX_OFFSET(field) (LINUX_HEADER_OFFSET + offsetof(struct linux_header, field))
static_assert(LINUX_OFFSET(boot_flag) == 0x1fe, "setup header");
static_assert(LINUX_OFFSET(magic) == 0x202, "setup header");
static_assert(LINUX_OFFSET(ramdisk_image) == 0x218, "setup header");
static_assert(LINUX_OFFSET(kernel_alignment) == 0x230, "setup header");
static_assert(LINUX_OFFSET(setup_data) == 0x250, "setup header");
static_assert(LINUX_OFFSET(later) == 0x26c, "setup header");

struct linux_e820 {
	u64 base, len;
	u32 type; /* enum memory_type */
} __attribute__((packed));
static_assert(sizeof(struct linux_e820) == 20, "E820 entry");

/* The zero page, struct boot_params. */
struct linux_params {
	u8 screen_info[0x40];
	u8 reserved_040[0x30];
	u64 acpi_rsdp_addr; /* 0x070 */
	u8 reserved_078[0x48];
	u32 ext_ramdisk_image, ext_ramdisk_size,
	    ext_cmd_line_ptr; /* 0x0c0, bits 63:32 of the header's */
	u8 reserved_0cc[0x11c];
	u8 e820_entries; /* 0x1e8 */
	u8 reserved_1e9[8];
	struct linux_header header; /* 0x1f1 */
	u8 reserved_290[0x40];
	struct linux_e820 e820[128]; /* 0x2d0 */
	u8 reserved_cd0[0x330];
} __attribute__((packed));
static_assert(offsetof(struct linux_params, acpi_rsdp_addr) == 0x70, "zero page");
static_assert(offsetof(struct linux_params, ext_ramdisk_image) == 0xc0, "zero page");
static_assert(offsetof(struct linux_params, e820_entries) == 0x1e8, "zero page");
static_assert(offsetof(struct linux_params, header) == LINUX_HEADER_OFFSET, "zero page");
static_assert(offsetof(struct linux_params, e820) == 0x2d0, "zero page");
static_assert(sizeof(struct linux_params) == 4096, "zero page");
static_assert(MEMORY_MAP_MAX <= 128, "the map fits");

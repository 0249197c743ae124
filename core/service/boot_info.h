// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the two boot doors (boot/efi, boot/multiboot2) hand to the hypervisor. A flat copy: after the
 * hall (boot/main.c) has taken it, nothing points into the loader's memory except the files' contents
 * and the ACPI tables, which the memory map marks as MEM_FILE and MEM_ACPI.
 * The UEFI program is compiled separately and shares this header with the hypervisor.
 */
#pragma once

#include <lib/types.h>

#define BOOT_INFO_MAGIC	   0x68746e696c50ull /* "Plinth" */
#define BOOT_MEM_MAX	   512
#define BOOT_FILES_MAX	   64
#define BOOT_PATH_MAX	   96
#define BOOT_CPUS_MAX	   256
#define BOOT_CMDLINE_MAX   256

enum mem_type {
	MEM_RESERVED, /* anything we must not touch; also what no entry names */
	MEM_RAM,      /* free for us */
	MEM_ACPI,     /* ACPI tables (reclaimable or NVS): read only */
	MEM_FILE,     /* contents of a boot file */
	MEM_IMAGE,    /* the hypervisor's own image */
	MEM_TYPES,
};

struct boot_mem {
	hpa_t base; /* bytes; any alignment */
	u64 len;
	u32 type; /* enum mem_type */
	u32 pad;
};

struct boot_file {
	char path[BOOT_PATH_MAX]; /* as plinth.conf names it: forward slashes, no leading slash */
	hpa_t base;		  /* page aligned */
	u64 len;		  /* bytes; the rest of the last page is zero or undefined */
};

/* A linear framebuffer of 32 bits a pixel; width 0: none. Masks say where a colour's 8 bits are. */
struct boot_fb {
	hpa_t base;
	u32 width, height; /* pixels */
	u32 pitch;	   /* bytes a line */
	u8 red_shift, green_shift, blue_shift, pad;
};

struct boot_info {
	u64 magic;
	hpa_t image_base; /* where the loader put the hypervisor's image, 2 MiB aligned */
	u64 image_len;
	hpa_t rsdp; /* 0: the firmware named none */
	u64 loader_tsc; /* RDTSC when the loader began */
	u64 mem_lost; /* bytes of RAM for which `mem` had no entry */
	u32 mem_count, file_count;
	u32 cpu_count; /* 0: no list; else APIC ids of the usable processors, from EFI_MP_SERVICES */
	u32 door;      /* enum boot_door */
	struct boot_fb fb;
	char cmdline[BOOT_CMDLINE_MAX];
	struct boot_mem mem[BOOT_MEM_MAX]; /* may overlap, may be unsorted; the worse type wins */
	struct boot_file file[BOOT_FILES_MAX];
	u32 cpu_apic_id[BOOT_CPUS_MAX];
};

enum boot_door {
	DOOR_EFI,
	DOOR_MULTIBOOT2,
};

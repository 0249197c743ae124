// SPDX-License-Identifier: BSD-2-Clause
/*
 * How the firmware's memory types translate; both doors need it, as GRUB on UEFI hands on the
 * firmware's own map. It is for the time after boot services, whose memory is free then.
 */
#pragma once

#include <core/service/boot_info.h>

/* UEFI Specification, "EFI_BOOT_SERVICES.AllocatePages()" and "GetMemoryMap()". */
#define EFI_MEM_TYPES 16
#define EFI_MEM_WB    0x8ull /* may be cached: RAM, whatever else it claims to be */

static inline enum mem_type efi_mem_type(u32 type, u64 attribute)
{
	// clang-format off
	static const u8 types[EFI_MEM_TYPES] = {
		[1]  = MEM_RAM,  /* loader code */
		[2]  = MEM_RAM,  /* loader data */
		[3]  = MEM_RAM,  /* boot services code */
		[4]  = MEM_RAM,  /* boot services data */
		[7]  = MEM_RAM,  /* conventional */
		[9]  = MEM_ACPI, /* ACPI reclaim */
		[10] = MEM_ACPI, /* ACPI NVS */
	};
	// clang-format on
	enum mem_type t = type < EFI_MEM_TYPES ? types[type] : MEM_RESERVED;

	return t == MEM_RAM && !(attribute & EFI_MEM_WB) ? MEM_RESERVED : t;
}

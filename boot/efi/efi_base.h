// SPDX-License-Identifier: BSD-2-Clause
/*
 * What every file of the UEFI program needs: gnu-efi's declarations, the firmware's tables, text on
 * the console, memory. The program is compiled by itself (the Makefile's $(B)/efi/) and shares with
 * the hypervisor lib/, the parser of plinth.conf, boot/collect and struct boot_info.
 */
#pragma once

#include <efi.h>

#include <core/service/boot_info.h>
#include <lib/bits.h>
#include <lib/status.h>
#include <lib/types.h>

#define BELOW_4G 0xffffffffull

extern EFI_SYSTEM_TABLE *firmware; /* [b] */
extern EFI_BOOT_SERVICES *bs;      /* [b] not after leave() has begun */
extern EFI_HANDLE program;         /* [b] our own image handle */

/* Text on the firmware's console; \n begins a new line. Not after leave() has begun. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A short text for the firmware's answer. */
const char *efi_text(EFI_STATUS st);

/* Pages up to the address `limit`, for as long as the program runs and beyond. NULL: none left. */
void *pages_alloc(u64 len, hpa_t limit);

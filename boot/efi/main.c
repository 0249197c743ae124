// SPDX-License-Identifier: BSD-2-Clause
/*
 * BOOTX64.EFI, the UEFI door: brings the hypervisor, its configuration and the guests' files into
 * memory, describes the machine, and enters the hypervisor. See docs/BOOT.md.
 */
#include "efi_base.h"

#include "files.h"
#include "image.h"
#include "leave.h"
#include "machine.h"

#include <boot/collect.h>

#define READING_TIME (5 * 1000 * 1000) /* us */

static EFI_STATUS fail(const char *what, EFI_STATUS st)
{
	say("Plinth: %s: %s\n", what, efi_text(st));
	bs->Stall(READING_TIME); /* the firmware will try something else and clear the screen */
	return st;
}

EFI_STATUS EFIAPI efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *table);

EFI_STATUS EFIAPI efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *table)
{
	u64 tsc = __builtin_ia32_rdtsc();
	struct boot_info *bi;
	struct image image;
	EFI_STATUS st;

	firmware = table;
	bs = table->BootServices;
	program = handle;
	/* Its five minutes may be too few for large files on a slow stick. */
	bs->SetWatchdogTimer(0, 0, 0, NULL);
	say("\nPlinth: loading\n");

	st = image_load(&image);
	if (st)
		return fail("loading the hypervisor", st);
	bi = pages_alloc(sizeof(*bi), BELOW_4G);
	if (!bi)
		return fail("boot information", EFI_OUT_OF_RESOURCES);
	collect_begin(bi, DOOR_EFI, image.base, image.len);
	bi->loader_tsc = tsc;
	st = files_read(bi);
	if (st)
		return fail("the volume that I was started from", st);
	machine_describe(bi);
	say("Plinth: leaving the firmware\n");
	return fail("leaving boot services", leave(bi, &image));
}

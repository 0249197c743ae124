// SPDX-License-Identifier: BSD-2-Clause
#include "doors.h"

#include "multiboot2.h"
#include "multiboot2_defs.h"

#include <lib/assert.h>
#include <lib/string.h>

static_assert(offsetof(struct boot_info, image_base) == 8, "IMAGE_BASE_FIELD of boot/start.asm");

/* linker.ld */
extern u8 image_start[], image_end[];

static struct boot_info info;

/*
 * The loader's copy of the RSDP lies in memory that will be reused. ACPI 1.0's has 20 bytes only;
 * the rest is junk then.
 */
static u8 rsdp[36];

void multiboot2_main(u32 info_hpa, hpa_t image_base)
{
	const struct mb2_info *head = (const void *)(uintptr_t)info_hpa;
	enum status st;

	st = multiboot2_parse(head, head->total_size, image_base, image_end - image_start, &info);
	if (st)
		panic("the loader's multiboot2 information: %s", status_text(st));
	info.loader_tsc = __builtin_ia32_rdtsc();
	if (info.rsdp) {
		memcpy(rsdp, (const void *)(uintptr_t)info.rsdp, sizeof(rsdp));
		info.rsdp = image_base + (u64)(rsdp - image_start);
	}
	plinth_main(&info);
}

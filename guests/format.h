// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest format as loader.c sees it. Private to guests/.
 */
#pragma once

#include "place.h"

struct guest_format {
	const char *name;
	/* Does the image claim to be of this format? Looks at magic numbers only. */
	bool (*probe)(const struct guest_image *img);
	/* Claims, writes, fills `start`; failures through place_fail(). */
	enum status (*load)(const struct guest_image *img, struct placer *p,
			    struct guest_start *start);
};

extern const struct guest_format bzimage_format, multiboot_format, pvh_format;

/* Is it an ELF image of 64 bits with a PVH entry? */
bool pvh_claims64(const struct guest_image *img);

/* The GDT of GUEST_START_CS and GUEST_START_DS. */
#define GUEST_GDT_ENTRIES 4
#define GUEST_GDT_SIZE    (GUEST_GDT_ENTRIES * sizeof(u64))
void guest_gdt_fill(u64 *gdt, enum guest_mode mode);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The hypervisor's ELF file, which this program carries inside.
 */
#pragma once

#include "efi_base.h"

#define IMAGE_VMA 0xffffffff80000000ull /* linker.ld */

struct image {
	hpa_t base; /* 2 MiB aligned, below 4 GiB */
	u64 len;
	u64 entry; /* virtual */
};

/* Puts the image into memory of its own, bss cleared. */
EFI_STATUS image_load(struct image *out);

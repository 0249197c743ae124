// SPDX-License-Identifier: BSD-2-Clause
/*
 * The way out of the firmware.
 */
#pragma once

#include "efi_base.h"
#include "image.h"

/*
 * Takes the memory map into `bi` (below 4 GiB), leaves boot services and enters the image. Returns
 * only if the firmware would not let us go; its boot services are then good for nothing but Exit().
 */
EFI_STATUS leave(struct boot_info *bi, const struct image *image);

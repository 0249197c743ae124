// SPDX-License-Identifier: BSD-2-Clause
/*
 * plinth.conf and the files that it names, from the volume that the program was started from.
 */
#pragma once

#include "efi_base.h"

/*
 * Reads them all, says so line by line, and adds them to `bi`. A file that cannot be read is
 * reported and left out; the hypervisor tells which VM lacks it. An error only if the volume itself
 * is no use.
 */
EFI_STATUS files_read(struct boot_info *bi);

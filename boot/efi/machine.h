// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the firmware knows of the machine, all of it optional: framebuffer, RSDP, processors.
 */
#pragma once

#include "efi_base.h"

void machine_describe(struct boot_info *bi);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * From plinth.conf and the boot files to running VMs.
 */
#pragma once

#include <core/service/boot_info.h>
#include <guests/config.h>
#include <vm/virt.h>

/* Makes every valid VM of `config`; what cannot start is reported and skipped. Both structures stay. Answers how many were made. */
u32 guests_create(const struct config *config, const struct boot_info *bi, const struct virt_ops *virt);
/* Makes one of them again, or at last, that does not exist now. `why`: what went wrong. Any pCPU, no lock held. */
enum status must_check guests_start(const char *name, char *why, size_t size);

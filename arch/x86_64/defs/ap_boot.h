// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the bootstrap processor leaves for a starting pCPU at the end of the trampoline page.
 */
#pragma once

#include <lib/types.h>

struct ap_params {
	u64 cr3;   /* below 4 GiB: identity map of the trampoline beside the hypervisor's map */
	u64 stack; /* top */
	u64 entry; /* called with `arg`; does not return */
	u64 arg;
	u64 efer_nxe; /* EFER.NXE or 0 */
	u64 guard; /* spare: keeps the structure a multiple of 16 */
};

#define AP_PARAMS_OFFSET 0xfc0
static_assert(sizeof(struct ap_params) <= 0x1000 - AP_PARAMS_OFFSET, "trampoline page");

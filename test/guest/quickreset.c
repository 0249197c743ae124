// SPDX-License-Identifier: BSD-2-Clause
/* Resets the machine as its first deed: before its other vCPUs have even begun to wait. */
#include "cpu.h"
#include "rt.h"

void main(const struct hvm_start_info *si)
{
	(void)si;
	out8(0xcf9, 0x02);
	out8(0xcf9, 0x06);
	for (;;)
		asm volatile("hlt");
}

// SPDX-License-Identifier: BSD-2-Clause
/* The permission maps: a set bit traps. */
#include "svm.h"

#include <lib/assert.h>

void svm_trap_port(struct vm *vm, u16 port, bool trap)
{
	u8 *byte = &vm->hw->iopm[port / 8], bit = (u8)(1u << port % 8);

	*byte = trap ? *byte | bit : *byte & (u8)~bit;
}

/* Three ranges of 8192 MSRs, two bits each: read, write. MSRs outside always trap. */
void svm_trap_msr(struct vm *vm, u32 msr, bool read, bool write)
{
	static const u32 first[] = { 0, 0xc0000000, 0xc0010000 };
	u32 index;

	for (u32 i = 0; i < ARRAY_LEN(first); i++) {
		if (msr - first[i] >= 0x2000)
			continue;
		index = i * 0x2000 + (msr - first[i]);
		vm->hw->msrpm[index / 4] &= (u8)~(3u << index % 4 * 2);
		vm->hw->msrpm[index / 4] |= (u8)((read | write << 1) << index % 4 * 2);
		return;
	}
	check(read && write);
}

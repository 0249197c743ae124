// SPDX-License-Identifier: BSD-2-Clause
/* The permission maps: a set bit traps. */
#include "vmx.h"

#include <lib/assert.h>

void vmx_trap_port(struct vm *vm, u16 port, bool trap)
{
	u8 *byte = &vm->hw->io_bitmap[port / 8], bit = (u8)(1u << port % 8);

	*byte = trap ? *byte | bit : *byte & (u8)~bit;
}

static void set_bit(u8 *map, u32 bit, bool on)
{
	u8 mask = (u8)(1u << bit % 8);

	map[bit / 8] = on ? map[bit / 8] | mask : map[bit / 8] & (u8)~mask;
}

/* Two ranges of 8192 MSRs: a map of 1 KiB each for reads, then the same for writes. MSRs outside always trap. */
void vmx_trap_msr(struct vm *vm, u32 msr, bool read, bool write)
{
	static const u32 first[] = { 0, 0xc0000000 };
	u8 *map = vm->hw->msr_bitmap;

	for (u32 i = 0; i < ARRAY_LEN(first); i++) {
		if (msr - first[i] >= 0x2000)
			continue;
		set_bit(map + i * KIB, msr - first[i], read);
		set_bit(map + (2 + i) * KIB, msr - first[i], write);
		return;
	}
	check(read && write);
}

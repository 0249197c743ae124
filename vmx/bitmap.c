// SPDX-License-Identifier: BSD-2-Clause
/* The permission maps: a set bit traps. */
#include "vmx.h"

#include <arch/x86_64/defs/msr.h>
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

/* Two ranges of 8192 MSRs: a map of 1 KiB each for reads, then the same for writes. MSRs outside
 * always trap. */
void vmx_trap_msr(struct vm *vm, u32 msr, bool read, bool write)
{
	static const u32 first[] = { 0, 0xc0000000 };

	/* A system sets them once: so they need not be read back each time that a vCPU is put. */
	write |= msr >= MSR_STAR && msr <= MSR_SFMASK;
	for (u32 i = 0; i < ARRAY_LEN(first); i++) {
		if (msr - first[i] >= 0x2000)
			continue;
		for (unsigned k = 0; k < MSR_BITMAPS; k++) {
			u8 *map = vm->hw->msr_bitmaps + k * PAGE_SIZE;

			set_bit(map + i * KIB, msr - first[i], read);
			set_bit(map + (2 + i) * KIB, msr - first[i], write);
		}
		return;
	}
	check(read && write);
}

/*
 * What a CPU with APIC virtualisation serves from the page without an exit. Reads: all that
 * software may read in x2APIC mode, but for the timer's count, which nobody keeps up to date.
 * Writes: those that the CPU carries out. "Virtualizing MSR-Based APIC Accesses".
 */
static const struct {
	u8 first, last; /* enum apic_reg */
	bool write;
} served[] = {
	{ APIC_REG_ID, APIC_REG_VERSION, false },
	{ APIC_REG_TPR, APIC_REG_TPR, true },
	{ APIC_REG_PPR, APIC_REG_PPR, false },
	{ APIC_REG_LDR, APIC_REG_LDR, false },
	{ APIC_REG_SVR, APIC_REG_IRR + APIC_VECTOR_REGS - 1, false },
	{ APIC_REG_ESR, APIC_REG_ESR, false },
	{ APIC_REG_ICR, APIC_REG_ICR, false },
	{ APIC_REG_LVT, APIC_REG_LVT + APIC_LVT_REGS - 1, false },
	{ APIC_REG_TIMER_INITIAL, APIC_REG_TIMER_INITIAL, false },
	{ APIC_REG_TIMER_DIVIDE, APIC_REG_TIMER_DIVIDE, false },
};
static const u8 write_only[] = { APIC_REG_EOI, APIC_REG_SELF_IPI };

void vmx_open_x2apic(u8 *map)
{
	u8 *writes = map + 2 * KIB;

	for (size_t i = 0; i < ARRAY_LEN(served); i++)
		for (u32 reg = served[i].first; reg <= served[i].last; reg++) {
			set_bit(map, MSR_X2APIC_FIRST + reg, false);
			set_bit(writes, MSR_X2APIC_FIRST + reg, !served[i].write);
		}
	for (size_t i = 0; i < ARRAY_LEN(write_only); i++)
		set_bit(writes, MSR_X2APIC_FIRST + write_only[i], false);
}

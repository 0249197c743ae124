// SPDX-License-Identifier: BSD-2-Clause
/* Ports and MSRs. */
#include "hostile.h"

#include "acpi.h"

#define STEPS 64

/* In FADT, "PM1a_CNT_BLK". */
#define FADT_PM1A_CNT 64

static u16 pm_control;

static void ports_begin(void)
{
	const struct acpi_header *fadt = acpi_find("FACP");

	pm_control = fadt ? (u16)acpi_read32(fadt, FADT_PM1A_CNT) : 0;
}

/* Those that end or restart the machine, and the serial line and debug port, which the test reads.
 */
bool port_is_spared(u16 port)
{
	return (port >= 0x3f5 && port <= 0x3ff) || (port >= 0xe6 && port <= 0xe9) ||
	       (port >= 0x5d && port <= 0x64) || (port >= 0x8f && port <= 0x92) ||
	       (port >= 0xcf6 && port <= 0xcf9) || (port >= 0xf1 && port <= 0xf7) ||
	       (port + 4 > pm_control && port < pm_control + 2);
}

/* One port in all widths, in and out, with strings too. */
static void one_port(u16 port)
{
	u32 buf[4] = { (u32)noise(), (u32)noise() };
	void *at = buf;
	u64 count = 2;

	if (port_is_spared(port))
		return;
	out8(port, (u8)noise());
	out16(port, (u16)noise());
	out32(port, (u32)noise());
	(void)in8(port);
	(void)in16(port);
	(void)in32(port);
	if (noise() % 8)
		return;
	asm volatile("rep outsl" : "+S"(at), "+c"(count) : "d"(port) : "memory");
	at = buf;
	count = 3;
	asm volatile("rep insw" : "+D"(at), "+c"(count) : "d"(port) : "memory");
}

static void ports_step(void)
{
	static u32 next;

	for (u32 i = 0; i < STEPS; i++)
		one_port((u16)next++);
	/* The devices' ports again and again, the others seldom. */
	if (noise() % 4 == 0)
		next = (u32)noise() & (noise() & 1 ? 0xffff : 0x7ff);
}

/* EFER and what its own page tables or clock need is put back. */
static void one_msr(u32 msr)
{
	u64 old = 0, val;
	bool there = try_rdmsr(msr, &old) < 0;

	switch (noise() % 4) {
	case 0:
		val = 0;
		break;
	case 1:
		val = ~0ull;
		break;
	case 2:
		val = noise();
		break;
	default:
		val = old ^ BIT(noise() & 63);
	}
	/* The LAPIC's base: the guest could not hear its own clock. */
	if (msr == MSR_APIC_BASE)
		val = old;
	(void)try_wrmsr(msr, val);
	if (there)
		(void)try_wrmsr(msr, old);
	else
		(void)try_wrmsr(msr, 0);
}

static void msrs_step(void)
{
	static const u32 ranges[] = { 0,          0x100,      0x200,      0x400,      0x600,
				      0x800,      0xc80,      0x40000000, 0x4b564d00, 0xc0000000,
				      0xc0000080, 0xc0000100, 0xc0010000, 0xc0010100, 0xc0011000 };

	for (u32 i = 0; i < STEPS; i++) {
		u32 near = ranges[noise() % ARRAY_LEN(ranges)] + ((u32)noise() & 0xff);

		one_msr(noise() & 1 ? near : (u32)noise());
	}
}

const struct attack register_attacks[] = {
	ATTACK(ports, ports_begin),
	ATTACK(msrs, NULL),
	ATTACKS_END,
};

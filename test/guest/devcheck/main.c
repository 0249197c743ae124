// SPDX-License-Identifier: BSD-2-Clause
/* Runs every check of devices, as cpucheck does: "ok NAME", "FAIL NAME: reason", a sum. */
#include "dev.h"

static const struct check *const groups[] = {
	pic_checks, pit_checks, rtc_checks, hpet_checks, ioapic_checks, lapic_checks,
};

bool came(volatile u32 *count, u32 want, u64 ns)
{
	u64 until = clock_ns() + ns;

	while (*count < want && clock_ns() < until) {
		sti();
		pause();
		cli();
	}
	return *count == want;
}

u8 rtc_read(u8 reg)
{
	out8(0x70, reg);
	return in8(0x71);
}

void rtc_write(u8 reg, u8 val)
{
	out8(0x70, reg);
	out8(0x71, val);
}

u64 hpet_base(void)
{
	const struct acpi_header *t = acpi_find("HPET");

	return t ? acpi_read64(t, 44) : 0;
}

/* By MOV, as drivers do: a compiler might take any instruction that reads memory. */
u64 hpet_read(u32 reg)
{
	u64 val;

	asm volatile("movq (%1), %0" : "=r"(val) : "r"(hpet_base() + reg) : "memory");
	return val;
}

void hpet_write(u32 reg, u64 val)
{
	asm volatile("movq %0, (%1)" : : "r"(val), "r"(hpet_base() + reg) : "memory");
}

u64 hpet_ticks(u64 ns)
{
	return ns * 1000 / ((hpet_read(HPET_CAPS) >> 32) / 1000);
}

u32 hpet_pin(unsigned n)
{
	u64 pins = hpet_read(HPET_TIMER(n)) >> 32 & 0xff0000;

	return pins ? (u32)__builtin_ctzll(pins) : 0;
}

void hpet_one_shot(unsigned n, u64 config, u64 ns)
{
	/* The counter stands: who is held up here misses nothing. */
	hpet_write(HPET_CONFIG, 0);
	hpet_write(HPET_TIMER(n), config & ~(u64)HPET_INT);
	hpet_write(HPET_CMP(n), hpet_read(HPET_COUNTER) + hpet_ticks(ns));
	hpet_write(HPET_TIMER(n), config);
	hpet_write(HPET_CONFIG, HPET_ENABLE);
}

/* RTC and HPET silent, all pins masked. */
static void quiet(void)
{
	rtc_write(0x0a, 0x26);
	rtc_write(0x0b, 0x02);
	rtc_read(0x0c);
	for (u32 pin = 0; pin < 24; pin++)
		ioapic_mask(pin);
	apic_write(APIC_TPR, 0);
	trap_set(VEC_NMI, NULL);
	if (!hpet_base())
		return;
	hpet_write(HPET_CONFIG, 0);
	for (unsigned n = 0; n < 3; n++)
		hpet_write(HPET_TIMER(n), 0);
	hpet_write(HPET_STATUS, 7);
}

void main(const struct hvm_start_info *si)
{
	static const struct check_plan plan = { "devcheck", groups, ARRAY_LEN(groups), quiet };

	checks_run(&plan, si);
}

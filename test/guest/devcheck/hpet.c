// SPDX-License-Identifier: BSD-2-Clause
/* The HPET: counter, comparators, legacy replacement. */
#include "dev.h"

/* Ticks a second; the best of some tries, as a host may be elsewhere between two reads. */
static u64 rate(void)
{
	u64 want = hpet_ticks(NS_PER_S), hz = 0;

	for (u32 i = 0; i < 5 && (hz < want * 9 / 10 || hz > want * 11 / 10); i++) {
		u64 from = clock_ns(), ticks = hpet_read(HPET_COUNTER);

		delay_us(20000);
		ticks = hpet_read(HPET_COUNTER) - ticks;
		hz = ticks * NS_PER_S / (clock_ns() - from);
	}
	return hz;
}

static const char *registers(void)
{
	u64 caps, want, hz, ticks;

	if (!hpet_base())
		return "no ACPI table";
	caps = hpet_read(HPET_CAPS);
	if (!(caps >> 32) || caps >> 32 > 100000000 || (caps >> 8 & 31) < 2 || !(caps & BIT(15)))
		return wrong("capabilities %lx", caps);
	hpet_write(HPET_COUNTER, 0);
	hpet_write(HPET_CONFIG, HPET_ENABLE);
	want = hpet_ticks(NS_PER_S);
	hz = rate();
	hpet_write(HPET_CONFIG, 0);
	if (hz < want * 9 / 10 || hz > want * 11 / 10)
		return wrong("%lu Hz, want %lu", hz, want);
	ticks = hpet_read(HPET_COUNTER);
	delay_us(1000);
	return hpet_read(HPET_COUNTER) == ticks ? NULL : "counts while it is disabled";
}

static const char *one_shot(void)
{
	u64 from = clock_ns(), ns;
	u32 pin = hpet_pin(2);

	ioapic_route(pin, VEC_FIRST, apic_id());
	hpet_one_shot(2, HPET_INT | HPET_PIN(pin), 20 * NS_PER_MS);
	if (!came(&irq_count[0], 1, NS_PER_S))
		return "no interrupt";
	ns = clock_ns() - from;
	if (ns < 19 * NS_PER_MS)
		return wrong("after %lu us", ns / 1000);
	take_interrupts(50 * NS_PER_MS, false);
	if (irq_count[0] != 1)
		return wrong("%u interrupts", irq_count[0]);
	return hpet_read(HPET_STATUS) & 4 ? "status of an edge" : NULL;
}

static const char *periodic(void)
{
	u32 pin = hpet_pin(0);
	u64 period = hpet_ticks(10 * NS_PER_MS), from = clock_ns(), ns;

	if (!(hpet_read(HPET_TIMER(0)) & BIT(4)))
		return "timer 0 is not periodic";
	ioapic_route(pin, VEC_FIRST, apic_id());
	hpet_write(HPET_COUNTER, 0);
	hpet_write(HPET_TIMER(0), HPET_INT | HPET_PERIODIC | HPET_SET | HPET_PIN(pin));
	hpet_write(HPET_CMP(0), period);
	hpet_write(HPET_CMP(0), period);
	hpet_write(HPET_CONFIG, HPET_ENABLE);
	came(&irq_count[0], 10, 5 * NS_PER_S);
	ns = clock_ns() - from;
	hpet_write(HPET_CONFIG, 0);
	return irq_count[0] >= 10 && ns >= 99 * NS_PER_MS
		   ? NULL
		   : wrong("%u in %lu us", irq_count[0], ns / 1000);
}

/* Comparator 0 is IRQ 0, comparator 1 is IRQ 8, while 8254 and RTC are not heard. */
static const char *legacy(void)
{
	ioapic_route(madt_gsi(0), VEC_FIRST, apic_id());
	ioapic_route(madt_gsi(8), VEC_FIRST + 1, apic_id());
	pit_rate(1000);
	rtc_write(0x0b, 0x42);
	hpet_write(HPET_CONFIG, HPET_ENABLE | HPET_LEGACY);
	take_interrupts(NS_PER_MS, false);
	irq_count[0] = irq_count[1] = 0;
	take_interrupts(50 * NS_PER_MS, false);
	if (irq_count[0] || irq_count[1])
		return wrong("8254 %u, RTC %u", irq_count[0], irq_count[1]);
	for (unsigned n = 0; n < 2; n++) {
		hpet_write(HPET_TIMER(n), HPET_INT);
		hpet_write(HPET_CMP(n), hpet_read(HPET_COUNTER) + hpet_ticks(50 * NS_PER_MS));
	}
	came(&irq_count[1], 1, NS_PER_S);
	take_interrupts(NS_PER_MS, false);
	if (irq_count[0] != 1 || irq_count[1] != 1)
		return wrong("comparators: %u, %u", irq_count[0], irq_count[1]);
	hpet_write(HPET_CONFIG, HPET_ENABLE);
	take_interrupts(50 * NS_PER_MS, false);
	return irq_count[0] > 1 ? NULL : "the 8254 does not come back";
}

// clang-format off
const struct check hpet_checks[] = {
	CHECK("hpet-registers", registers, ANYWHERE),
	TIMED("hpet-one-shot", one_shot, ANYWHERE),
	TIMED("hpet-periodic", periodic, ANYWHERE),
	TIMED("hpet-legacy", legacy, ANYWHERE),
	CHECKS_END,
};
// clang-format on

// SPDX-License-Identifier: BSD-2-Clause
/* Interrupts of the board: 8254 by IOAPIC and by 8259; x2APIC mode. */
#include "check.h"

#define RATE       100u
#define SPAN       (500 * NS_PER_MS)
#define MSR_X2APIC 0x800u

static volatile u32 pic_count;

static void on_pic(struct trap_frame *f)
{
	pic_count++;
	pic_eoi((u8)(f->vector - 0x20));
}

/* A busy emulator may lose ticks to coalescing, but must not invent any. */
static const char *plausible(u32 count, u32 want)
{
	return count >= want * 6 / 10 && count <= want + 2
		   ? NULL
		   : wrong("%u interrupts, want %u", count, want);
}

static const char *ioapic_pit(void)
{
	u32 pin = madt_gsi(0);

	ioapic_route(pin, VEC_FIRST, apic_id());
	if ((ioapic_read(0x10 + pin * 2) & 0x100ff) != VEC_FIRST)
		return wrong("redirection reads %x", ioapic_read(0x10 + pin * 2));
	pit_rate(RATE);
	take_interrupts(SPAN, true);
	pit_rate(0);
	return plausible(irq_count[0], RATE / 2);
}

static const char *ioapic_masked(void)
{
	u32 pin = madt_gsi(0), before;

	ioapic_route(pin, VEC_FIRST, apic_id());
	pit_rate(RATE);
	take_interrupts(SPAN / 5, true);
	ioapic_mask(pin);
	take_interrupts(NS_PER_MS, false);
	before = irq_count[0];
	take_interrupts(SPAN / 5, false);
	pit_rate(0);
	return before && irq_count[0] == before
		   ? NULL
		   : wrong("%u, then %u more", before, irq_count[0] - before);
}

static const char *ioapic_version(void)
{
	u32 v = ioapic_read(1);

	return (v >> 16 & 0xff) == 23 ? NULL : wrong("version register %x: not 24 pins", v);
}

static const char *pic_pit(void)
{
	for (u32 i = 0; i < 16; i++)
		trap_set((u8)(0x20 + i), on_pic);
	pic_count = 0;
	pic_init(0x20, 1);
	apic_write(APIC_LVT_LINT0, APIC_LVT_EXTINT);
	pit_rate(RATE);
	take_interrupts(SPAN, true);
	pit_rate(0);
	return plausible(pic_count, RATE / 2);
}

/* The second 8259 has no device here that ticks; its registers must be there all the same. */
static const char *pic_masks(void)
{
	out8(0x21, 0x5a);
	out8(0xa1, 0xc3);
	return in8(0x21) == 0x5a && in8(0xa1) == 0xc3
		   ? NULL
		   : wrong("masks read %x, %x", in8(0x21), in8(0xa1));
}

/* Counter 2 behind port 61h: its output rises when the count is over (the way to measure time by
 * polling). */
static const char *pit_counter2(void)
{
	u64 from, ns;

	out8(0x61, (in8(0x61) & ~2u) | 1);
	from = clock_ns(); /* before the start: whoever is held up in between sees more time, not less */
	out8(0x43, 0xb0);
	out8(0x42, (u8)11932);
	out8(0x42, 11932 >> 8); /* 10 ms */
	while (!(in8(0x61) & 0x20) && clock_ns() - from < NS_PER_S)
		;
	ns = clock_ns() - from; /* after the end, likewise */
	return ns > 9 * NS_PER_MS && ns < NS_PER_S
		   ? NULL
		   : wrong("%lu us, want 10000", (ns / 1000));
}

static const char *x2apic(void)
{
	u64 base = rdmsr(MSR_APIC_BASE), val;
	u32 id = apic_id();

	if (!apic_to_x2apic())
		return under_plinth() ? "CPUID shows none" : NULL;
	if (apic_id() != id)
		return wrong("id was %x, is %x", id, apic_id());
	apic_enable();
	apic_send(id, VEC_FIRST);
	wrmsr(MSR_X2APIC + 0x3f, VEC_FIRST + 1);
	take_interrupts(NS_PER_MS, false);
	if (irq_count[0] != 1 || irq_count[1] != 1)
		return wrong("ICR: %u, self-IPI: %u", irq_count[0], irq_count[1]);
	if (try_wrmsr(MSR_APIC_BASE, base) != VEC_GP)
		return "goes straight back to xAPIC mode";
	if (try_rdmsr(MSR_X2APIC + 0x0f, &val) == -1 && (val & 0x1ff) != 0x1ff)
		return wrong("SVR reads %lx", val);
	apic_to_xapic();
	return apic_read(APIC_SVR) == 0x1ff && apic_id() == id ? NULL
							       : "not well after the way back";
}

static const char *x2apic_bad(void)
{
	static const u32 absent[] = { 0x800, 0x801, 0x804, 0x80e, 0x831, 0x840, 0x8ff };
	u64 val;

	if (try_rdmsr(MSR_X2APIC + 2, &val) != VEC_GP)
		return "x2APIC MSRs answer in xAPIC mode";
	if (!apic_to_x2apic())
		return "CPUID shows none";
	for (u32 i = 0; i < ARRAY_LEN(absent); i++)
		if (try_rdmsr(absent[i], &val) != VEC_GP)
			return wrong("RDMSR %x: vector %d", absent[i], last_fault.vector);
	if (try_wrmsr(MSR_X2APIC + 2, 0) != VEC_GP)
		return "the id can be written";
	if (try_wrmsr(MSR_X2APIC + 0xb, 1) != VEC_GP)
		return "EOI takes 1";
	return try_wrmsr(MSR_X2APIC + 0xf, 0xffff0000) == VEC_GP ? NULL : "SVR takes reserved bits";
}

// clang-format off
const struct check irq_checks[] = {
	CHECK("ioapic-version", ioapic_version, ANYWHERE),
	TIMED("ioapic-pit", ioapic_pit, ANYWHERE),
	CHECK("ioapic-masked", ioapic_masked, ANYWHERE),
	TIMED("pic-pit", pic_pit, ANYWHERE),
	CHECK("pic-masks", pic_masks, ANYWHERE),
	TIMED("pit-counter2", pit_counter2, ANYWHERE),
	CHECK("x2apic", x2apic, ANYWHERE),
	CHECK("x2apic-bad", x2apic_bad, UNDER_PLINTH),
	CHECKS_END,
};
// clang-format on

// SPDX-License-Identifier: BSD-2-Clause
/* The 8254: counter 2, whose gate and output are at port 61h, in every mode; counter 0 interrupts.
 */
#include "dev.h"

#define HZ    1193182u
#define MS(n) (u16)((n)*HZ / 1000)

static void gate(bool on)
{
	out8(0x61, (u8)((in8(0x61) & 0x0c) | on));
}

static bool output(void)
{
	return in8(0x61) & 0x20;
}

static void load(u8 mode, u16 count)
{
	out8(0x43, (u8)(0xb0 | mode << 1));
	out8(0x42, (u8)count);
	out8(0x42, (u8)(count >> 8));
}

static u16 latched(void)
{
	u16 val;

	out8(0x43, 0x80);
	val = in8(0x42);
	return (u16)(val | in8(0x42) << 8);
}

static u8 status(void)
{
	out8(0x43, 0xe8);
	return in8(0x42);
}

/* ns from `from` until the output is high; at most a second. */
static u64 time_to_high(u64 from)
{
	bool high;
	u64 ns;

	/* In this order: a delay between the two does no harm. */
	do {
		high = output();
		ns = clock_ns() - from;
	} while (!high && ns < NS_PER_S);
	return ns;
}

static const char *mode0(void)
{
	u64 from, ns;

	gate(false);
	load(0, MS(50));
	delay_us(60000);
	if (output())
		return "counts without its gate";
	from = clock_ns(); /* before the start: whoever is held up sees more time, not less */
	gate(true);
	ns = time_to_high(from);
	return ns > 49 * NS_PER_MS && ns < NS_PER_S ? NULL : wrong("high after %lu us", ns / 1000);
}

static const char *mode1(void)
{
	u64 from, ns;

	gate(false);
	load(1, MS(50));
	if (!output() || !(status() & 0x40))
		return wrong("before the trigger: status %x", status());
	from = clock_ns();
	gate(true);
	ns = time_to_high(from);
	return ns > 49 * NS_PER_MS && ns < NS_PER_S ? NULL : wrong("high after %lu us", ns / 1000);
}

/* Ten periods of a rate of 100 Hz. */
static const char *mode3(void)
{
	u64 from = clock_ns(), ns = 0;
	u32 edges = 0;
	bool last = true;

	gate(true);
	load(3, MS(10));
	while (edges < 10 && ns < 5 * NS_PER_S) {
		bool now = output();

		edges += now && !last;
		last = now;
		ns = clock_ns() - from;
	}
	if (edges < 10 || ns < 99 * NS_PER_MS)
		return wrong("%u periods in %lu us", edges, ns / 1000);
	gate(false);
	return output() ? NULL : "low without its gate";
}

static const char *mode2(void)
{
	u16 now;

	gate(true);
	load(2, 1000);
	for (u32 i = 0; i < 1000; i++) {
		now = latched();
		if (!now || now > 1000)
			return wrong("counts %u", now);
	}
	gate(false);
	now = latched();
	delay_us(1000);
	return latched() == now ? NULL : "counts without its gate";
}

static const char *strobes(void)
{
	gate(true);
	load(4, MS(5));
	if (!output())
		return "mode 4: low before its end";
	delay_us(20000);
	if (!output())
		return "mode 4: low long after its end";
	gate(false);
	load(5, MS(5));
	if (!(status() & 0x40))
		return "mode 5: counts without a trigger";
	gate(true);
	delay_us(100);
	return status() & 0x40 ? "mode 5: a trigger does not load it" : NULL;
}

static const char *bcd(void)
{
	gate(true);
	out8(0x43, 0xb5); /* mode 2 */
	out8(0x42, 0x00);
	out8(0x42, 0x10); /* 1000 */
	for (u32 i = 0; i < 200; i++) {
		u16 now = latched();

		for (u32 digit = 0; digit < 16; digit += 4)
			if ((now >> digit & 15) > 9)
				return wrong("counts %x", now);
		if (now > 0x1000)
			return wrong("counts %x", now);
	}
	return NULL;
}

/* Status and count by one command; the status is read first. */
static const char *read_back(void)
{
	u8 state, low, high;

	gate(false);
	load(2, 0xfff0); /* 55 ms */
	gate(true);
	gate(false);
	out8(0x43, 0xc8);
	state = in8(0x42);
	low = in8(0x42);
	high = in8(0x42);
	if ((state & 0x7f) != 0x34)
		return wrong("status %x", state);
	if ((high << 8 | low) > 0xfff0 || (high << 8 | low) != latched())
		return wrong("count %x%02x, then %x", high, low, latched());
	/* Only the low byte, and a latch that holds until it is read. */
	out8(0x43, 0x90);
	out8(0x42, 0x77);
	out8(0x43, 0x80);
	delay_us(100);
	low = in8(0x42);
	return low >= 0x70 && low <= 0x77 ? NULL : wrong("low byte %x", low);
}

static const char *one_shot(void)
{
	u64 from = clock_ns(), ns;

	ioapic_route(madt_gsi(0), VEC_FIRST, apic_id());
	out8(0x43, 0x30);
	out8(0x40, (u8)MS(20));
	out8(0x40, MS(20) >> 8);
	if (!came(&irq_count[0], 1, NS_PER_S))
		return "no interrupt";
	ns = clock_ns() - from;
	if (ns < 19 * NS_PER_MS)
		return wrong("after %lu us", ns / 1000);
	take_interrupts(100 * NS_PER_MS, false);
	return irq_count[0] == 1 ? NULL : wrong("%u interrupts", irq_count[0]);
}

// clang-format off
const struct check pit_checks[] = {
	TIMED("pit-mode-0", mode0, UNDER_PLINTH),
	TIMED("pit-mode-1", mode1, UNDER_PLINTH),
	TIMED("pit-mode-2", mode2, UNDER_PLINTH),
	TIMED("pit-mode-3", mode3, UNDER_PLINTH),
	TIMED("pit-strobes", strobes, UNDER_PLINTH),
	CHECK("pit-bcd", bcd, UNDER_PLINTH),
	TIMED("pit-read-back", read_back, UNDER_PLINTH),
	TIMED("pit-one-shot", one_shot, ANYWHERE),
	CHECKS_END,
};
// clang-format on

// SPDX-License-Identifier: BSD-2-Clause
/* The two 8259A, with the timer at IRQ 0 and the RTC at IRQ 8. */
#include "dev.h"

#define BASE 0x20
#define LATE (500 * NS_PER_MS)

static volatile u32 count[16];
static volatile u8 order[4];
static volatile u32 taken;
static volatile u8 isr_seen[2];
static bool say_eoi;

static u8 isr(u16 port)
{
	u8 val;

	out8(port, 0x0b);
	val = in8(port);
	out8(port, 0x0a);
	return val;
}

static void on_irq(struct trap_frame *f)
{
	u8 line = (u8)(f->vector - BASE);

	isr_seen[0] = isr(0x20);
	isr_seen[1] = isr(0xa0);
	if (taken < ARRAY_LEN(order))
		order[taken++] = line;
	count[line]++;
	if (line == 8)
		rtc_read(0x0c);
	if (say_eoi)
		pic_eoi(line);
}

static void start(u16 open)
{
	for (u32 i = 0; i < 16; i++) {
		count[i] = 0;
		trap_set((u8)(BASE + i), on_irq);
	}
	taken = 0;
	say_eoi = true;
	pic_init(BASE, open);
	apic_write(APIC_LVT_LINT0, APIC_LVT_EXTINT);
}

/* One interrupt of the timer in a moment: mode 0. */
static void timer_once(void)
{
	out8(0x43, 0x30);
	out8(0x40, 0xa9);
	out8(0x40, 0x04);
}

static bool irr_becomes(u16 port, u8 bit)
{
	u64 until = clock_ns() + LATE;

	while (!(in8(port) & bit))
		if (clock_ns() > until)
			return false;
	return true;
}

/* Periodic, 64 Hz, through the cascade. */
static const char *slave(void)
{
	start(BIT(8) | BIT(2));
	rtc_write(0x0a, 0x2a);
	rtc_write(0x0b, 0x42);
	if (!came(&count[8], 5, 2 * NS_PER_S))
		return wrong("%u interrupts", count[8]);
	if (isr_seen[0] != BIT(2) || isr_seen[1] != BIT(0))
		return wrong("in service %x, %x", isr_seen[0], isr_seen[1]);
	return isr(0x20) || isr(0xa0) ? "in service after EOI" : NULL;
}

static const char *registers(void)
{
	start(BIT(0));
	if (in8(0x20) & 1)
		return "a request before the interrupt";
	timer_once();
	if (!irr_becomes(0x20, 1))
		return "no request";
	if (isr(0x20))
		return "in service before the acknowledge";
	say_eoi = false;
	if (!came(&count[0], 1, LATE))
		return "no interrupt";
	if (in8(0x20) & 1)
		return "still a request";
	if (isr(0x20) != 1)
		return wrong("ISR %x", isr(0x20));
	out8(0x20, 0x60); /* specific */
	return isr(0x20) ? "in service after EOI" : NULL;
}

static const char *poll(void)
{
	u8 val;

	start(BIT(0));
	out8(0x20, 0x0c);
	val = in8(0x20);
	if (val & 0x80)
		return wrong("poll answers %x without a request", val);
	timer_once();
	if (!irr_becomes(0x20, 1))
		return "no request";
	out8(0x20, 0x0c);
	val = in8(0x20);
	if (val != 0x80)
		return wrong("poll answers %x", val);
	out8(0x20, 0x20);
	take_interrupts(NS_PER_MS, false);
	return count[0] ? "an interrupt after the poll" : NULL;
}

static const char *auto_eoi(void)
{
	start(0);
	out8(0x20, 0x11);
	out8(0x21, BASE);
	out8(0x21, 0x04);
	out8(0x21, 0x03);
	out8(0x21, 0xfe);
	say_eoi = false;
	pit_rate(100);
	if (!came(&count[0], 3, LATE))
		return wrong("%u interrupts", count[0]);
	return isr_seen[0] ? wrong("in service: %x", isr_seen[0]) : NULL;
}

static void both_request(void)
{
	rtc_write(0x0b, 0x02);
	rtc_read(0x0c); /* its line is low, for an edge to come */
	start(BIT(0) | BIT(2) | BIT(8));
	out8(0x21, 0xff);
	timer_once();
	rtc_write(0x0a, 0x26);
	rtc_write(0x0b, 0x42);
	irr_becomes(0xa0, 1);
	irr_becomes(0x20, 1);
}

/* Fixed, IRQ 0 is first; with IR0 lowest, it is last. */
static const char *priorities(void)
{
	both_request();
	out8(0x21, 0xfa);
	came(&taken, 2, LATE);
	if (order[0] != 0 || order[1] != 8)
		return wrong("fixed: %u, then %u", order[0], order[1]);
	both_request();
	out8(0x20, 0xc0);
	out8(0x21, 0xfa);
	came(&taken, 2, LATE);
	return order[0] == 8 && order[1] == 0 ? NULL
					      : wrong("rotated: %u, then %u", order[0], order[1]);
}

/* What is in service holds back what is lower, but not in special mask mode if it is masked. */
static const char *special_mask(void)
{
	start(BIT(0) | BIT(2) | BIT(8));
	say_eoi = false;
	timer_once();
	if (!came(&count[0], 1, LATE))
		return "no timer";
	rtc_write(0x0a, 0x26);
	rtc_write(0x0b, 0x42);
	take_interrupts(20 * NS_PER_MS, false);
	if (count[8])
		return "a lower one interrupts";
	out8(0x21, in8(0x21) | 1);
	out8(0x20, 0x68);
	came(&count[8], 1, LATE);
	out8(0x20, 0x48);
	return count[8] ? NULL : "special mask mode has no effect";
}

static const char *elcr(void)
{
	const char *bad = NULL;

	out8(0x4d0, 0xff);
	out8(0x4d1, 0xff);
	if (in8(0x4d0) != 0xf8 || in8(0x4d1) != 0xde)
		bad = wrong("reads %x, %x", in8(0x4d0), in8(0x4d1));
	out8(0x4d0, 0);
	out8(0x4d1, 0);
	return bad;
}

// clang-format off
const struct check pic_checks[] = {
	CHECK("pic-slave", slave, ANYWHERE),
	CHECK("pic-registers", registers, ANYWHERE),
	CHECK("pic-poll", poll, UNDER_PLINTH),
	CHECK("pic-auto-eoi", auto_eoi, ANYWHERE),
	CHECK("pic-priorities", priorities, ANYWHERE),
	CHECK("pic-special-mask", special_mask, UNDER_PLINTH),
	CHECK("pic-elcr", elcr, ANYWHERE),
	CHECKS_END,
};
// clang-format on

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The board as operating systems use it: DOS on a BIOS, FreeBSD's atpic, clock and rtc drivers. What
 * they write, in their order, and what they count on.
 */
#include "pc_rig.h"

#include <devices/pic.h>

static u8 cmos_get(u8 reg)
{
	out8(0x70, reg);
	return (u8)in(0x71, 1);
}

static void cmos_put(u8 reg, u8 val)
{
	out8(0x70, reg);
	out8(0x71, val);
}

/* --- DOS ------------------------------------------------------------------------------- */

/* A BIOS: vectors 08h and 70h, timer by mode 3 with count 0. */
static void bios_start(void)
{
	out8(0x20, 0x11);
	out8(0x21, 0x08);
	out8(0x21, 0x04);
	out8(0x21, 0x01);
	out8(0xa0, 0x11);
	out8(0xa1, 0x70);
	out8(0xa1, 0x02);
	out8(0xa1, 0x01);
	out8(0x21, 0xb8); /* timer, keyboard, cascade, diskette */
	out8(0xa1, 0x9d); /* mouse, fixed disk, redirected IRQ 2 */
	out8(0x43, 0x36);
	out8(0x40, 0);
	out8(0x40, 0);
}

/* 18.2 times a second interrupt 08h, and one EOI. */
static void dos_timer(void **state)
{
	unsigned ticks = 0;

	bios_start();
	for (unsigned ms = 0; ms < 10000; ms++) {
		fake_time_advance(NS_PER_MS);
		if (!OPS->irq_ready(v))
			continue;
		assert_int_equal(pc_take(v), 0x08);
		out8(0x20, 0x20);
		ticks++;
	}
	assert_in_range(ticks, 181, 182);
}

/* A game: a faster timer, time read by latch, and the BIOS' rate given back at the end. */
static void dos_game(void **state)
{
	u32 last = 0x10000, ticks = 0;

	bios_start();
	out8(0x43, 0x34);
	out8(0x40, 0xa9);
	out8(0x40, 0x04); /* 1193: 1000 Hz */
	for (unsigned i = 0; i < 1000; i++) {
		u32 now;

		fake_time_advance(100 * NS_PER_US);
		out8(0x43, 0x00);
		now = in(0x40, 1);
		now |= in(0x40, 1) << 8;
		assert_in_range(now, 1, 1193);
		ticks += now > last;
		last = now;
		if (!OPS->irq_ready(v))
			continue;
		assert_int_equal(pc_take(v), 0x08);
		out8(0x20, 0x20);
	}
	assert_in_range(ticks, 99, 101);
}

/* The speaker's tone, and whether it sounds. */
static void dos_speaker(void **state)
{
	unsigned highs = 0;

	out8(0x43, 0xb6);
	out8(0x42, 0xa9);
	out8(0x42, 0x04);
	out8(0x61, (u8)(in(0x61, 1) | 3));
	for (unsigned i = 0; i < 1000; i++) {
		fake_time_advance(10 * NS_PER_US);
		highs += !!(in(0x61, 1) & 0x20);
	}
	assert_in_range(highs, 480, 520);
	out8(0x61, (u8)(in(0x61, 1) & ~3u));
	assert_int_equal(in(0x61, 1) & 3, 0);
}

/* Interrupt 09h as old handlers write it: read, pulse bit 7 of port 61h, EOI. */
static void dos_keyboard(void **state)
{
	static const u8 want[] = { 0x2a, 0x1e, 0x9e, 0xaa };

	bios_start();
	pc_key(vm, 0x2a, true);
	pc_key(vm, 0x1e, true);
	pc_key(vm, 0x1e, false);
	pc_key(vm, 0x2a, false);
	for (unsigned i = 0; i < ARRAY_LEN(want); i++) {
		u8 control;

		assert_int_equal(pc_take(v), 0x09);
		assert_int_equal(in(0x60, 1), want[i]);
		control = (u8)in(0x61, 1);
		out8(0x61, control | 0x80);
		out8(0x61, control);
		out8(0x20, 0x20);
	}
	assert_false(OPS->irq_ready(v));
}

/* Interrupt 1Ah function 6: an alarm, by interrupt 70h. The clock is read as function 2 does. */
static void dos_alarm(void **state)
{
	bios_start();
	cmos_put(0x0a, 0x26);
	cmos_put(0x0b, 0x02);
	while (cmos_get(0x0a) & 0x80)
		fake_time_advance(NS_PER_MS);
	assert_int_equal(cmos_get(0x04), 0x03);
	assert_int_equal(cmos_get(0x02), 0x04);
	assert_int_equal(cmos_get(0x00), 0x05);
	cmos_put(0x01, 0x10);
	cmos_put(0x03, 0x04);
	cmos_put(0x05, 0x03);
	out8(0xa1, (u8)(in(0xa1, 1) & ~1u));
	cmos_put(0x0b, cmos_get(0x0b) | 0x20);
	fake_time_advance(4900 * NS_PER_MS);
	assert_true(cmos_get(0x00) < 0x10);
	out8(0x43, 0x30); /* no more ticks */
	while (OPS->irq_ready(v) && pc_take(v) == 0x08)
		out8(0x20, 0x20);
	fake_time_advance(200 * NS_PER_MS);
	assert_int_equal(pc_take(v), 0x70);
	assert_int_equal(cmos_get(0x0c) & 0xa0, 0xa0);
	out8(0xa0, 0x20);
	out8(0x20, 0x20);
	assert_false(OPS->irq_ready(v));
}

/* --- FreeBSD --------------------------------------------------------------------------- */

/* atpic: vectors F0h and F8h, IRQ 3 highest, the IRR to read by default. */
static void atpic_start(u8 icw4)
{
	out8(0x20, 0x11);
	out8(0x21, 0xf0);
	out8(0x21, 0x04);
	out8(0x21, icw4);
	out8(0x21, 0xfb);
	out8(0x20, 0xc2);
	out8(0x20, 0x0a);
	out8(0xa0, 0x11);
	out8(0xa1, 0xf8);
	out8(0xa1, 0x02);
	out8(0xa1, icw4);
	out8(0xa1, 0xff);
	out8(0xa0, 0x0a);
}

static void atpic_priorities(void **state)
{
	atpic_start(0x01);
	out8(0x21, 0xec); /* 0, 1, 2 and 4 */
	out8(0x3f9, 2);
	out8(0x3fc, 0x0b);
	pc_key(vm, 0x1e, true);
	assert_int_equal(in(0x20, 1), 0x12); /* the IRR */
	assert_int_equal(pc_take(v), 0xf4); /* COM1 before the keyboard */
	out8(0x20, 0x64);                         /* specific EOI */
	assert_int_equal(pc_take(v), 0xf1);
	out8(0x20, 0x61);
	assert_false(OPS->irq_ready(v));
}

/* A line that goes away before the acknowledge; the driver asks the ISR whether IRQ 7 was meant. */
static void atpic_spurious(void **state)
{
	struct device *pic = bus_find(&vm->ports, 0x20, 1)->dev;

	atpic_start(0x01);
	out8(0x21, 0x7d); /* 1 and 7 */
	pc_key(vm, 0x1e, true);
	assert_true(OPS->irq_ready(v));
	in(0x60, 1); /* read by polling */
	assert_false(OPS->irq_ready(v));
	spin_lock(&vm->lock);
	assert_int_equal(pic_ack(container_of(pic, struct pic, dev)), 0xf7);
	spin_unlock(&vm->lock);
	out8(0x20, 0x0b);
	assert_int_equal(in(0x20, 1) & 0x80, 0); /* spurious: no EOI */
	out8(0x20, 0x0a);
	out8(0x60, 0xee); /* echo */
	assert_int_equal(pc_take(v), 0xf1);
}

/* With automatic EOI at both chips nobody says EOI, and nothing stays in service. */
static void atpic_auto_eoi(void **state)
{
	atpic_start(0x03);
	out8(0x21, 0xf9);
	for (unsigned i = 0; i < 5; i++) {
		pc_key(vm, 0x1e, true);
		assert_int_equal(pc_take(v), 0xf1);
		assert_int_equal(in(0x60, 1), 0x1e);
		out8(0x20, 0x0b);
		assert_int_equal(in(0x20, 1), 0);
	}
}

/* The i8254 as a time counter: mode 2, hz 100, what is latched goes down and wraps at the tick. */
static void i8254_timecounter(void **state)
{
	const u32 max = 11932;
	u64 total = 0, from;
	u32 last;

	out8(0x43, 0x34);
	out8(0x40, (u8)max);
	out8(0x40, (u8)(max >> 8));
	fake_time_advance(NS_PER_US);
	out8(0x43, 0x00);
	last = in(0x40, 1);
	last |= in(0x40, 1) << 8;
	from = time_now();
	for (unsigned i = 0; i < 1000; i++) {
		u32 now;

		fake_time_advance(1234567);
		out8(0x43, 0x00);
		now = in(0x40, 1);
		now |= in(0x40, 1) << 8;
		total += last >= now ? last - now : last + max - now;
		last = now;
	}
	assert_in_range(total, (time_now() - from) * 1193182 / NS_PER_S - 2,
			(time_now() - from) * 1193182 / NS_PER_S + 2);
}

/* The statistics clock: 128 Hz by the RTC's periodic interrupt, by the second 8259. */
static void rtc_statclock(void **state)
{
	unsigned ticks = 0;

	atpic_start(0x01);
	out8(0xa1, 0xfe);
	cmos_put(0x0a, 0x29);
	cmos_put(0x0b, 0x02);
	cmos_put(0x0b, 0x42);
	cmos_get(0x0c);
	for (unsigned ms = 0; ms < 1000; ms++) {
		fake_time_advance(NS_PER_MS);
		if (!OPS->irq_ready(v))
			continue;
		assert_int_equal(pc_take(v), 0xf8);
		while (cmos_get(0x0c) & 0x40)
			ticks++;
		out8(0xa0, 0x20);
		out8(0x20, 0x62);
	}
	assert_in_range(ticks, 127, 129);
}

/* hpet with legacy replacement at once silences 8254 and RTC, and takes their interrupts. */
static void hpet_takes_over(void **state)
{
	atpic_start(0x01);
	out8(0x21, 0xfa);
	out8(0xa1, 0xfe);
	pit_on();
	cmos_put(0x0b, 0x42);
	fake_time_advance(2 * NS_PER_MS);
	assert_int_equal(pc_take(v), 0xf0);
	out8(0x20, 0x20);
	assert_int_equal(pc_take(v), 0xf8); /* the slave's IR2 is the last: 3 to 7, 0, 1, 2 */
	out8(0xa0, 0x20);
	out8(0x20, 0x20);
	bus_write(&vm->mmio, 0xfed00100, 4, 0x04);
	bus_write(&vm->mmio, 0xfed00108, 8, 500000); /* 5 ms */
	bus_write(&vm->mmio, 0xfed00120, 4, 0x04);
	bus_write(&vm->mmio, 0xfed00128, 8, 1000000);
	bus_write(&vm->mmio, 0xfed00010, 4, 3);
	cmos_get(0x0c);
	fake_time_advance(4 * NS_PER_MS);
	assert_false(OPS->irq_ready(v));
	fake_time_advance(2 * NS_PER_MS);
	assert_int_equal(pc_take(v), 0xf0);
	out8(0x20, 0x20);
	assert_false(OPS->irq_ready(v));
	fake_time_advance(5 * NS_PER_MS);
	assert_int_equal(pc_take(v), 0xf8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pc_setup, pc_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dos_timer),         TEST(dos_game),         TEST(dos_speaker),
		TEST(dos_keyboard),      TEST(dos_alarm),        TEST(atpic_priorities),
		TEST(atpic_spurious),    TEST(atpic_auto_eoi),   TEST(i8254_timecounter),
		TEST(rtc_statclock),     TEST(hpet_takes_over),
	};

	return cmocka_run_group_tests_name("pc_systems", tests, NULL, NULL);
}

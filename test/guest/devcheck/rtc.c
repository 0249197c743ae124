// SPDX-License-Identifier: BSD-2-Clause
/* The MC146818: its three interrupts, by the IOAPIC, and setting it. */
#include "dev.h"

#define B_24H  0x02u
#define UIE    0x10u
#define AIE    0x20u
#define PIE    0x40u
#define SET    0x80u
#define SECOND 0x00
#define A      0x0a
#define B      0x0b
#define C      0x0c

static volatile u32 flags[3]; /* update, alarm, periodic */
static volatile u32 count;

static void on_rtc(struct trap_frame *f)
{
	u8 c = rtc_read(C);

	(void)f;
	for (u32 i = 0; i < 3; i++)
		flags[i] += c >> (4 + i) & 1;
	count++;
	apic_eoi();
}

static void start(void)
{
	count = 0;
	for (u32 i = 0; i < 3; i++)
		flags[i] = 0;
	trap_set(VEC_FIRST, on_rtc);
	ioapic_route(madt_gsi(8), VEC_FIRST, apic_id());
}

static u32 seconds(void)
{
	u8 s;

	while (rtc_read(A) & 0x80)
		pause();
	s = rtc_read(SECOND);
	return (s >> 4) * 10u + (s & 15);
}

/* A busy emulator may lose some, but must not invent any. */
static const char *periodic(void)
{
	u64 from, ns;

	start();
	rtc_write(A, 0x29); /* 128 Hz: 7.8 ms */
	from = clock_ns();
	rtc_write(B, B_24H | PIE);
	came(&flags[2], 16, 5 * NS_PER_S);
	ns = clock_ns() - from;
	rtc_write(B, B_24H);
	/* The first may be due already, the second come at once. */
	return flags[2] >= 16 && ns >= 109 * NS_PER_MS
		   ? NULL
		   : wrong("%u interrupts in %lu us", flags[2], ns / 1000);
}

static const char *update(void)
{
	u64 from, ns;

	start();
	from = clock_ns();
	rtc_write(B, B_24H | UIE);
	came(&flags[0], 2, 5 * NS_PER_S);
	ns = clock_ns() - from;
	return flags[0] == 2 && ns >= 990 * NS_PER_MS ? NULL
						      : wrong("%u in %lu us", flags[0], ns / 1000);
}

/* Every second is an alarm if all three say "any"; an hour that there is not is none. */
static const char *alarm(void)
{
	start();
	for (u8 reg = 1; reg <= 5; reg += 2)
		rtc_write(reg, 0xff);
	rtc_write(B, B_24H | AIE);
	if (!came(&flags[1], 1, 2 * NS_PER_S))
		return "no interrupt";
	rtc_write(5, 0x29);
	rtc_read(C);
	flags[1] = 0;
	take_interrupts(1100 * NS_PER_MS, false);
	return flags[1] ? "an alarm at 29 o'clock" : NULL;
}

/* While SET is 1 the clock stands; it goes on from what was written. */
static const char *setting(void)
{
	u8 kept[10];

	for (u8 i = 0; i < 10; i++)
		kept[i] = rtc_read(i);
	rtc_write(B, B_24H | SET | UIE);
	if (rtc_read(B) != (B_24H | SET))
		return wrong("register B reads %x", rtc_read(B));
	rtc_write(SECOND, 0x30);
	take_interrupts(1100 * NS_PER_MS, false);
	if (rtc_read(SECOND) != 0x30)
		return "it goes on";
	rtc_write(B, B_24H);
	take_interrupts(1100 * NS_PER_MS, false);
	if (seconds() < 31 || seconds() > 40)
		return wrong("%u seconds", seconds());
	rtc_write(B, B_24H | SET);
	for (u8 i = 0; i < 10; i += i < 6 ? 2 : 1)
		rtc_write(i, kept[i]);
	rtc_write(B, B_24H);
	return NULL;
}

/* The same hour in the four formats. */
static const char *formats(void)
{
	static const struct {
		u8 b, reads;
	} rows[] = { { 0x02, 0x15 }, { 0x06, 15 }, { 0x00, 0x83 }, { 0x04, 0x83 } };
	u8 hour = rtc_read(4);
	const char *bad = NULL;

	rtc_write(B, SET | B_24H);
	rtc_write(4, 0x15);
	rtc_write(B, B_24H);
	for (u32 i = 0; i < ARRAY_LEN(rows) && !bad; i++) {
		rtc_write(B, rows[i].b);
		if (rtc_read(4) != rows[i].reads)
			bad = wrong("with B %x, 15 h reads %x", rows[i].b, rtc_read(4));
	}
	rtc_write(B, B_24H | SET);
	rtc_write(4, hour);
	rtc_write(B, B_24H);
	return bad;
}

static const char *divider(void)
{
	u64 from, ns;

	start();
	rtc_write(A, 0x66); /* held */
	rtc_read(C);        /* what was before */
	rtc_write(B, B_24H | PIE | UIE);
	take_interrupts(100 * NS_PER_MS, false);
	if (count)
		return wrong("%u interrupts while it is held", count);
	from = clock_ns();
	rtc_write(A, 0x20);
	/* The first update comes half a second after. */
	came(&flags[0], 1, 5 * NS_PER_S);
	ns = clock_ns() - from;
	return flags[0] && ns >= 499 * NS_PER_MS ? NULL : wrong("after %lu us", ns / 1000);
}

static const char *checksum(void)
{
	u32 sum = 0;

	for (u8 i = 0x10; i < 0x2e; i++)
		sum += rtc_read(i);
	return sum == (u32)(rtc_read(0x2e) << 8 | rtc_read(0x2f)) ? NULL : wrong("sum %x", sum);
}

// clang-format off
const struct check rtc_checks[] = {
	TIMED("rtc-periodic", periodic, ANYWHERE),
	TIMED("rtc-update", update, ANYWHERE),
	TIMED("rtc-alarm", alarm, ANYWHERE),
	TIMED("rtc-setting", setting, UNDER_PLINTH),
	CHECK("rtc-formats", formats, UNDER_PLINTH),
	TIMED("rtc-divider", divider, UNDER_PLINTH),
	CHECK("rtc-checksum", checksum, UNDER_PLINTH),
	CHECKS_END,
};
// clang-format on

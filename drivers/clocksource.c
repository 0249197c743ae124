// SPDX-License-Identifier: BSD-2-Clause
#include "clocksource.h"

#include "calibrate.h"

#include <arch/x86_64/cpu.h>
#include <core/service/log.h>
#include <lib/bits.h>

#define FS_PER_S 1000000000000000ull

/* IA-PC HPET specification, "Register Overview". */
#define HPET_PERIOD        0x004 /* femtoseconds */
#define HPET_CONFIG        0x010
#define HPET_COUNTER       0x0F0
#define HPET_PERIOD_MAX    0x05F5E100
#define HPET_CONFIG_ENABLE BIT(0)

/* ACPI, "Power Management Timer (PM_TMR)". */
#define PM_TIMER_HZ 3579545

/* Intel 8254 data sheet; port 61h: PC/AT Technical Reference, "System board I/O". */
#define PIT_HZ          1193182
#define PIT_CHANNEL_2   0x42
#define PIT_COMMAND     0x43
#define PIT_RATE_2      0xB4 /* channel 2, low then high byte, mode 2, binary */
#define PIT_LATCH_2     0x80
#define PORT_61         0x61
#define PORT_61_GATE_2  BIT(0)
#define PORT_61_SPEAKER BIT(1)

static u64 read_tsc(void *ctx)
{
	return rdtsc();
}

/* The low half of the counter is enough, and is read in one piece on every machine. */
static u64 read_hpet(void *ctx)
{
	const struct ref_clocks *clocks = ctx;

	return mmio_read32((const volatile u8 *)clocks->hpet + HPET_COUNTER);
}

static bool open_hpet(const struct ref_clocks *clocks, struct ref_counter *r)
{
	volatile u8 *regs = clocks->hpet;
	u32 config;

	if (!regs)
		return false;
	*r = (struct ref_counter){
	    .name = "HPET", .read = read_hpet, .ctx = (void *)clocks, .mask = 0xFFFFFFFF};
	r->period_fs = mmio_read32(regs + HPET_PERIOD);
	if (!r->period_fs || r->period_fs > HPET_PERIOD_MAX) {
		log_warn("HPET: a period of %lu fs makes no sense", r->period_fs);
		return false;
	}
	config = mmio_read32(regs + HPET_CONFIG);
	if (!(config & HPET_CONFIG_ENABLE))
		mmio_write32(regs + HPET_CONFIG, config | HPET_CONFIG_ENABLE);
	return true;
}

static u64 read_pm_timer(void *ctx)
{
	const struct ref_clocks *clocks = ctx;

	return inl(clocks->pm_timer_port);
}

static bool open_pm_timer(const struct ref_clocks *clocks, struct ref_counter *r)
{
	*r = (struct ref_counter){
	    .name = "PM timer",
	    .read = read_pm_timer,
	    .ctx = (void *)clocks,
	    .mask = clocks->pm_timer_32bit ? 0xFFFFFFFF : 0xFFFFFF,
	    .period_fs = FS_PER_S / PM_TIMER_HZ,
	};
	return clocks->pm_timer_port;
}

/* The PIT counts down. */
static u64 read_pit(void *ctx)
{
	u8 low, high;

	outb(PIT_COMMAND, PIT_LATCH_2);
	low = inb(PIT_CHANNEL_2);
	high = inb(PIT_CHANNEL_2);
	return 0 - (u64)(high << 8 | low);
}

/* Channel 2 free running from 65536, its gate open, the speaker silent. */
static bool open_pit(const struct ref_clocks *clocks, struct ref_counter *r)
{
	*r = (struct ref_counter){
	    .name = "PIT", .read = read_pit, .mask = 0xFFFF, .period_fs = FS_PER_S / PIT_HZ};
	if (clocks->no_pit)
		return false;
	outb(PORT_61, (u8)((inb(PORT_61) & ~PORT_61_SPEAKER) | PORT_61_GATE_2));
	outb(PIT_COMMAND, PIT_RATE_2);
	outb(PIT_CHANNEL_2, 0);
	outb(PIT_CHANNEL_2, 0);
	return true;
}

/* In the order of trust. */
static bool (*const sources[])(const struct ref_clocks *clocks, struct ref_counter *r) = {
    open_hpet,
    open_pm_timer,
    open_pit,
};

u32 tsc_calibrate_khz(const struct ref_clocks *clocks, const char **name)
{
	const char *best_name = "nothing";
	struct ref_counter r;
	u32 best = 0;

	for (u32 i = 0; i < ARRAY_LEN(sources); i++) {
		enum status st;
		u32 khz = 0;

		if (!sources[i](clocks, &r))
			continue;
		st = calibrate_khz(&r, read_tsc, NULL, &khz);
		if (!st || (st == E_BUSY && !best)) {
			best = khz;
			best_name = r.name;
		}
		if (!st)
			break;
		log_warn("%s: %s", r.name,
			 st == E_IO      ? "does not tick"
			 : st == E_RANGE ? "gives an impossible TSC frequency"
					 : "measures no steady TSC frequency");
	}
	if (name)
		*name = best_name;
	return best;
}

bool clocksource_wait(const struct ref_clocks *clocks, u64 ns)
{
	struct ref_counter r;

	for (u32 i = 0; i < ARRAY_LEN(sources); i++)
		if (sources[i](clocks, &r) && !calibrate_wait(&r, read_tsc, NULL, ns))
			return true;
	return false;
}

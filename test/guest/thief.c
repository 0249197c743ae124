// SPDX-License-Identifier: BSD-2-Clause
/*
 * Burns its processor for burn=US, sleeps for sleep=US, and so on for ever: with the right numbers it is away whenever a careless
 * scheduler looks, or comes back as often as one that favours the woken likes.
 */
#include "apic.h"
#include "rt.h"
#include "trap.h"

#define VEC_ALARM 0x40
#define PROBE_US  50000

static void on_alarm(struct trap_frame *f)
{
	apic_eoi();
}

static u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

static u64 ticks_per_us(void)
{
	u64 start = rdtsc();

	delay_us(PROBE_US);
	return (rdtsc() - start) / PROBE_US;
}

void main(const struct hvm_start_info *si)
{
	u64 burn = cmdline_number(si, "burn=", 1900), sleep = cmdline_number(si, "sleep=", 100);
	u64 tsc = ticks_per_us();
	u32 count;

	apic_enable();
	trap_set(VEC_ALARM, on_alarm);
	count = (u32)(apic_timer_hz() / 1000000 * sleep);
	print("thief: burns %lu us, sleeps %lu us\n", burn, sleep);
	for (;;) {
		u64 until = rdtsc() + burn * tsc;

		while (rdtsc() < until)
			;
		asm volatile("cli");
		apic_timer(VEC_ALARM, count);
		asm volatile("sti; hlt");
	}
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rows of interrupts: from what causes one to the first instructions of its handler.
 */
#include "bench.h"

#include "apic.h"
#include "cpu.h"
#include "trap.h"

#define TIMER_TICKS    200000u
#define MSR_X2APIC_ICR 0x830u
#define WAIT_LOOPS     100000000u /* then it does not come any more */

u64 self_ipi_x2apic(u32 n);

/* Ticks of the TSC in 2^16 of the LAPIC's timer, where there is no deadline mode. */
static u32 ratio;

static bool handler_ready(void)
{
	trap_gate(VEC_BENCH, bench_irq);
	return true;
}

/* Interrupts on until the handler has run; returns the TSC in the handler. */
static u64 await(u32 hits)
{
	sti();
	for (u32 i = 0; bench_hits == hits && i < WAIT_LOOPS; i++)
		asm volatile("" : : : "memory");
	cli();
	return bench_hits == hits ? 0 : bench_tsc;
}

static u64 self_ipi(u32 n)
{
	u64 sum = 0;

	for (u32 i = 0; i < n; i++) {
		u32 hits = bench_hits;
		u64 from;

		sti();
		from = ticks();
		*(volatile u32 *)(APIC_BASE + APIC_ICR) = ICR_SELF | VEC_BENCH;
		sum += await(hits) - from;
	}
	return sum;
}

u64 self_ipi_x2apic(u32 n)
{
	u64 sum = 0;

	trap_gate(VEC_BENCH, bench_irq_x2apic);
	for (u32 i = 0; i < n; i++) {
		u32 hits = bench_hits;
		u64 from;

		sti();
		from = ticks();
		wrmsr(MSR_X2APIC_ICR, ICR_SELF | VEC_BENCH);
		sum += await(hits) - from;
	}
	return sum;
}

/* Raised while interrupts are off: STI opens the window. */
static u64 window(u32 n)
{
	u64 sum = 0;

	for (u32 i = 0; i < n; i++) {
		u32 hits = bench_hits;
		u64 from;

		*(volatile u32 *)(APIC_BASE + APIC_ICR) = ICR_SELF | VEC_BENCH;
		from = ticks();
		sum += await(hits) - from;
	}
	return sum;
}

static bool has_deadline(void)
{
	return cpuid(1, 0).c & BIT(24);
}

static bool timer_ready(void)
{
	u64 from;
	u32 count;

	handler_ready();
	if (has_deadline()) {
		apic_write(APIC_LVT_TIMER, APIC_LVT_DEADLINE | VEC_BENCH);
		return true;
	}
	apic_timer(APIC_LVT_MASKED, 0xffffffff);
	count = apic_read(APIC_TIMER_NOW);
	from = rdtsc();
	while (rdtsc() - from < 10000000)
		pause();
	count -= apic_read(APIC_TIMER_NOW);
	ratio = (u32)(((rdtsc() - from) << 16) / count);
	apic_timer(VEC_BENCH, 0);
	return count != 0;
}

/* The timer is to interrupt TIMER_TICKS from now; returns the TSC of that. */
static u64 arm(void)
{
	u64 at;

	if (!has_deadline()) {
		at = ticks() + TIMER_TICKS;
		*(volatile u32 *)(APIC_BASE + APIC_TIMER_INIT) =
		    (u32)(((u64)TIMER_TICKS << 16) / ratio);
		return at;
	}
	at = ticks() + TIMER_TICKS;
	wrmsr(MSR_TSC_DEADLINE, at);
	return at;
}

static u64 timer_busy(u32 n)
{
	u64 sum = 0;

	for (u32 i = 0; i < n; i++) {
		u32 hits = bench_hits;
		u64 at = arm();

		sum += await(hits) - at;
	}
	return sum;
}

static u64 timer_halted(u32 n)
{
	u64 sum = 0;

	for (u32 i = 0; i < n; i++) {
		u32 hits = bench_hits;
		u64 at = arm();

		while (bench_hits == hits)
			wait_interrupt();
		sum += bench_tsc - at;
	}
	return sum;
}

const struct row irq_rows[] = {
	{ "self-ipi", handler_ready, self_ipi, 8 },
	{ "irq-window", handler_ready, window, 8 },
	{ "timer-irq", timer_ready, timer_busy, 4 },
	{ "hlt-timer", timer_ready, timer_halted, 4 },
	{ .name = NULL },
};

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rows of two processors. Each waits with HLT for the other's IPI, so that there is always just one
 * at work: the ticks of a round trip are the instructions of both, guest and hypervisor, whatever
 * order an emulator runs them in. Half of it is one IPI: send, end of HLT, handler, EOI.
 */
#include "bench.h"

#include "apic.h"
#include "cpu.h"
#include "trap.h"

static u32 ids[CPUS_MAX];
static bool started;

static void ap_main(u32 index)
{
	(void)index;
	for (u32 seen = bench_ap_hits;; seen++) {
		while (bench_ap_hits == seen)
			wait_interrupt();
		apic_send(ids[0], ICR_FIXED | VEC_BENCH);
	}
}

static bool two_ready(void)
{
	if (madt_cpus(ids) < 2)
		return false;
	trap_gate(VEC_BENCH, bench_irq);
	trap_gate(VEC_BENCH_AP, bench_ap_irq);
	if (!started)
		started = cpu_start(ids[1], 1, ap_main);
	return started;
}

static u64 ping_pong(u32 n)
{
	u64 from = ticks();

	for (u32 i = 0; i < n; i++) {
		u32 hits = bench_hits;

		apic_send(ids[1], ICR_FIXED | VEC_BENCH_AP);
		while (bench_hits == hits)
			wait_interrupt();
	}
	return (ticks() - from) / 2;
}

const struct row smp_rows[] = {
	{ "ipi", two_ready, ping_pong, 16 },
	{ .name = NULL },
};

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The demo's small guest: says where it woke up, then ticks once a second from its LAPIC timer and
 * sleeps in between. "ticks=N" on its command line powers off after N ticks.
 */
#include "apic.h"
#include "cpu.h"
#include "rt.h"
#include "trap.h"

#define VEC_TIMER 0x40

static void on_timer(struct trap_frame *f)
{
	(void)f;
	apic_eoi();
}

/* Sleeps until `due` by clock_ns(), which the loop asks often enough for the PM timer's 24 bits. */
static void sleep_until(u64 due, u64 hz)
{
	for (u64 now = clock_ns(); now < due; now = clock_ns()) {
		u64 ns = min_u64(due - now, NS_PER_S);

		apic_timer(VEC_TIMER, (u32)max_u64(ns * hz / NS_PER_S, 1));
		wait_interrupt();
	}
}

void main(const struct hvm_start_info *si)
{
	u64 ticks = cmdline_number(si, "ticks=", ~0ull);
	u32 ids[CPUS_MAX];
	u64 start, hz;
	char sig[13];

	hypervisor_signature(0x40000000, sig);
	print("hello from the ticker: %llu KiB of memory, %u vcpus, hypervisor \"%s\"\n",
	      memory_size(si) / KIB, madt_cpus(ids), sig);
	trap_set(VEC_TIMER, on_timer);
	apic_enable();
	hz = apic_timer_hz();
	start = clock_ns();
	for (u64 n = 1; n <= ticks; n++) {
		sleep_until(start + n * NS_PER_S, hz);
		print("tick %lu\n", n);
	}
}

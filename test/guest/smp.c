// SPDX-License-Identifier: BSD-2-Clause
/*
 * Starts every processor that the MADT names and makes them prove that they share memory, take IPIs
 * and see one time. With "x2apic" on the command line all of it in x2APIC mode. Ends with "smp: N cpus up" and "smp: ok" or lines "FAIL ...", and powers off.
 */
#include "apic.h"
#include "cpu.h"
#include "rt.h"
#include "trap.h"
#include <stdatomic.h>

#define VEC_PING 0x40
#define VEC_PONG 0x41
#define VEC_ALL  0x42
#define ROUNDS   50
#define ADDS     100000u
#define WAIT_NS  (5 * NS_PER_S)

static u32 ids[CPUS_MAX];
static atomic_uint up, sum, pings, pongs, heard, backwards, failures;
static _Atomic u64 sent_tsc;
static bool x2apic;

static void compare_tsc(void)
{
	if (rdtsc() < atomic_load(&sent_tsc))
		atomic_fetch_add(&backwards, 1);
	atomic_store(&sent_tsc, rdtsc());
}

static void on_ping(struct trap_frame *f)
{
	(void)f;
	compare_tsc();
	atomic_fetch_add(&pings, 1);
	apic_eoi();
	apic_send(ids[0], ICR_FIXED | VEC_PONG);
}

static void on_pong(struct trap_frame *f)
{
	(void)f;
	compare_tsc();
	atomic_fetch_add(&pongs, 1);
	apic_eoi();
}

static void on_all(struct trap_frame *f)
{
	(void)f;
	atomic_fetch_add(&heard, 1);
	apic_eoi();
}

static void enable(void)
{
	if (x2apic && !apic_is_x2apic() && !apic_to_x2apic()) {
		print("FAIL CPUID shows no x2APIC\n");
		atomic_fetch_add(&failures, 1);
	}
	apic_enable();
}

static _Noreturn void ap_main(u32 index)
{
	enable();
	if (apic_id() != ids[index]) {
		print("FAIL cpu %u has APIC id %u, the MADT says %u\n", index, apic_id(),
		      ids[index]);
		atomic_fetch_add(&failures, 1);
	}
	atomic_fetch_add(&up, 1);
	for (u32 i = 0; i < ADDS; i++)
		atomic_fetch_add_explicit(&sum, 1, memory_order_relaxed);
	for (;;)
		wait_interrupt();
}

static void ap_entry(u32 index)
{
	ap_main(index);
}

static void expect(atomic_uint *counter, u32 want, const char *what, u32 cpu)
{
	u64 until = clock_ns() + WAIT_NS;

	while (atomic_load(counter) != want && clock_ns() < until) {
		sti();
		pause();
		cli();
	}
	if (atomic_load(counter) == want)
		return;
	print("FAIL %s, cpu %u: %u of %u\n", what, cpu, atomic_load(counter), want);
	atomic_fetch_add(&failures, 1);
}

static void start(u32 index)
{
	if (cpu_start(ids[index], index, ap_entry))
		return;
	print("FAIL cpu %u (APIC id %u) did not start\n", index, ids[index]);
	atomic_fetch_add(&failures, 1);
}

/* Each round wakes the other from HLT and is woken by it. */
static void ping_pong(u32 index)
{
	atomic_store(&pings, 0);
	atomic_store(&pongs, 0);
	for (u32 i = 1; i <= ROUNDS; i++) {
		atomic_store(&sent_tsc, rdtsc());
		apic_send(ids[index], ICR_FIXED | VEC_PING);
		expect(&pongs, i, "ping-pong", index);
	}
}

void main(const struct hvm_start_info *si)
{
	u32 count = madt_cpus(ids);

	x2apic = cmdline_has(si, "x2apic");
	trap_set(VEC_PING, on_ping);
	trap_set(VEC_PONG, on_pong);
	trap_set(VEC_ALL, on_all);
	enable();
	for (u32 i = 1; i < count; i++)
		start(i);
	expect(&up, count - 1, "processors up", 0);
	expect(&sum, (count - 1) * ADDS, "atomic sum", 0);
	print("smp: %u cpus up\n", atomic_load(&up) + 1);
	for (u32 i = 1; i < count; i++)
		ping_pong(i);
	if (count > 1) {
		apic_send(0, ICR_ALL_BUT_SELF | VEC_ALL);
		expect(&heard, count - 1, "broadcast", 0);
		/* INIT takes a processor out of HLT and back to waiting for its start-up IPI. */
		start(1);
		expect(&up, count, "second start", 1);
	}
	if (atomic_load(&backwards))
		print("FAIL time went back %u times between processors\n", atomic_load(&backwards));
	else if (!atomic_load(&failures))
		print("smp: ok\n");
}

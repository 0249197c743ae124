// SPDX-License-Identifier: BSD-2-Clause
/* Storms of interrupts, exceptions and start-up IPIs; sleeps without a way out; deaths. */
#include "hostile.h"

#include <lib/string.h>

#define VEC_STORM  0x61
#define TRAMPOLINE 0x9000ull
#define STORM      0x9000ull /* storm.asm has it too */

/* storm.asm */
extern const u8 align_storm[], align_storm_end[];

static volatile u64 taken;

static void on_storm(struct trap_frame *f)
{
	(void)f;
	/* A timer that is faster than its handler would leave nothing else to do. */
	if (++taken % 64 == 0)
		apic_write(APIC_TIMER_INIT, 0);
	apic_eoi();
}

static void on_nmi(struct trap_frame *f)
{
	(void)f;
	taken++;
}

static void storm_begin(void)
{
	trap_set(VEC_STORM, on_storm);
	trap_set(VEC_NMI, on_nmi);
}

static void selfirq_step(void)
{
	for (u32 i = 0; i < 64; i++) {
		apic_send(0, ICR_SELF | VEC_STORM);
		if (noise() % 8 == 0)
			apic_send(apic_id(), ICR_NMI);
		sti();
		asm volatile("nop");
		cli();
	}
}

/* The smallest divisor, a count of 1, for ever. */
static void timer_step(void)
{
	apic_write(APIC_TIMER_DIV, APIC_DIV_1);
	apic_write(APIC_LVT_TIMER, VEC_STORM | APIC_LVT_PERIODIC);
	for (u32 i = 0; i < 200; i++) {
		if (i % 50 == 0)
			apic_write(APIC_TIMER_INIT, 1);
		sti();
		asm volatile("nop");
		cli();
	}
	apic_write(APIC_TIMER_INIT, 1);
	wait_interrupt();
}

/* --- The other processors
 * ----------------------------------------------------------------------------------------------------
 */

/* Each sends to all others what is no start-up IPI. */
static void shouter(u32 index)
{
	u64 state = index;

	sti();
	for (;;) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		apic_send(0,
			  ICR_ALL_BUT_SELF | (state >> 60 == 0 ? ICR_NMI : ICR_FIXED | VEC_STORM));
	}
}

static void ipis_begin(void)
{
	storm_begin();
	for (u32 i = 1; i < cpu_count; i++)
		cpu_start(cpu_ids[i], i, shouter);
}

static void ipis_step(void)
{
	for (u32 i = 0; i < 16; i++) {
		apic_send(0, ICR_ALL_BUT_SELF | ICR_FIXED | VEC_STORM);
		sti();
		asm volatile("nop");
		cli();
	}
}

/* INIT and start-up IPIs, at a place where there is an endless loop, HLT, or nothing. */
static void inits_step(void)
{
	static const u8 loop[] = { 0xeb, 0xfe }, sleep[] = { 0xfa, 0xf4, 0xeb, 0xfd };

	memcpy((void *)TRAMPOLINE, noise() & 1 ? loop : sleep, sizeof(loop));
	for (u32 i = 1; i < cpu_count; i++) {
		if (noise() % 4)
			apic_send(cpu_ids[i], ICR_INIT);
		if (noise() % 4)
			apic_send(cpu_ids[i],
				  ICR_STARTUP | (noise() % 8 ? TRAMPOLINE >> 12 : noise() & 0xff));
	}
	if (noise() % 64 == 0)
		apic_send(0, ICR_ALL_BUT_SELF | ICR_INIT);
}

/* --- Debug exceptions without end
 * ------------------------------------------------------------------------------------------------
 */

static u8 watched[4096] __attribute__((aligned(4096)));

/* The single steps end after a few. */
static void on_debug(struct trap_frame *f)
{
	if (++taken % 8 == 0)
		f->rflags &= ~BIT(8);
}

/* Watches the stack on which #DB itself is delivered (CVE-2015-8104), and single-steps. */
static void debug_step(void)
{
	u64 top = (u64)watched + sizeof(watched);

	trap_set(VEC_DB, on_debug);
	write_dr0(top - 8);
	write_dr1(top - 24);
	write_dr2(top - 40);
	/* Writes of 8 bytes, each. */
	write_dr7(0x400 | 0x3f | 0x999ull << 16);
	asm volatile("movq %%rsp, %%r10; movq %0, %%rsp\n\t"
		     "pushfq; orq $0x100, (%%rsp); popfq; nop; cpuid; nop; pushq $0; popq %%rax; "
		     ".byte 0xf1\n\t"
		     "pushfq; andq $~0x100, (%%rsp); popfq; movq %%r10, %%rsp"
		     :
		     : "r"(top)
		     : "rax", "rbx", "rcx", "rdx", "r10", "cc", "memory");
	write_dr7(0x400);
	write_dr6(0);
}

/* The other processors never come out of it, nor take an interrupt; the next attack's INIT ends it. */
static void align_begin(void)
{
	memcpy((void *)STORM, align_storm, (size_t)(align_storm_end - align_storm));
	for (u32 i = 1; i < cpu_count; i++) {
		apic_send(cpu_ids[i], ICR_INIT);
		delay_us(10000);
		apic_send(cpu_ids[i], ICR_STARTUP | STORM >> 12);
	}
}

static void align_step(void)
{
	delay_us(1000);
}

/* --- Ends
 * ----------------------------------------------------------------------------------------------------------------------------
 */

/* HLT with interrupts off: nothing wakes it. */
static void asleep_step(void)
{
	sleep_forever();
}

static void triple_step(void)
{
	triple_fault();
}

static void reset_step(void)
{
	reset();
}

const struct attack interrupt_attacks[] = {
	ATTACK(selfirq, storm_begin), ATTACK(timer, storm_begin), ATTACK(ipis, ipis_begin),
	ATTACK(inits, NULL),          ATTACK(debug, NULL),        ATTACK(align, align_begin),
	ATTACK(asleep, NULL),         ATTACK(triple, NULL),       ATTACK(reset, NULL),
	ATTACKS_END,
};

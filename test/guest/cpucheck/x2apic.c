// SPDX-License-Identifier: BSD-2-Clause
/*
 * The LAPIC in x2APIC mode, which a CPU may serve by itself: priorities, EOI, and what still has to
 * reach the rest of the board.
 */
#include "check.h"

#define ROUNDS       1000u
#define TURNS        50u
#define LATE         NS_PER_S
#define IOAPIC_LEVEL 0x8000u
#define COM1         0x3f8u
#define COM1_OUT2    0x08u /* lets its interrupts out */
#define SELF_IPI     0x3f0u
#define PPR          0xa0u
/* In one class, and in the next. */
#define VEC_LOW  VEC_FIRST
#define VEC_SAME (VEC_FIRST + 1)
#define VEC_HIGH 0x63u

static volatile u32 order[8], events, nmis;

static bool start(void)
{
	events = 0;
	if (!apic_to_x2apic())
		return false;
	apic_enable();
	return true;
}

static void take(void)
{
	sti();
	pause();
	cli();
}

/* Turns, not time: a busy host may hold up the guest for longer than any time. */
static void take_all(void)
{
	for (u32 i = 0; i < TURNS; i++)
		take();
}

/*
 * Until `count` is `want`; longer than it can take if nothing more comes. With several threads
 * QEMU's TCG sometimes forgets that an interrupt waits for IF, until the next exit: here that is
 * the reading of the clock.
 */
static bool take_until(const volatile u32 *count, u32 want)
{
	u64 until;

	take_all();
	for (until = clock_ns() + LATE; *count < want && clock_ns() < until;)
		take_all();
	return *count >= want;
}

static bool is_set(u32 first, u32 vector)
{
	return apic_read(first + vector / 32 * 16) >> vector % 32 & 1;
}

static void note(u32 what)
{
	if (events < ARRAY_LEN(order))
		order[events] = what;
	events++;
}

static u32 x2(u32 reg)
{
	return 0x800 + (reg >> 4);
}

/* Unlike apic_eoi() it does not ask for the mode, which exits. */
static void on_load(struct trap_frame *f)
{
	note(0);
	wrmsr(x2(APIC_EOI), 0);
}

/* What the count of exits is about: none of this needs one. */
static const char *load(void)
{
	u32 seen = 0, late = 0;

	if (!start())
		return "CPUID shows none";
	trap_set(VEC_LOW, on_load);
	for (u32 i = 0; i < ROUNDS; i++) {
		wrmsr(x2(APIC_TPR), i % 2 ? 0x20 : 0x10);
		wrmsr(x2(SELF_IPI), VEC_LOW);
		take();
		if (events <= i) {
			late++;
			if (!take_until(&events, i + 1))
				break;
		}
		seen += (u32)rdmsr(x2(APIC_TPR)) + (u32)rdmsr(x2(APIC_ISR) + 2);
	}
	if (events != ROUNDS || late > ROUNDS / 100)
		return wrong("%u of %u self-IPIs, %u late", events, ROUNDS, late);
	return seen == ROUNDS * 0x18 ? NULL : wrong("TPR and ISR add up to %x", seen);
}

static const char *task_priority(void)
{
	u64 cr8;

	if (!start())
		return "CPUID shows none";
	apic_write(APIC_TPR, 0x5f);
	apic_write(SELF_IPI, VEC_LOW);
	take_all();
	if (irq_count[0] || !is_set(APIC_IRR, VEC_LOW))
		return "delivered at its own priority class, or lost";
	if (apic_read(PPR) != 0x5f)
		return wrong("PPR %x, want 5f", apic_read(PPR));
	asm volatile("mov %%cr8, %0" : "=r"(cr8));
	if (cr8 != 5)
		return wrong("CR8 %lx, TPR 5f", cr8);
	asm volatile("mov %0, %%cr8" : : "r"(4ul) : "memory");
	if (apic_read(APIC_TPR) != 0x40)
		return wrong("TPR %x, CR8 4", apic_read(APIC_TPR));
	take_until(&irq_count[0], 1);
	if (irq_count[0] != 1 || is_set(APIC_IRR, VEC_LOW) || is_set(APIC_ISR, VEC_LOW))
		return wrong("%u interrupts when the priority fell", irq_count[0]);
	/* Bare QEMU does not mind. */
	return !under_plinth() || try_wrmsr(x2(APIC_TPR), 0x100) == VEC_GP ? NULL
									   : "TPR takes bit 8";
}

static void on_high(struct trap_frame *f)
{
	note(2);
	if (apic_read(PPR) != (VEC_HIGH & 0xf0))
		note(9);
	/* Neither of its own class nor below: they wait for the EOI. */
	apic_write(SELF_IPI, VEC_SAME);
	take();
	note(3);
	apic_eoi();
}

static void on_low(struct trap_frame *f)
{
	note(1);
	apic_write(SELF_IPI, VEC_HIGH);
	take_until(&events, 3);
	note(4);
	apic_eoi();
}

static void on_same(struct trap_frame *f)
{
	note(5);
	apic_eoi();
}

static const char *nesting(void)
{
	if (!start())
		return "CPUID shows none";
	trap_set(VEC_LOW, on_low);
	trap_set(VEC_SAME, on_same);
	trap_set(VEC_HIGH, on_high);
	apic_write(SELF_IPI, VEC_LOW);
	take_until(&events, 5);
	for (u32 i = 0; i < 5; i++)
		if (order[i] != i + 1)
			return wrong("step %u was %u, of %u", i + 1, order[i], events);
	return events == 5 ? NULL : wrong("%u steps, want 5", events);
}

static void on_com1(struct trap_frame *f)
{
	note(0);
	in8(COM1 + 2); /* takes the request back */
	apic_eoi();
}

/* The EOI has to reach the IOAPIC, or there is only one interrupt. */
static const char *level(void)
{
	u32 pin = madt_gsi(4);
	u8 mcr = in8(COM1 + 4);

	if (!start())
		return "CPUID shows none";
	trap_set(VEC_LOW, on_com1);
	out8(COM1 + 4, mcr | COM1_OUT2);
	ioapic_write(0x11 + pin * 2, apic_id() << 24);
	ioapic_write(0x10 + pin * 2, IOAPIC_LEVEL | VEC_LOW);
	for (u32 i = 0; i < 5; i++) {
		out8(COM1 + 1, 0);
		out8(COM1 + 1, 2); /* the transmitter is empty */
		if (!take_until(&events, i + 1))
			break;
	}
	out8(COM1 + 1, 0);
	out8(COM1 + 4, mcr);
	ioapic_mask(pin);
	return events == 5 ? NULL : wrong("%u interrupts, want 5", events);
}

static void on_pic(struct trap_frame *f)
{
	note(0);
	pic_eoi((u8)(f->vector - 0x20));
}

static const char *extint(void)
{
	u64 from, periods;

	if (!start())
		return "CPUID shows none";
	for (u32 i = 0; i < 16; i++)
		trap_set((u8)(0x20 + i), on_pic);
	pic_init(0x20, 1);
	apic_write(APIC_LVT_LINT0, APIC_LVT_EXTINT);
	from = clock_ns();
	pit_rate(100);
	for (u32 i = 0; i < 20; i++) {
		apic_write(SELF_IPI, VEC_LOW);
		take_all();
		take_interrupts(10 * NS_PER_MS, i % 2);
	}
	pit_rate(0);
	periods = (clock_ns() - from) / (10 * NS_PER_MS);
	if (irq_count[0] != 20)
		return wrong("%u self-IPIs, want 20", irq_count[0]);
	/* A busy emulator may lose ticks, but must not invent any. */
	return events > 10 && events <= periods + 2
		   ? NULL
		   : wrong("%u ticks in %lu periods", events, periods);
}

static void on_nmi(struct trap_frame *f)
{
	nmis++;
}

static const char *nmi(void)
{
	if (!start())
		return "CPUID shows none";
	nmis = 0;
	trap_set(2, on_nmi);
	for (u32 i = 0; i < 10; i++) {
		apic_write(SELF_IPI, VEC_LOW);
		apic_send(apic_id(), ICR_NMI);
		if (!take_until(&irq_count[0], i + 1) || !take_until(&nmis, i + 1))
			break;
	}
	trap_set(2, NULL);
	return nmis == 10 && irq_count[0] == 10
		   ? NULL
		   : wrong("%u NMIs, %u self-IPIs, want 10", nmis, irq_count[0]);
}

/* An interrupt that is requested with interrupts off ends a HLT; the timer comes from outside. */
static const char *halt(void)
{
	u32 hz;

	if (!start())
		return "CPUID shows none";
	apic_write(SELF_IPI, VEC_SAME);
	wait_interrupt();
	hz = (u32)apic_timer_hz();
	apic_timer(VEC_LOW, hz / 100);
	wait_interrupt();
	return irq_count[0] == 1 && irq_count[1] == 1
		   ? NULL
		   : wrong("%u, %u, want 1", irq_count[0], irq_count[1]);
}

/*
 * With interrupts off none comes, though one waits and the machine's own timer, which drives ours,
 * interrupts it meanwhile. CLI again and again: it makes an emulator look what it may deliver.
 */
static const char *closed(void)
{
	u64 until;

	if (!start())
		return "CPUID shows none";
	apic_timer(VEC_SAME | APIC_LVT_PERIODIC, (u32)apic_timer_hz() / 1000);
	apic_write(SELF_IPI, VEC_LOW);
	for (until = clock_ns() + 5 * NS_PER_MS; clock_ns() < until;)
		for (u32 i = 0; i < 1000; i++)
			cli();
	if (irq_count[0] || irq_count[1])
		return wrong("%u self-IPIs, %u of the timer with interrupts off", irq_count[0], irq_count[1]);
	if (!take_until(&irq_count[1], 1) || irq_count[0] != 1)
		return wrong("%u self-IPIs, %u of the timer, want 1 and more", irq_count[0], irq_count[1]);
	return NULL;
}

static const char *bad_self_ipi(void)
{
	if (!start())
		return "CPUID shows none";
	apic_write(SELF_IPI, 5);
	apic_write(0x280, 0);
	if ((apic_read(0x280) & 0x60) != 0x60)
		return wrong("ESR %x, want 60", apic_read(0x280));
	return try_wrmsr(x2(SELF_IPI), 0x150) == VEC_GP ? NULL : "self-IPI takes bit 8";
}

// clang-format off
const struct check x2apic_checks[] = {
	CHECK("x2apic-load", load, ANYWHERE),
	CHECK("x2apic-tpr", task_priority, ANYWHERE),
	CHECK("x2apic-nesting", nesting, ANYWHERE),
	CHECK("x2apic-level", level, ANYWHERE),
	TIMED("x2apic-extint", extint, ANYWHERE),
	CHECK("x2apic-nmi", nmi, ANYWHERE),
	CHECK("x2apic-halt", halt, ANYWHERE),
	CHECK("x2apic-closed", closed, ANYWHERE),
	CHECK("x2apic-bad-self-ipi", bad_self_ipi, UNDER_PLINTH),
	CHECKS_END,
};
// clang-format on

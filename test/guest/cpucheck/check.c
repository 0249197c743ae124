// SPDX-License-Identifier: BSD-2-Clause
/* Runs the checks of a plan and counts; what checks share. */
#include "check.h"
#include <lib/fmt.h>
#include <stdarg.h>

volatile u32 irq_count[VEC_COUNT];
volatile u64 irq_rip;

static char reason[160];
static u32 ok, failed;

const char *wrong(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fmt_vprint(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return reason;
}

void count_irq(struct trap_frame *f)
{
	irq_count[f->vector - VEC_FIRST]++;
	irq_rip = f->rip;
	apic_eoi();
}

void take_interrupts(u64 ns, bool halt)
{
	u64 until = clock_ns() + ns;

	/* Once at least: a busy host may hold up the guest for longer. */
	do {
		if (halt) {
			wait_interrupt();
			continue;
		}
		sti();
		pause();
		cli();
	} while (clock_ns() < until);
}

/* A known state before each check: one LAPIC, everything masked, no counts. */
static void check_reset(const struct check_plan *p)
{
	cli();
	pit_rate(0);
	pic_init(0x20, 0);
	if (apic_is_x2apic())
		apic_to_xapic();
	apic_enable();
	apic_write(APIC_TIMER_INIT, 0);
	ioapic_mask(madt_gsi(0));
	for (unsigned i = 0; i < VEC_COUNT; i++) {
		trap_set((u8)(VEC_FIRST + i), count_irq);
		irq_count[i] = 0;
	}
	trap_stray = 0;
	if (p->reset)
		p->reset();
}

static bool is_due(const struct check *c, bool emulated)
{
	if (c->where == ANYWHERE)
		return true;
	return under_plinth() && !(emulated && c->where == ON_SILICON);
}

static void run(const struct check_plan *p, const struct check *c, bool emulated)
{
	const char *bad;
	u32 left = c->tries;

	if (!is_due(c, emulated)) {
		print("skip %s\n", c->name);
		return;
	}
	for (;;) {
		check_reset(p);
		bad = c->fn();
		if (!bad || !--left)
			break;
		print("again %s: %s\n", c->name, bad);
	}
	if (bad) {
		print("FAIL %s: %s\n", c->name, bad);
		failed++;
	} else {
		print("ok %s\n", c->name);
		ok++;
	}
}

void checks_run(const struct check_plan *p, const struct hvm_start_info *si)
{
	char only[32] = "";

	cmdline_text(si, "only=", only, sizeof(only));
	for (u32 g = 0; g < p->count; g++)
		for (const struct check *c = p->groups[g]; c->name; c++)
			if (!*only || !strcmp(only, c->name))
				run(p, c, cmdline_has(si, "emulated"));
	check_reset(p);
	print("%s: %u ok, %u failed\n", p->guest, ok, failed);
}

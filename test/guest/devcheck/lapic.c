// SPDX-License-Identifier: BSD-2-Clause
/* The LAPIC: priorities, errors, local vector table, destinations. Its timer is cpucheck's. */
#include "dev.h"

#define ESR          0x280
#define PPR          0xa0
#define LVT_PERF     0x340
#define SOFTWARE_OFF 0x0ffu
#define SOFTWARE_ON  0x1ffu
#define LOGICAL      0x800u
#define LOW          (VEC_FIRST)        /* class 5 */
#define HIGH         (VEC_FIRST + 0x10) /* class 6 */

static volatile u32 order[4], taken, nmis, ppr_seen;

static void on_either(struct trap_frame *f)
{
	ppr_seen = apic_read(PPR);
	if (taken < ARRAY_LEN(order))
		order[taken++] = (u32)f->vector;
	/* A higher class interrupts this handler, a lower one does not. */
	if (f->vector == LOW) {
		apic_send(0, ICR_SELF | HIGH);
		sti();
		pause();
		cli();
		if (taken < ARRAY_LEN(order))
			order[taken++] = 0;
	}
	apic_eoi();
}

static const char *priorities(void)
{
	taken = 0;
	trap_set(LOW, on_either);
	trap_set(HIGH, on_either);
	apic_write(APIC_TPR, 0x60);
	apic_send(0, ICR_SELF | LOW);
	take_interrupts(NS_PER_MS, false);
	if (taken)
		return "the task priority does not hold it back";
	if (!(apic_read(APIC_IRR + LOW / 32 * 16) >> LOW % 32 & 1))
		return "not requested";
	apic_write(APIC_TPR, 0);
	came(&taken, 3, NS_PER_S);
	if (order[0] != LOW || order[1] != HIGH || order[2] != 0)
		return wrong("order %x, %x, %x", order[0], order[1], order[2]);
	if (ppr_seen != (HIGH & 0xf0))
		return wrong("PPR %x in the handler", ppr_seen);
	return apic_read(PPR) ? wrong("PPR %x afterwards", apic_read(PPR)) : NULL;
}

/* Errors show in the ESR from the next write on, and raise the error vector. */
static const char *errors(void)
{
	apic_write(ESR, 0);
	apic_write(APIC_LVT_ERROR, VEC_FIRST + 1);
	apic_send(0, ICR_SELF | 5); /* vectors below 16 are illegal */
	if (!came(&irq_count[1], 1, NS_PER_S))
		return wrong("%u error interrupts", irq_count[1]);
	if (apic_read(ESR))
		return wrong("ESR %x before it is written", apic_read(ESR));
	apic_write(ESR, 0);
	if (!(apic_read(ESR) & 0x20))
		return wrong("ESR %x", apic_read(ESR));
	apic_write(ESR, 0);
	return apic_read(ESR) ? wrong("ESR %x afterwards", apic_read(ESR)) : NULL;
}

/* Disabled by software: all LVT masks are set and stay, and no interrupt is accepted. */
static const char *software_disable(void)
{
	static const u32 lvts[] = { APIC_LVT_TIMER, LVT_PERF, APIC_LVT_LINT0, APIC_LVT_LINT1,
				    APIC_LVT_ERROR };

	for (u32 i = 0; i < ARRAY_LEN(lvts); i++)
		apic_write(lvts[i], VEC_FIRST);
	apic_write(APIC_SVR, SOFTWARE_OFF);
	for (u32 i = 0; i < ARRAY_LEN(lvts); i++) {
		if (!(apic_read(lvts[i]) & APIC_LVT_MASKED))
			return wrong("LVT %x is not masked", lvts[i]);
		apic_write(lvts[i], VEC_FIRST);
		if (!(apic_read(lvts[i]) & APIC_LVT_MASKED))
			return wrong("LVT %x can be unmasked", lvts[i]);
	}
	apic_send(apic_id(), ICR_FIXED | VEC_FIRST);
	apic_write(APIC_SVR, SOFTWARE_ON);
	take_interrupts(NS_PER_MS, false);
	return irq_count[0] ? "an interrupt was accepted" : NULL;
}

static bool reaches(u32 dest)
{
	irq_count[0] = 0;
	apic_send(dest, ICR_FIXED | LOGICAL | VEC_FIRST);
	return came(&irq_count[0], 1, 20 * NS_PER_MS);
}

static const char *destinations(void)
{
	apic_write(APIC_DFR, 0xffffffff);
	apic_write(APIC_LDR, 0x12000000);
	if (!reaches(0x02) || !reaches(0x10) || !reaches(0x93) || !reaches(0xff))
		return "flat: not reached";
	if (reaches(0x04) || reaches(0x81))
		return "flat: reached";
	apic_write(APIC_DFR, 0x0fffffff);
	if (!reaches(0x12) || !reaches(0x1f) || !reaches(0xff))
		return "cluster: not reached";
	if (reaches(0x11) || reaches(0x22) || reaches(0x02))
		return "cluster: reached";
	apic_write(APIC_DFR, 0xffffffff);
	return NULL;
}

static void on_nmi(struct trap_frame *f)
{
	(void)f;
	nmis++;
}

static const char *nmi(void)
{
	nmis = 0;
	trap_set(VEC_NMI, on_nmi);
	apic_send(apic_id(), ICR_NMI);
	delay_us(1000);
	return nmis == 1 ? NULL : wrong("%u NMIs", nmis);
}

/* Between one-shot and periodic the count goes on; reserved modes stand still. */
static const char *timer_modes(void)
{
	u32 count = (u32)(apic_timer_hz() / 100), before;

	apic_timer(VEC_FIRST | APIC_LVT_PERIODIC, count);
	came(&irq_count[0], 2, NS_PER_S);
	if (irq_count[0] < 2)
		return wrong("%u of periodic", irq_count[0]);
	apic_write(APIC_LVT_TIMER, VEC_FIRST);
	before = irq_count[0];
	take_interrupts(100 * NS_PER_MS, false);
	/* The last, and perhaps one that was requested already. */
	if (irq_count[0] < before + 1 || irq_count[0] > before + 2)
		return wrong("%u more, want 1", irq_count[0] - before);
	return apic_read(APIC_TIMER_NOW) ? "the count goes on" : NULL;
}

// clang-format off
const struct check lapic_checks[] = {
	CHECK("lapic-priorities", priorities, ANYWHERE),
	CHECK("lapic-errors", errors, UNDER_PLINTH),
	CHECK("lapic-software-disable", software_disable, UNDER_PLINTH),
	CHECK("lapic-destinations", destinations, ANYWHERE),
	CHECK("lapic-nmi", nmi, ANYWHERE),
	TIMED("lapic-timer-modes", timer_modes, UNDER_PLINTH),
	CHECKS_END,
};
// clang-format on

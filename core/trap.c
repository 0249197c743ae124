// SPDX-License-Identifier: BSD-2-Clause
/* Exceptions and interrupts that reach the hypervisor itself. */
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/defs/vectors.h>
#include <arch/x86_64/desc.h>
#include <arch/x86_64/lapic.h>
#include <core/panic.h>
#include <core/pcpu.h>
#include <core/timer.h>
#include <core/trap.h>

/* Another pCPU panicked, or it is not ours: a watchdog or a button. */
static void on_nmi(const struct trap_frame *f)
{
	if (panic_stopping())
		cpu_halt();
	panic_report_nmi(f);
}

static void (*on_console)(void); /* [b] */

void trap_on_console(void (*fn)(void))
{
	on_console = fn;
}

void trap_handle(struct trap_frame *f)
{
	if (f->vector == EXC_NMI) {
		on_nmi(f);
		return;
	}
	if (f->vector < 32)
		panic_trap(f);
	if (f->vector == VEC_SPURIOUS)
		return;
	if (f->vector == VEC_TIMER)
		timer_fired();
	if (f->vector == VEC_CONSOLE && on_console)
		on_console();
	/* VEC_KICK needs nothing: the interrupted loop looks at the request bits. */
	lapic_eoi();
}

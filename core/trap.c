// SPDX-License-Identifier: BSD-2-Clause
/* Exceptions and interrupts that reach the hypervisor itself. */
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/defs/vectors.h>
#include <arch/x86_64/desc.h>
#include <arch/x86_64/lapic.h>
#include <core/panic.h>
#include <core/pcpu.h>
#include <core/service/log.h>
#include <core/trap.h>
#include <stdatomic.h>

static atomic_uint strays[256]; /* [a] interrupts that nobody asked for, by vector */
static void (*on_console)(void); /* [b] */

/* Another pCPU panicked, or it is not ours: a watchdog or a button. */
static void on_nmi(const struct trap_frame *f)
{
	if (panic_stopping())
		cpu_halt();
	panic_report_nmi(f);
}

void trap_on_console(void (*fn)(void))
{
	on_console = fn;
}

/*
 * From a device that the firmware left running, an 8259 or the LAPIC itself. Told at the 1st, 2nd, 4th, 8th ... of a vector. Interrupts are
 * taken where no lock is held, so this may log.
 */
static void on_stray(u8 vector)
{
	u32 n = atomic_fetch_add_explicit(&strays[vector], 1, memory_order_relaxed) + 1;

	if (!(n & (n - 1)))
		log_warn("pcpu %u: stray interrupt %02xh%s, %u so far", this_pcpu()->id, vector,
			 vector == VEC_SPURIOUS ? " (spurious)" : vector == VEC_ERROR ? " (LAPIC error)" : "", n);
}

void trap_handle(struct trap_frame *f)
{
	if (f->vector == EXC_NMI) {
		on_nmi(f);
		return;
	}
	if (f->vector < 32)
		panic_trap(f);
	if (f->vector == VEC_CONSOLE && on_console)
		on_console();
	else if (f->vector != VEC_KICK) /* which needs nothing: the interrupted loop looks at the request bits */
		on_stray((u8)f->vector);
	if (f->vector != VEC_SPURIOUS)
		lapic_eoi();
}

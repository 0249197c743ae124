// SPDX-License-Identifier: BSD-2-Clause
#include <core/panic.h>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/defs/layout.h>
#include <arch/x86_64/lapic.h>
#include <core/log.h>
#include <core/pcpu.h>
#include <core/symbols.h>
#include <lib/assert.h>
#include <lib/fmt.h>
#include <lib/range.h>
#include <stdatomic.h>

#define BACKTRACE_MAX 24
#define CODE_BYTES    16
#define PANIC_LOG_LINES 16

extern const char image_start[], text_end[];
extern const u8 symbols_start[], symbols_end[];

static atomic_bool stopping;
static void (*report)(struct runnable *r); /* [b] */

/* Until panic_seed_canary(). The zero byte stops what copies a string. */
u64 __stack_chk_guard = 0x5bd1e995a73c00ffull;

void panic_seed_canary(u64 random)
{
	__stack_chk_guard ^= random & ~0xff00ull;
}

_Noreturn void __stack_chk_fail(void);

_Noreturn void __stack_chk_fail(void)
{
	panic("stack overrun in a function called from %p", __builtin_return_address(0));
}

static void __attribute__((format(printf, 1, 2))) line(const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	fmt_vprint(text, sizeof(text), fmt, ap);
	va_end(ap);
	console_panic_write(text);
}

static bool in_text(u64 at)
{
	return range_inside(at, 1, (u64)image_start, (u64)(text_end - image_start));
}

/* `back`: 1 for a return address, which may be that of the next function if the call was the last instruction. */
static void line_at(const char *what, u64 at, u64 back)
{
	struct symbol s;

	if (symbol_find(symbols_start, (size_t)(symbols_end - symbols_start), at - back - (u64)image_start, &s))
		line("  %s %016llx %s+%llx\n", what, (unsigned long long)at, s.name,
		     (unsigned long long)(s.offset + back));
	else
		line("  %s %016llx\n", what, (unsigned long long)at);
}

/* Frame pointers are kept; a frame must lie above its callee's on the same stack. */
static void backtrace(u64 rbp)
{
	u64 low = rbp, size = 64 * KIB;

	for (unsigned i = 0; i < BACKTRACE_MAX && rbp >> 47 && is_aligned(rbp, 8); i++) {
		const u64 *frame = (const u64 *)rbp;

		if (!range_inside(rbp, 16, low, size) || !in_text(frame[1]))
			break;
		line_at("called from", frame[1], 1);
		if (frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
}

static void begin(void)
{
	irq_off();
	if (atomic_exchange(&stopping, true))
		cpu_halt();
	if (pcpu_count() > 1)
		lapic_send_nmi_others();
	console_panic_begin();
}

bool panic_stopping(void)
{
	return atomic_load(&stopping);
}

static u32 cpu_number(void)
{
	return rdmsr(MSR_GS_BASE) ? this_pcpu()->id : 0;
}

void panic_on_report(void (*fn)(struct runnable *r))
{
	report = fn;
}

/* The guest's part comes last: another fault there halts at once. */
static _Noreturn void finish(void)
{
	log_panic_tail(PANIC_LOG_LINES);
	log_panic_begin();
	if (report && rdmsr(MSR_GS_BASE) && this_pcpu()->current)
		report(this_pcpu()->current);
	line("PANIC: all pCPUs are stopped\n");
	cpu_halt();
}

_Noreturn void panic(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	begin();
	va_start(ap, fmt);
	fmt_vprint(text, sizeof(text), fmt, ap);
	va_end(ap);
	line("\nPANIC on pcpu %u: %s\n", cpu_number(), text);
	backtrace((u64)__builtin_frame_address(0));
	finish();
}

static void registers(const struct trap_frame *f)
{
	static const char *const names[] = { "r15", "r14", "r13", "r12", "r11", "r10", "r9 ", "r8 ",
					     "rbp", "rdi", "rsi", "rdx", "rcx", "rbx", "rax" };
	const u64 *v = &f->r15;

	for (unsigned i = 0; i < ARRAY_LEN(names); i += 3)
		line("  %s %016llx  %s %016llx  %s %016llx\n", names[i], (unsigned long long)v[i], names[i + 1],
		     (unsigned long long)v[i + 1], names[i + 2], (unsigned long long)v[i + 2]);
	line("  rip %016llx  rsp %016llx  rflags %llx  cs %llx  ss %llx\n", (unsigned long long)f->rip,
	     (unsigned long long)f->rsp, (unsigned long long)f->rflags, (unsigned long long)f->cs,
	     (unsigned long long)f->ss);
	line("  cr0 %llx  cr2 %llx  cr3 %llx  cr4 %llx  efer %llx\n", (unsigned long long)read_cr0(),
	     (unsigned long long)read_cr2(), (unsigned long long)read_cr3(), (unsigned long long)read_cr4(),
	     (unsigned long long)rdmsr(MSR_EFER));
}

static void code(u64 rip)
{
	const u8 *bytes = (const u8 *)rip;

	if (!in_text(rip) || !in_text(rip + CODE_BYTES - 1))
		return;
	line("  code");
	for (unsigned i = 0; i < CODE_BYTES; i++)
		line(" %02x", bytes[i]);
	line("\n");
}

_Noreturn void panic_trap(const struct trap_frame *f)
{
	begin();
	line("\nPANIC on pcpu %u: exception %llu, error %llx\n", cpu_number(), (unsigned long long)f->vector,
	     (unsigned long long)f->error);
	registers(f);
	code(f->rip);
	if (in_text(f->rip))
		line_at("        in", f->rip, 0);
	backtrace(f->rbp);
	finish();
}

void panic_report_nmi(const struct trap_frame *f)
{
	/* Of NMI handlers only, which do not nest: keeps the reports of several pCPUs apart. */
	static struct spinlock lock = SPINLOCK_INIT;

	spin_lock(&lock);
	line("NMI on pcpu %u\n", cpu_number());
	registers(f);
	backtrace(f->rbp);
	spin_unlock(&lock);
}

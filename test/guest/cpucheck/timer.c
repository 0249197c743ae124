// SPDX-License-Identifier: BSD-2-Clause
/* The LAPIC's timer, and what of the CPU's state survives interrupts and sleep. */
#include "check.h"

#define LATE     (1500 * NS_PER_MS) /* how long a busy emulator may take to deliver */
#define FX_BYTES 416                /* FXSAVE's image up to XMM15 */

static u64 hz;

static u32 count_of(u64 ns)
{
	if (!hz)
		hz = apic_timer_hz();
	return (u32)(ns * hz / NS_PER_S);
}

static const char *rate(void)
{
	u64 first = apic_timer_hz(), second = apic_timer_hz();

	hz = second;
	if (first < 1000000)
		return wrong("%lu Hz", first);
	return first * 9 < second * 10 && second * 9 < first * 10
		   ? NULL
		   : wrong("%lu Hz, then %lu Hz", first, second);
}

static const char *one_shot(void)
{
	u32 count = count_of(50 * NS_PER_MS);
	u64 from = clock_ns(), ns;

	apic_timer(VEC_FIRST, count);
	wait_interrupt();
	ns = clock_ns() - from;
	if (irq_count[0] != 1 || ns < 49 * NS_PER_MS || ns > LATE)
		return wrong("%u after %lu us", irq_count[0], (ns / 1000));
	take_interrupts(100 * NS_PER_MS, false);
	if (irq_count[0] != 1)
		return wrong("came %u times", irq_count[0]);
	return apic_read(APIC_TIMER_NOW) ? "the count does not end at 0" : NULL;
}

static const char *periodic(void)
{
	u32 count = count_of(25 * NS_PER_MS);

	apic_timer(VEC_FIRST | APIC_LVT_PERIODIC, count);
	take_interrupts(500 * NS_PER_MS, true);
	if (apic_read(APIC_TIMER_NOW) > count)
		return "the count is above its initial value";
	apic_write(APIC_TIMER_INIT, 0);
	if (irq_count[0] < 12 || irq_count[0] > 21)
		return wrong("%u interrupts, want 20", irq_count[0]);
	take_interrupts(NS_PER_MS, false);
	irq_count[0] = 0;
	take_interrupts(60 * NS_PER_MS, false);
	return irq_count[0] ? "goes on after the initial count became 0" : NULL;
}

static const char *masked(void)
{
	apic_timer(VEC_FIRST | APIC_LVT_MASKED, count_of(5 * NS_PER_MS));
	take_interrupts(50 * NS_PER_MS, false);
	return irq_count[0] ? wrong("came %u times", irq_count[0]) : NULL;
}

static const char *divider(void)
{
	u64 from = clock_ns(), ns;

	apic_write(APIC_TIMER_DIV, 0x2); /* by 8 */
	apic_write(APIC_LVT_TIMER, VEC_FIRST);
	apic_write(APIC_TIMER_INIT, count_of(10 * NS_PER_MS));
	wait_interrupt();
	ns = clock_ns() - from;
	apic_write(APIC_TIMER_DIV, APIC_DIV_1);
	return ns >= 79 * NS_PER_MS && ns < LATE ? NULL : wrong("%lu us, want 80000", (ns / 1000));
}

static const char *deadline(void)
{
	u64 tsc_from, from, ns, tsc_hz;

	if (!(cpuid(1, 0).c & BIT(24)))
		return NULL;
	from = clock_ns();
	tsc_from = rdtsc();
	delay_us(50000);
	tsc_hz = (rdtsc() - tsc_from) * NS_PER_S / (clock_ns() - from);
	apic_write(APIC_LVT_TIMER, VEC_FIRST | APIC_LVT_DEADLINE);
	from = clock_ns();
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + tsc_hz / 20);
	wait_interrupt();
	ns = clock_ns() - from;
	if (irq_count[0] != 1 || ns < 49 * NS_PER_MS || ns > LATE)
		return wrong("%u after %lu us", irq_count[0], (ns / 1000));
	if (rdmsr(MSR_TSC_DEADLINE))
		return "the MSR does not read 0 afterwards";
	wrmsr(MSR_TSC_DEADLINE, 1);
	take_interrupts(NS_PER_MS, false);
	if (irq_count[0] != 2)
		return "a deadline in the past does not fire";
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + tsc_hz / 20);
	wrmsr(MSR_TSC_DEADLINE, 0);
	take_interrupts(100 * NS_PER_MS, false);
	return irq_count[0] == 2 ? NULL : "0 does not disarm it";
}

/*
 * XMM0-15, MXCSR and the x87 stack through exits, sleep and timer interrupts. In the format without FCS and FDS, which
 * CPUs before Haswell still have and a 64-bit host does not keep.
 */
static const char *fpu_state(void)
{
	static u8 want[512] __attribute__((aligned(16))), got[512] __attribute__((aligned(16)));

	asm volatile("fninit; fldpi; fld1; fxsave64 %0" : "=m"(want));
	for (u32 i = 160; i < FX_BYTES; i++)
		want[i] = (u8)(i * 7);
	want[24] = 0x80; /* MXCSR: round to minus infinity, all exceptions masked */
	want[25] = 0x3f;
	apic_timer(VEC_FIRST | APIC_LVT_PERIODIC, count_of(5 * NS_PER_MS));
	asm volatile("fxrstor64 %0" : : "m"(want));
	for (u32 i = 0; i < 10; i++) {
		wait_interrupt();
		cpuid(0, 0);
		in8(0x71);
	}
	asm volatile("fxsave64 %0" : "=m"(got));
	apic_write(APIC_TIMER_INIT, 0);
	asm volatile("fninit");
	for (u32 i = 0; i < FX_BYTES; i++)
		if (want[i] != got[i] && i != 28) /* 31:28 is a constant mask */
			return wrong("byte %u of the FXSAVE image was %02x, is %02x", i, want[i],
				     got[i]);
	return NULL;
}

/* The upper halves of YMM0 and YMM15, where there is AVX. */
static const char *avx_state(void)
{
	static u8 in[64], out[64];

	if ((cpuid(1, 0).c & (BIT(26) | BIT(28))) != (BIT(26) | BIT(28)))
		return NULL;
	write_cr4(read_cr4() | BIT(18));
	asm volatile("xsetbv" : : "a"(7), "d"(0), "c"(0));
	for (u32 i = 0; i < sizeof(in); i++)
		in[i] = (u8)(i * 5 + 1);
	apic_timer(VEC_FIRST | APIC_LVT_PERIODIC, count_of(5 * NS_PER_MS));
	asm volatile("vmovdqu (%0), %%ymm0; vmovdqu 32(%0), %%ymm15" : : "r"(in) : "memory");
	for (u32 i = 0; i < 10; i++) {
		wait_interrupt();
		cpuid(0, 0);
	}
	asm volatile("vmovdqu %%ymm0, (%0); vmovdqu %%ymm15, 32(%0); vzeroupper"
		     :
		     : "r"(out)
		     : "memory");
	asm volatile("xsetbv" : : "a"(3), "d"(0), "c"(0));
	return memcmp(in, out, sizeof(in)) ? "YMM0 or YMM15 changed" : NULL;
}

/* All general registers through HLT and CPUID. */
static const char *gpr_state(void)
{
	u64 bad;

	apic_timer(VEC_FIRST | APIC_LVT_PERIODIC, count_of(5 * NS_PER_MS));
	asm volatile(
	    "movq $8, %%r8; movq $9, %%r9; movq $10, %%r10; movq $11, %%r11; movq $12, %%r12\n\t"
	    "movq $13, %%r13; movq $14, %%r14; movq $15, %%r15; movq $6, %%rsi; movq $7, %%rdi\n\t"
	    "sti; hlt; cli; xorl %%eax, %%eax; cpuid; xorl %%eax, %%eax\n\t"
	    "subq $8, %%r8; orq %%r8, %%rax; subq $9, %%r9; orq %%r9, %%rax\n\t"
	    "subq $10, %%r10; orq %%r10, %%rax; subq $11, %%r11; orq %%r11, %%rax\n\t"
	    "subq $12, %%r12; orq %%r12, %%rax; subq $13, %%r13; orq %%r13, %%rax\n\t"
	    "subq $14, %%r14; orq %%r14, %%rax; subq $15, %%r15; orq %%r15, %%rax\n\t"
	    "subq $6, %%rsi; orq %%rsi, %%rax; subq $7, %%rdi; orq %%rdi, %%rax"
	    : "=a"(bad)
	    :
	    : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
	      "r15", "cc", "memory");
	return bad ? wrong("differences %lx", bad) : NULL;
}

// clang-format off
const struct check timer_checks[] = {
	TIMED("timer-rate", rate, ANYWHERE),
	TIMED("timer-one-shot", one_shot, ANYWHERE),
	TIMED("timer-periodic", periodic, ANYWHERE),
	CHECK("timer-masked", masked, ANYWHERE),
	TIMED("timer-divider", divider, ANYWHERE),
	TIMED("timer-deadline", deadline, ANYWHERE),
	CHECK("fpu-state", fpu_state, ANYWHERE),
	CHECK("avx-state", avx_state, ANYWHERE),
	CHECK("gpr-state", gpr_state, ANYWHERE),
	CHECKS_END,
};
// clang-format on

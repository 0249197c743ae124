// SPDX-License-Identifier: BSD-2-Clause
#include <arch/x86_64/lapic.h>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/defs/vectors.h>
#include <lib/bits.h>

/* Register numbers: MMIO offset / 16, which is also the x2APIC MSR - 800h. */
enum reg {
	ID = 0x02,
	TPR = 0x08,
	EOI = LAPIC_REG_EOI,
	SVR = 0x0f,
	ESR = 0x28,
	LVT_CMCI = 0x2f,
	ICR = 0x30,
	ICR_HIGH = 0x31,
	LVT_TIMER = 0x32,
	LVT_THERMAL = 0x33,
	LVT_PERF = 0x34,
	LVT_LINT0 = 0x35,
	LVT_LINT1 = 0x36,
	LVT_ERROR = 0x37,
	TIMER_INITIAL = 0x38,
	TIMER_CURRENT = 0x39,
	TIMER_DIVIDE = 0x3e,
};

#define SVR_ENABLE     BIT(8)
#define LVT_MASKED     BIT(16)
#define LVT_DEADLINE   BIT(18)
#define LVT_NMI	       0x400u
#define DIVIDE_BY_1    0xbu
#define ICR_NMI	       0x400u
#define ICR_INIT       0x500u
#define ICR_STARTUP    0x600u
#define ICR_ASSERT     BIT(14)
#define ICR_PENDING    BIT(12)
#define ICR_ALL_OTHERS (3u << 18)

static bool x2apic;
volatile u8 *lapic_page;
static bool by_deadline;
static u64 count_per_tick; /* of the timer, in one of the TSC: 32.32 fixed point; 0: not chosen */
static u64 ticks_max;	   /* of the TSC that it can count */

static u32 read(enum reg r)
{
	return x2apic ? (u32)rdmsr(MSR_X2APIC_FIRST + r) : mmio_read32(lapic_page + r * 16);
}

/* For those of every interrupt. */
static inline __attribute__((always_inline)) void write_here(enum reg r, u32 v)
{
	if (x2apic)
		wrmsr(MSR_X2APIC_FIRST + r, v);
	else
		mmio_write32(lapic_page + r * 16, v);
}

static void write(enum reg r, u32 v)
{
	write_here(r, v);
}

hpa_t lapic_mmio_base(void)
{
	return rdmsr(MSR_APIC_BASE) & BITS(51, 12);
}

void lapic_choose(bool use_x2apic, void *mmio)
{
	x2apic = use_x2apic;
	lapic_page = x2apic ? NULL : mmio;
}

#define PIC_MASTER_MASK 0x21
#define PIC_SLAVE_MASK	0xa1

void lapic_silence_pic(void)
{
	outb(PIC_MASTER_MASK, 0xff);
	outb(PIC_SLAVE_MASK, 0xff);
}

/* Unmasks the timer in its mode, stopped, if that is chosen already. */
static void prepare_timer(void)
{
	if (by_deadline) {
		write(LVT_TIMER, (u32)LVT_DEADLINE | VEC_TIMER);
		/* The write that selects the mode must reach the APIC before the first deadline does. */
		__asm__ volatile("mfence; lfence" : : : "memory");
	} else if (count_per_tick) {
		write(TIMER_INITIAL, 0);
		write(TIMER_DIVIDE, DIVIDE_BY_1);
		write(LVT_TIMER, VEC_TIMER);
	}
}

void lapic_enable(void)
{
	u64 base = rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;

	wrmsr(MSR_APIC_BASE, base);
	if (x2apic)
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
	write(TPR, 0);
	write(LVT_TIMER, LVT_MASKED | VEC_TIMER);
	write(LVT_LINT0, LVT_MASKED);
	write(LVT_LINT1, LVT_NMI);
	write(LVT_ERROR, VEC_ERROR);
	write(SVR, SVR_ENABLE | VEC_SPURIOUS);
	write(ESR, 0);
	write(EOI, 0);
	prepare_timer();
}

u32 lapic_id(void)
{
	return x2apic ? read(ID) : read(ID) >> 24;
}

void lapic_eoi(void)
{
	write_here(EOI, 0);
}

static void send(u32 dest, u32 command)
{
	if (x2apic) {
		/* A WRMSR to the x2APIC is not serialising: make earlier stores visible before the interrupt. */
		__asm__ volatile("mfence; lfence" : : : "memory");
		wrmsr(MSR_X2APIC_FIRST + ICR, (u64)dest << 32 | command);
		return;
	}
	while (read(ICR) & ICR_PENDING)
		cpu_pause();
	write(ICR_HIGH, dest << 24);
	write(ICR, command);
	while (read(ICR) & ICR_PENDING)
		cpu_pause();
}

void lapic_send(u32 apic_id, u8 vector)
{
	send(apic_id, (u32)ICR_ASSERT | vector);
}

void lapic_send_nmi(u32 apic_id)
{
	send(apic_id, (u32)ICR_ASSERT | ICR_NMI);
}

void lapic_send_nmi_others(void)
{
	send(0, (u32)ICR_ASSERT | ICR_NMI | ICR_ALL_OTHERS);
}

void lapic_send_init(u32 apic_id)
{
	send(apic_id, (u32)ICR_ASSERT | ICR_INIT);
}

void lapic_send_sipi(u32 apic_id, u8 first_page)
{
	send(apic_id, (u32)ICR_ASSERT | ICR_STARTUP | first_page);
}

rare void lapic_timer_choose(u32 khz, u32 tsc_khz)
{
	by_deadline = !khz;
	if (khz) {
		count_per_tick = ((u64)khz << 32) / tsc_khz;
		ticks_max = 0xfffffffeull * tsc_khz / khz;
	}
	prepare_timer();
}

/* What is far fires early, and the owner arms again. */
static rare u64 over_or_far(u64 left)
{
	return (s64)left < 0 ? 0 : ticks_max;
}

void lapic_timer_arm(u64 tsc)
{
	u64 left;

	if (by_deadline) {
		wrmsr(MSR_TSC_DEADLINE, max_u64(tsc, 1));
		return;
	}
	left = tsc - rdtsc();
	if (__builtin_expect(left > ticks_max, false))
		left = over_or_far(left);
	write_here(TIMER_INITIAL, (u32)(left * count_per_tick >> 32) + 1);
}

void lapic_timer_stop(void)
{
	if (by_deadline)
		wrmsr(MSR_TSC_DEADLINE, 0);
	else
		write(TIMER_INITIAL, 0);
}

void lapic_timer_measure_start(void)
{
	write(TIMER_DIVIDE, DIVIDE_BY_1);
	write(LVT_TIMER, (u32)LVT_MASKED | VEC_TIMER);
	write(TIMER_INITIAL, 0xffffffff);
}

u32 lapic_timer_measure(void)
{
	return 0xffffffff - read(TIMER_CURRENT);
}

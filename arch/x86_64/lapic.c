// SPDX-License-Identifier: BSD-2-Clause
#include <arch/x86_64/lapic.h>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/defs/vectors.h>
#include <lib/bits.h>

/* Register numbers: MMIO offset / 16, which is also the x2APIC MSR - 800h. */
enum reg {
	ID = 0x02,
	TPR = 0x08,
	EOI = 0x0b,
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
static volatile u8 *page;
static bool use_deadline;
static u32 timer_khz;

static u32 read(enum reg r)
{
	return x2apic ? (u32)rdmsr(MSR_X2APIC_FIRST + r) : mmio_read32(page + r * 16);
}

static void write(enum reg r, u32 v)
{
	if (x2apic)
		wrmsr(MSR_X2APIC_FIRST + r, v);
	else
		mmio_write32(page + r * 16, v);
}

hpa_t lapic_mmio_base(void)
{
	return rdmsr(MSR_APIC_BASE) & BITS(51, 12);
}

void lapic_choose(bool use_x2apic, void *mmio)
{
	x2apic = use_x2apic;
	page = mmio;
}

#define PIC_MASTER_MASK 0x21
#define PIC_SLAVE_MASK	0xa1

void lapic_silence_pic(void)
{
	outb(PIC_MASTER_MASK, 0xff);
	outb(PIC_SLAVE_MASK, 0xff);
}

/* Stopped. On the pCPU that measures it, this comes again when the mode is chosen. */
static void set_timer_mode(void)
{
	write(TIMER_INITIAL, 0);
	write(TIMER_DIVIDE, DIVIDE_BY_1);
	write(LVT_TIMER, (use_deadline ? (u32)LVT_DEADLINE : 0) | VEC_TIMER);
	/* The write that selects the mode must reach the APIC before a deadline does. */
	__asm__ volatile("mfence; lfence" : : : "memory");
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
	/* Only now, as an APIC that is off keeps all masked. */
	set_timer_mode();
	write(ESR, 0);
	write(EOI, 0);
}

u32 lapic_id(void)
{
	return x2apic ? read(ID) : read(ID) >> 24;
}

void lapic_eoi(void)
{
	write(EOI, 0);
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

void lapic_timer_choose(bool deadline, u32 khz)
{
	use_deadline = deadline;
	timer_khz = khz;
	set_timer_mode();
}

void lapic_timer_arm(u64 tsc, u64 ns)
{
	u64 count;

	if (use_deadline) {
		wrmsr(MSR_TSC_DEADLINE, max_u64(tsc, 1));
		return;
	}
	/* Far deadlines fire early; the owner re-arms. */
	count = min_u64(ns, NS_PER_S) * timer_khz / 1000000 + 1;
	write(TIMER_INITIAL, (u32)min_u64(count, 0xffffffff));
}

void lapic_timer_stop(void)
{
	if (use_deadline)
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

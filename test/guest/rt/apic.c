// SPDX-License-Identifier: BSD-2-Clause
#include "apic.h"

#include "cpu.h"
#include "rt.h"
#include "trap.h"
#include <lib/string.h>

#define BASE_X2APIC   BIT(10)
#define BASE_ENABLE   BIT(11)
#define ICR_PENDING   BIT(12)
#define MSR_X2APIC    0x800u
#define TRAMPOLINE    0x8000ull
#define START_NS      (2 * NS_PER_S)
#define AP_STACK      8192
#define IOAPIC_MASKED BIT(16)

void rt_ap_start(void);
extern volatile u32 ap_index;

/* start.asm */
extern const u8 ap_trampoline[], ap_trampoline_end[];

u8 ap_stacks[CPUS_MAX][AP_STACK] __attribute__((aligned(16)));

static void (*ap_fn)(u32 index);
static volatile u32 ap_arrived;
volatile u32 ap_index;

/* --- Local APIC ----------------------------------------------------------------------------------
 */

bool apic_is_x2apic(void)
{
	return rdmsr(MSR_APIC_BASE) & BASE_X2APIC;
}

u32 apic_read(u32 reg)
{
	if (apic_is_x2apic())
		return (u32)rdmsr(MSR_X2APIC + (reg >> 4));
	return *(volatile u32 *)(APIC_BASE + reg);
}

void apic_write(u32 reg, u32 val)
{
	if (apic_is_x2apic())
		wrmsr(MSR_X2APIC + (reg >> 4), val);
	else
		*(volatile u32 *)(APIC_BASE + reg) = val;
}

u32 apic_id(void)
{
	return apic_is_x2apic() ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

void apic_enable(void)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | BASE_ENABLE);
	apic_write(APIC_SVR, 0x1ff);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
}

bool apic_to_x2apic(void)
{
	if (!(cpuid(1, 0).c & BIT(21)))
		return false;
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | BASE_ENABLE | BASE_X2APIC);
	return true;
}

/* Straight from x2APIC to xAPIC is not allowed (Intel SDM vol. 3, "x2APIC State Transitions"). */
void apic_to_xapic(void)
{
	u64 base = rdmsr(MSR_APIC_BASE) & ~(BASE_ENABLE | BASE_X2APIC);

	wrmsr(MSR_APIC_BASE, base);
	wrmsr(MSR_APIC_BASE, base | BASE_ENABLE);
	apic_enable();
}

void apic_send(u32 dest, u32 icr)
{
	if (apic_is_x2apic()) {
		wrmsr(MSR_X2APIC + (APIC_ICR >> 4), (u64)dest << 32 | icr);
		return;
	}
	apic_write(APIC_ICR_HIGH, dest << 24);
	apic_write(APIC_ICR, icr);
	while (apic_read(APIC_ICR) & ICR_PENDING)
		pause();
}

void apic_timer(u32 lvt, u32 count)
{
	apic_write(APIC_TIMER_DIV, APIC_DIV_1);
	apic_write(APIC_LVT_TIMER, lvt);
	apic_write(APIC_TIMER_INIT, count);
}

u64 apic_timer_hz(void)
{
	u64 from, ns;
	u32 ticks;

	apic_timer(APIC_LVT_MASKED, 0xffffffff);
	from = clock_ns();
	ticks = apic_read(APIC_TIMER_NOW);
	delay_us(50000);
	ns = clock_ns() - from;
	ticks = ticks - apic_read(APIC_TIMER_NOW);
	apic_write(APIC_TIMER_INIT, 0);
	return ticks * NS_PER_S / ns;
}

/* --- IOAPIC --------------------------------------------------------------------------------------
 */

u32 ioapic_read(u32 reg)
{
	volatile u32 *io = (volatile u32 *)madt_ioapic();

	io[0] = reg;
	return io[4];
}

void ioapic_write(u32 reg, u32 val)
{
	volatile u32 *io = (volatile u32 *)madt_ioapic();

	io[0] = reg;
	io[4] = val;
}

void ioapic_route(u32 pin, u8 vector, u32 dest)
{
	ioapic_write(0x10 + pin * 2, IOAPIC_MASKED);
	ioapic_write(0x11 + pin * 2, dest << 24);
	ioapic_write(0x10 + pin * 2, vector);
}

void ioapic_mask(u32 pin)
{
	ioapic_write(0x10 + pin * 2, IOAPIC_MASKED);
}

/* --- 8259 and 8254
 * -------------------------------------------------------------------------------- */

void pic_init(u8 base, u16 open)
{
	out8(0x20, 0x11);
	out8(0xa0, 0x11);
	out8(0x21, base);
	out8(0xa1, base + 8);
	out8(0x21, 0x04);
	out8(0xa1, 0x02);
	out8(0x21, 0x01);
	out8(0xa1, 0x01);
	out8(0x21, (u8)~open);
	out8(0xa1, (u8)(~open >> 8));
}

void pic_eoi(u8 line)
{
	if (line >= 8)
		out8(0xa0, 0x20);
	out8(0x20, 0x20);
}

void pit_rate(u32 hz)
{
	u32 count = hz ? 1193182 / hz : 0;

	/* Stopped: mode 0, of which only the low byte of the count is written; the output stays
	 * low. */
	out8(0x43, hz ? 0x34 : 0x30);
	out8(0x40, (u8)count);
	if (hz)
		out8(0x40, (u8)(count >> 8));
}

/* --- Other processors
 * ------------------------------------------------------------------------------ */

void rt_ap_start(void)
{
	u32 index = ap_index;
	void (*fn)(u32 index) = ap_fn;

	trap_load();
	apic_enable();
	/* From now on they are the next one's. */
	ap_arrived = 1;
	fn(index);
	sleep_forever();
}

bool cpu_start(u32 id, u32 index, void (*fn)(u32 index))
{
	u64 until;

	memcpy((void *)TRAMPOLINE, ap_trampoline, (size_t)(ap_trampoline_end - ap_trampoline));
	ap_fn = fn;
	ap_arrived = 0;
	ap_index = index;
	apic_send(id, ICR_INIT);
	delay_us(10000);
	apic_send(id, ICR_STARTUP | TRAMPOLINE >> 12);
	delay_us(200);
	if (!ap_arrived)
		apic_send(id, ICR_STARTUP | TRAMPOLINE >> 12);
	until = clock_ns() + START_NS;
	while (!ap_arrived && clock_ns() < until)
		pause();
	return ap_arrived;
}

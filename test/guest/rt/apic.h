// SPDX-License-Identifier: BSD-2-Clause
/*
 * Local APIC, IOAPIC, 8259 and 8254 of tiny guests, and the start of the other processors.
 */
#pragma once

#include <lib/types.h>

/* Registers by their xAPIC offset (Intel SDM vol. 3, "Local APIC Register Address Map"). */
enum {
	APIC_ID = 0x20,
	APIC_VERSION = 0x30,
	APIC_TPR = 0x80,
	APIC_EOI = 0xb0,
	APIC_LDR = 0xd0,
	APIC_DFR = 0xe0,
	APIC_SVR = 0xf0,
	APIC_ISR = 0x100,
	APIC_IRR = 0x200,
	APIC_ICR = 0x300,
	APIC_ICR_HIGH = 0x310,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_INIT = 0x380,
	APIC_TIMER_NOW = 0x390,
	APIC_TIMER_DIV = 0x3e0,
};

#define APIC_LVT_MASKED   (1u << 16)
#define APIC_LVT_PERIODIC (1u << 17)
#define APIC_LVT_DEADLINE (2u << 17)
#define APIC_LVT_EXTINT   (7u << 8)
#define APIC_DIV_1        0xbu
#define MSR_TSC_DEADLINE  0x6e0u

#define ICR_FIXED        0x0000u
#define ICR_NMI          0x0400u
#define ICR_INIT         0x4500u /* with level assert */
#define ICR_STARTUP      0x4600u
#define ICR_SELF         0x40000u
#define ICR_ALL_BUT_SELF 0xc0000u

#define APIC_BASE 0xfee00000ull

/* Software-enables this processor's LAPIC in the mode it is in; LINT0 and timer masked, spurious
 * vector FFh. */
void apic_enable(void);
/* To x2APIC mode, if CPUID has it. There is no way back but through apic_to_xapic. */
bool apic_to_x2apic(void);
void apic_to_xapic(void);
bool apic_is_x2apic(void);
u32 apic_read(u32 reg);
void apic_write(u32 reg, u32 val);
u32 apic_id(void);
void apic_eoi(void);
/* Sends and waits until sent. `dest` is an APIC id; ignored with a shorthand. */
void apic_send(u32 dest, u32 icr);
/* Ticks of the timer in a second at divider 1, measured against the PM timer. */
u64 apic_timer_hz(void);
void apic_timer(u32 lvt, u32 count);

/* MADT. */
#define CPUS_MAX 32
u32 madt_cpus(u32 ids[CPUS_MAX]);
u64 madt_ioapic(void);
/* Where ISA interrupt `irq` arrives: the override's GSI, or irq itself. */
u32 madt_gsi(u8 irq);

/* IOAPIC (82093AA data sheet), pins from 0. */
u32 ioapic_read(u32 reg);
void ioapic_write(u32 reg, u32 val);
void ioapic_route(u32 pin, u8 vector, u32 dest);
void ioapic_mask(u32 pin);

/* 8259: both to vectors base to base+15, all masked but those in `open` (bit n: line n). */
void pic_init(u8 base, u16 open);
void pic_eoi(u8 line);
/* 8254 counter 0 as a rate generator; 0 stops it. */
void pit_rate(u32 hz);

/* Starts (or starts again) the processor with APIC id `id`; it runs fn(index) with its LAPIC
 * enabled, interrupts off, on the stack of `index` (below CPUS_MAX). False if it did not arrive in
 * 2 s. From processor 0 only. */
bool cpu_start(u32 id, u32 index, void (*fn)(u32 index));

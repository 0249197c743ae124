// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the files of the emulated LAPIC share among themselves: register numbers, fields and their
 * inner calls. Intel SDM vol. 3, "Local APIC Register Address Map".
 */
#pragma once

#include "lapic.h"

#include <arch/x86_64/defs/msr.h>
#include <lib/bits.h>

/* Registers by number: the MMIO offset / 16, the x2APIC MSR - 800h. */
enum lapic_reg {
	REG_ID = 0x02,
	REG_VERSION = 0x03,
	REG_TPR = 0x08,
	REG_APR = 0x09,
	REG_PPR = 0x0a,
	REG_EOI = 0x0b,
	REG_REMOTE_READ = 0x0c,
	REG_LDR = 0x0d,
	REG_DFR = 0x0e,
	REG_SVR = 0x0f,
	REG_ISR = 0x10,
	REG_TMR = 0x18,
	REG_IRR = 0x20,
	REG_ESR = 0x28,
	REG_ICR = 0x30,
	REG_ICR_HIGH = 0x31,
	REG_LVT = 0x32, /* the first of LVT_COUNT */
	REG_TIMER_INITIAL = 0x38,
	REG_TIMER_COUNT = 0x39,
	REG_TIMER_DIVIDE = 0x3e,
	REG_SELF_IPI = 0x3f,
	REG_COUNT = 0x40,
};

#define SVR_ENABLE BIT(8)

#define ICR_VECTOR     BITS(7, 0)
#define ICR_DELIVERY   BITS(10, 8)
#define ICR_LOGICAL    BIT(11)
#define ICR_BUSY       BIT(12)
#define ICR_ASSERT     BIT(14)
#define ICR_LEVEL      BIT(15)
#define ICR_SHORTHAND  BITS(19, 18)
#define ICR_DEST       BITS(63, 32) /* x2APIC */
#define ICR_DEST_XAPIC BITS(63, 56)

#define LVT_VECTOR     BITS(7, 0)
#define LVT_DELIVERY   BITS(10, 8)
#define LVT_BUSY       BIT(12)
#define LVT_POLARITY   BIT(13)
#define LVT_REMOTE_IRR BIT(14)
#define LVT_LEVEL      BIT(15)
#define LVT_MASKED     BIT(16)
#define LVT_TIMER_MODE BITS(18, 17)

#define ESR_SEND_VECTOR BIT(5)
#define ESR_RECV_VECTOR BIT(6)
#define ESR_REG_ADDRESS BIT(7)

/* Vectors below are reserved for exceptions; an APIC refuses them (SDM, "Valid Interrupt
 * Vectors"). */
#define VECTOR_FIRST_VALID 16

/* The two mode bits of IA32_APIC_BASE as a number (SDM, "Detecting and Enabling x2APIC Mode"). */
#define BASE_MODE BITS(11, 10)

enum lapic_mode {
	MODE_OFF = 0,
	MODE_INVALID = 1, /* x2APIC without enable: cannot be entered */
	MODE_XAPIC = 2,
	MODE_X2APIC = 3,
};

static inline enum lapic_mode lapic_mode(const struct lapic *l)
{
	return (enum lapic_mode)FIELD_GET(BASE_MODE,
					  atomic_load_explicit(&l->base, memory_order_relaxed));
}

static inline bool lapic_software_on(const struct lapic *l)
{
	return atomic_load_explicit(&l->svr, memory_order_relaxed) & SVR_ENABLE;
}

/* The logical id that an x2APIC has by its id (SDM, "Deriving Logical x2APIC ID from the Local
 * x2APIC ID"). */
static inline u32 lapic_x2apic_ldr(u32 id)
{
	return (id >> 4) << 16 | 1u << (id & 15);
}

/* lapic.c: [o]; `reg` is there and may be accessed so, `val` has writable bits only. */
u32 lapic_reg_read(struct lapic *l, u32 reg);
void lapic_reg_write(struct lapic *l, u32 reg, u32 val);
void lapic_reset_registers(struct lapic *l);

/* lapic_irq.c: [o] but for the two posts, which are for any pCPU and do not kick. */
void lapic_post(struct lapic *l, u8 vector, bool level);
void lapic_post_signal(struct lapic *l, u32 signal, u8 sipi);
/* Logs ESR bits and raises the error LVT for those that are new. */
void lapic_log_error(struct lapic *l, u32 bits);
/* The event of LVT entry `which` happened. */
void lapic_raise(struct lapic *l, enum lapic_lvt which);
void lapic_update_ppr(struct lapic *l);
void lapic_end_of_interrupt(struct lapic *l);
u8 lapic_arbitration_priority(const struct lapic *l);

/* lapic_timer.c: [o]. The calls bring the timer up to now first. */
void lapic_timer_setup(struct lapic *l);
void lapic_timer_reset(struct lapic *l);
/* If the host's timer went off: what follows from it. Cheap otherwise. */
void lapic_timer_fold(struct lapic *l);
void lapic_timer_set_lvt(struct lapic *l, u32 val);
void lapic_timer_set_initial(struct lapic *l, u32 val);
void lapic_timer_set_divide(struct lapic *l, u32 val);
void lapic_timer_set_deadline(struct lapic *l, u64 tsc);
u32 lapic_timer_count(struct lapic *l);
u64 lapic_timer_deadline(struct lapic *l);

/* lapic_bus.c: [o] sends what the ICR's value asks for. */
void lapic_send_ipi(struct lapic *l, u64 icr);

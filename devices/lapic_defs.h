// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the files of the emulated LAPIC share among themselves: fields of registers and their inner
 * calls. Intel SDM vol. 3, "Local APIC Register Address Map".
 */
#pragma once

#include "lapic.h"

#include <arch/x86_64/defs/msr.h>
#include <lib/bits.h>

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
#define ICR_LOW        BITS(31, 0)
#define ICR_HIGH       BITS(63, 32)

#define LVT_VECTOR     BITS(7, 0)
#define LVT_DELIVERY   BITS(10, 8)
#define LVT_BUSY       BIT(12)
#define LVT_POLARITY   BIT(13)
#define LVT_REMOTE_IRR BIT(14)
#define LVT_LEVEL      BIT(15)
#define LVT_MASKED     BIT(16)
#define LVT_TIMER_MODE BITS(18, 17)
#define LVT_PERIODIC   BIT(17) /* of the mode: periodic, or the reserved one */

#define ESR_SEND_VECTOR BIT(5)
#define ESR_RECV_VECTOR BIT(6)
#define ESR_REG_ADDRESS BIT(7)

/* Vectors below are reserved for exceptions; an APIC refuses them (SDM, "Valid Interrupt
 * Vectors"). */
#define VECTOR_FIRST_VALID 16

/* Of a vector, the TPR or the PPR. */
#define PRIORITY_CLASS 0xf0u

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

static inline u32 lapic_get(const struct lapic *l, u32 reg)
{
	return apic_page_get(l->page, reg);
}

static inline void lapic_set(struct lapic *l, u32 reg, u32 val)
{
	apic_page_set(l->page, reg, val);
}

static inline u32 lapic_lvt(const struct lapic *l, enum lapic_lvt which)
{
	return lapic_get(l, APIC_REG_LVT + (u32)which);
}

/* That of a vector; of none, -1, the lowest. */
static inline u32 lapic_class(int vector)
{
	return vector < 0 ? 0 : (u32)vector & PRIORITY_CLASS;
}

/* In x2APIC mode the ICR is one register, of 64 bits. */
static inline u64 lapic_icr(const struct lapic *l)
{
	const u32 high = lapic_mode(l) == MODE_X2APIC ? l->page->reg[APIC_REG_ICR].high
						      : lapic_get(l, APIC_REG_ICR_HIGH);

	return FIELD_PUT(ICR_HIGH, high) | lapic_get(l, APIC_REG_ICR);
}

static inline void lapic_set_icr(struct lapic *l, u64 val)
{
	const u32 high = (u32)FIELD_GET(ICR_HIGH, val);

	lapic_set(l, APIC_REG_ICR, (u32)val);
	if (lapic_mode(l) == MODE_X2APIC)
		l->page->reg[APIC_REG_ICR].high = high;
	else
		lapic_set(l, APIC_REG_ICR_HIGH, high);
}

static inline bool lapic_software_on(const struct lapic *l)
{
	return lapic_get(l, APIC_REG_SVR) & SVR_ENABLE;
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
/* IA32_APIC_BASE has changed: what follows from the mode. */
void lapic_follow_mode(struct lapic *l);

/* lapic_irq.c: [o] but for the two posts, which are for any pCPU and do not kick; the owner's own go into the page at once. */
void lapic_post(struct lapic *l, u8 vector, bool level);
void lapic_post_signal(struct lapic *l, u32 signal, u8 sipi);
/* What was posted, what the timer did: into the page. Cheap if there is nothing. */
void lapic_fold(struct lapic *l);
void lapic_drop_posted(struct lapic *l);
/* Logs ESR bits and raises the error LVT for those that are new. */
void lapic_log_error(struct lapic *l, u32 bits);
/* The event of LVT entry `which` happened. */
void lapic_raise(struct lapic *l, enum lapic_lvt which);
void lapic_update_ppr(struct lapic *l);
void lapic_end_of_interrupt(struct lapic *l);

/* lapic_timer.c: [o]. The calls bring the timer up to now first. */
void lapic_timer_setup(struct lapic *l);
void lapic_timer_reset(struct lapic *l);
/* Brings it up to now, with all that follows. */
void lapic_timer_sync(struct lapic *l);
void lapic_timer_set_lvt(struct lapic *l, u32 val);
void lapic_timer_set_initial(struct lapic *l, u32 val);
void lapic_timer_set_divide(struct lapic *l, u32 val);
void lapic_timer_set_deadline(struct lapic *l, u64 tsc);
u32 lapic_timer_count(struct lapic *l);
u64 lapic_timer_deadline(struct lapic *l);

/* lapic_bus.c: [o] sends what the ICR's value asks for. */
void lapic_send_ipi(struct lapic *l, u64 icr);

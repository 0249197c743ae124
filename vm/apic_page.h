// SPDX-License-Identifier: BSD-2-Clause
/*
 * The registers of a vCPU's local APIC, in the layout that a CPU knows which serves them without an
 * exit (Intel SDM vol. 3, "Local APIC Register Address Map", "Virtual APIC State"). The board's
 * LAPIC keeps them here whether there is such a CPU or not, so there is one truth.
 *
 * Only the vCPU's own pCPU writes the page, while it is outside of the guest: a CPU that delivers
 * interrupts changes it in between and locks nothing. What others have for the LAPIC they post
 * elsewhere. SVR, LDR and DFR are read by senders on any pCPU, therefore atomic.
 */
#pragma once

#include <lib/types.h>
#include <stdatomic.h>

/* Registers by number: the MMIO offset / 16, the x2APIC MSR - 800h. */
enum apic_reg {
	APIC_REG_ID = 0x02,
	APIC_REG_VERSION = 0x03,
	APIC_REG_TPR = 0x08,
	APIC_REG_APR = 0x09,
	APIC_REG_PPR = 0x0a,
	APIC_REG_EOI = 0x0b,
	APIC_REG_REMOTE_READ = 0x0c,
	APIC_REG_LDR = 0x0d,
	APIC_REG_DFR = 0x0e,
	APIC_REG_SVR = 0x0f,
	APIC_REG_ISR = 0x10, /* each the first of APIC_VECTOR_REGS */
	APIC_REG_TMR = 0x18,
	APIC_REG_IRR = 0x20,
	APIC_REG_ESR = 0x28,
	APIC_REG_ICR = 0x30,
	APIC_REG_ICR_HIGH = 0x31,
	APIC_REG_LVT = 0x32, /* the first of APIC_LVT_REGS */
	APIC_REG_TIMER_INITIAL = 0x38,
	APIC_REG_TIMER_COUNT = 0x39, /* not in the page */
	APIC_REG_TIMER_DIVIDE = 0x3e,
	APIC_REG_SELF_IPI = 0x3f,
	APIC_REGS = 0x40,
};

#define APIC_VECTOR_REGS 8 /* 256 vectors, 32 a register */
#define APIC_LVT_REGS    6

struct apic_page {
	struct {
		atomic_uint val;
		u32 high; /* of the x2APIC's ICR; else 0 */
		u32 unused[2];
	} reg[256];
};
static_assert(sizeof(struct apic_page) == 4096, "virtual APIC page");

static inline u32 apic_page_get(const struct apic_page *p, u32 reg)
{
	return atomic_load_explicit(&p->reg[reg].val, memory_order_relaxed);
}

static inline void apic_page_set(struct apic_page *p, u32 reg, u32 val)
{
	atomic_store_explicit(&p->reg[reg].val, val, memory_order_relaxed);
}

/* CR8: bits 7:4 of the TPR. */
static inline u8 apic_page_cr8(const struct apic_page *p)
{
	return (u8)(apic_page_get(p, APIC_REG_TPR) >> 4);
}

/* The highest vector in ISR, TMR or IRR, or -1. */
int apic_page_highest(const struct apic_page *p, u32 first);

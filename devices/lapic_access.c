// SPDX-License-Identifier: BSD-2-Clause
/*
 * How software reaches the registers of an emulated LAPIC: the page, the MSRs, the modes between
 * which IA32_APIC_BASE switches, and a table of what may be read and written.
 */
#include "lapic_defs.h"

#define BASE_RESERVED (BITS(63, 52) | BIT(9) | BITS(7, 0))

enum access {
	NONE = 0,
	R = 1,
	W = 2,
	RW = 3,
};

/*
 * What each register takes. `writable` bits are kept; `ignored` bits are read-only, and writing
 * them is no mistake; a 1 in any other bit is a #GP by MSR and ignored by MMIO.
 */
struct reg_rule {
	u8 mmio, msr; /* enum access */
	u32 writable, ignored;
};

#define ICR_COMMAND \
	(ICR_SHORTHAND | ICR_LEVEL | ICR_ASSERT | ICR_LOGICAL | ICR_DELIVERY | ICR_VECTOR)
#define LVT_TICK   (LVT_TIMER_MODE | LVT_MASKED | LVT_VECTOR)
#define LVT_SOURCE (LVT_MASKED | LVT_DELIVERY | LVT_VECTOR)
#define LVT_PIN    (LVT_SOURCE | LVT_LEVEL | LVT_POLARITY)
#define LVT_PIN_RO (LVT_BUSY | LVT_REMOTE_IRR)

// clang-format off
static const struct reg_rule rules[APIC_REGS] = {
	[APIC_REG_ID]                  = { R,    R,    0,                        0 },
	[APIC_REG_VERSION]             = { R,    R,    0,                        0 },
	[APIC_REG_TPR]                 = { RW,   RW,   0xff,                     0 },
	[APIC_REG_APR]                 = { R,    NONE, 0,                        0 },
	[APIC_REG_PPR]                 = { R,    R,    0,                        0 },
	[APIC_REG_EOI]                 = { RW,   W,    0,                        0 },
	[APIC_REG_REMOTE_READ]         = { R,    NONE, 0,                        0 },
	[APIC_REG_LDR]                 = { RW,   R,    0xff000000,               0 },
	[APIC_REG_DFR]                 = { RW,   NONE, 0xf0000000,               0 },
	[APIC_REG_SVR]                 = { RW,   RW,   0x3ff,                    0 },
	[APIC_REG_ISR ... APIC_REG_ISR + 7] = { R,    R,    0,                        0 },
	[APIC_REG_TMR ... APIC_REG_TMR + 7] = { R,    R,    0,                        0 },
	[APIC_REG_IRR ... APIC_REG_IRR + 7] = { R,    R,    0,                        0 },
	[APIC_REG_ESR]                 = { RW,   RW,   0,                        0 },
	[APIC_REG_ICR]                 = { RW,   RW,   ICR_COMMAND,              ICR_BUSY },
	[APIC_REG_ICR_HIGH]            = { RW,   NONE, 0xff000000,               0 },
	[APIC_REG_LVT + LVT_TIMER]     = { RW,   RW,   LVT_TICK,                 LVT_BUSY },
	[APIC_REG_LVT + LVT_THERMAL]   = { RW,   RW,   LVT_SOURCE,               LVT_BUSY },
	[APIC_REG_LVT + LVT_PERF]      = { RW,   RW,   LVT_SOURCE,               LVT_BUSY },
	[APIC_REG_LVT + LVT_LINT0]     = { RW,   RW,   LVT_PIN,                  LVT_PIN_RO },
	[APIC_REG_LVT + LVT_LINT1]     = { RW,   RW,   LVT_PIN,                  LVT_PIN_RO },
	[APIC_REG_LVT + LVT_ERROR]     = { RW,   RW,   LVT_MASKED | LVT_VECTOR,  LVT_BUSY },
	[APIC_REG_TIMER_INITIAL]       = { RW,   RW,   0xffffffff,               0 },
	[APIC_REG_TIMER_COUNT]         = { R,    R,    0,                        0 },
	[APIC_REG_TIMER_DIVIDE]        = { RW,   RW,   0xb,                      0 },
	[APIC_REG_SELF_IPI]            = { NONE, W,    0xff,                     0 },
};
// clang-format on

/* --- Access by MMIO -------------------------------------------------------------------- */

bool lapic_has_page(const struct lapic *l)
{
	return lapic_mode(l) == MODE_XAPIC;
}

/* A register of the page that is there in xAPIC mode; else the access is logged as SDM "Error
 * Handling" says. */
static bool page_reg(struct lapic *l, u32 off, u32 *reg)
{
	*reg = off / 16;
	if (*reg < APIC_REGS && rules[*reg].mmio != NONE)
		return true;
	lapic_log_error(l, ESR_REG_ADDRESS);
	return false;
}

u64 lapic_mmio_read(struct lapic *l, u32 off, unsigned width)
{
	u32 reg;

	if (!lapic_has_page(l))
		return width_mask(width);
	if (width != 4 || off % 16 || !page_reg(l, off, &reg))
		return 0;
	return lapic_reg_read(l, reg);
}

void lapic_mmio_write(struct lapic *l, u32 off, unsigned width, u64 val)
{
	u32 reg;

	if (!lapic_has_page(l) || width != 4 || off % 16 || !page_reg(l, off, &reg))
		return;
	if (rules[reg].mmio & W)
		lapic_reg_write(l, reg, (u32)val & rules[reg].writable);
}

/* --- Access by MSR --------------------------------------------------------------------- */

/* SDM, "x2APIC State Transitions". */
static bool may_change(enum lapic_mode from, enum lapic_mode to)
{
	static const bool allowed[4][4] = {
		[MODE_OFF] = { [MODE_OFF] = true, [MODE_XAPIC] = true },
		[MODE_XAPIC] = { [MODE_OFF] = true, [MODE_XAPIC] = true, [MODE_X2APIC] = true },
		[MODE_X2APIC] = { [MODE_OFF] = true, [MODE_X2APIC] = true },
	};

	return allowed[from][to];
}

static bool write_base(struct lapic *l, u64 val)
{
	const u64 old = atomic_load_explicit(&l->base, memory_order_relaxed);
	const enum lapic_mode to = (enum lapic_mode)FIELD_GET(BASE_MODE, val), from = lapic_mode(l);

	if ((val & BASE_RESERVED) || !may_change(from, to))
		return false;
	/* Which processor is the bootstrap processor is not for software to say. */
	val = (val & ~APIC_BASE_BSP) | (old & APIC_BASE_BSP);
	atomic_store_explicit(&l->base, val, memory_order_relaxed);
	if (to == MODE_OFF)
		lapic_reset_registers(l);
	else if (to != from)
		lapic_follow_mode(l);
	return true;
}

static bool x2apic_reg(const struct lapic *l, u32 msr, enum access want, u32 *reg)
{
	if (lapic_mode(l) != MODE_X2APIC || msr < MSR_X2APIC_FIRST ||
	    msr - MSR_X2APIC_FIRST >= APIC_REGS)
		return false;
	*reg = msr - MSR_X2APIC_FIRST;
	return rules[*reg].msr & want;
}

bool lapic_msr_read(struct lapic *l, u32 msr, u64 *val)
{
	u32 reg;

	if (msr == MSR_APIC_BASE) {
		*val = atomic_load_explicit(&l->base, memory_order_relaxed);
		return true;
	}
	if (msr == MSR_TSC_DEADLINE) {
		*val = lapic_timer_deadline(l);
		return true;
	}
	if (!x2apic_reg(l, msr, R, &reg))
		return false;
	*val = reg == APIC_REG_ICR ? lapic_icr(l) : lapic_reg_read(l, reg);
	return true;
}

bool lapic_msr_write(struct lapic *l, u32 msr, u64 val)
{
	const struct reg_rule *rule;
	u64 known;
	u32 reg;

	if (msr == MSR_APIC_BASE)
		return write_base(l, val);
	if (msr == MSR_TSC_DEADLINE) {
		lapic_timer_set_deadline(l, val);
		return true;
	}
	if (!x2apic_reg(l, msr, W, &reg))
		return false;
	rule = &rules[reg];
	known = rule->writable | rule->ignored;
	if (reg == APIC_REG_ICR)
		known |= ICR_DEST;
	if (val & ~known)
		return false;
	/* The destination is in the same write: the ICR is one register here. */
	if (reg == APIC_REG_ICR)
		lapic_set_icr(l, val);
	lapic_reg_write(l, reg, (u32)val & rule->writable);
	return true;
}

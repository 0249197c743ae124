// SPDX-License-Identifier: BSD-2-Clause
/* The IOAPIC, with the HPET as what drives its pins: not for bare QEMU, whose HPET fires at once if
 * it is programmed while it stands. */
#include "dev.h"

#define LEVEL      BIT(15)
#define MASKED     BIT(16)
#define REMOTE_IRR BIT(14)
#define LOGICAL    BIT(11)
#define LOWEST     (1u << 8)
#define NMI        (4u << 8)
#define EXTINT     (7u << 8)
#define EOI        (0x40 / 4)

static u32 pin;
static volatile u32 levels, nmis, extints;
static u32 limit; /* so many levels, and the handler takes it back */

static void set(u32 low, u32 high)
{
	ioapic_write(0x10 + pin * 2, MASKED);
	ioapic_write(0x11 + pin * 2, high);
	ioapic_write(0x10 + pin * 2, low);
}

static u32 entry(void)
{
	return ioapic_read(0x10 + pin * 2);
}

static void on_level(struct trap_frame *f)
{
	(void)f;
	if (++levels >= limit)
		hpet_write(HPET_STATUS, 4);
	apic_eoi();
}

static void on_level_no_eoi(struct trap_frame *f)
{
	(void)f;
	levels++;
	hpet_write(HPET_STATUS, 4);
}

static void start_level(trap_fn *fn)
{
	pin = hpet_pin(2);
	levels = 0;
	trap_set(VEC_FIRST, fn);
	set(VEC_FIRST | LEVEL, apic_id() << 24);
	hpet_one_shot(2, HPET_INT | HPET_LEVEL | HPET_PIN(pin), NS_PER_MS);
}

/* As long as it is asserted, each EOI brings it again. */
static const char *level(void)
{
	limit = 3;
	start_level(on_level);
	if (!came(&levels, 3, NS_PER_S))
		return wrong("%u interrupts, want 3", levels);
	take_interrupts(5 * NS_PER_MS, false);
	if (levels != 3)
		return "again although it was taken back";
	return entry() & REMOTE_IRR ? "remote IRR is left" : NULL;
}

static const char *remote_irr(void)
{
	start_level(on_level_no_eoi);
	if (!came(&levels, 1, NS_PER_S))
		return "no interrupt";
	if (!(entry() & REMOTE_IRR))
		return wrong("in service, the entry is %x", entry());
	apic_eoi();
	return entry() & REMOTE_IRR ? wrong("after EOI, the entry is %x", entry()) : NULL;
}

/* The IOAPIC's own EOI register, which version 20h has. */
static const char *directed_eoi(void)
{
	volatile u32 *io = (volatile u32 *)madt_ioapic();
	const char *bad = NULL;

	if ((ioapic_read(1) & 0xff) < 0x20)
		return wrong("version %x", ioapic_read(1));
	start_level(on_level_no_eoi);
	if (!came(&levels, 1, NS_PER_S))
		return "no interrupt";
	io[EOI] = VEC_FIRST + 1;
	if (!(entry() & REMOTE_IRR))
		bad = "another vector's EOI clears it";
	io[EOI] = VEC_FIRST;
	if (entry() & REMOTE_IRR)
		bad = wrong("the entry is %x", entry());
	apic_eoi();
	return bad;
}

/* An edge at a masked pin is lost; a level waits. */
static const char *masked(void)
{
	pin = hpet_pin(2);
	limit = 1;
	levels = 0;
	trap_set(VEC_FIRST + 1, on_level);
	set(MASKED | VEC_FIRST, apic_id() << 24);
	hpet_one_shot(2, HPET_INT | HPET_PIN(pin), NS_PER_MS);
	take_interrupts(5 * NS_PER_MS, false);
	set(VEC_FIRST, apic_id() << 24);
	take_interrupts(NS_PER_MS, false);
	if (irq_count[0])
		return "an edge was kept";
	set(MASKED | LEVEL | (VEC_FIRST + 1), apic_id() << 24);
	hpet_one_shot(2, HPET_INT | HPET_LEVEL | HPET_PIN(pin), NS_PER_MS);
	take_interrupts(5 * NS_PER_MS, false);
	if (levels)
		return "an interrupt while masked";
	set(LEVEL | (VEC_FIRST + 1), apic_id() << 24);
	return came(&levels, 1, NS_PER_S) ? NULL : wrong("%u after unmasking", levels);
}

static void on_nmi(struct trap_frame *f)
{
	(void)f;
	nmis++;
}

static const char *nmi(void)
{
	pin = hpet_pin(2);
	nmis = 0;
	trap_set(VEC_NMI, on_nmi);
	set(NMI, apic_id() << 24);
	hpet_one_shot(2, HPET_INT | HPET_PIN(pin), NS_PER_MS);
	delay_us(20000); /* interrupts are off, which is no matter */
	return nmis == 1 ? NULL : wrong("%u NMIs", nmis);
}

/* Logical destinations, flat: by bit; and the lowest of one. */
static const char *logical(void)
{
	static const u32 modes[] = { LOGICAL, LOGICAL | LOWEST };

	pin = hpet_pin(2);
	apic_write(APIC_DFR, 0xffffffff);
	apic_write(APIC_LDR, 0x04000000);
	for (u32 i = 0; i < ARRAY_LEN(modes); i++) {
		set(VEC_FIRST | modes[i], 0x05000000);
		hpet_one_shot(2, HPET_INT | HPET_PIN(pin), NS_PER_MS);
		if (!came(&irq_count[0], i + 1, NS_PER_S))
			return wrong("mode %x: none", modes[i]);
		set(VEC_FIRST | modes[i], 0x02000000);
		hpet_one_shot(2, HPET_INT | HPET_PIN(pin), NS_PER_MS);
		take_interrupts(5 * NS_PER_MS, false);
		if (irq_count[0] != i + 1)
			return wrong("mode %x: one for another", modes[i]);
	}
	return NULL;
}

static void on_extint(struct trap_frame *f)
{
	(void)f;
	extints++;
	pic_eoi(0);
}

/* The 8259 by pin 0 instead of LINT0. */
static const char *extint(void)
{
	pin = 0;
	extints = 0;
	trap_set(0x20, on_extint);
	pic_init(0x20, 1);
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	set(EXTINT, apic_id() << 24);
	pit_rate(100);
	if (!came(&extints, 3, NS_PER_S))
		return wrong("%u interrupts", extints);
	pit_rate(0);
	return NULL;
}

// clang-format off
const struct check ioapic_checks[] = {
	CHECK("ioapic-level", level, UNDER_PLINTH),
	CHECK("ioapic-remote-irr", remote_irr, UNDER_PLINTH),
	CHECK("ioapic-eoi-register", directed_eoi, UNDER_PLINTH),
	CHECK("ioapic-masked-edge", masked, UNDER_PLINTH),
	CHECK("ioapic-nmi", nmi, UNDER_PLINTH),
	CHECK("ioapic-logical", logical, UNDER_PLINTH),
	CHECK("ioapic-extint", extint, UNDER_PLINTH),
	CHECKS_END,
};
// clang-format on

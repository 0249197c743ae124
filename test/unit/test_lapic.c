// SPDX-License-Identifier: BSD-2-Clause
/* The emulated LAPIC: registers by MMIO and MSR, modes, priorities, errors. */
#include "lapic_rig.h"

static struct lapic *const l = &rig.cpu[0];

static u64 rdmsr(u32 msr)
{
	u64 val = 0;

	assert_true(lapic_msr_read(l, msr, &val));
	return val;
}

static u32 x2(u32 off)
{
	return MSR_X2APIC_FIRST + off / 16;
}

static void power_on_state(void **state)
{
	rig_power_on(2);
	assert_int_equal(rdmsr(MSR_APIC_BASE), 0xfee00900);
	assert_int_equal(rd(l, ID), 0);
	assert_int_equal(rd(&rig.cpu[1], ID), 1u << 24);
	assert_int_equal(rd(l, VERSION), 0x50014);
	assert_int_equal(rd(l, SVR), 0xff);
	assert_int_equal(rd(l, DFR), 0xffffffff);
	for (u32 off = TIMER; off <= ERROR; off += 16)
		assert_int_equal(rd(l, off), MASKED);
	for (u32 off = ISR; off < ESR; off += 16)
		assert_int_equal(rd(l, off), 0);
	assert_int_equal(lapic_pending(l), -1);
	assert_false(lapic_takes_extint(l));
	assert_false(lapic_has_work(l, true));
	/* The other processor is no bootstrap processor. */
	u64 base;
	assert_true(lapic_msr_read(&rig.cpu[1], MSR_APIC_BASE, &base));
	assert_int_equal(base, 0xfee00800);
}

static void writable_bits_by_mmio(void **state)
{
	static const struct {
		u32 off, want;
		// clang-format off
	} rows[] = {
		{ ID, 0 },             { VERSION, 0x50014 },   { TPR, 0xff },
		{ LDR, 0xff000000 },   { DFR, 0xffffffff },    { SVR, 0x3ff },
		{ ICR_HI, 0xff000000 }, { TIMER, 0x700ff },    { 0x330, 0x107ff },
		{ PERF, 0x107ff },     { LINT0, 0x1a7ff },     { LINT1, 0x1a7ff },
		{ ERROR, 0x100ff },    { DIVIDE, 0xb },        { ISR, 0 },
		{ IRR, 0 },
	};
	// clang-format on

	rig_start(1);
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		wr(l, rows[i].off, 0xffffffff);
		assert_int_equal(rd(l, rows[i].off), rows[i].want);
	}
	wr(l, DFR, 0);
	assert_int_equal(rd(l, DFR), 0x0fffffff);
}

static void only_aligned_dwords_reach_registers(void **state)
{
	rig_start(1);
	wr(l, TPR, 0x35);
	lapic_mmio_write(l, TPR, 1, 0xff);
	lapic_mmio_write(l, TPR, 8, 0xff);
	lapic_mmio_write(l, TPR + 4, 4, 0xff);
	assert_int_equal(rd(l, TPR), 0x35);
	assert_int_equal(lapic_mmio_read(l, TPR, 1), 0);
	assert_int_equal(lapic_mmio_read(l, TPR, 8), 0);
	assert_int_equal(lapic_mmio_read(l, TPR + 4, 4), 0);
	/* No page: nothing answers. */
	to_x2apic(l);
	assert_false(lapic_has_page(l));
	assert_int_equal(rd(l, TPR), 0xffffffff);
	wr(l, TPR, 0);
	assert_int_equal(rdmsr(0x808), 0x35);
}

static void priorities(void **state)
{
	rig_start(1);
	interrupt(0x31, false);
	interrupt(0x52, false);
	assert_int_equal(rig.kicks[0], 2);
	assert_int_equal(lapic_pending(l), 0x52);
	lapic_accept(l, 0x52);
	assert_int_equal(rd(l, PPR), 0x50);
	assert_int_equal(rd(l, ISR + 0x20), 1u << 18);
	assert_false(requested(l, 0x52));
	/* 31h and the same class have to wait; the next class interrupts. */
	interrupt(0x5f, false);
	assert_int_equal(lapic_pending(l), -1);
	interrupt(0x60, false);
	assert_int_equal(lapic_pending(l), 0x60);
	lapic_accept(l, 0x60);
	wr(l, EOI, 0);
	assert_int_equal(rd(l, PPR), 0x50);
	wr(l, EOI, 0);
	assert_int_equal(lapic_pending(l), 0x5f);
	/* The task priority holds back its class and those below. */
	lapic_set_cr8(l, 5);
	assert_int_equal(rd(l, TPR), 0x50);
	assert_int_equal(lapic_pending(l), -1);
	assert_false(lapic_has_work(l, true));
	wr(l, TPR, 0x4f);
	assert_int_equal(apic_page_cr8(l->page), 4);
	assert_int_equal(rd(l, PPR), 0x4f);
	assert_int_equal(rd(l, APR), 0x50);
	assert_int_equal(lapic_pending(l), 0x5f);
	assert_true(lapic_has_work(l, true));
	assert_false(lapic_has_work(l, false));
	assert_int_equal(rig.eois, 0);
	lapic_accept(l, 0x5f);
	wr(l, TPR, 0x5a);
	assert_int_equal(rd(l, APR), 0x50);
	wr(l, TPR, 0x6a);
	assert_int_equal(rd(l, APR), 0x6a);
	wr(l, TPR, 0);
	wr(l, EOI, 0);
	assert_int_equal(lapic_pending(l), 0x31);
	/* An EOI with nothing in service does nothing. */
	wr(l, EOI, 0);
	assert_int_equal(lapic_pending(l), 0x31);
}

static void level_interrupts_are_broadcast_at_eoi(void **state)
{
	rig_start(1);
	interrupt(0x41, true);
	assert_int_equal(rd(l, TMR + 0x20), 1u << 1);
	lapic_accept(l, (u8)lapic_pending(l));
	wr(l, EOI, 0);
	assert_int_equal(rig.eois, 1);
	assert_int_equal(rig.eoi_vector, 0x41);
	/* The same vector as an edge clears the TMR's bit. */
	interrupt(0x41, false);
	assert_int_equal(rd(l, TMR + 0x20), 0);
	lapic_accept(l, (u8)lapic_pending(l));
	wr(l, EOI, 0);
	assert_int_equal(rig.eois, 1);
}

static void software_disable(void **state)
{
	rig_start(1);
	wr(l, LINT0, 0x700);
	assert_true(lapic_takes_extint(l));
	interrupt(0x31, false);
	wr(l, SVR, 0xff);
	for (u32 off = TIMER; off <= ERROR; off += 16)
		assert_true(rd(l, off) & MASKED);
	wr(l, LINT0, 0x700);
	assert_int_equal(rd(l, LINT0), 0x700 | MASKED);
	assert_false(lapic_takes_extint(l));
	/* What is pending stays, nothing more comes in. */
	interrupt(0x32, false);
	assert_int_equal(lapic_pending(l), 0x31);
	assert_false(requested(l, 0x32));
	/* Enabling unmasks nothing. */
	wr(l, SVR, 0x1ff);
	assert_true(rd(l, LINT0) & MASKED);
}

static void lint_pins(void **state)
{
	u8 sipi;

	rig_power_on(1);
	lapic_virtual_wire(l);
	assert_true(lapic_takes_extint(l));
	lapic_lint1(l);
	assert_true(lapic_has_work(l, false));
	assert_int_equal(lapic_take_signals(l, &sipi), LAPIC_SIGNAL_NMI);
	assert_int_equal(lapic_take_signals(l, &sipi), 0);
	wr(l, LINT1, 0x45);
	lapic_lint1(l);
	assert_int_equal(lapic_pending(l), 0x45);
	wr(l, LINT1, 0x400 | MASKED);
	lapic_lint1(l);
	assert_int_equal(lapic_take_signals(l, &sipi), 0);
	/* Disabled by its MSR the APIC is not there: the pins are INTR and NMI. */
	assert_true(lapic_msr_write(l, MSR_APIC_BASE, LAPIC_BASE_DEFAULT));
	assert_true(lapic_takes_extint(l));
	lapic_lint1(l);
	assert_int_equal(lapic_take_signals(l, &sipi), LAPIC_SIGNAL_NMI);
}

static void errors(void **state)
{
	rig_start(1);
	wr(l, ERROR, 0xe1);
	rd(l, 0x3f0); /* self-IPI: reserved in xAPIC mode */
	assert_int_equal(rd(l, ESR), 0);
	assert_int_equal(lapic_pending(l), 0xe1);
	lapic_accept(l, 0xe1);
	wr(l, EOI, 0);
	/* The same error interrupts again only after the ESR was written. */
	rd(l, 0x3f0);
	assert_int_equal(lapic_pending(l), -1);
	wr(l, ESR, 0);
	assert_int_equal(rd(l, ESR), 0x80);
	rd(l, 0x3f0);
	assert_int_equal(lapic_pending(l), 0xe1);
	wr(l, ESR, 0);
	/* Written again with nothing new found, it is clear. */
	wr(l, ESR, 0xffffffff);
	assert_int_equal(rd(l, ESR), 0);
	/* A self-IPI with an illegal vector is found by sender and receiver. */
	wr(l, ICR, 0x40000 | 15);
	wr(l, ESR, 0);
	assert_int_equal(rd(l, ESR), 0x60);
	/* A vector that another sent. */
	interrupt(3, false);
	assert_true(lapic_has_work(l, true));
	wr(l, ESR, 0);
	assert_int_equal(rd(l, ESR), 0x40);
	assert_int_equal(rd(l, IRR), 0);
}

/* An error LVT that is an error itself must not raise errors for ever. */
static void error_lvt_with_illegal_vector(void **state)
{
	rig_start(1);
	wr(l, ERROR, 7);
	wr(l, 0x500, 1);
	wr(l, LINT1, 5);
	lapic_lint1(l);
	wr(l, ESR, 0);
	assert_int_equal(rd(l, ESR), 0xc0);
	assert_int_equal(lapic_pending(l), -1);
}

static void init_keeps_base_and_signals(void **state)
{
	const struct apic_msg sipi = { .delivery = APIC_STARTUP, .vector = 0x9a };
	u8 vector = 0;

	rig_start(1);
	to_x2apic(l);
	interrupt(0x80, true);
	lapic_accept(l, 0x80);
	lapic_bus_send(&rig.bus, &sipi);
	lapic_reset(l, true);
	assert_int_equal(rdmsr(MSR_APIC_BASE), 0xfee00d00);
	assert_int_equal(rdmsr(x2(SVR)), 0xff);
	assert_int_equal(rdmsr(x2(PPR)), 0);
	assert_int_equal(lapic_take_signals(l, &vector), LAPIC_SIGNAL_SIPI);
	assert_int_equal(vector, 0x9a);
	lapic_bus_send(&rig.bus, &sipi);
	lapic_reset(l, false);
	assert_int_equal(rdmsr(MSR_APIC_BASE), 0xfee00900);
	assert_int_equal(lapic_take_signals(l, &vector), 0);
}

/* SDM, "x2APIC State Transitions": mode bits from, to, allowed. */
static void base_transitions(void **state)
{
	const u64 off = LAPIC_BASE_DEFAULT, x = off | BIT(11), x2apic = x | BIT(10),
		  bad = off | BIT(10);
	const struct {
		u64 from, to;
		bool ok;
		// clang-format off
	} rows[] = {
		{ off, off, true },    { off, x, true },
		{ off, x2apic, false }, { off, bad, false },
		{ x, off, true },      { x, x, true },
		{ x, x2apic, true },   { x, bad, false },
		{ x2apic, off, true }, { x2apic, x, false },
		{ x2apic, x2apic, true }, { x2apic, bad, false },
	};
	// clang-format on

	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		rig_power_on(1);
		assert_true(lapic_msr_write(l, MSR_APIC_BASE, rows[i].from));
		assert_int_equal(lapic_msr_write(l, MSR_APIC_BASE, rows[i].to), rows[i].ok);
		assert_int_equal(rdmsr(MSR_APIC_BASE),
				 (rows[i].ok ? rows[i].to : rows[i].from) | BIT(8));
	}
	rig_power_on(1);
	for (u32 bit = 0; bit < 64; bit++)
		if (bit < 8 || bit == 9 || bit >= 52)
			assert_false(lapic_msr_write(l, MSR_APIC_BASE, x | BIT(bit)));
	/* A moved base is kept; the page is asked for where it was. */
	assert_true(lapic_msr_write(l, MSR_APIC_BASE, 0xd0000800));
	assert_int_equal(rdmsr(MSR_APIC_BASE), 0xd0000900);
	assert_true(lapic_has_page(l));
	/* Off: the registers are lost. */
	wr(l, SVR, 0x1ff);
	assert_true(lapic_msr_write(l, MSR_APIC_BASE, off));
	interrupt(0x55, false);
	assert_false(lapic_has_page(l));
	assert_true(lapic_msr_write(l, MSR_APIC_BASE, x));
	assert_int_equal(rd(l, SVR), 0xff);
	assert_int_equal(lapic_pending(l), -1);
}

static void x2apic_identity(void **state)
{
	rig_power_on(1);
	rig.bus.count = 0;
	rig_add(0, 0x123);
	assert_int_equal(rd(l, ID), 0x23u << 24);
	to_x2apic(l);
	assert_int_equal(rdmsr(x2(ID)), 0x123);
	assert_int_equal(rdmsr(x2(LDR)), 0x12 << 16 | 1 << 3);
}

/* Every MSR of the x2APIC range: is it read, is it written, which bits does it take? */
static void x2apic_msr_sweep(void **state)
{
	static const struct {
		u32 first, count;
		bool read;
		u64 writable; /* or IGNORED: bits that may be written */
		// clang-format off
	} rows[] = {
		{ 0x802, 2, true, 0 },		  { 0x808, 1, true, 0xff },
		{ 0x80a, 1, true, 0 },		  { 0x80d, 1, true, 0 },
		{ 0x80f, 1, true, 0x3ff },	  { 0x810, 24, true, 0 },
		{ 0x830, 1, true, 0xffffffff000cdfff }, { 0x832, 1, true, 0x710ff },
		{ 0x833, 2, true, 0x117ff },	  { 0x835, 2, true, 0x1f7ff },
		{ 0x837, 1, true, 0x110ff },	  { 0x838, 1, true, 0xffffffff },
		{ 0x839, 1, true, 0 },		  { 0x83e, 1, true, 0xb },
		{ 0x828, 1, true, 0 },
	};
	// clang-format on
	u64 val;

	rig_power_on(1);
	for (u32 msr = 0x800; msr < 0x900; msr++) {
		assert_false(lapic_msr_read(l, msr, &val));
		assert_false(lapic_msr_write(l, msr, 0));
	}
	for (u32 msr = 0x800; msr < 0x900; msr++) {
		u64 writable = msr == 0x83f ? 0xff : 0;
		bool read = false;

		rig_start(1);
		to_x2apic(l);
		for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
			if (msr - rows[i].first >= rows[i].count)
				continue;
			read = rows[i].read;
			writable = rows[i].writable;
		}
		assert_int_equal(lapic_msr_read(l, msr, &val), read);
		/* 80Bh (EOI) and 828h (ESR) take 0 only. */
		assert_int_equal(lapic_msr_write(l, msr, 0),
				 writable || msr == 0x80b || msr == 0x828);
		for (u32 bit = 0; bit < 64; bit++)
			assert_int_equal(lapic_msr_write(l, msr, BIT(bit)),
					 !!(writable & BIT(bit)));
	}
	assert_false(lapic_msr_read(l, MSR_X2APIC_FIRST - 1, &val));
	assert_false(lapic_msr_read(l, 0, &val));
	assert_false(lapic_msr_write(l, 0xffffffff, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_on_state),
		cmocka_unit_test(writable_bits_by_mmio),
		cmocka_unit_test(only_aligned_dwords_reach_registers),
		cmocka_unit_test(priorities),
		cmocka_unit_test(level_interrupts_are_broadcast_at_eoi),
		cmocka_unit_test(software_disable),
		cmocka_unit_test(lint_pins),
		cmocka_unit_test(errors),
		cmocka_unit_test(error_lvt_with_illegal_vector),
		cmocka_unit_test(init_keeps_base_and_signals),
		cmocka_unit_test(base_transitions),
		cmocka_unit_test(x2apic_identity),
		cmocka_unit_test(x2apic_msr_sweep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

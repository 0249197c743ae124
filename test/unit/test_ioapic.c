// SPDX-License-Identifier: BSD-2-Clause
/* The emulated IOAPIC: registers, edges, levels, Remote IRR. */
#include "unit.h"

#include <devices/ioapic.h>
#include <lib/bits.h>

static struct ioapic io;
static struct spinlock lock;
static unsigned sent;
static struct apic_msg last;

static void on_send(void *ctx, const struct apic_msg *msg)
{
	assert_ptr_equal(ctx, &io);
	sent++;
	last = *msg;
}

static void power_on(void)
{
	sent = 0;
	last = (struct apic_msg){ 0 };
	ioapic_init(&io, &lock, on_send, &io);
}

static u32 rd(u32 reg)
{
	io.dev.ops->write(&io.dev, 0x00, 4, reg);
	return (u32)io.dev.ops->read(&io.dev, 0x10, 4);
}

static void wr(u32 reg, u32 val)
{
	io.dev.ops->write(&io.dev, 0x00, 4, reg);
	io.dev.ops->write(&io.dev, 0x10, 4, val);
}

static void route(unsigned pin, u32 high, u32 low)
{
	wr(0x11 + 2 * pin, high);
	wr(0x10 + 2 * pin, low);
}

#define LEVEL      0x8000u
#define REMOTE_IRR 0x4000u
#define MASKED     0x10000u

static void registers(void **state)
{
	power_on();
	assert_int_equal(rd(0x01), 0x170020);
	assert_int_equal(rd(0x00), 0);
	wr(0x00, 0xffffffff);
	assert_int_equal(rd(0x00), 0x0f000000);
	assert_int_equal(rd(0x02), 0x0f000000);
	wr(0x01, 0xffffffff);
	assert_int_equal(rd(0x01), 0x170020);
	for (unsigned pin = 0; pin < 24; pin++) {
		assert_int_equal(rd(0x10 + 2 * pin), MASKED);
		assert_int_equal(rd(0x11 + 2 * pin), 0);
		route(pin, 0xffffffff, 0xffffffff);
		/* Delivery status and Remote IRR are read-only. */
		assert_int_equal(rd(0x10 + 2 * pin), 0x1afff);
		assert_int_equal(rd(0x11 + 2 * pin), 0xff000000);
	}
	/* What is not there reads 0 and swallows writes. */
	for (u32 reg = 0x40; reg < 0x100; reg++) {
		wr(reg, 0xffffffff);
		assert_int_equal(rd(reg), 0);
	}
	wr(0x0f, 1);
	assert_int_equal(rd(0x0f), 0);
	io.dev.ops->reset(&io.dev);
	assert_int_equal(rd(0x10), MASKED);
	assert_int_equal(rd(0x00), 0);
	assert_int_equal(sent, 0);
}

static void access_widths(void **state)
{
	power_on();
	/* IOREGSEL is a byte. */
	io.dev.ops->write(&io.dev, 0x00, 4, 0xffffff01);
	assert_int_equal(io.dev.ops->read(&io.dev, 0x00, 4), 1);
	io.dev.ops->write(&io.dev, 0x00, 1, 0x10);
	assert_int_equal(io.dev.ops->read(&io.dev, 0x00, 1), 0x10);
	/* The window is not. */
	io.dev.ops->write(&io.dev, 0x10, 1, 0);
	io.dev.ops->write(&io.dev, 0x10, 2, 0);
	assert_int_equal(io.dev.ops->read(&io.dev, 0x10, 4), MASKED);
	/* Nothing else answers. */
	for (u64 off = 0; off < IOAPIC_LEN; off++) {
		if (off == 0x00 || off == 0x10)
			continue;
		io.dev.ops->write(&io.dev, off, 4, 0xffffffff);
		assert_int_equal(io.dev.ops->read(&io.dev, off, 4), 0);
	}
	assert_int_equal(rd(0x10), MASKED);
}

static void message_fields(void **state)
{
	power_on();
	route(4, 0x07000000, 0x0934);
	ioapic_set_irq(&io, 4, true);
	assert_int_equal(sent, 1);
	assert_int_equal(last.dest, 7);
	assert_int_equal(last.vector, 0x34);
	assert_true(last.logical);
	assert_int_equal(last.delivery, APIC_LOWEST);
	assert_false(last.level);
	assert_false(last.x2apic);
	/* A level NMI is an edge: no EOI would come. */
	route(5, 0, 0x0400 | LEVEL);
	ioapic_set_irq(&io, 5, true);
	assert_int_equal(sent, 2);
	assert_int_equal(last.delivery, APIC_NMI);
	assert_false(last.level);
	assert_false(rd(0x1a) & REMOTE_IRR);
	ioapic_set_irq(&io, 5, true);
	assert_int_equal(sent, 2);
}

static void edges(void **state)
{
	power_on();
	route(2, 0, 0x30);
	ioapic_set_irq(&io, 2, true);
	ioapic_set_irq(&io, 2, true);
	assert_int_equal(sent, 1);
	ioapic_eoi(&io, 0x30);
	assert_int_equal(sent, 1);
	ioapic_set_irq(&io, 2, false);
	ioapic_set_irq(&io, 2, true);
	assert_int_equal(sent, 2);
	ioapic_set_irq(&io, 2, false);
	/* At a masked pin an edge is lost. */
	route(2, 0, 0x30 | MASKED);
	ioapic_set_irq(&io, 2, true);
	route(2, 0, 0x30);
	assert_int_equal(sent, 2);
	assert_false(rd(0x14) & REMOTE_IRR);
}

static void levels(void **state)
{
	power_on();
	route(9, 0, 0x51 | LEVEL);
	ioapic_set_irq(&io, 9, true);
	assert_int_equal(sent, 1);
	assert_true(last.level);
	assert_true(rd(0x22) & REMOTE_IRR);
	/* Until its EOI it is sent once, whatever the wire does. */
	ioapic_set_irq(&io, 9, false);
	ioapic_set_irq(&io, 9, true);
	assert_int_equal(sent, 1);
	ioapic_eoi(&io, 0x52);
	assert_int_equal(sent, 1);
	/* Still asserted at the EOI: once more. */
	ioapic_eoi(&io, 0x51);
	assert_int_equal(sent, 2);
	assert_true(rd(0x22) & REMOTE_IRR);
	ioapic_set_irq(&io, 9, false);
	ioapic_eoi(&io, 0x51);
	assert_int_equal(sent, 2);
	assert_false(rd(0x22) & REMOTE_IRR);
	ioapic_set_irq(&io, 9, true);
	assert_int_equal(sent, 3);
}

static void masked_levels_wait(void **state)
{
	power_on();
	route(9, 0, 0x51 | LEVEL | MASKED);
	ioapic_set_irq(&io, 9, true);
	assert_int_equal(sent, 0);
	wr(0x22, 0x51 | LEVEL);
	assert_int_equal(sent, 1);
	/* Masking and unmasking while in service sends nothing. */
	wr(0x22, 0x51 | LEVEL | MASKED);
	assert_true(rd(0x22) & REMOTE_IRR);
	wr(0x22, 0x51 | LEVEL);
	assert_int_equal(sent, 1);
	/* The EOI of a masked one is kept for later. */
	wr(0x22, 0x51 | LEVEL | MASKED);
	ioapic_eoi(&io, 0x51);
	assert_int_equal(sent, 1);
	wr(0x22, 0x51 | LEVEL);
	assert_int_equal(sent, 2);
}

static void remote_irr_is_cleared_by_edge_mode(void **state)
{
	power_on();
	route(9, 0, 0x51 | LEVEL);
	ioapic_set_irq(&io, 9, true);
	wr(0x22, 0x51 | MASKED);
	assert_false(rd(0x22) & REMOTE_IRR);
	wr(0x22, 0x51 | LEVEL);
	assert_int_equal(sent, 2);
}

static void eoi_register(void **state)
{
	power_on();
	route(16, 0, 0x61 | LEVEL);
	route(17, 0, 0x61 | LEVEL);
	ioapic_set_irq(&io, 16, true);
	ioapic_set_irq(&io, 17, true);
	assert_int_equal(sent, 2);
	ioapic_set_irq(&io, 16, false);
	/* Both pins share the vector: both end, one is still asserted and goes out once. */
	io.dev.ops->write(&io.dev, 0x40, 4, 0x61);
	assert_int_equal(sent, 3);
	assert_false(rd(0x30) & REMOTE_IRR);
	assert_true(rd(0x32) & REMOTE_IRR);
	io.dev.ops->write(&io.dev, 0x40, 1, 0x61);
	assert_int_equal(sent, 3);
}

static void pins_that_are_not_there(void **state)
{
	power_on();
	ioapic_set_irq(&io, 24, true);
	ioapic_set_irq(&io, 32, true);
	ioapic_set_irq(&io, ~0u, true);
	assert_int_equal(io.asserted, 0);
}

/* The reset leaves the wires: a level that is still driven comes back when it is routed again. */
static void reset_keeps_wires(void **state)
{
	power_on();
	route(9, 0, 0x51 | LEVEL);
	ioapic_set_irq(&io, 9, true);
	io.dev.ops->reset(&io.dev);
	assert_int_equal(rd(0x22), MASKED);
	route(9, 0, 0x52 | LEVEL);
	assert_int_equal(sent, 2);
	assert_int_equal(last.vector, 0x52);
}

static void random_traffic(void **state)
{
	u64 seed = 42;

	power_on();
	for (u32 i = 0; i < 100000; i++) {
		unsigned before = sent;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		switch (seed >> 60) {
		case 0 ... 3:
			ioapic_set_irq(&io, seed >> 32 & 31, seed >> 40 & 1);
			assert_in_range(sent - before, 0, 1);
			break;
		case 4 ... 7:
			ioapic_eoi(&io, seed >> 32 & 0xff);
			assert_in_range(sent - before, 0, 24);
			break;
		case 8 ... 11:
			wr(seed >> 32 & 0x3f, (u32)seed);
			break;
		default:
			io.dev.ops->write(&io.dev, seed >> 32 & 0xfff, 1u << (seed >> 50 & 3),
					  seed);
			break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers),
		cmocka_unit_test(access_widths),
		cmocka_unit_test(message_fields),
		cmocka_unit_test(edges),
		cmocka_unit_test(levels),
		cmocka_unit_test(masked_levels_wait),
		cmocka_unit_test(remote_irr_is_cleared_by_edge_mode),
		cmocka_unit_test(eoi_register),
		cmocka_unit_test(pins_that_are_not_there),
		cmocka_unit_test(reset_keeps_wires),
		cmocka_unit_test(random_traffic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

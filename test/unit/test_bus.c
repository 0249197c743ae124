// SPDX-License-Identifier: BSD-2-Clause
/* vm/bus.c and the helpers of vm/device.c. */
#include "unit.h"

#include <lib/bits.h>
#include <lib/string.h>
#include <vm/bus.h>

#include "test/host/fake_time.h"

/* Remembers its accesses; byte n of it reads as n. */
struct probe {
	struct device dev;
	unsigned reads, writes;
	u64 off, val;
	unsigned width;
	u8 bytes[16];
};

static struct spinlock lock = SPINLOCK_INIT;
static struct bus bus;
static struct probe a, b;

static u64 probe_read(struct device *d, u64 off, unsigned width)
{
	struct probe *p = container_of(d, struct probe, dev);
	u64 val = 0;

	assert_true(spin_held(&lock));
	p->reads++;
	p->off = off;
	p->width = width;
	for (unsigned i = 0; i < 8; i++)
		val |= ((off + i) & 0xff) << (8 * i);
	return val; /* all eight bytes: what is too much is the bus' to cut */
}

static void probe_write(struct device *d, u64 off, unsigned width, u64 val)
{
	struct probe *p = container_of(d, struct probe, dev);

	assert_true(spin_held(&lock));
	p->writes++;
	p->off = off;
	p->width = width;
	p->val = val;
	if (off < sizeof(p->bytes))
		p->bytes[off] = (u8)val;
}

static const struct device_ops ops = { .read = probe_read, .write = probe_write };

static int setup(void **state)
{
	bus = (struct bus){ 0 };
	a = b = (struct probe){ .dev = { .name = "probe", .ops = &ops, .lock = &lock } };
	return 0;
}

static int balanced(void **state)
{
	return spin_held(&lock);
}

static void windows_stay_sorted(void **state)
{
	static const u64 bases[] = { 0x60, 0x20, 0xa0, 0x10, 0x40 };

	for (size_t i = 0; i < ARRAY_LEN(bases); i++)
		assert_int_equal(bus_add(&bus, bases[i], 4, 0, &a.dev), OK);
	for (u32 i = 1; i < bus.count; i++)
		assert_true(bus.win[i - 1].base < bus.win[i].base);
	for (u64 at = 0; at < 0x100; at++) {
		bool covered = false;

		for (size_t i = 0; i < ARRAY_LEN(bases); i++)
			covered |= at - bases[i] < 4;
		assert_int_equal(!!bus_find(&bus, at, 1), covered);
	}
}

static void no_overlap(void **state)
{
	assert_int_equal(bus_add(&bus, 0x100, 0x10, 0, &a.dev), OK);
	assert_int_equal(bus_add(&bus, 0xff, 2, 0, &b.dev), E_EXISTS);
	assert_int_equal(bus_add(&bus, 0x10f, 1, 0, &b.dev), E_EXISTS);
	assert_int_equal(bus_add(&bus, 0x0, 0x1000, 0, &b.dev), E_EXISTS);
	assert_int_equal(bus_add(&bus, 0x110, 1, 0, &b.dev), OK);
	assert_int_equal(bus_add(&bus, 0xff, 1, 0, &b.dev), OK);
	assert_int_equal(bus.count, 3);
}

static void table_is_finite(void **state)
{
	for (u64 i = 0; i < BUS_WINDOWS; i++)
		assert_int_equal(bus_add(&bus, i * 8, 8, 0, &a.dev), OK);
	assert_int_equal(bus_add(&bus, 0x1000, 1, 0, &a.dev), E_FULL);
	assert_int_equal(bus.count, BUS_WINDOWS);
}

static void offsets_and_widths(void **state)
{
	static const unsigned widths[] = { 1, 2, 4, 8 };

	assert_int_equal(bus_add(&bus, 0x300, 0x10, 0x2f0, &a.dev), OK);
	for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
		unsigned w = widths[i];

		assert_int_equal(bus_read(&bus, 0x301, w), 0x1817161514131211ull & width_mask(w));
		assert_int_equal(a.off, 0x11);
		assert_int_equal(a.width, w);
		bus_write(&bus, 0x308, w, ~0ull);
		assert_int_equal(a.off, 0x18);
		assert_int_equal(a.val, width_mask(w));
	}
	assert_int_equal(a.reads, 4);
	assert_int_equal(a.writes, 4);
}

static void nobody_there(void **state)
{
	assert_int_equal(bus_read(&bus, 0x80, 1), 0xff);
	assert_int_equal(bus_read(&bus, 0x80, 2), 0xffff);
	assert_int_equal(bus_read(&bus, 0x80, 4), 0xffffffff);
	assert_int_equal(bus_read(&bus, ~0ull, 8), ~0ull);
	bus_write(&bus, 0x80, 4, 1);
	bus_write(&bus, ~0ull, 8, 1);
}

/* An access across the edge of a window comes byte by byte. */
static void straddling(void **state)
{
	assert_int_equal(bus_add(&bus, 0x100, 4, 0x100, &a.dev), OK);
	assert_int_equal(bus_add(&bus, 0x104, 2, 0x104, &b.dev), OK);
	/* 102h, 103h of one, 104h, 105h of the other. */
	assert_int_equal(bus_read(&bus, 0x102, 4), 0x01000302);
	assert_int_equal(a.reads, 2);
	assert_int_equal(b.reads, 2);
	assert_int_equal(b.width, 1);
	/* Two bytes of a device, and nothing behind it. */
	assert_int_equal(bus_read(&bus, 0x104, 4), 0xffff0100);
	/* Nothing before it. */
	assert_int_equal(bus_read(&bus, 0xff, 2), 0x00ff);
	a.writes = 0;
	bus_write(&bus, 0xfe, 4, 0x44332211);
	assert_int_equal(a.writes, 2);
	assert_int_equal(a.off, 1);
	assert_int_equal(a.val, 0x44);
	assert_int_equal(a.width, 1);
}

/* At the end of the address space nothing wraps to the beginning. */
static void the_last_byte(void **state)
{
	assert_int_equal(bus_add(&bus, 0, 4, 0, &a.dev), OK);
	assert_int_equal(bus_add(&bus, ~0ull - 3, 4, ~0ull - 3, &b.dev), OK);
	assert_int_equal(bus_read(&bus, ~0ull - 3, 4), 0x03020100);
	assert_int_equal(bus_read(&bus, ~0ull, 1), 3);
	assert_int_equal(b.reads, 2);
	assert_int_equal(a.reads, 0);
}

static u8 byte_at(struct device *d, u64 off)
{
	return (u8)(0x10 + off);
}

static void set_byte(struct device *d, u64 off, u8 val)
{
	container_of(d, struct probe, dev)->bytes[off] = val;
}

static void bytes_helpers(void **state)
{
	assert_int_equal(device_read_bytes(&a.dev, 2, 4, byte_at), 0x15141312);
	assert_int_equal(device_read_bytes(&a.dev, 0, 8, byte_at), 0x1716151413121110ull);
	device_write_bytes(&a.dev, 1, 4, 0x44332211, set_byte);
	assert_int_equal(a.bytes[0], 0);
	assert_int_equal(a.bytes[1], 0x11);
	assert_int_equal(a.bytes[4], 0x44);
	assert_int_equal(a.bytes[5], 0);
}

static void on_timer(struct device *d)
{
	assert_true(spin_held(&lock));
	container_of(d, struct probe, dev)->writes++;
}

/* An expired timer comes with the device's lock held. */
static void timers(void **state)
{
	struct dev_timer t;

	fake_time_reset();
	dev_timer_init(&t, &a.dev, on_timer);
	dev_timer_set(&t, 100);
	fake_time_advance(99);
	assert_int_equal(a.writes, 0);
	fake_time_advance(1);
	assert_int_equal(a.writes, 1);
	dev_timer_set(&t, 200);
	dev_timer_cancel(&t);
	fake_time_advance(1000);
	assert_int_equal(a.writes, 1);
}

/* --- Ports, with their index ----------------------------------------------------------- */

static struct bus_index ix;

static int setup_ports(void **state)
{
	setup(state);
	memset(&ix, 0xa5, sizeof(ix));
	bus_init_ports(&bus, &ix);
	return 0;
}

/* A port access does with the index what it does without. */
static void same_as_search(void)
{
	struct bus searched = bus;

	searched.index = NULL;
	for (u32 port = 0; port < 0x10000; port++)
		for (unsigned width = 1; width <= 4; width *= 2) {
			unsigned reads = a.reads;
			u64 val = bus_read(&bus, port, width), off = a.off;
			unsigned indexed = a.reads - reads;

			reads = a.reads;
			assert_int_equal(bus_read(&searched, port, width), val);
			assert_int_equal(a.reads - reads, indexed);
			assert_int_equal(a.off, off);
		}
}

/* As the PC has them: single ports, pairs, windows that meet, at and over the end of a page, the last port. */
static void indexed_ports(void **state)
{
	static const u64 windows[][2] = {
		{ 0x20, 2 },  { 0x40, 4 },   { 0x60, 1 },     { 0x61, 1 },   { 0x64, 1 },
		{ 0xff, 2 },  { 0x2f8, 8 },  { 0x300, 0x10 }, { 0xcf8, 8 },  { 0x0, 0x10 },
		{ 0xfff0, 3 }, { 0xffff, 1 }, { 0x600, 0x24 }, { 0xc000, 0x300 },
	};

	same_as_search();
	for (size_t i = 0; i < ARRAY_LEN(windows); i++)
		assert_int_equal(bus_add(&bus, windows[i][0], windows[i][1], 0, &a.dev), OK);
	assert_non_null(bus.index);
	same_as_search();
}

/* More pages than the index has: then it is searched. */
static void too_many_pages(void **state)
{
	for (u64 i = 0; i < BUS_PAGES; i++) {
		assert_int_equal(bus_add(&bus, i * 0x1000, 1, 0, &a.dev), OK);
		assert_int_equal(!bus.index, i == BUS_PAGES - 1);
	}
	same_as_search();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(windows_stay_sorted, setup, balanced),
		cmocka_unit_test_setup_teardown(no_overlap, setup, balanced),
		cmocka_unit_test_setup_teardown(table_is_finite, setup, balanced),
		cmocka_unit_test_setup_teardown(offsets_and_widths, setup, balanced),
		cmocka_unit_test_setup_teardown(nobody_there, setup, balanced),
		cmocka_unit_test_setup_teardown(straddling, setup, balanced),
		cmocka_unit_test_setup_teardown(the_last_byte, setup, balanced),
		cmocka_unit_test_setup_teardown(bytes_helpers, setup, balanced),
		cmocka_unit_test_setup_teardown(timers, setup, balanced),
		cmocka_unit_test_setup_teardown(indexed_ports, setup_ports, balanced),
		cmocka_unit_test_setup_teardown(too_many_pages, setup_ports, balanced),
	};

	return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}

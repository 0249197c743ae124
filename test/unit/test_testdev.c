// SPDX-License-Identifier: BSD-2-Clause
/* isa-debug-exit and pc-testdev, as suites for QEMU's PC use them, through a bus as a guest does. */
#include "unit.h"

#include <devices/testdev.h>
#include <lib/bits.h>
#include <vm/bus.h>

#include "device_rig.h"

static struct spinlock lock = SPINLOCK_INIT;
static struct testdev t;
static struct bus ports, mmio;
static unsigned exits;
static u32 exit_code, levels;

static void on_exit_code(void *ctx, u32 code)
{
	exits++;
	exit_code = code;
}

static void on_line(void *ctx, unsigned pin, bool level)
{
	assert_in_range(pin, 0, 23);
	levels = (levels & ~(u32)BIT(pin)) | (u32)level << pin;
}

static int fresh(void **state)
{
	exits = 0;
	levels = 0;
	memset(&ports, 0, sizeof(ports));
	memset(&mmio, 0, sizeof(mmio));
	testdev_init(&t, &lock, (struct irq_line){ on_line, NULL, 0 }, on_exit_code, NULL);
	assert_int_equal(bus_add(&ports, TESTDEV_LOOP, 8, 0, &t.ports), OK);
	assert_int_equal(bus_add(&ports, TESTDEV_EXIT, 4, 0, &t.ports), OK);
	assert_int_equal(bus_add(&ports, TESTDEV_LINES, TESTDEV_LINE_COUNT, 0, &t.ports), OK);
	assert_int_equal(bus_add(&mmio, TESTDEV_MEMORY, TESTDEV_MEMORY_LEN, TESTDEV_MEMORY, &t.memory), OK);
	return 0;
}

static void loop_back_in_every_width(void **state)
{
	bus_write(&ports, 0xe0, 4, 0x12345678);
	assert_int_equal(bus_read(&ports, 0xe0, 4), 0x12345678);
	assert_int_equal(bus_read(&ports, 0xe0, 2), 0x5678);
	assert_int_equal(bus_read(&ports, 0xe2, 2), 0x1234);
	assert_int_equal(bus_read(&ports, 0xe1, 2), 0x3456);
	assert_int_equal(bus_read(&ports, 0xe3, 1), 0x12);
	bus_write(&ports, 0xe1, 1, 0xaa);
	bus_write(&ports, 0xe2, 2, 0xbbcc);
	assert_int_equal(bus_read(&ports, 0xe0, 4), 0xbbccaa78);
}

static void flush_swallows(void **state)
{
	bus_write(&ports, 0xe0, 4, 0x12345678);
	bus_write(&ports, 0xe4, 4, 0x1000);
	assert_int_equal(bus_read(&ports, 0xe0, 4), 0x12345678);
	assert_int_equal(bus_read(&ports, 0xe4, 4), 0xffffffff);
}

static void exit_takes_any_width(void **state)
{
	bus_write(&ports, 0xf4, 4, 0x80000001);
	assert_int_equal(exits, 1);
	assert_int_equal(exit_code, 0x80000001);
	bus_write(&ports, 0xf4, 1, 0x10);
	assert_int_equal(exit_code, 0x10);
	bus_write(&ports, 0xf6, 2, 7);
	assert_int_equal(exit_code, 7);
	assert_int_equal(exits, 3);
	assert_int_equal(bus_read(&ports, 0xf4, 1), 0);
	assert_int_equal(exits, 3);
}

static void lines(void **state)
{
	bus_write(&ports, 0x2000, 1, 1);
	bus_write(&ports, 0x200e, 1, 0x80); /* anything but 0 raises */
	bus_write(&ports, 0x2017, 1, 1);
	assert_int_equal(levels, 1 << 0 | 1 << 14 | 1 << 23);
	bus_write(&ports, 0x200e, 1, 0);
	assert_int_equal(levels, 1 << 0 | 1 << 23);
	bus_write(&ports, 0x2002, 2, 0xffff); /* bytes only */
	bus_write(&ports, 0x2018, 1, 1);
	assert_int_equal(levels, 1 << 0 | 1 << 23);
}

static void memory(void **state)
{
	for (unsigned width = 1; width <= 8; width *= 2)
		bus_write(&mmio, TESTDEV_MEMORY + 0x100 * width, width, 0x1122334455667788);
	assert_int_equal(bus_read(&mmio, TESTDEV_MEMORY + 0x100, 8), 0x88);
	assert_int_equal(bus_read(&mmio, TESTDEV_MEMORY + 0x200, 8), 0x7788);
	assert_int_equal(bus_read(&mmio, TESTDEV_MEMORY + 0x400, 8), 0x55667788);
	assert_int_equal(bus_read(&mmio, TESTDEV_MEMORY + 0x800, 8), 0x1122334455667788);
	assert_int_equal(bus_read(&mmio, TESTDEV_MEMORY + 0x803, 4), 0x22334455);
	/* The last bytes, and one too far. */
	bus_write(&mmio, TESTDEV_MEMORY + 0xfff8, 8, 0x0102030405060708);
	assert_int_equal(bus_read(&mmio, TESTDEV_MEMORY + 0xffff, 1), 1);
	assert_int_equal(bus_read(&mmio, TESTDEV_MEMORY + 0xffff, 2), 0xff01);
}

static void reset_forgets(void **state)
{
	bus_write(&ports, 0xe0, 4, 1);
	bus_write(&ports, 0x2003, 1, 1);
	bus_write(&mmio, TESTDEV_MEMORY, 4, 1);
	t.ports.ops->reset(&t.ports);
	t.memory.ops->reset(&t.memory);
	assert_int_equal(levels, 0);
	assert_int_equal(bus_read(&ports, 0xe0, 4), 0);
	assert_int_equal(bus_read(&mmio, TESTDEV_MEMORY, 4), 0);
}

static void hostile_traffic(void **state)
{
	u32 seed = 1;

	for (unsigned i = 0; i < 100000; i++) {
		struct device *d = rig_random(&seed) & 1 ? &t.ports : &t.memory;
		u64 off = d == &t.ports ? rig_random(&seed) & 0xffff : rig_random(&seed) % 0x10010;
		unsigned width = 1u << (rig_random(&seed) & 3);

		if (rig_random(&seed) & 1)
			d->ops->write(d, off, width, rig_random(&seed) & width_mask(width));
		else
			d->ops->read(d, off, width);
	}
	assert_int_not_equal(exits, 0);
}

#define test(fn) cmocka_unit_test_setup(fn, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(loop_back_in_every_width),
		test(flush_swallows),
		test(exit_takes_any_width),
		test(lines),
		test(memory),
		test(reset_forgets),
		test(hostile_traffic),
	};

	return cmocka_run_group_tests_name("testdev", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <devices/reset.h>

#include "device_rig.h"

static struct spinlock lock = SPINLOCK_INIT;
static struct reset r;
static unsigned fired;

static int power_on(void **state)
{
	(void)state;
	fired = 0;
	reset_init(&r, &lock, rig_count, &fired);
	return 0;
}

/* Linux reboot=pci: bit 1, a moment, then bits 1 and 2. */
static void hard_reset(void **state)
{
	(void)state;
	rig_out(&r.dev, 0, 0x02);
	assert_int_equal(fired, 0);
	assert_int_equal(rig_in(&r.dev, 0), 0x02);
	rig_out(&r.dev, 0, 0x06);
	assert_int_equal(fired, 1);
}

static void only_the_rising_bit_counts(void **state)
{
	(void)state;
	rig_out(&r.dev, 0, 0x04); /* processor only: the VM, too */
	rig_out(&r.dev, 0, 0x0e);
	assert_int_equal(fired, 1);
	rig_out(&r.dev, 0, 0xf9);
	assert_int_equal(rig_in(&r.dev, 0), 0x08);
	rig_out(&r.dev, 0, 0x04);
	assert_int_equal(fired, 2);
	r.dev.ops->reset(&r.dev);
	assert_int_equal(rig_in(&r.dev, 0), 0);
	rig_out(&r.dev, 0, 0x06);
	assert_int_equal(fired, 3);
}

/* Port 92h: gate A20 as its users switch it, and INIT by its rising bit. */
static void system_control_port_a(void **state)
{
	struct device *a = &r.port92;

	assert_int_equal(rig_in(a, 0), 0x02); /* A20 is open */
	rig_out(a, 0, 0x00);
	assert_int_equal(rig_in(a, 0), 0x00);
	rig_out(a, 0, (u8)((rig_in(a, 0) | 0x02) & ~0x01));
	assert_int_equal(rig_in(a, 0), 0x02);
	assert_int_equal(fired, 0);
	rig_out(a, 0, 0xff);
	assert_int_equal(fired, 1);
	assert_int_equal(rig_in(a, 0), 0x03);
	rig_out(a, 0, 0x03);
	assert_int_equal(fired, 1);
	a->ops->reset(a);
	assert_int_equal(rig_in(a, 0), 0x02);
}

static void wide_accesses_are_not_its_own(void **state)
{
	(void)state;
	r.dev.ops->write(&r.dev, 0, 2, 0x0606);
	r.dev.ops->write(&r.dev, 0, 4, 0x06060606);
	assert_int_equal(fired, 0);
	assert_int_equal(r.dev.ops->read(&r.dev, 0, 2) & 0xffff, 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(hard_reset, power_on),
		cmocka_unit_test_setup(only_the_rising_bit_counts, power_on),
		cmocka_unit_test_setup(system_control_port_a, power_on),
		cmocka_unit_test_setup(wide_accesses_are_not_its_own, power_on),
	};

	return cmocka_run_group_tests_name("reset", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <devices/i8042.h>

#include "device_rig.h"

enum { DATA = 0, CONTROL = 4 };
enum { OBF = 0x01, SYS = 0x04, COMMAND = 0x08, UNLOCK = 0x10, AUX = 0x20, TIMEOUT = 0x40 };

static struct spinlock lock = SPINLOCK_INIT;
static struct i8042 k;
static struct rig_line irq;
static unsigned resets;

static int power_on(void **state)
{
	(void)state;
	resets = 0;
	i8042_init(&k, &lock, rig_line_to(&irq), rig_count, &resets);
	return 0;
}

static u8 status(void)
{
	return rig_in(&k.dev, CONTROL);
}

static u8 data(void)
{
	return rig_in(&k.dev, DATA);
}

static void command(u8 val)
{
	rig_out(&k.dev, CONTROL, val);
}

static void argument(u8 val)
{
	rig_out(&k.dev, DATA, val);
}

static void after_reset(void **state)
{
	(void)state;
	assert_int_equal(status(), UNLOCK | SYS);
	command(0x20);
	assert_int_equal(status(), UNLOCK | SYS | COMMAND | OBF);
	assert_int_equal(data(), 0x64);
	assert_int_equal(status(), UNLOCK | SYS | COMMAND);
}

static void tests_answer(void **state)
{
	static const struct {
		u8 command, answer;
	} rows[] = {
		{ 0xaa, 0x55 }, /* self-test */
		{ 0xab, 0x00 }, /* keyboard interface */
		{ 0xa9, 0x01 }, /* auxiliary interface: nothing there */
		{ 0xc0, 0x80 }, /* input port: not locked */
		{ 0xe0, 0x00 }, /* test inputs */
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		command(rows[i].command);
		assert_int_equal(status() & (OBF | AUX | TIMEOUT), OBF);
		assert_int_equal(data(), rows[i].answer);
		assert_int_equal(status() & OBF, 0);
	}
}

static void command_byte_and_ram(void **state)
{
	(void)state;
	command(0x60);
	argument(0x47);
	command(0x20);
	assert_int_equal(data(), 0x47);
	command(0xad);
	command(0xa7);
	command(0x20);
	assert_int_equal(data(), 0x77);
	command(0xae);
	command(0xa8);
	command(0x20);
	assert_int_equal(data(), 0x47);
	command(0x7f);
	argument(0x99);
	command(0x3f);
	assert_int_equal(data(), 0x99);
}

/* A kernel that resets or identifies the keyboard learns at once that there is none. */
static void no_keyboard(void **state)
{
	static const u8 commands[] = { 0xff, 0xf2, 0xed, 0xf5 };

	(void)state;
	command(0x60);
	argument(0x45); /* with IRQ 1 */
	for (unsigned i = 0; i < ARRAY_LEN(commands); i++) {
		argument(commands[i]);
		assert_true(irq.level);
		assert_int_equal(status() & (OBF | TIMEOUT | AUX | COMMAND), OBF | TIMEOUT);
		assert_int_equal(data(), 0xfe);
		assert_false(irq.level);
		assert_int_equal(status() & (OBF | TIMEOUT), 0);
	}
	assert_int_equal(irq.rises, ARRAY_LEN(commands));
}

static void no_interrupt_unless_enabled(void **state)
{
	(void)state;
	argument(0xf2);
	assert_false(irq.level);
}

/* Linux i8042_check_aux(): AUX_LOOP must come back marked as the auxiliary device's, or there is no
 * such port. */
static void no_aux_port(void **state)
{
	(void)state;
	command(0xd3);
	argument(0x5a);
	assert_int_equal(status() & (OBF | AUX), OBF);
	data();
	command(0xd4);
	argument(0xff);
	assert_int_equal(status() & (OBF | AUX | TIMEOUT), OBF | AUX | TIMEOUT);
	assert_int_equal(data(), 0xfe);
}

static void keyboard_echo(void **state)
{
	(void)state;
	command(0xd2);
	argument(0x1c);
	assert_int_equal(status() & (OBF | TIMEOUT), OBF);
	assert_int_equal(data(), 0x1c);
}

static void reset_line(void **state)
{
	(void)state;
	command(0xfe);
	assert_int_equal(resets, 1);
	command(0xff); /* pulses nothing: the null command of the A20 ritual */
	command(0xfd);
	assert_int_equal(resets, 1);
	command(0xf0);
	assert_int_equal(resets, 2);
	command(0xd1);
	argument(0x02); /* bit 0 of the output port is the same line */
	assert_int_equal(resets, 3);
	i8042_init(&k, &lock, rig_line_to(&irq), NULL, NULL);
	command(0xfe);
}

static void gate_a20(void **state)
{
	(void)state;
	command(0xd0);
	assert_int_equal(data() & 0x03, 0x03);
	command(0xd1);
	argument(0xdd);
	command(0xff);
	command(0xd0);
	assert_int_equal(data() & 0x03, 0x01);
	command(0xdf);
	command(0xd0);
	assert_int_equal(data() & 0x03, 0x03);
	command(0xdd);
	command(0xd0);
	assert_int_equal(data() & 0x03, 0x01);
	assert_int_equal(resets, 0);
}

static void a_command_cancels_a_missing_argument(void **state)
{
	(void)state;
	command(0xd1);
	command(0xaa);
	argument(0x00); /* for the keyboard: no reset */
	assert_int_equal(resets, 0);
	assert_int_equal(data(), 0xfe);
}

static void not_ours(void **state)
{
	(void)state;
	assert_int_equal(rig_in(&k.dev, 1), 0xff);
	rig_out(&k.dev, 1, 0xfe);
	assert_int_equal(status() & OBF, 0);
}

static void reset(void **state)
{
	(void)state;
	command(0x60);
	argument(0x01);
	argument(0xff);
	k.dev.ops->reset(&k.dev);
	assert_false(irq.level);
	after_reset(state);
}

static void random_traffic(void **state)
{
	u32 seed = 11;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		u32 r = rig_random(&seed);

		if (r & 1)
			rig_out(&k.dev, r & 2 ? DATA : CONTROL, (u8)(r >> 8));
		else
			rig_in(&k.dev, r & 2 ? DATA : CONTROL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(after_reset, power_on),
		cmocka_unit_test_setup(tests_answer, power_on),
		cmocka_unit_test_setup(command_byte_and_ram, power_on),
		cmocka_unit_test_setup(no_keyboard, power_on),
		cmocka_unit_test_setup(no_interrupt_unless_enabled, power_on),
		cmocka_unit_test_setup(no_aux_port, power_on),
		cmocka_unit_test_setup(keyboard_echo, power_on),
		cmocka_unit_test_setup(reset_line, power_on),
		cmocka_unit_test_setup(gate_a20, power_on),
		cmocka_unit_test_setup(a_command_cancels_a_missing_argument, power_on),
		cmocka_unit_test_setup(not_ours, power_on),
		cmocka_unit_test_setup(reset, power_on),
		cmocka_unit_test_setup(random_traffic, power_on),
	};

	return cmocka_run_group_tests_name("i8042", tests, NULL, NULL);
}

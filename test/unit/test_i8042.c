// SPDX-License-Identifier: BSD-2-Clause
/* The 8042 with a keyboard: commands, scan codes, interrupts. */
#include "i8042_rig.h"

static void tests_answer(void **state)
{
	static const struct {
		u8 command, answer;
	} rows[] = {
		{ 0xaa, 0x55 }, /* self-test */
		{ 0xab, 0x00 }, /* keyboard interface */
		{ 0xa9, 0x00 }, /* auxiliary interface */
		{ 0xc0, 0x80 }, /* input port: not locked */
		{ 0xe0, 0x00 }, /* test inputs */
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		command(rows[i].command);
		assert_int_equal(status() & (OBF | AUX), OBF);
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

/* --- Keyboard -------------------------------------------------------------------------- */

/* The commands as a driver gives them at its start. */
static void keyboard_commands(void **state)
{
	to_keyboard(0xff, "fa aa");
	to_keyboard(0xf2, "fa ab 41"); /* AB 83, translated */
	to_keyboard(0xf5, "fa");
	to_keyboard(0xed, "fa");
	to_keyboard(0x07, "fa");
	assert_int_equal(k.keyboard.leds, 7);
	to_keyboard(0xf3, "fa");
	to_keyboard(0x00, "fa");
	assert_int_equal(k.keyboard.typematic, 0);
	to_keyboard(0xee, "ee");
	to_keyboard(0xfe, "ee"); /* once more */
	to_keyboard(0xf4, "fa");
	to_keyboard(0xf1, "fe"); /* no such command */
	to_keyboard(0xf0, "fa");
	to_keyboard(0x00, "fa 41"); /* set 2, translated */
	to_keyboard(0xf0, "fa");
	to_keyboard(0x03, "fe"); /* no set 3 */
	/* A command where an argument was due is a command. */
	to_keyboard(0xed, "fa");
	to_keyboard(0xf2, "fa ab 41");
	to_keyboard(0x01, "fe");
	assert_int_equal(k.keyboard.leds, 7);
}

static void no_interrupt_unless_enabled(void **state)
{
	command(0x60);
	argument(0x44);
	argument(0xf2);
	assert_false(irq.level);
	assert_int_equal(data(), 0xfa);
	command(0x60);
	argument(0x45); /* with a byte waiting */
	assert_true(irq.level);
}

/* As a kernel sees them that never touched the controller. */
static void keys_in_set_1(void **state)
{
	press(0x1e);
	expect_scan("1e 9e");
	press(0xe048); /* cursor up */
	expect_scan("e0 48 e0 c8");
	press(0x41); /* F7, 83h in set 2 */
	expect_scan("41 c1");
	press(PS2_KEY_PAUSE);
	expect_scan("e1 1d 45 e1 9d c5");
	/* Not keys. */
	press(0);
	press(0x80);
	press(0xe148);
	press(0xffff);
	expect_scan("");
}

static void keys_in_set_2(void **state)
{
	command(0x60);
	argument(0x05); /* not translated */
	press(0x1e);
	expect_scan("1c f0 1c");
	press(0xe048);
	expect_scan("e0 75 e0 f0 75");
	press(0x41);
	expect_scan("83 f0 83");
	press(PS2_KEY_PAUSE);
	expect_scan("e1 14 77 e1 f0 14 f0 77");
	/* ... and set 1 by the keyboard itself. */
	to_keyboard(0xf0, "fa");
	to_keyboard(0x01, "fa");
	press(0xe048);
	expect_scan("e0 48 e0 c8");
	press(PS2_KEY_PAUSE);
	expect_scan("e1 1d 45 e1 9d c5");
	to_keyboard(0xf0, "fa");
	to_keyboard(0x00, "fa 01");
}

/* Whatever way a key's code takes to set 1, it is the same. */
static void translation_agrees_with_set_1(void **state)
{
	unsigned keys = 0;

	for (unsigned key = 1; key < 0x80; key++) {
		char want[16] = "";

		press((u16)key);
		if (!(status() & OBF))
			continue;
		keys++;
		snprintf(want, sizeof(want), "%02x %02x", key, key | 0x80);
		expect_scan(want);
	}
	assert_int_equal(keys, 127);
}

static void each_byte_is_an_edge(void **state)
{
	press(0xe048);
	assert_int_equal(irq.rises, 1);
	data();
	assert_int_equal(irq.rises, 2);
	assert_int_equal(irq.falls, 1);
	data();
	data();
	data();
	assert_int_equal(irq.rises, 4);
	assert_false(irq.level);
}

static void disabled_keyboard_keeps_its_keys(void **state)
{
	command(0xad);
	press(0x1e);
	assert_int_equal(status() & OBF, 0);
	command(0xae);
	expect_scan("1e 9e");
	/* Without scanning they are lost. */
	to_keyboard(0xf5, "fa");
	press(0x1e);
	expect_scan("");
	to_keyboard(0xf4, "fa");
	press(0x1e);
	expect_scan("1e 9e");
}

static void answers_go_before_keys(void **state)
{
	press(0x1e); /* 1E is in the output buffer, F0 1C wait */
	assert_int_equal(scan(), 0x1e);
	press(0x30);
	assert_int_equal(scan(), 0x9e);
	argument(0xee);
	assert_int_equal(scan(), 0x30);
	assert_int_equal(scan(), 0xee);
	assert_int_equal(scan(), 0xb0);
	assert_int_equal(status() & OBF, 0);
}

/* Sixteen bytes are kept; one code says that there were more, and all is well afterwards. */
static void overrun(void **state)
{
	command(0x60);
	argument(0x05);
	for (unsigned i = 0; i < 20; i++)
		i8042_key(&k, 0x1e, true);
	expect_scan("1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 00");
	press(0x1e);
	expect_scan("1c f0 1c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(after_reset, power_on),
		cmocka_unit_test_setup(tests_answer, power_on),
		cmocka_unit_test_setup(command_byte_and_ram, power_on),
		cmocka_unit_test_setup(keyboard_commands, power_on),
		cmocka_unit_test_setup(no_interrupt_unless_enabled, power_on),
		cmocka_unit_test_setup(keys_in_set_1, power_on),
		cmocka_unit_test_setup(keys_in_set_2, power_on),
		cmocka_unit_test_setup(translation_agrees_with_set_1, power_on),
		cmocka_unit_test_setup(each_byte_is_an_edge, power_on),
		cmocka_unit_test_setup(disabled_keyboard_keeps_its_keys, power_on),
		cmocka_unit_test_setup(answers_go_before_keys, power_on),
		cmocka_unit_test_setup(overrun, power_on),
	};

	return cmocka_run_group_tests_name("i8042", tests, NULL, NULL);
}

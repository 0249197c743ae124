// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <devices/i8042.h>
#include <stdio.h>

#include "device_rig.h"

enum { DATA = 0, CONTROL = 4 };
enum { OBF = 0x01, SYS = 0x04, COMMAND = 0x08, UNLOCK = 0x10, AUX = 0x20 };

static struct spinlock lock = SPINLOCK_INIT;
static struct i8042 k;
static struct rig_line irq, irq12;
static unsigned resets;

static int power_on(void **state)
{
	(void)state;
	resets = 0;
	i8042_init(&k, &lock, (struct irq_line[2]){ rig_line_to(&irq), rig_line_to(&irq12) },
		   rig_count, &resets);
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
	assert_int_equal(data(), 0x65); /* keyboard with interrupt, translated; no mouse */
	assert_int_equal(status(), UNLOCK | SYS | COMMAND);
}

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

/* One byte from the keyboard, with its interrupt. */
static u8 scan(void)
{
	u8 val;

	assert_int_equal(status() & (OBF | AUX), OBF);
	assert_true(irq.level);
	val = data();
	return val;
}

static void expect_scan(const char *hex)
{
	char got[128] = "";
	size_t len = 0;

	while (status() & OBF)
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%02x", len ? " " : "",
					scan());
	assert_string_equal(got, hex);
}

static void to_keyboard(u8 byte, const char *answer)
{
	argument(byte);
	expect_scan(answer);
}

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

static void press(u16 key)
{
	i8042_key(&k, key, true);
	i8042_key(&k, key, false);
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

/* --- Mouse ----------------------------------------------------------------------------- */

static void expect_mouse(const char *hex)
{
	char got[64] = "";
	size_t len = 0;

	while (status() & OBF) {
		assert_true(status() & AUX);
		assert_false(irq.level);
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%02x", len ? " " : "",
					data());
	}
	assert_string_equal(got, hex);
}

static void to_mouse(u8 byte, const char *answer)
{
	command(0xd4);
	argument(byte);
	expect_mouse(answer);
}

/* A driver's loop test: what it sends comes back as the mouse's, with IRQ 12. */
static void aux_loop(void **state)
{
	command(0x60);
	argument(0x47);
	command(0xd3);
	argument(0x5a);
	assert_int_equal(status() & (OBF | AUX), OBF | AUX);
	assert_true(irq12.level);
	assert_false(irq.level);
	assert_int_equal(data(), 0x5a);
	assert_false(irq12.level);
}

static void mouse_commands(void **state)
{
	to_mouse(0xff, "fa aa 00");
	to_mouse(0xf2, "fa 00");
	to_mouse(0xe9, "fa 00 02 64");
	to_mouse(0xe8, "fa");
	to_mouse(0x03, "fa");
	to_mouse(0xf3, "fa");
	to_mouse(0xc8, "fa");
	to_mouse(0xe7, "fa");
	to_mouse(0xf4, "fa");
	to_mouse(0xe9, "fa 30 03 c8");
	to_mouse(0xe6, "fa");
	to_mouse(0xf6, "fa");
	to_mouse(0xe9, "fa 00 02 64");
	to_mouse(0xee, "fa"); /* wrap: an echo */
	to_mouse(0xf2, "f2");
	to_mouse(0xec, "fa");
	to_mouse(0xf2, "fa 00");
	to_mouse(0x42, "fe");
	to_mouse(0xfe, "fe");
}

static void mouse_moves(void **state)
{
	command(0xa8);
	i8042_mouse(&k, 1, 2, PS2_LEFT);
	expect_mouse(""); /* not asked for */
	to_mouse(0xeb, "fa 09 01 02");
	to_mouse(0xf4, "fa");
	i8042_mouse(&k, -1, 5, PS2_RIGHT | PS2_MIDDLE);
	expect_mouse("1e ff 05");
	i8042_mouse(&k, 300, -1, 0);
	expect_mouse("28 ff ff 08 2d 00");
	command(0xa7);
	i8042_mouse(&k, 1, 1, 0);
	expect_mouse("");
	command(0xa8);
	expect_mouse("08 01 01");
	to_mouse(0xf0, "fa"); /* remote: only when asked */
	i8042_mouse(&k, 7, 0, 0);
	expect_mouse("");
	to_mouse(0xeb, "fa 08 07 00");
	/* Nobody fetches: what does not fit adds up. */
	to_mouse(0xea, "fa");
	for (unsigned i = 0; i < 10; i++)
		i8042_mouse(&k, 10, 0, 0);
	for (unsigned i = 0; i < 15; i++)
		data();
	i8042_mouse(&k, 0, 0, 0);
	expect_mouse("08 32 00");
}

/* Linux' i8042_flush() and i8042_controller_selftest(), then atkbd_probe() with the port shut. */
static void linux_probe(void **state)
{
	command(0xaa);
	assert_int_equal(data(), 0x55);
	command(0x20);
	assert_int_equal(data() & 0x50, 0x40);
	command(0x60);
	argument(0x74); /* both ports off, no interrupts */
	command(0xa9);
	assert_int_equal(data(), 0);
	command(0xa8);
	command(0x20);
	assert_int_equal(data() & 0x20, 0);
	command(0x60);
	argument(0x47);
	to_keyboard(0xf2, "fa ab 41");
	to_keyboard(0xf0, "fa");
	to_keyboard(0x02, "fa");
	to_keyboard(0xf4, "fa");
	to_mouse(0xf2, "fa 00");
}

static void keyboard_echo(void **state)
{
	(void)state;
	command(0xd2);
	argument(0x1c);
	assert_int_equal(status() & OBF, OBF);
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
	i8042_init(&k, &lock, (struct irq_line[2]){ rig_line_to(&irq), rig_line_to(&irq12) }, NULL,
		   NULL);
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
	assert_int_equal(data(), 0x55);
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
		if (!(r & 0x70000))
			i8042_key(&k, (u16)(r >> 4), r & 8);
		if (!(r & 0x380000))
			i8042_mouse(&k, (s32)(r << 5), (s32)(r << 13), (u8)r);
		/* One line, and only for a byte that is there. */
		assert_false(irq.level && irq12.level);
		assert_true((status() & OBF) || !(irq.level || irq12.level));
	}
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
		cmocka_unit_test_setup(aux_loop, power_on),
		cmocka_unit_test_setup(mouse_commands, power_on),
		cmocka_unit_test_setup(mouse_moves, power_on),
		cmocka_unit_test_setup(linux_probe, power_on),
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

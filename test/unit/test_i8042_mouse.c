// SPDX-License-Identifier: BSD-2-Clause
/* The 8042: a mouse, what Linux asks of it, lines that it drives, nonsense. */
#include "i8042_rig.h"

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

	return cmocka_run_group_tests_name("i8042_mouse", tests, NULL, NULL);
}

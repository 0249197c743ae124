// SPDX-License-Identifier: BSD-2-Clause
/* core/console*.c: what all guests print, and what one in front does. */
#include "console_rig.h"

/* --- All guests --- */

static void test_whole_lines_carry_the_name(void **state)
{
	put(web, "hello\r\n");
	put(db, "one\ntwo\n");
	assert_screen("[web] hello\r\n[db] one\r\n[db] two\r\n");
}

static void test_interleaved_bytes_make_whole_lines(void **state)
{
	for (const char *a = "first\n", *b = "other\n"; *a; a++, b++) {
		console_port_put(web, (u8)*a);
		console_port_put(db, (u8)*b);
	}
	assert_screen("[web] first\r\n[db] other\r\n");
}

static void test_prompt_appears_after_100_ms_and_its_line_goes_on(void **state)
{
	put(web, "~ # ");
	wait_ms(99);
	assert_screen("");
	wait_ms(1);
	assert_screen("[web] ~ # ");
	put(web, "ls");
	wait_ms(100);
	assert_screen("ls");
	put(web, " -l\r\n");
	assert_screen(" -l\r\n");
	wait_ms(1000);
	assert_screen("");
}

static void test_line_interrupted_goes_on_with_the_name(void **state)
{
	put(web, "~ # ");
	wait_ms(100);
	put(db, "x\n");
	put(web, "ls\n");
	assert_screen("[web] ~ # \r\n[db] x\r\n[web] ls\r\n");
	/* Only its end was left: that shows nothing of its own. */
	put(web, "~ # ");
	wait_ms(100);
	put(db, "y\n");
	put(web, "\n");
	put(web, "z\n");
	assert_screen("[web] ~ # \r\n[db] y\r\n[web] z\r\n");
}

static void test_empty_lines_are_shown(void **state)
{
	put(web, "\n\n");
	assert_screen("[web] \r\n[web] \r\n");
}

static void test_long_line_is_shown_in_pieces_on_one_line(void **state)
{
	char expect[512] = "[web] ";

	for (int i = 0; i < 450; i++)
		console_port_put(web, 'a');
	memset(expect + 6, 'a', 400);
	assert_string_equal(screen.text, expect);
	put(web, "\n");
	memset(expect + 6, 'a', 450);
	memcpy(expect + 456, "\r\n", 3);
	assert_screen(expect);
}

static void test_hypervisor_lines_stand_alone(void **state)
{
	console_write_line("[    1.000000] boot", false);
	put(web, "half");
	console_write_line("log", false);
	put(web, " done\n");
	assert_screen("[    1.000000] boot\r\nlog\r\n[web] half done\r\n");
	put(web, "half");
	wait_ms(100);
	console_write_line("log", false);
	put(web, " done\n");
	assert_screen("[web] half\r\nlog\r\n[web]  done\r\n");
}

static void test_guest_cannot_garble_the_prefix(void **state)
{
	put(web, "\033[2J\033[1;31mred\033[0m\b\b\r\a\033c!\033(B\tx\n");
	assert_screen("[web] red!\tx\r\n");
	put(web, "\033]0;title\a a\033]0;title\033\\b\033P$q\033\\c\n");
	assert_screen("[web]  abc\r\n");
	put(web, "\033]never ended\nnext\n");
	assert_screen("[web] \r\n[web] next\r\n");
	put(web, "\x9b"
		 "2J\xc2\x9b"
		 "2J\xc3\xa9\x7f\n"); /* C1 CSI in both spellings; e acute */
	assert_screen("[web] 2J\xc2"
		      "2J\xc3\xa9\r\n");
	/* A carriage return alone must not let it overwrite its own name. */
	put(web, "\r[db] fake\n");
	assert_screen("[web] [db] fake\r\n");
}

static void test_every_byte_value_is_harmless(void **state)
{
	srand(1);
	for (int i = 0; i < 20000; i++)
		console_port_put(web, (u8)rand());
	for (size_t i = 0; i < screen.len; i++) {
		u8 c = (u8)screen.text[i];

		assert_true(c >= ' ' || c == '\t' || c == '\r' || c == '\n');
		assert_true(c != '\r' || screen.text[i + 1] == '\n');
		assert_int_not_equal(c, 0x7F);
		/* C1 controls only as the second or later byte of another character */
		if (c >= 0x80 && c < 0xA0)
			assert_true(i && (u8)screen.text[i - 1] >= 0x80 &&
				    (u8)screen.text[i - 1] != 0xC2);
	}
}

/* --- One guest --- */

static void test_front_guest_is_raw_and_alone(void **state)
{
	type("\0011");
	assert_screen(FRONT_WEB);
	put(web, "\033[1mraw\r");
	put(db, "hidden\n");
	wait_ms(200);
	assert_screen("\033[1mraw\r");
	console_write_line("info", false);
	assert_screen("");
	console_write_line("warning", true);
	assert_screen("\r\nwarning\r\n");
}

static void test_hidden_output_is_shown_when_brought_to_front(void **state)
{
	type("\0011");
	put(db, "boot\r\n\033[6n\033[32mok\033[0m\r\ndb # ");
	clear();
	type("\0012");
	assert_screen(FRONT_DB "boot\r\r\nok\r\r\ndb # ");
	type("\0010");
	assert_screen("\r\n" ALL);
	put(db, "ls\n");
	assert_screen("[db] db # ls\r\n");
}

static void test_keys_go_to_the_front_guest_only(void **state)
{
	type("\0012x");
	assert_int_equal(console_port_get(db), 'x');
	assert_int_equal(console_port_get(db), -1);
	assert_int_equal(console_port_get(web), -1);
	type("\001\001");
	assert_int_equal(console_port_get(db), 1);
	type("\0010");
	type("y");
	assert_int_equal(console_port_get(db), -1);
	assert_int_equal(console_port_get(web), -1);
}

static void test_guest_that_ends_gives_the_screen_back(void **state)
{
	type("\0011");
	console_port_on_input(db, NULL, NULL);
	assert_screen(FRONT_WEB);
	console_port_on_input(web, NULL, NULL);
	assert_screen(ALL);
}

#define HELP                                                                                       \
	"--- Ctrl-A 1: web; 2: db\r\n"                                                             \
	"--- Ctrl-A 0: all guests, the keyboard rests; n, p: next guest, previous one\r\n" \
	"--- Ctrl-A m: the monitor; h: all that is kept of what the guest in front printed\r\n"    \
	"--- Ctrl-A Ctrl-A: Ctrl-A for the guest in front; ?: this\r\n"

static void test_help_once_and_unknown_guests(void **state)
{
	type("abc");
	assert_screen(HELP);
	type("d\r");
	assert_screen("");
	type("\001?");
	assert_screen(HELP);
	type("\0019");
	assert_screen("--- there is no guest 9\r\n");
	type("\001\001"); /* nobody in front: nothing to send it to */
	clear();
	put(web, "still all\n");
	assert_screen("[web] still all\r\n");
}

static unsigned woken;

static void on_input(void *ctx)
{
	woken++;
	/* Called without the lock: else this would never return. */
	assert_int_equal(console_port_get(ctx), 'k');
	console_port_put(ctx, 'K');
}

static void test_notified_without_the_lock(void **state)
{
	woken = 0;
	console_port_on_input(web, on_input, web);
	type("\0011");
	clear();
	screen.typed = "kkk";
	console_poll(); /* one call for all three may do, but each byte must be there */
	assert_true(woken >= 1);
	while (console_port_get(web) >= 0)
		;
	woken = 0;
	type("k");
	assert_int_equal(woken, 1);
}

static void test_full_input_is_refused_and_nothing_lost(void **state)
{
	static char keys[4096 + 3];

	type("\0011");
	memset(keys, 'k', 4096);
	memcpy(keys + 4096, "ab", 3);
	screen.typed = keys;
	for (int i = 0; i < 100; i++)
		console_poll();
	assert_false(console_input('z'));
	assert_string_equal(screen.typed, "b"); /* one byte is held, the rest stays in the line */
	for (int i = 0; i < 4096; i++)
		assert_int_equal(console_port_get(web), 'k');
	console_poll();
	assert_int_equal(console_port_get(web), 'a');
	assert_int_equal(console_port_get(web), 'b');
	assert_int_equal(console_port_get(web), -1);
}

static void test_dead_guest_does_not_lock_the_operator_in(void **state)
{
	static char keys[4096 + 10];

	type("\0011");
	memset(keys, 'k', 4099);
	memcpy(keys + 4099, "\0012x", 4);
	clear();
	screen.typed = keys;
	for (int i = 0; i < 100; i++)
		wait_ms(10);
	assert_screen("");
	for (int i = 0; i < 450; i++)
		wait_ms(10);
	assert_screen("--- web reads no input: keys are lost\r\n" FRONT_DB);
	assert_int_equal(console_port_get(db), 'x');
}

static void test_ports_are_found_again_by_name(void **state)
{
	char name[64];

	assert_ptr_equal(console_port_open("web"), web);
	assert_ptr_equal(console_port_open("a\nb"), console_port_open("a?b"));
	memset(name, 'n', sizeof(name));
	name[63] = '\0';
	assert_ptr_equal(console_port_open(name), console_port_open(name));
	for (int i = 4; i < CONSOLE_PORTS_MAX; i++) {
		snprintf(name, sizeof(name), "vm%d", i);
		assert_non_null(console_port_open(name));
	}
	assert_null(console_port_open("one too many"));
	assert_ptr_equal(console_port_open("db"), db);
	for (int i = 1; i < CONSOLE_SINKS_MAX; i++)
		assert_true(console_sink_add(&(struct console_sink){ .put = screen_put }));
	assert_false(console_sink_add(&screen.sink));
	console_reset();
}

static void test_panic_needs_no_lock(void **state)
{
	put(web, "half");
	console_panic_write("panic: x\ny\n");
	assert_screen("panic: x\r\ny\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_whole_lines_carry_the_name, setup),
		cmocka_unit_test_setup(test_interleaved_bytes_make_whole_lines, setup),
		cmocka_unit_test_setup(test_prompt_appears_after_100_ms_and_its_line_goes_on,
				       setup),
		cmocka_unit_test_setup(test_line_interrupted_goes_on_with_the_name, setup),
		cmocka_unit_test_setup(test_empty_lines_are_shown, setup),
		cmocka_unit_test_setup(test_long_line_is_shown_in_pieces_on_one_line, setup),
		cmocka_unit_test_setup(test_hypervisor_lines_stand_alone, setup),
		cmocka_unit_test_setup(test_guest_cannot_garble_the_prefix, setup),
		cmocka_unit_test_setup(test_every_byte_value_is_harmless, setup),
		cmocka_unit_test_setup(test_front_guest_is_raw_and_alone, setup),
		cmocka_unit_test_setup(test_hidden_output_is_shown_when_brought_to_front, setup),
		cmocka_unit_test_setup(test_keys_go_to_the_front_guest_only, setup),
		cmocka_unit_test_setup(test_guest_that_ends_gives_the_screen_back, setup),
		cmocka_unit_test_setup(test_help_once_and_unknown_guests, setup),
		cmocka_unit_test_setup(test_notified_without_the_lock, setup),
		cmocka_unit_test_setup(test_full_input_is_refused_and_nothing_lost, setup),
		cmocka_unit_test_setup(test_dead_guest_does_not_lock_the_operator_in, setup),
		cmocka_unit_test_setup(test_ports_are_found_again_by_name, setup),
		cmocka_unit_test_setup(test_panic_needs_no_lock, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
/* core/console*.c: scroll-back, the way from guest to guest, the monitor, screens with panels. */
#include "console_rig.h"

/* Polls until the screen stands still. */
static void wait_shown(void)
{
	size_t before;

	do {
		before = screen.len;
		wait_ms(10);
	} while (screen.len != before);
}

static void put_lines(struct console_port *p, int from, int to)
{
	char line[64];

	for (int i = from; i < to; i++) {
		snprintf(line, sizeof(line), "line %04d\n", i);
		put(p, line);
	}
}

static void assert_lines(const char *at, int from, int to)
{
	char line[64];

	for (int i = from; i < to; i++, at += 11) {
		snprintf(line, sizeof(line), "line %04d\r\n", i);
		assert_memory_equal(at, line, 11);
	}
	assert_string_equal(at, "");
}

static void test_nothing_unseen_is_skipped(void **state)
{
	type("\0011");
	put_lines(db, 0, 3000);
	clear();
	type("\0012");
	assert_true(screen.len < 1024); /* the lock is not held for all of it */
	put(db, "line 3000\n");         /* comes behind, not between */
	wait_shown();
	assert_lines(screen.text + sizeof(FRONT_DB) - 1, 0, 3001);
	/* And not again. */
	type("\0010\0012");
	clear();
	wait_shown();
	assert_true(screen.len < 5000);
}

static void test_history_is_64_kib_from_a_line_start(void **state)
{
	type("\0011");
	put_lines(db, 0, 9000);
	clear();
	type("\0012");
	wait_shown();
	/* The newest 65536 bytes begin within line 2446. */
	assert_lines(screen.text + sizeof(FRONT_DB) - 1, 2447, 9000);
}

static void test_seen_lines_are_shown_again_up_to_4_kib(void **state)
{
	put_lines(db, 0, 2000);
	clear();
	type("\0012");
	wait_shown();
	assert_lines(screen.text + sizeof(FRONT_DB) - 1, 1591, 2000);
	clear();
	type("\001h");
	wait_shown();
	assert_lines(screen.text, 0, 2000);
	/* No line end in it at all: shown as it is. */
	for (int i = 0; i < 20000; i++)
		console_port_put(web, 'w');
	type("\0010\0011\001h");
	wait_shown();
	clear();
	type("\0010\0011");
	clear();
	wait_shown();
	assert_int_equal(screen.len, 4096 - 512);
	clear();
	type("\0010\001h");
	assert_screen("\r\n" ALL "--- no guest has the screen\r\n");
}

static void test_next_and_previous(void **state)
{
	type("\001n");
	assert_screen(FRONT_WEB);
	type("\001n");
	assert_screen(FRONT_DB);
	type("\001n");
	assert_screen(FRONT_WEB);
	type("\001p");
	assert_screen(FRONT_DB);
	type("\0010\001p");
	assert_screen(ALL FRONT_DB);
	console_reset();
	assert_true(console_sink_add(&screen.sink));
	type("\001n");
	assert_screen("--- there are no guests\r\n");
}

/* --- The monitor --- */

#define MONITOR "--- monitor (`help` lists the commands, `quit` leaves)\r\n"

static char heard[16];
static size_t heard_len;

static void on_command(void *ctx)
{
	int byte;

	while ((byte = console_port_get(ctx)) >= 0)
		heard[heard_len++] = (char)byte;
}

static void test_monitor_is_in_front(void **state)
{
	struct console_port *monitor;

	type("\001m");
	assert_screen("--- there is no monitor\r\n");
	monitor = console_monitor_open();
	assert_ptr_equal(console_monitor_open(), monitor);
	console_port_on_input(monitor, on_command, monitor);
	heard_len = 0;
	type("\0012\001m");
	assert_screen(FRONT_DB MONITOR);
	put(db, "hidden\n");
	type("ls");
	assert_int_equal(heard_len, 3);
	assert_memory_equal(heard, "\rls", 3);
	put(monitor, "> ");
	assert_screen("> ");
	console_monitor_leave();
	assert_screen("\r\n" FRONT_DB "hidden\r\n");
	/* Already left: nothing happens. */
	console_monitor_leave();
	assert_screen("");
	/* The guest before has ended. */
	type("\001m");
	console_port_on_input(db, NULL, NULL);
	clear();
	console_monitor_leave();
	assert_screen(ALL);
	type("\001m\001n");
	assert_screen(MONITOR FRONT_WEB);
}

/* --- A screen with panels --- */

static char panel_text[4][256];
static u32 panels, panel_in_front;

static void tiled_panel(struct console_sink *s, u32 panel, char c)
{
	size_t len = strlen(panel_text[panel]);

	assert_true(panel <= panels && len < 255);
	panel_text[panel][len] = c;
}

static void tiled_put(struct console_sink *s, char c)
{
	tiled_panel(s, CONSOLE_PANEL_LOG, c);
}

static void tiled_layout(struct console_sink *s, const struct console_panel *guests, u32 count)
{
	panels = count;
	memset(panel_text, 0, sizeof(panel_text));
	if (count == 2)
		assert_string_equal(guests[1].name, "db");
}

static void tiled_panic(struct console_sink *s)
{
	tiled_layout(s, NULL, 0);
}

static void tiled_front(struct console_sink *s, u32 panel)
{
	panel_in_front = panel;
}

static void test_panels_show_all_at_once(void **state)
{
	struct console_sink tiled = {
		.put = tiled_put,
		.panel_put = tiled_panel,
		.panel_layout = tiled_layout,
		.panel_front = tiled_front,
		.panel_panic = tiled_panic,
	};
	struct console_port *monitor = console_monitor_open();

	assert_true(console_sink_add(&tiled));
	assert_int_equal(panels, 2);
	assert_int_equal(panel_in_front, CONSOLE_PANEL_NONE);
	put(web, "\033[1mraw");
	type("\0012");
	assert_int_equal(panel_in_front, 2);
	put(web, "!");
	put(db, "db # ");
	console_write_line("not urgent", false);
	assert_string_equal(panel_text[1], "\033[1mraw!");
	assert_string_equal(panel_text[2], "db # ");
	assert_string_equal(panel_text[0], FRONT_DB "not urgent\r\n");
	type("\001m");
	assert_int_equal(panel_in_front, CONSOLE_PANEL_LOG);
	put(monitor, "> ");
	console_write_line("log", false);
	assert_string_equal(panel_text[0], FRONT_DB "not urgent\r\n" MONITOR "> \r\nlog\r\n");
	console_port_open("third");
	assert_int_equal(panels, 3);
	console_panic_begin();
	assert_int_equal(panels, 0);
	console_panic_write("panic\n");
	assert_string_equal(panel_text[0], "panic\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_nothing_unseen_is_skipped, setup),
		cmocka_unit_test_setup(test_history_is_64_kib_from_a_line_start, setup),
		cmocka_unit_test_setup(test_seen_lines_are_shown_again_up_to_4_kib, setup),
		cmocka_unit_test_setup(test_next_and_previous, setup),
		cmocka_unit_test_setup(test_monitor_is_in_front, setup),
		cmocka_unit_test_setup(test_panels_show_all_at_once, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

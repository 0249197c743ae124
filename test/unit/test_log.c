// SPDX-License-Identifier: BSD-2-Clause
/*
 * core/log.c is the real log_line(), which test/host/fake_log.c replaces for all other tests. So it
 * is no part of the host library and is compiled here; nothing then asks the library for the fake.
 */
#include "unit.h"

#include <core/log.c>

#include "../host/fake_time.h"

#include <lib/assert.h>
#include <stdlib.h>

static char screen[256 * KIB];
static size_t screen_len;

_Noreturn void panic(const char *fmt, ...)
{
	abort();
}

static void screen_put(struct console_sink *s, char c)
{
	assert_true(screen_len < sizeof(screen) - 1);
	screen[screen_len++] = c;
	screen[screen_len] = '\0';
}

static struct console_sink sink, second;

static int setup(void **state)
{
	console_reset();
	log_reset();
	fake_time_reset();
	screen_len = 0;
	screen[0] = '\0';
	sink = second = (struct console_sink){.put = screen_put};
	return 0;
}

static void assert_screen(const char *text)
{
	assert_string_equal(screen, text);
	screen_len = 0;
	screen[0] = '\0';
}

static void test_lines_carry_seconds_and_microseconds(void **state)
{
	assert_true(log_add_console(&sink));
	log_info("vm %u: started", 3);
	fake_time_advance(12345 * NS_PER_S + 6789 * NS_PER_US);
	log_error("late");
	fake_time_advance(100000 * NS_PER_S);
	log_error("very late");
	assert_screen(
	    "[    0.000000] vm 3: started\r\n[12345.006789] late\r\n[112345.006789] very late\r\n");
}

static void test_lines_before_the_first_console_are_shown_by_it(void **state)
{
	log_info("early");
	log_debug("kept, not shown");
	log_warn("bad");
	assert_screen("");
	assert_true(log_add_console(&sink));
	assert_screen("[    0.000000] early\r\n[    0.000000] bad\r\n");
	log_info("now");
	assert_screen("[    0.000000] now\r\n");
	assert_true(log_add_console(&second)); /* catches up alone */
	assert_screen("[    0.000000] early\r\n[    0.000000] bad\r\n[    0.000000] now\r\n");
}

static void test_level_hides_from_consoles_only(void **state)
{
	assert_true(log_add_console(&sink));
	log_set_level(LOG_ERROR);
	log_warn("hidden");
	assert_screen("");
	log_set_level(LOG_DEBUG);
	log_debug("shown");
	assert_screen("[    0.000000] shown\r\n");
	log_panic_tail(10);
	assert_screen("[    0.000000] hidden\r\n[    0.000000] shown\r\n");
	log_panic_tail(1);
	assert_screen("[    0.000000] shown\r\n");
	log_panic_tail(0);
	assert_screen("");
}

static void test_warnings_reach_the_operator_who_watches_a_guest(void **state)
{
	assert_true(log_add_console(&sink));
	console_port_open("web");
	console_input(CONSOLE_KEY);
	console_input('1');
	screen_len = 0;
	log_info("not now");
	log_warn("but this");
	assert_screen("[    0.000000] but this\r\n");
}

static void test_hostile_text_stays_one_line(void **state)
{
	assert_true(log_add_console(&sink));
	log_info("%s", "a\nb\r\033[2Jc\x7f");
	assert_screen("[    0.000000] a?b??[2Jc?\r\n");
}

static void test_long_line_is_cut(void **state)
{
	char big[1000];

	memset(big, 'x', sizeof(big));
	big[999] = '\0';
	assert_true(log_add_console(&sink));
	log_info("%s", big);
	assert_int_equal(screen_len, LOG_LINE_MAX - 1 + 2);
}

static void test_full_ring_forgets_whole_oldest_lines(void **state)
{
	for (int i = 0; i < 10000; i++)
		log_info("line %d of ten thousand", i);
	assert_true(log_add_console(&sink));
	assert_memory_equal(screen, "[    0.000000] line ", 20);
	assert_true(screen_len > 63 * KIB && screen_len < 66 * KIB);
	assert_string_equal(screen + screen_len - 27, "line 9999 of ten thousand\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_lines_carry_seconds_and_microseconds, setup),
	    cmocka_unit_test_setup(test_lines_before_the_first_console_are_shown_by_it, setup),
	    cmocka_unit_test_setup(test_level_hides_from_consoles_only, setup),
	    cmocka_unit_test_setup(test_warnings_reach_the_operator_who_watches_a_guest, setup),
	    cmocka_unit_test_setup(test_hostile_text_stays_one_line, setup),
	    cmocka_unit_test_setup(test_long_line_is_cut, setup),
	    cmocka_unit_test_setup(test_full_ring_forgets_whole_oldest_lines, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

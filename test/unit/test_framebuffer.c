// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <drivers/font.h>
#include <drivers/framebuffer.h>
#include <lib/string.h>
#include <stdlib.h>

#define GUARD 0xEEEEEEEEu

static struct framebuffer fb;
static u32 *pixels;
static struct boot_fb mode;

/* cols x rows characters plus `spare` pixels right and below; malloc'ed: ASan sees every byte too
 * far. */
static void screen(u32 cols, u32 rows, u32 spare, u32 gap)
{
	free(pixels);
	mode = (struct boot_fb){
		.width = cols * FONT_WIDTH + spare,
		.height = rows * FONT_HEIGHT + spare,
		.pitch = (cols * FONT_WIDTH + spare + gap) * 4,
		.red_shift = 16,
		.green_shift = 8,
	};
	/* The gap of the last line is not there: nobody may touch it. */
	pixels = malloc((size_t)mode.pitch * mode.height - gap * 4);
	for (size_t i = 0; i < (size_t)mode.pitch / 4 * mode.height - gap; i++)
		pixels[i] = GUARD;
	assert_int_equal(framebuffer_init(&fb, pixels, &mode), OK);
}

static void put(const char *s)
{
	while (*s)
		fb.sink.put(&fb.sink, *s++);
}

/* The character whose picture is at (row, col), '_' for the cursor on a blank, 0 for none. */
static char at(u32 row, u32 col)
{
	for (u32 g = 0; g < FONT_COUNT + 1; g++) {
		bool same = true;

		for (u32 y = 0; y < FONT_HEIGHT && same; y++)
			for (u32 x = 0; x < FONT_WIDTH && same; x++) {
				u32 px = pixels[(row * FONT_HEIGHT + y) * (mode.pitch / 4) +
						col * FONT_WIDTH + x];
				bool ink = g == FONT_COUNT ? y == 13 || y == 14
							   : font_glyphs[g][y] & (0x80 >> x);

				same = px == (ink ? 0xC8C8C8 : 0);
			}
		if (same)
			return g == FONT_COUNT ? '_' : (char)(FONT_FIRST + g);
	}
	return 0;
}

static void assert_row(u32 row, const char *text)
{
	char got[FRAMEBUFFER_COLS_MAX + 1] = "";

	for (u32 col = 0; col < fb.cols; col++)
		got[col] = at(row, col);
	assert_string_equal(got, text);
}

static void test_text_and_cursor(void **state)
{
	screen(8, 2, 0, 0);
	assert_row(0, "_       ");
	put("Plinth");
	assert_row(0, "Plinth_ ");
	assert_row(1, "        ");
}

static void test_new_line_return_backspace_tab(void **state)
{
	screen(20, 3, 0, 0);
	put("ab\r\ncd\rX\n");
	assert_row(0, "ab                  ");
	put("\r123\b\b\b\b\bY");
	assert_row(1, "Xd                  ");
	put("\r\ta\tb");
	assert_row(2, "Y23     a       b_  ");
	put("\t\t\t!");
	assert_row(2, "Y23     a       b  !");
}

static void test_wraps_only_when_more_comes(void **state)
{
	screen(4, 3, 0, 0);
	put("1234");
	assert_row(0, "1234");
	put("\r\n5678");
	assert_row(1, "5678");
	put("9");
	assert_row(2, "9_  ");
}

static void test_scrolls_at_the_bottom(void **state)
{
	screen(4, 3, 0, 0);
	put("a\r\nbb\r\nccc\r\ndddd");
	assert_row(0, "bb  ");
	assert_row(1, "ccc ");
	assert_row(2, "dddd");
	put("\n\n\n\n");
	assert_row(0, "    ");
	assert_row(1, "    ");
	put("\re");
	assert_row(2, "e_  ");
}

static void test_scrolling_draws_only_what_changes(void **state)
{
	screen(4, 3, 0, 0);
	put("aa\r\nab\r\nac");
	pixels[0] = GUARD; /* the first column stays 'a' in row 0, the second changes */
	pixels[FONT_WIDTH] = GUARD;
	put("\n");
	assert_int_equal(pixels[0], GUARD);
	assert_int_equal(at(0, 1), 'b');
}

static void test_control_sequences_are_swallowed_and_the_unknown_is_a_box(void **state)
{
	screen(12, 1, 0, 0);
	put("\033[31mred\033[0m\a\xc3\xa9\xe2\x82\xac.");
	assert_row(0, "red\x7f\x7f._     ");
}

static void test_odd_sizes_are_clipped(void **state)
{
	for (u32 spare = 1; spare < 8; spare += 3) {
		screen(3, 2, spare, 5);
		assert_int_equal(fb.cols, 3);
		assert_int_equal(fb.rows, 2);
		put("abcdefghijkl\r\n\r\n\r\n");
		for (u32 y = 0; y < mode.height; y++) {
			u32 *line = pixels + y * (mode.pitch / 4);

			for (u32 x = 24; x < mode.width; x++)
				assert_int_equal(line[x], 0);
			for (u32 x = mode.width; x < mode.pitch / 4 && y + 1 < mode.height; x++)
				assert_int_equal(line[x], GUARD);
		}
	}
}

static void test_size_is_limited_to_the_cells(void **state)
{
	screen(300, 100, 0, 0);
	assert_int_equal(fb.cols, FRAMEBUFFER_COLS_MAX);
	assert_int_equal(fb.rows, FRAMEBUFFER_ROWS_MAX);
	for (int i = 0; i < 90 * 240 - 1; i++)
		panel_put(&fb, CONSOLE_PANEL_LOG, (char)('!' + i % 90));
	assert_int_equal(at(79, 238), '!' + (90 * 240 - 2) % 90);
	assert_int_equal(at(79, 239), '_');
}

static void test_one_cell_and_random_bytes(void **state)
{
	screen(1, 1, 0, 0);
	srand(1);
	for (int i = 0; i < 20000; i++)
		panel_put(&fb, CONSOLE_PANEL_LOG, (char)rand());
	screen(5, 3, 3, 1);
	for (int i = 0; i < 20000; i++)
		panel_put(&fb, CONSOLE_PANEL_LOG, (char)rand());
	assert_true(fb.panel[0].col <= fb.cols && fb.panel[0].row < fb.rows);
}

/* 80 by 30: four guests as 2 by 2 above the log. */
static void test_panels(void **state)
{
	static const struct console_panel guests[] = { { "web" }, { "db" }, { "mail" }, { "dns" } };
	struct framebuffer_panel *p = fb.panel;

	screen(80, 30, 5, 0);
	put("first\r\nsecond\r\nthird");
	fb.sink.panel_layout(&fb.sink, guests, 4);
	for (int i = 1; i <= 4; i++) {
		for (const char *c = "\r\nguest "; *c; c++)
			fb.sink.panel_put(&fb.sink, i, *c);
		fb.sink.panel_put(&fb.sink, i, (char)('0' + i));
		assert_true(p[i].rows >= 8 && p[i].cols >= 39);
		assert_int_equal(at(p[i].top + 1, p[i].left + 6), '1' + i - 1);
		for (int k = 1; k < i; k++) {
			assert_true(p[k].top + p[k].rows < p[i].top ||
				    p[k].left + p[k].cols < p[i].left ||
				    p[i].left + p[i].cols < p[k].left);
			assert_string_equal(p[k].title + 2, guests[k - 1].name);
		}
		assert_true(p[i].top + p[i].rows < p[0].top);
	}
	/* The log has moved, and goes on. */
	put("!");
	assert_int_equal(at(p[0].top, 0), 'f');
	assert_int_equal(at(p[0].top + 2, 5), '!');
	assert_int_equal(at(p[0].top + 2, 6), '_');
	assert_int_equal(at(0, 30), 0); /* a bar has other colours */
	/* Who has the keyboard has a bright bar. */
	fb.sink.panel_front(&fb.sink, 2);
	assert_int_equal(pixels[p[2].left * FONT_WIDTH], fb.ink);
	assert_int_equal(pixels[0], fb.dim);
	fb.sink.panel_front(&fb.sink, CONSOLE_PANEL_NONE);
	assert_int_equal(pixels[p[2].left * FONT_WIDTH], fb.dim);
	/* One fills up and scrolls: the others stand still. */
	for (int i = 0; i < 1000; i++)
		fb.sink.panel_put(&fb.sink, 1, i % 7 ? 'x' : '\n');
	assert_int_equal(at(p[2].top + 1, p[2].left + 6), '2');
	assert_int_equal(at(p[3].top + 1, p[3].left + 6), '3');
	assert_int_equal(at(p[0].top, 0), 'f');
	/* A panic takes all of it, and its beginning stays. */
	fb.sink.panel_panic(&fb.sink);
	put("first");
	assert_row(
	    1, "                                                                                ");
	for (int i = 0; i < 100; i++)
		put("\r\nend");
	assert_int_equal(at(0, 0), 'f');
	assert_int_equal(at(28, 0), 'e');
	fb.sink.panel_put(&fb.sink, 1, 'x'); /* there is none any more */
	assert_int_equal(at(1, 0), 'e');
}

static void test_panels_of_any_number_on_any_screen(void **state)
{
	static struct console_panel guests[CONSOLE_PORTS_MAX];

	for (int i = 0; i < CONSOLE_PORTS_MAX; i++)
		guests[i].name = "a name that is as long as one can be";
	for (u32 cols = 1; cols < 240; cols += 59)
		for (u32 rows = 1; rows < 80; rows += 26) {
			screen(cols, rows, 0, 0);
			for (u32 count = 0; count <= CONSOLE_PORTS_MAX; count += 1 + count / 4) {
				fb.sink.panel_layout(&fb.sink, guests, count);
				for (u32 i = 0; i < 40 * (count + 1); i++)
					fb.sink.panel_put(&fb.sink, i % (count + 1),
							  i % 9 ? 'x' : '\n');
				fb.sink.panel_front(&fb.sink, count);
			}
		}
}

static void test_impossible_modes_are_refused(void **state)
{
	static const struct boot_fb bad[] = {
		{ 0 },
		{ .width = 7, .height = 100, .pitch = 400 },
		{ .width = 100, .height = 15, .pitch = 400 },
		{ .width = 100, .height = 100, .pitch = 396 },
		{ .width = 0x40000001, .height = 100, .pitch = 4 },
		{ .width = 100, .height = 100, .pitch = 400, .red_shift = 25 },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(framebuffer_init(&fb, NULL, &bad[i]), E_UNSUPPORTED);
}

static void test_glyphs_differ_and_leave_a_gap(void **state)
{
	for (u32 a = 0; a < FONT_COUNT; a++) {
		u8 ink = 0;

		for (u32 y = 0; y < FONT_HEIGHT; y++)
			ink |= font_glyphs[a][y];
		assert_int_equal(ink & 1, 0);
		assert_int_equal(font_glyphs[a][0] | font_glyphs[a][15], 0);
		if (a + FONT_FIRST != ' ')
			assert_int_not_equal(ink, 0);
		for (u32 b = 0; b < a; b++)
			assert_memory_not_equal(font_glyphs[a], font_glyphs[b], FONT_HEIGHT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_and_cursor),
		cmocka_unit_test(test_new_line_return_backspace_tab),
		cmocka_unit_test(test_wraps_only_when_more_comes),
		cmocka_unit_test(test_scrolls_at_the_bottom),
		cmocka_unit_test(test_scrolling_draws_only_what_changes),
		cmocka_unit_test(test_control_sequences_are_swallowed_and_the_unknown_is_a_box),
		cmocka_unit_test(test_odd_sizes_are_clipped),
		cmocka_unit_test(test_size_is_limited_to_the_cells),
		cmocka_unit_test(test_one_cell_and_random_bytes),
		cmocka_unit_test(test_panels),
		cmocka_unit_test(test_panels_of_any_number_on_any_screen),
		cmocka_unit_test(test_impossible_modes_are_refused),
		cmocka_unit_test(test_glyphs_differ_and_leave_a_gap),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(pixels);
	return failed;
}

// SPDX-License-Identifier: BSD-2-Clause
#include "framebuffer.h"

#include "font.h"

#include <lib/bits.h>
#include <lib/string.h>

#define TAB_WIDTH 8

/* Rows 13 and 14 of a cell: below the baseline, where only descenders are. */
static bool in_cursor(u32 line)
{
	return line == 13 || line == 14;
}

static void draw(struct framebuffer *fb, u32 row, u32 col, bool cursor)
{
	const u8 *glyph = font_glyphs[fb->cells[row][col] - FONT_FIRST];
	u8 *to =
	    fb->pixels + (size_t)row * FONT_HEIGHT * fb->pitch + col * FONT_WIDTH * sizeof(u32);

	for (u32 y = 0; y < FONT_HEIGHT; y++, to += fb->pitch) {
		u8 bits = cursor && in_cursor(y) ? 0xFF : glyph[y];
		u32 line[FONT_WIDTH];

		for (u32 x = 0; x < FONT_WIDTH; x++)
			line[x] = bits & (0x80 >> x) ? fb->ink : fb->paper;
		memcpy(to, line, sizeof(line));
	}
}

static void draw_cursor(struct framebuffer *fb, bool on)
{
	if (fb->col < fb->cols)
		draw(fb, fb->row, fb->col, on);
}

static void set(struct framebuffer *fb, u32 row, u32 col, u8 c)
{
	if (fb->cells[row][col] == c)
		return;
	fb->cells[row][col] = c;
	draw(fb, row, col, false);
}

static void scroll(struct framebuffer *fb)
{
	for (u32 row = 0; row < fb->rows; row++)
		for (u32 col = 0; col < fb->cols; col++)
			set(fb, row, col, row + 1 < fb->rows ? fb->cells[row + 1][col] : ' ');
}

static void line_feed(struct framebuffer *fb)
{
	if (fb->row + 1 < fb->rows)
		fb->row++;
	else
		scroll(fb);
}

static void show(struct framebuffer *fb, u8 c)
{
	if (fb->col >= fb->cols) {
		fb->col = 0;
		line_feed(fb);
	}
	set(fb, fb->row, fb->col++, c);
}

static void control(struct framebuffer *fb, char c)
{
	switch (c) {
	case '\r':
		fb->col = 0;
		break;
	case '\n':
		line_feed(fb);
		break;
	case '\b':
		if (fb->col)
			fb->col--;
		break;
	case '\t':
		fb->col = (u32)min_u64(align_down(fb->col, TAB_WIDTH) + TAB_WIDTH, fb->cols - 1);
		break;
	}
}

void framebuffer_put(struct framebuffer *fb, char c)
{
	enum ansi_kind kind = ansi_next(&fb->ansi, (u8)c);
	u8 byte = (u8)c;

	if (kind == ANSI_NOTHING)
		return;
	draw_cursor(fb, false);
	if (kind == ANSI_CONTROL)
		control(fb, c);
	else if (byte < 0x80)
		show(fb, byte);
	else if (byte >= 0xC0) /* a box for a character's first byte, nothing for the rest */
		show(fb, FONT_UNKNOWN);
	draw_cursor(fb, true);
}

static void sink_put(struct console_sink *s, char c)
{
	framebuffer_put(container_of(s, struct framebuffer, sink), c);
}

enum status framebuffer_init(struct framebuffer *fb, void *pixels, const struct boot_fb *mode)
{
	u32 ink = 0;

	if (mode->width < FONT_WIDTH || mode->height < FONT_HEIGHT ||
	    mode->pitch / sizeof(u32) < mode->width)
		return E_UNSUPPORTED;
	if (mode->red_shift > 24 || mode->green_shift > 24 || mode->blue_shift > 24)
		return E_UNSUPPORTED;
	ink = 0xC8u << mode->red_shift | 0xC8u << mode->green_shift | 0xC8u << mode->blue_shift;
	memset(fb, 0, sizeof(*fb));
	fb->sink.put = sink_put;
	fb->pixels = pixels;
	fb->pitch = mode->pitch;
	fb->cols = (u32)min_u64(mode->width / FONT_WIDTH, FRAMEBUFFER_COLS_MAX);
	fb->rows = (u32)min_u64(mode->height / FONT_HEIGHT, FRAMEBUFFER_ROWS_MAX);
	fb->ink = ink;
	memset(fb->cells, ' ', sizeof(fb->cells));
	for (u32 y = 0; y < mode->height; y++)
		memset(fb->pixels + (size_t)y * fb->pitch, 0, mode->width * sizeof(u32));
	draw_cursor(fb, true);
	return OK;
}

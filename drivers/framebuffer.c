// SPDX-License-Identifier: BSD-2-Clause
#include "framebuffer.h"

#include "font.h"

#include <lib/bits.h>
#include <lib/string.h>

/* Rows 13 and 14 of a cell: below the baseline, where only descenders are. */
static bool in_cursor(u32 line)
{
	return line == 13 || line == 14;
}

void framebuffer_draw(struct framebuffer *fb, u32 row, u32 col, bool cursor)
{
	u8 cell = fb->cells[row][col];
	const u8 *glyph = font_glyphs[(cell & (u8)~FRAMEBUFFER_BAR) - FONT_FIRST];
	u32 ink = cell & FRAMEBUFFER_BAR ? fb->paper : fb->ink;
	u32 paper = cell & FRAMEBUFFER_BAR ? fb->bar : fb->paper;
	u8 *to =
	    fb->pixels + (size_t)row * FONT_HEIGHT * fb->pitch + col * FONT_WIDTH * sizeof(u32);

	for (u32 y = 0; y < FONT_HEIGHT; y++, to += fb->pitch) {
		u8 bits = cursor && in_cursor(y) ? 0xFF : glyph[y];
		u32 line[FONT_WIDTH];

		for (u32 x = 0; x < FONT_WIDTH; x++)
			line[x] = bits & (0x80 >> x) ? ink : paper;
		memcpy(to, line, sizeof(line));
	}
}

void framebuffer_set(struct framebuffer *fb, u32 row, u32 col, u8 cell)
{
	if (fb->cells[row][col] == cell)
		return;
	fb->cells[row][col] = cell;
	framebuffer_draw(fb, row, col, false);
}

static struct framebuffer *fb_of(struct console_sink *s)
{
	return container_of(s, struct framebuffer, sink);
}

static void sink_put(struct console_sink *s, char c)
{
	panel_put(fb_of(s), CONSOLE_PANEL_LOG, c);
}

static void sink_panel_put(struct console_sink *s, u32 panel, char c)
{
	panel_put(fb_of(s), panel, c);
}

static void sink_panel_layout(struct console_sink *s, const struct console_panel *guests, u32 count)
{
	panel_layout(fb_of(s), guests, count);
}

static void sink_panel_front(struct console_sink *s, u32 panel)
{
	panel_front(fb_of(s), panel);
}

static void sink_panel_panic(struct console_sink *s)
{
	panel_panic(fb_of(s));
}

static u32 grey(const struct boot_fb *mode, u32 level)
{
	return level << mode->red_shift | level << mode->green_shift | level << mode->blue_shift;
}

enum status framebuffer_init(struct framebuffer *fb, void *pixels, const struct boot_fb *mode)
{
	if (mode->width < FONT_WIDTH || mode->height < FONT_HEIGHT ||
	    mode->pitch / sizeof(u32) < mode->width)
		return E_UNSUPPORTED;
	if (mode->red_shift > 24 || mode->green_shift > 24 || mode->blue_shift > 24)
		return E_UNSUPPORTED;
	memset(fb, 0, sizeof(*fb));
	fb->sink = (struct console_sink){
		.put = sink_put,
		.panel_put = sink_panel_put,
		.panel_layout = sink_panel_layout,
		.panel_front = sink_panel_front,
		.panel_panic = sink_panel_panic,
	};
	fb->pixels = pixels;
	fb->pitch = mode->pitch;
	fb->cols = (u32)min_u64(mode->width / FONT_WIDTH, FRAMEBUFFER_COLS_MAX);
	fb->rows = (u32)min_u64(mode->height / FONT_HEIGHT, FRAMEBUFFER_ROWS_MAX);
	fb->ink = grey(mode, 0xC8);
	fb->bar = fb->dim = grey(mode, 0x60);
	fb->front = CONSOLE_PANEL_NONE;
	memset(fb->cells, ' ', sizeof(fb->cells));
	for (u32 y = 0; y < mode->height; y++)
		memset(fb->pixels + (size_t)y * fb->pitch, 0, mode->width * sizeof(u32));
	panel_init(fb);
	return OK;
}

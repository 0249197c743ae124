// SPDX-License-Identifier: BSD-2-Clause
/*
 * A text console on a linear framebuffer of 32 bits a pixel: a console sink with panels, without a
 * keyboard. One panel for each guest, under a bar with its number and name, side by side above one
 * for the hypervisor's log and the monitor; the bar of the one that has the keyboard is bright.
 * Without guests, or without room for them, the log has all of the screen.
 *
 * It writes to the pixels and never reads them: video memory is slow to read, so what is on the
 * screen is remembered as characters. A panel understands CR, LF, TAB, BS; swallows terminal
 * control sequences; anything that is not ASCII is a box. No lock: the console has one.
 */
#pragma once

#include <core/ansi.h>
#include <core/console.h>
#include <core/service/boot_info.h>
#include <lib/status.h>

#define FRAMEBUFFER_COLS_MAX   240
#define FRAMEBUFFER_ROWS_MAX   80
#define FRAMEBUFFER_BAR        0x80u /* in a cell: it is of a bar */
#define FRAMEBUFFER_PANELS_MAX (CONSOLE_PORTS_MAX + 1)

/* A terminal in a rectangle of cells. */
struct framebuffer_panel {
	u32 top, left, rows, cols;
	u32 row, col; /* the cursor, inside; col == cols: the next character begins a new line */
	bool bar;     /* the row above it is its bar */
	bool last;    /* it does not scroll: what comes when it is full is not shown */
	bool full;
	char title[CONSOLE_NAME_MAX + 16];
	struct ansi ansi;
};

struct framebuffer {
	struct console_sink sink;
	u8 *pixels;
	u32 pitch; /* bytes a line */
	u32 cols, rows;
	u32 ink, dim, paper; /* pixel values */
	u32 bar;             /* what the bar is drawn on that is drawn now: ink or dim */
	u32 panel_count, front;
	struct framebuffer_panel panel[FRAMEBUFFER_PANELS_MAX];
	/* What is on the screen. */
	u8 cells[FRAMEBUFFER_ROWS_MAX][FRAMEBUFFER_COLS_MAX];
};

/*
 * Clears the screen. `pixels`: where `mode`'s memory is mapped, write-combining if possible.
 * E_UNSUPPORTED if the mode has no room for one character or its numbers contradict each other.
 */
must_check enum status framebuffer_init(struct framebuffer *fb, void *pixels,
					const struct boot_fb *mode);

/* What framebuffer.c has for panels.c. */
void framebuffer_set(struct framebuffer *fb, u32 row, u32 col, u8 cell);
void framebuffer_draw(struct framebuffer *fb, u32 row, u32 col, bool cursor);
/* And the other way round. */
void panel_init(struct framebuffer *fb);
void panel_put(struct framebuffer *fb, u32 panel, char c);
void panel_layout(struct framebuffer *fb, const struct console_panel *guests, u32 count);
void panel_front(struct framebuffer *fb, u32 panel);
void panel_panic(struct framebuffer *fb);

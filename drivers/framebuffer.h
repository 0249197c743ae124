// SPDX-License-Identifier: BSD-2-Clause
/*
 * A text console on a linear framebuffer of 32 bits a pixel: a console sink without a keyboard. It
 * writes to the pixels and never reads them: video memory is slow to read, so what is on the screen
 * is remembered as characters. Understands CR, LF, TAB, BS; swallows terminal control sequences;
 * anything that is not ASCII is a box. No lock: the console has one.
 */
#pragma once

#include <core/ansi.h>
#include <core/console.h>
#include <core/service/boot_info.h>
#include <lib/status.h>

#define FRAMEBUFFER_COLS_MAX 240
#define FRAMEBUFFER_ROWS_MAX 80

struct framebuffer {
	struct console_sink sink;
	u8 *pixels;
	u32 pitch; /* bytes a line */
	u32 cols, rows;
	u32 col, row;   /* the cursor; col == cols: the next character begins a new line */
	u32 ink, paper; /* pixel values */
	struct ansi ansi;
	u8 cells[FRAMEBUFFER_ROWS_MAX][FRAMEBUFFER_COLS_MAX]; /* what is on the screen */
};

/*
 * Clears the screen. `pixels`: where `mode`'s memory is mapped, write-combining if possible.
 * E_UNSUPPORTED if the mode has no room for one character or its numbers contradict each other.
 */
must_check enum status framebuffer_init(struct framebuffer *fb, void *pixels,
					const struct boot_fb *mode);
/* Shows a character; a new line is CR LF. The same as fb->sink.put. */
void framebuffer_put(struct framebuffer *fb, char c);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The framebuffer console's letters: 8 by 16 pixels, ASCII 20h to 7Eh, and a crossed box for all
 * others.
 */
#pragma once

#include <lib/types.h>

#define FONT_WIDTH   8
#define FONT_HEIGHT  16
#define FONT_FIRST   0x20
#define FONT_UNKNOWN 0x7F
#define FONT_COUNT   (FONT_UNKNOWN - FONT_FIRST + 1)

/* Top row first; bit 7 is the leftmost pixel. */
extern const u8 font_glyphs[FONT_COUNT][FONT_HEIGHT];

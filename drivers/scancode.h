// SPDX-License-Identifier: BSD-2-Clause
/*
 * From the scan codes of a PC keyboard (set 1, as the i8042 translates them) to the bytes that a
 * terminal sends. US layout; Shift, Ctrl, Caps Lock, Alt as ESC before the key; arrows, Home, End,
 * Page Up and Down, Insert and Delete as a VT220 sends them. Pure.
 */
#pragma once

#include <lib/types.h>

struct scancode {
	bool shift_left, shift_right, ctrl_left, ctrl_right, alt, caps;
	bool extended; /* E0h came */
	u8 ignore;     /* bytes of a Pause still to come */
};

#define SCANCODE_TEXT_MAX 6 /* with the NUL */

/* Takes a byte of the keyboard; `text`: what is typed by it, often nothing. NUL itself (Ctrl-2)
 * cannot be typed. */
void scancode_next(struct scancode *s, u8 code, char text[SCANCODE_TEXT_MAX]);

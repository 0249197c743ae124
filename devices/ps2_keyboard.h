// SPDX-License-Identifier: BSD-2-Clause
/*
 * The keyboard behind the 8042: scan code sets 1 and 2, and all commands but those of set 3 (IBM
 * PS/2 Hardware Interface Technical Reference, "Keyboard"). Who injects keys repeats them too: the
 * typematic rate is kept and has no effect.
 *
 * A key is named by its make code of set 1, with E000h added if E0h goes before it.
 */
#pragma once

#include "ps2.h"

#define PS2_KEY_PAUSE 0xe11du /* sent as a whole when pressed, nothing when released */

struct ps2_keyboard {
	struct ps2_out out;
	u8 set; /* 1 or 2 */
	u8 leds;
	u8 typematic;
	u8 argument_of; /* the command whose argument is the next byte, or 0 */
	bool scanning;
	bool lost; /* reports did not fit, and that was said */
};

void ps2_keyboard_reset(struct ps2_keyboard *k);
/* A byte from the controller. */
void ps2_keyboard_write(struct ps2_keyboard *k, u8 byte);
/* Unknown keys are ignored. */
void ps2_keyboard_key(struct ps2_keyboard *k, u16 key, bool down);
/* What the controller makes of a byte of set 2 when it translates to set 1; F0h is its business. */
u8 ps2_translate(u8 set2);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The machine's keyboard behind an i8042, polled: a console sink without a screen. No lock: the
 * console has one. (The i8042 that a guest sees is devices/i8042.h.)
 */
#pragma once

#include "scancode.h"

#include <core/console.h>

struct i8042kbd {
	struct console_sink sink;
	struct scancode keys;
	char text[SCANCODE_TEXT_MAX]; /* typed, not fetched yet */
	u8 next;
};

/* Sets up controller and keyboard, without interrupts. False if there is none. */
must_check bool i8042kbd_init(struct i8042kbd *k);

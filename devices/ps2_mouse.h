// SPDX-License-Identifier: BSD-2-Clause
/*
 * The mouse at the 8042's auxiliary port: three buttons, no wheel (IBM PS/2 Hardware Interface
 * Technical Reference, "Mouse"). Resolution, rate and scaling are kept and have no effect.
 */
#pragma once

#include "ps2.h"

#define PS2_LEFT   0x01u
#define PS2_RIGHT  0x02u
#define PS2_MIDDLE 0x04u

struct ps2_mouse {
	struct ps2_out out;
	s32 dx, dy; /* not reported yet; right and up are positive */
	u8 buttons;
	u8 resolution, rate;
	u8 argument_of;
	bool reporting, remote, wrap, scaled;
};

void ps2_mouse_reset(struct ps2_mouse *m);
/* A byte from the controller. */
void ps2_mouse_write(struct ps2_mouse *m, u8 byte);
/* Moved, and these buttons are down now. */
void ps2_mouse_move(struct ps2_mouse *m, s32 dx, s32 dy, u8 buttons);

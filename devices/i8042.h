// SPDX-License-Identifier: BSD-2-Clause
/*
 * The 8042 keyboard controller (IBM PS/2 Hardware Interface Technical Reference, "Keyboard and
 * Auxiliary Device Controller") with a keyboard and a mouse. Origin 60h: data at offset 0, status
 * and command at offset 4; 61h between them belongs to the PIT.
 *
 * Sending takes no time: the next byte is there as soon as the guest has read the one before. An
 * answer of the controller itself replaces what is in the output buffer. The reset line and gate
 * A20 live here: A20 is remembered and without effect.
 */
#pragma once

#include <vm/device.h>
#include "ps2_keyboard.h"
#include "ps2_mouse.h"

struct i8042 {
	struct device dev;
	struct irq_line irq_keyboard; /* [b] IRQ 1: output buffer full */
	struct irq_line irq_mouse;    /* [b] IRQ 12: ... by the mouse */
	void (*pulse)(void *ctx); /* [b] the reset line; called with the lock held; may be NULL */
	void *ctx;                /* [b] */
	u8 ram[32];               /* byte 0 is the command byte */
	u8 data;                  /* output buffer */
	u8 status;                /* bits that change by themselves: OBF, command/data, source */
	u8 argument_of;           /* the command whose argument is the next data byte, or 0 */
	u8 output_port;
	bool released; /* a break prefix of set 2 waits for its code */
	struct ps2_keyboard keyboard;
	struct ps2_mouse mouse;
};

/* `irq`: keyboard, mouse. */
void i8042_init(struct i8042 *k, struct spinlock *lock, const struct irq_line irq[2],
		void (*reset)(void *ctx), void *ctx);

/* All below: with the device lock held. */

/* A key (ps2_keyboard.h says how it is named) goes down or up. */
void i8042_key(struct i8042 *k, u16 key, bool down);
/* The mouse moves, right and up being positive, with these buttons (PS2_LEFT, ...) down. */
void i8042_mouse(struct i8042 *k, s32 dx, s32 dy, u8 buttons);

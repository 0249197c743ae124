// SPDX-License-Identifier: BSD-2-Clause
/*
 * The 8042 keyboard controller (IBM PS/2 Hardware Interface Technical Reference, "Keyboard and
 * Auxiliary Device Controller") with nothing attached to it. Origin 60h: data at offset 0, status
 * and command at offset 4; 61h between them belongs to the PIT.
 *
 * A byte for the keyboard is answered at once as after a transmission that timed out (FEh, status
 * bit 6), so that a probing kernel gives up quickly; there is no auxiliary port. The reset line and
 * gate A20 live here: A20 is remembered and without effect.
 */
#pragma once

#include <vm/device.h>

struct i8042 {
	struct device dev;
	struct irq_line irq;      /* [b] IRQ 1: output buffer full */
	void (*pulse)(void *ctx); /* [b] the reset line; called with the lock held; may be NULL */
	void *ctx;                /* [b] */
	u8 ram[32];               /* byte 0 is the command byte */
	u8 data;                  /* output buffer */
	u8 status;                /* bits that change by themselves: OBF, command/data, timeout */
	u8 argument_of;           /* the command whose argument is the next data byte, or 0 */
	u8 output_port;
};

void i8042_init(struct i8042 *k, struct spinlock *lock, struct irq_line irq,
		void (*reset)(void *ctx), void *ctx);

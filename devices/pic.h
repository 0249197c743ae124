// SPDX-License-Identifier: BSD-2-Clause
/*
 * The PC's two 8259A interrupt controllers (Intel 8259A data sheet), the second behind IR2 of the
 * first. Origin 0: the board maps ports 20h-21h, A0h-A1h and the edge/level control registers
 * 4D0h-4D1h.
 *
 * A request must stay until it is acknowledged: if its line drops before, it is withdrawn, and an
 * acknowledge that finds no request answers the spurious vector (IRQ 7 or 15). Edge or level is the
 * ELCR's choice alone, ICW1.LTIM is ignored (Intel ICH data sheets, "ICW1"); 8085 mode, buffered
 * mode and ICW3 have no meaning on a PC and are ignored.
 */
#pragma once

#include <vm/device.h>

struct pic_chip {
	u8 lines;  /* input levels */
	u8 follow; /* inputs whose request is their level; the others need a rising edge */
	u8 irr, isr, imr;
	u8 base;   /* vector of IR0 */
	u8 lowest; /* IR of the lowest priority; the next one has the highest */
	u8 icw1, icw4;
	u8 next_icw; /* 2 to 4 while the chip is being initialised; else 0 */
	bool read_isr;
	bool poll;
	bool special_mask;
	bool rotate_aeoi;
};

struct pic {
	struct device dev;
	struct irq_line intr; /* [b] the INTR output */
	struct pic_chip chip[2];
	bool out;
};

void pic_init(struct pic *p, struct spinlock *lock, struct irq_line intr);

/* All below: with the device lock held. */

/* Input `irq` 0 to 15; 2 is the cascade and not connected. */
void pic_set_irq(struct pic *p, unsigned irq, bool level);
/* The INTR output: does an acknowledge find a request? */
static inline bool pic_intr(const struct pic *p)
{
	return p->out;
}
/* The CPU's INTA cycles: takes the highest request; its vector, or a spurious one. */
int pic_ack(struct pic *p);

// SPDX-License-Identifier: BSD-2-Clause
/* The two 8259A by themselves, for their unit tests. */
#pragma once

#include "unit.h"

#include <devices/pic.h>

#include "device_rig.h"

enum { M0 = 0x20, M1 = 0x21, S0 = 0xa0, S1 = 0xa1, ELCR1 = 0x4d0, ELCR2 = 0x4d1 };
enum { EOI = 0x20, READ_IRR = 0x0a, READ_ISR = 0x0b, POLL = 0x0c };

static struct spinlock lock = SPINLOCK_INIT;
static struct pic p;
static struct rig_line intr;

static inline u8 in(u64 port)
{
	return rig_in(&p.dev, port);
}

static inline void out(u64 port, u8 val)
{
	rig_out(&p.dev, port, val);
}

static inline void raise(unsigned irq)
{
	pic_set_irq(&p, irq, true);
}

static inline void lower(unsigned irq)
{
	pic_set_irq(&p, irq, false);
}

/* Vectors 20h and 28h, everything open. */
static inline void program(u8 master_icw4, u8 slave_icw4)
{
	out(M0, 0x11);
	out(M1, 0x20);
	out(M1, 0x04);
	out(M1, master_icw4);
	out(S0, 0x11);
	out(S1, 0x28);
	out(S1, 0x02);
	out(S1, slave_icw4);
}

static inline int power_on(void **state)
{
	(void)state;
	pic_init(&p, &lock, rig_line_to(&intr));
	return 0;
}

static inline int programmed(void **state)
{
	power_on(state);
	program(0x01, 0x01);
	return 0;
}

static inline u8 isr(u64 port)
{
	out(port, READ_ISR);
	return in(port);
}

static inline u8 irr(u64 port)
{
	out(port, READ_IRR);
	return in(port);
}

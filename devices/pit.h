// SPDX-License-Identifier: BSD-2-Clause
/*
 * The 8254 timer (Intel 8254 data sheet) and port 61h beside it. Origin 40h: counters and control
 * word at offsets 0-3, port 61h at offset 21h; the board maps only these. OUT of counter 0 is the
 * interrupt line, GATE of counter 2 is port 61h bit 0; the other gates are tied high. Nothing
 * counts by itself: every value is computed from time_now().
 *
 * What differs from the chip:
 * (a) The interrupt line falls only where a guest could tell (mode 0); else it stays and pulses
 *     low and high at the edge that interrupts. So a guest whose vCPU did not run for half a
 *     period does not lose its request, and a control word alone does not interrupt.
 * (b) Host timers of counter 0 are at least PIT_MIN_PERIOD apart: a guest that programs more than
 *     10 kHz gets fewer interrupts, while reading the counters stays exact. Interrupts that come
 *     late are merged into one.
 * (c) A written count is loaded at once and starts at the next clock; the chip loads it with that
 *     clock.
 */
#pragma once

#include <vm/device.h>

#define PIT_HZ         1193182ull
#define PIT_MIN_PERIOD (100 * NS_PER_US)

/* Times are ticks of PIT_HZ since time 0. */
struct pit_counter {
	u8 mode; /* 0 to 5 */
	u8 rw;   /* RW field of the control word */
	bool bcd;
	bool gate;
	bool active;     /* a count was loaded */
	bool frozen;     /* GATE holds the counting element at `held` elapsed ticks */
	bool pending;    /* `next` was written and waits for load_at */
	bool write_high; /* the next byte written is the high one of two */
	bool read_high;
	bool latched;
	bool status_latched;
	u8 write_low;
	u8 status;
	u16 latch;
	u32 n;     /* the count in use, 1 to 65536 (in BCD 10000; 16665 with bad digits) */
	u32 next;  /* the count register; 0: none written since the control word */
	u64 start; /* when the counting element was n; may lie before time 0 (modulo 2^64) */
	u64 held;
	u64 load_at;    /* TIME_NEVER: at a trigger */
	u64 next_start; /* start after load_at */
};

struct pit {
	struct device dev;
	struct irq_line irq; /* [b] OUT of counter 0 */
	struct dev_timer timer;
	struct pit_counter counter[3];
	u64 edge;       /* when counter 0 interrupts next, ticks; TIME_NEVER */
	u64 not_before; /* no host timer before, ns */
	u8 port61;      /* bits 3:0 as written */
};

void pit_init(struct pit *p, struct spinlock *lock, struct irq_line irq);

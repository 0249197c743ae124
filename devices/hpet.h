// SPDX-License-Identifier: BSD-2-Clause
/*
 * The HPET (IA-PC HPET Specification 1.0a): a 64-bit main counter of 100 MHz and three comparators,
 * each one-shot or periodic, of 32 or 64 bits, by edge or level, at IOAPIC pins 20 to 23; no FSB
 * delivery. Origin at HPET_BASE.
 *
 * PIT and RTC have their interrupt lines pass through it, as in a chipset: with legacy replacement
 * on, comparators 0 and 1 drive IRQ 0 and IRQ 8 instead of them.
 *
 * Nothing counts by itself: every value is computed from time_now(), and a host timer runs only
 * while an interrupt would come of it. What differs from the chip:
 * (a) An edge lowers and raises its line, and leaves it up: a request that the 8259 has not yet
 *     taken stays.
 * (b) Host timers are at least HPET_MIN_PERIOD apart. Interrupts that come late are merged into
 *     one; the comparator's value stays exact.
 * (c) A value written with "value set" is the accumulator's and the period's, until the period is
 *     written by itself: software of either reading of the specification is served.
 */
#pragma once

#include <vm/device.h>

#define HPET_BASE       0xfed00000ull
#define HPET_LEN        0x400
#define HPET_TICK_NS    10ull
#define HPET_TIMERS     3
#define HPET_MIN_PERIOD (100 * NS_PER_US)

/* Inputs of hpet_input(). */
enum {
	HPET_FROM_PIT,
	HPET_FROM_RTC,
	HPET_INPUTS,
};

struct hpet_timer {
	u64 config;     /* the writable bits */
	u64 comparator; /* of 32 bits in 32-bit mode */
	u64 period;
	u64 from; /* counter values below have been compared */
	bool up;  /* an edge came, and its line is left up */
};

struct hpet {
	struct device dev;
	struct irq_line line; /* [b] the pin is put in: ISA interrupt 0 or 8, IOAPIC pin 20 to 23 */
	struct dev_timer timer;
	u64 config;
	u64 status;     /* level interrupts that are pending, a bit each */
	u64 base;       /* the counter when it was last started or stopped */
	u64 since;      /* when that was, ns */
	u64 not_before; /* no host timer before, ns */
	bool input[HPET_INPUTS];
	struct hpet_timer t[HPET_TIMERS];
};

void hpet_init(struct hpet *h, struct spinlock *lock, struct irq_line line);
/* The line of PIT or RTC changed. With the device lock held. */
void hpet_input(struct hpet *h, unsigned input, bool level);

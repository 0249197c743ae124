// SPDX-License-Identifier: BSD-2-Clause
/*
 * A board without devices: what its interrupt controllers say is what the test says.
 */
#pragma once

#include <vm/board.h>
#include <vm/vcpu.h>

#define FAKE_PAGE 0xfee00000ull /* a LAPIC page, if there is one */

/* A vCPU's LAPIC. */
struct board_vcpu {
	int vector;     /* an interrupt that waits, or -1 */
	bool spurious;  /* ... and goes away when it is taken */
	unsigned taken; /* interrupts acknowledged */
	unsigned looks; /* calls of take_signals() */
	u32 signals;    /* SIGNAL_*, until taken */
	u8 sipi;
	bool held;
	bool page; /* is the page there? */
	u32 word;  /* what is read there; written, too */
	u32 off;   /* of the last access */
	unsigned width, reads, writes, inits, tsc_moves;
	u32 apic_reg; /* of the last apic_written(), and its vector */
	u8 apic_vector;
	u64 msr[4]; /* the LAPIC's MSRs: base, deadline, and two of x2APIC */
};

extern const struct board_ops fake_board;
/* build() answers this if it is not OK. */
extern enum status fake_board_refusal;
/* Calls of reset(). */
extern unsigned fake_board_resets;
/* Called by build(), to put devices on the buses. */
extern enum status (*fake_board_devices)(struct vm *vm);

void fake_board_reset(void);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * A 16550A UART (National Semiconductor PC16550D data sheet) as the PC wires it. Origin: its first
 * port, 8 ports.
 *
 * Output leaves at once, so the transmitter is always empty. Input is pulled from the backend while
 * there is room and again when the guest drains, so nothing is lost; an overrun is possible in
 * loopback mode only. The line's speed and word length are remembered and ignored. A terminal that
 * is always ready sits at the other end: CTS, DSR, DCD. As on the PC, the interrupt reaches the
 * line only while MCR.OUT2 is set (which loopback mode disconnects).
 */
#pragma once

#include <lib/ring.h>
#include <vm/backend.h>
#include <vm/device.h>

#define UART_FIFO 16

/* All fields below the first three: [v]. */
struct uart {
	struct device dev;
	struct char_backend *backend; /* [b] NULL: output vanishes, no input */
	struct irq_line irq;          /* [b] */
	struct ring rx;
	u8 rx_bytes[UART_FIFO];
	u8 ier, fcr, lcr, mcr, scr;
	u8 errors;     /* LSR bits that a read clears */
	u8 msr_delta;  /* MSR bits 3:0, which a read clears */
	bool thre;     /* the transmitter became empty and nobody noticed yet */
	u8 divisor[2]; /* DLL, DLM */
};

/* Takes over `backend`'s on_input; the backend may call it from then on. */
void uart_init(struct uart *u, struct spinlock *lock, struct char_backend *backend,
	       struct irq_line irq);

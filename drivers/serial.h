// SPDX-License-Identifier: BSD-2-Clause
/*
 * The machine's serial port, a 16550 or one of its kin on I/O ports, polled or by interrupt: a
 * console sink with a keyboard. No lock: the console has one. (The UART that a guest sees is
 * devices/uart.h.)
 */
#pragma once

#include <core/console.h>
#include <lib/ring.h>

#define SERIAL_RX_SIZE 4096
#define SERIAL_TX_SIZE 8192

/*
 * What is received goes into a ring whenever the port is looked at, also while it sends: so nothing
 * is lost as long as that is every 16 bytes' time (1.4 ms at 115200 baud) or an interrupt comes.
 * When the ring fills, RTS asks the other end to wait.
 *
 * What is sent waits in another ring once somebody looks at the port regularly, so that nobody waits for a slow line: only who finds that
 * ring full does, for as long as one byte takes.
 */
struct serial {
	struct console_sink sink;
	u16 port;
	struct ring rx;
	bool held;    /* RTS is off */
	struct ring tx;
	bool queues;  /* bytes may wait in `tx` */
	bool irq;     /* it interrupts when it has received something, and while `sending` when it can send */
	bool sending;
	u32 overruns; /* how often it says that a byte was lost */
	u8 rx_data[SERIAL_RX_SIZE];
	u8 tx_data[SERIAL_TX_SIZE];
	bool fifo;  /* takes 16 bytes once it is empty */
	bool stuck; /* did not send in time: no more waiting until it does */
	u8 room;    /* bytes that may be written without asking */
};

/* Sets up the port as 8N1; `baud` 0 leaves the speed that the firmware has set. False if there is
 * no UART. */
must_check bool serial_init(struct serial *u, u16 port, u32 baud);
/* Sends a byte, or lets it wait. One that cannot be sent in about 100 ms is dropped, and so are all later ones until
 * the port is free. */
void serial_put(struct serial *u, u8 byte);
/* The next byte received, or -1. Also sends what waits, as far as the port takes it. */
int serial_get(struct serial *u);
/* The ISA interrupt of a port of the PC's four; 0: unknown. */
u8 serial_isa_irq(u16 port);
/* From now on serial_get() is called at least every ms. */
void serial_polled(struct serial *u);
/* From now on serial_get() is called whenever it interrupts; its pin has been led somewhere. */
void serial_irq_on(struct serial *u);

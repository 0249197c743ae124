// SPDX-License-Identifier: BSD-2-Clause
/*
 * The machine's serial port, a 16550 or one of its kin on I/O ports, polled: a console sink with a
 * keyboard. No lock: the console has one. (The UART that a guest sees is devices/uart.h.)
 */
#pragma once

#include <core/console.h>

struct serial {
	struct console_sink sink;
	u16 port;
	bool fifo;  /* takes 16 bytes once it is empty */
	bool stuck; /* did not send in time: no more waiting until it does */
	u8 room;    /* bytes that may be written without asking */
};

/* Sets up the port as 8N1; `baud` 0 leaves the speed that the firmware has set. False if there is
 * no UART. */
must_check bool serial_init(struct serial *u, u16 port, u32 baud);
/* Sends a byte. One that cannot be sent in about 100 ms is dropped, and so are all later ones until
 * the port is free. */
void serial_put(struct serial *u, u8 byte);
/* The next byte received, or -1. */
int serial_get(struct serial *u);

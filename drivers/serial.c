// SPDX-License-Identifier: BSD-2-Clause
#include "serial.h"

#include <arch/x86_64/cpu.h>
#include <lib/bits.h>

/* National PC16550D data sheet, "Summary of Registers". */
#define REG_DATA    0
#define REG_IER     1
#define REG_FCR     2 /* written */
#define REG_IIR     2 /* read */
#define REG_LCR     3
#define REG_MCR     4
#define REG_LSR     5
#define REG_SCRATCH 7
#define REG_DLL     0 /* with LCR_DLAB */
#define REG_DLM     1

#define IER_VALID   BITS(3, 0)
#define FCR_RESET   (BIT(0) | BIT(1) | BIT(2)) /* enable, empty both */
#define IIR_FIFO    BITS(7, 6)
#define LCR_8N1     0x03
#define LCR_DLAB    BIT(7)
#define IER_RX      BIT(0)
#define IER_TX      BIT(1)
#define MCR_DTR     BIT(0)
#define MCR_RTS     BIT(1)
#define MCR_OUT2    BIT(3) /* on the PC: the interrupt reaches its pin */
#define LSR_DATA    BIT(0)
#define LSR_OVERRUN BIT(1)
#define LSR_THRE    BIT(5)
#define LSR_ABSENT  0xFF /* no UART sets all of it */

#define BAUD_MAX  115200
#define FIFO_SIZE 16
#define PUT_READS \
	2000000 /* of about 1 us each, once: an emulated port may stand still while its emulator waits for its turn */

static u8 reg(const struct serial *u, u16 r)
{
	return inb((u16)(u->port + r));
}

static void set_reg(const struct serial *u, u16 r, u8 v)
{
	outb((u16)(u->port + r), v);
}

static bool holds(const struct serial *u, u16 r, u8 v)
{
	set_reg(u, r, v);
	return reg(u, r) == v;
}

/* The scratch register where there is one, else the interrupt enables, whose upper half is always
 * 0. */
static bool is_present(const struct serial *u)
{
	if (reg(u, REG_LSR) == LSR_ABSENT)
		return false;
	if (holds(u, REG_SCRATCH, 0x5A) && holds(u, REG_SCRATCH, 0xA5))
		return true;
	return holds(u, REG_IER, IER_VALID) && holds(u, REG_IER, 0);
}

static void set_baud(const struct serial *u, u32 baud)
{
	u32 divisor = baud >= BAUD_MAX ? 1 : BAUD_MAX / baud;

	if (divisor > 0xFFFF)
		divisor = 0xFFFF;
	set_reg(u, REG_LCR, LCR_8N1 | LCR_DLAB);
	set_reg(u, REG_DLL, (u8)divisor);
	set_reg(u, REG_DLM, (u8)(divisor >> 8));
	set_reg(u, REG_LCR, LCR_8N1);
}

static void set_modem(struct serial *u)
{
	set_reg(u, REG_MCR, (u8)(MCR_DTR | (u->held ? 0 : MCR_RTS) | (u->irq ? MCR_OUT2 : 0)));
}

/* A sender that heeds RTS may still send what its FIFO holds. */
static void hold(struct serial *u)
{
	bool hold = ring_used(&u->rx) >= (u->held ? SERIAL_RX_SIZE / 4 : SERIAL_RX_SIZE * 3 / 4);

	if (hold == u->held)
		return;
	u->held = hold;
	set_modem(u);
}

/* Takes what was received, as far as there is room; returns the last line status. */
static u8 receive(struct serial *u)
{
	u8 lsr = reg(u, REG_LSR);

	while (lsr != LSR_ABSENT && (lsr & LSR_DATA) && ring_free(&u->rx)) {
		u->overruns += !!(lsr & LSR_OVERRUN);
		ring_put(&u->rx, reg(u, REG_DATA));
		lsr = reg(u, REG_LSR);
	}
	hold(u);
	return lsr;
}

static bool wait_empty(struct serial *u)
{
	u32 reads = u->stuck ? 1 : PUT_READS;

	while (reads--) {
		u8 lsr = receive(u);

		if (lsr == LSR_ABSENT)
			break;
		if (lsr & LSR_THRE)
			return true;
		cpu_pause();
	}
	return false;
}

/* Sends without the ring: what does not fit is waited for. */
static void put_now(struct serial *u, u8 byte)
{
	if (!u->room) {
		u->stuck = !wait_empty(u);
		if (u->stuck)
			return;
		u->room = u->fifo ? FIFO_SIZE : 1;
	}
	u->room--;
	set_reg(u, REG_DATA, byte);
}

static bool has_room(struct serial *u)
{
	u8 lsr;

	if (u->room)
		return true;
	lsr = receive(u);
	if (lsr == LSR_ABSENT || !(lsr & LSR_THRE))
		return false;
	u->room = u->fifo ? FIFO_SIZE : 1;
	return true;
}

/* Gives the port what waits, as far as it takes it. */
static void pump(struct serial *u)
{
	bool sending;

	while (ring_used(&u->tx) && has_room(u)) {
		u->room--;
		set_reg(u, REG_DATA, (u8)ring_get(&u->tx));
	}
	sending = ring_used(&u->tx);
	if (!u->irq || sending == u->sending)
		return;
	u->sending = sending;
	set_reg(u, REG_IER, (u8)(IER_RX | (sending ? IER_TX : 0)));
}

static void sink_flush(struct console_sink *s)
{
	struct serial *u = container_of(s, struct serial, sink);

	while (ring_used(&u->tx))
		put_now(u, (u8)ring_get(&u->tx));
}

static void sink_put(struct console_sink *s, char c)
{
	serial_put(container_of(s, struct serial, sink), (u8)c);
}

static int sink_get(struct console_sink *s)
{
	return serial_get(container_of(s, struct serial, sink));
}

bool serial_init(struct serial *u, u16 port, u32 baud)
{
	*u = (struct serial){ .sink = { .put = sink_put, .get = sink_get, .flush = sink_flush }, .port = port };
	ring_init(&u->rx, u->rx_data, SERIAL_RX_SIZE);
	ring_init(&u->tx, u->tx_data, SERIAL_TX_SIZE);
	set_reg(u, REG_LCR, LCR_8N1);
	if (!is_present(u))
		return false;
	set_reg(u, REG_IER, 0);
	u->stuck = !wait_empty(u); /* the firmware's or the loader's last words */
	if (baud)
		set_baud(u, baud);
	set_reg(u, REG_FCR, FCR_RESET);
	ring_init(&u->rx, u->rx_data, SERIAL_RX_SIZE); /* what came before was not for us */
	u->held = false;
	set_modem(u);
	u->fifo = (reg(u, REG_IIR) & IIR_FIFO) == IIR_FIFO;
	return true;
}

void serial_put(struct serial *u, u8 byte)
{
	if (!u->queues) {
		put_now(u, byte);
		return;
	}
	if (!ring_free(&u->tx))
		put_now(u, (u8)ring_get(&u->tx));
	ring_put(&u->tx, byte);
	/* While it interrupts for more, there is no room before it does. */
	if (!u->sending)
		pump(u);
}

int serial_get(struct serial *u)
{
	int byte;

	receive(u);
	pump(u);
	byte = ring_get(&u->rx);
	hold(u);
	return byte;
}

u8 serial_isa_irq(u16 port)
{
	switch (port) {
	case 0x3F8:
	case 0x3E8:
		return 4;
	case 0x2F8:
	case 0x2E8:
		return 3;
	}
	return 0;
}

void serial_polled(struct serial *u)
{
	u->queues = true;
}

void serial_irq_on(struct serial *u)
{
	u->queues = u->irq = true;
	set_modem(u);
	set_reg(u, REG_IER, IER_RX);
}

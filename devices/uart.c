// SPDX-License-Identifier: BSD-2-Clause
#include "uart.h"

#include <lib/bits.h>

/* PC16550D, "Registers". */
#define REG_DATA 0 /* RBR, THR; DLL if DLAB */
#define REG_IER  1 /* DLM if DLAB */
#define REG_IIR  2 /* FCR when written */
#define REG_LCR  3
#define REG_MCR  4
#define REG_LSR  5
#define REG_MSR  6
#define REG_SCR  7

#define IER_RX     0x01u
#define IER_TX     0x02u
#define IER_ERRORS 0x04u
#define IER_MODEM  0x08u
#define IER_ALL    0x0fu

#define IIR_NONE    0x01u
#define IIR_MODEM   0x00u
#define IIR_TX      0x02u
#define IIR_RX      0x04u
#define IIR_ERRORS  0x06u
#define IIR_TIMEOUT 0x0cu
#define IIR_FIFOS   0xc0u

#define FCR_ENABLE   0x01u
#define FCR_CLEAR_RX 0x02u
#define FCR_TRIGGER  0xc0u
#define FCR_KEPT     0xc9u /* bits 1 and 2 clear themselves */

#define LCR_DLAB 0x80u

#define MCR_DTR  0x01u
#define MCR_RTS  0x02u
#define MCR_OUT1 0x04u
#define MCR_OUT2 0x08u
#define MCR_LOOP 0x10u
#define MCR_ALL  0x1fu

#define LSR_DR   0x01u
#define LSR_OE   0x02u
#define LSR_THRE 0x20u
#define LSR_TEMT 0x40u

#define MSR_CTS  0x10u
#define MSR_DSR  0x20u
#define MSR_RI   0x40u
#define MSR_DCD  0x80u
#define MSR_TERI 0x04u

static struct uart *uart_of(struct device *d)
{
	return container_of(d, struct uart, dev);
}

static u32 rx_capacity(const struct uart *u)
{
	return u->fcr & FCR_ENABLE ? UART_FIFO : 1;
}

static u32 rx_trigger(const struct uart *u)
{
	static const u8 level[] = { 1, 4, 8, 14 };

	return u->fcr & FCR_ENABLE ? level[FIELD_GET(FCR_TRIGGER, u->fcr)] : 1;
}

/* The four modem inputs as MSR bits 7:4. */
static u8 modem_inputs(const struct uart *u)
{
	if (!(u->mcr & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	return (u->mcr & MCR_RTS ? MSR_CTS : 0) | (u->mcr & MCR_DTR ? MSR_DSR : 0) |
	       (u->mcr & MCR_OUT1 ? MSR_RI : 0) | (u->mcr & MCR_OUT2 ? MSR_DCD : 0);
}

/*
 * The pending interrupt of the highest priority as IIR bits 3:0. The character timeout does not
 * wait for four character times: whoever asked for a trigger level of 14 and gets 3 bytes wants to
 * see them now.
 */
static u8 interrupt(const struct uart *u)
{
	u32 used = ring_used(&u->rx);

	if ((u->ier & IER_ERRORS) && u->errors)
		return IIR_ERRORS;
	if ((u->ier & IER_RX) && used)
		return used >= rx_trigger(u) ? IIR_RX : IIR_TIMEOUT;
	if ((u->ier & IER_TX) && u->thre)
		return IIR_TX;
	if ((u->ier & IER_MODEM) && u->msr_delta)
		return IIR_MODEM;
	return IIR_NONE;
}

static void update(struct uart *u)
{
	bool connected = (u->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;

	irq_set(&u->irq, connected && interrupt(u) != IIR_NONE);
}

static void pull(struct uart *u)
{
	while (u->backend && !(u->mcr & MCR_LOOP) && ring_used(&u->rx) < rx_capacity(u)) {
		int byte = u->backend->get(u->backend);

		if (byte < 0)
			return;
		ring_put(&u->rx, (u8)byte);
	}
}

static void on_input(void *ctx)
{
	struct uart *u = ctx;

	spin_lock(u->dev.lock);
	pull(u);
	update(u);
	spin_unlock(u->dev.lock);
}

/* A full FIFO keeps what it has; the single receive buffer takes the newer byte. */
static void loop_back(struct uart *u, u8 byte)
{
	if (ring_used(&u->rx) == rx_capacity(u)) {
		u->errors |= LSR_OE;
		if (u->fcr & FCR_ENABLE)
			return;
		ring_get(&u->rx);
	}
	ring_put(&u->rx, byte);
}

static void transmit(struct uart *u, u8 byte)
{
	/* The interrupt goes away and comes back: an edge-triggered controller must see it. */
	u->thre = false;
	update(u);
	if (u->mcr & MCR_LOOP)
		loop_back(u, byte);
	else if (u->backend)
		u->backend->put(u->backend, byte);
	u->thre = true;
}

static u8 receive(struct uart *u)
{
	int byte = ring_get(&u->rx);

	pull(u);
	return byte < 0 ? 0 : (u8)byte;
}

static void write_ier(struct uart *u, u8 val)
{
	/* Enabling it while the transmitter is empty raises it, even if noticed before. */
	if ((val & IER_TX) && !(u->ier & IER_TX))
		u->thre = true;
	u->ier = val & IER_ALL;
}

static void write_fcr(struct uart *u, u8 val)
{
	bool toggled = (val ^ u->fcr) & FCR_ENABLE;

	/* Without bit 0 the other bits are not programmed. */
	if (!(val & FCR_ENABLE))
		val = 0;
	if (toggled || (val & FCR_CLEAR_RX))
		u->rx.tail = u->rx.head;
	u->fcr = val & FCR_KEPT;
	pull(u);
}

static void write_mcr(struct uart *u, u8 val)
{
	u8 before = modem_inputs(u), changed;

	u->mcr = val & MCR_ALL;
	changed = before ^ modem_inputs(u);
	u->msr_delta |= FIELD_GET(0xf0, changed & ~MSR_RI);
	if (changed & before & MSR_RI)
		u->msr_delta |= MSR_TERI;
	pull(u);
}

static u8 read_iir(struct uart *u)
{
	u8 id = interrupt(u);

	if (id == IIR_TX)
		u->thre = false;
	return id | (u->fcr & FCR_ENABLE ? IIR_FIFOS : 0);
}

static u8 read_lsr(struct uart *u)
{
	u8 val = LSR_THRE | LSR_TEMT | u->errors | (ring_used(&u->rx) ? LSR_DR : 0);

	u->errors = 0;
	return val;
}

static u8 read_msr(struct uart *u)
{
	u8 val = modem_inputs(u) | u->msr_delta;

	u->msr_delta = 0;
	return val;
}

static u8 read_reg(struct uart *u, unsigned reg)
{
	if (reg <= REG_IER && (u->lcr & LCR_DLAB))
		return u->divisor[reg];
	switch (reg) {
	case REG_DATA:
		return receive(u);
	case REG_IER:
		return u->ier;
	case REG_IIR:
		return read_iir(u);
	case REG_LCR:
		return u->lcr;
	case REG_MCR:
		return u->mcr;
	case REG_LSR:
		return read_lsr(u);
	case REG_MSR:
		return read_msr(u);
	case REG_SCR:
		return u->scr;
	}
	return 0xff;
}

static void write_reg(struct uart *u, unsigned reg, u8 val)
{
	if (reg <= REG_IER && (u->lcr & LCR_DLAB)) {
		u->divisor[reg] = val;
		return;
	}
	switch (reg) {
	case REG_DATA:
		transmit(u, val);
		break;
	case REG_IER:
		write_ier(u, val);
		break;
	case REG_IIR:
		write_fcr(u, val);
		break;
	case REG_LCR:
		u->lcr = val;
		break;
	case REG_MCR:
		write_mcr(u, val);
		break;
	case REG_LSR: /* factory test */
	case REG_MSR:
		break;
	case REG_SCR:
		u->scr = val;
		break;
	}
}

static u8 read8(struct device *d, u64 off)
{
	u8 val = read_reg(uart_of(d), off & 7);

	update(uart_of(d));
	return val;
}

static void write8(struct device *d, u64 off, u8 val)
{
	write_reg(uart_of(d), off & 7, val);
	update(uart_of(d));
}

static u64 uart_read(struct device *d, u64 off, unsigned width)
{
	return device_read_bytes(d, off, width, read8);
}

static void uart_write(struct device *d, u64 off, unsigned width, u64 val)
{
	device_write_bytes(d, off, width, val, write8);
}

/* PC16550D, "UART Reset Configuration"; DLL, DLM and scratch are not affected. */
static void uart_reset(struct device *d)
{
	struct uart *u = uart_of(d);

	ring_init(&u->rx, u->rx_bytes, UART_FIFO);
	u->ier = u->fcr = u->lcr = u->mcr = 0;
	u->errors = u->msr_delta = 0;
	u->thre = false;
	update(u);
}

static const struct device_ops ops = {
	.read = uart_read,
	.write = uart_write,
	.reset = uart_reset,
};

void uart_init(struct uart *u, struct spinlock *lock, struct char_backend *backend,
	       struct irq_line irq)
{
	*u = (struct uart){
		.dev = { .name = "uart", .ops = &ops, .lock = lock },
		.backend = backend,
		.irq = irq,
	};
	ring_init(&u->rx, u->rx_bytes, UART_FIFO);
	if (backend) {
		backend->on_input_ctx = u;
		backend->on_input = on_input;
	}
}

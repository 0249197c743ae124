// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <devices/uart.h>

#include "device_rig.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR, FCR = IIR, DLL = DATA, DLM = IER };

static struct spinlock lock = SPINLOCK_INIT;
static struct uart u;
static struct rig_line irq;
static struct rig_chars tty;

static u8 in(u64 off)
{
	return rig_in(&u.dev, off);
}

static void out(u64 off, u8 val)
{
	rig_out(&u.dev, off, val);
}

static int power_on(void **state)
{
	(void)state;
	uart_init(&u, &lock, rig_chars_init(&tty), rig_line_to(&irq));
	return 0;
}

static void after_reset(void **state)
{
	(void)state;
	out(IER, 0x0f);
	out(MCR, 0x0b);
	out(LCR, 0x83);
	u.dev.ops->reset(&u.dev);
	assert_false(irq.level);
	assert_int_equal(in(IER), 0);
	assert_int_equal(in(IIR), 0x01);
	assert_int_equal(in(LCR), 0);
	assert_int_equal(in(MCR), 0);
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(MSR), 0xb0); /* CTS, DSR, DCD: somebody listens */
}

/* Linux autoconfig() and autoconfig_16550a(): what tells a 16550A from its relatives. */
static void linux_probe(void **state)
{
	(void)state;
	out(IER, 0);
	assert_int_equal(in(IER)&0x0f, 0);
	out(IER, 0xff);
	assert_int_equal(in(IER), 0x0f); /* no sleep mode, no XScale UUE */
	out(IER, 0);
	out(MCR, 0x1a); /* loop, OUT2, RTS */
	assert_int_equal(in(MSR)&0xf0, 0x90);
	out(MCR, 0);
	out(LCR, 0xbf);
	assert_int_not_equal(in(IIR), 0); /* no EFR */
	out(LCR, 0);
	out(FCR, 0x01);
	assert_int_equal(in(IIR) >> 6, 3);
	out(LCR, 0x80);
	out(FCR, 0x21);
	assert_int_equal(in(IIR) >> 5 & 1, 0); /* no 64-byte FIFO */
	out(LCR, 0);
	out(SCR, 0x5a);
	assert_int_equal(in(SCR), 0x5a);
}

static void divisor_latch(void **state)
{
	(void)state;
	out(LCR, 0x83);
	u.dev.ops->write(&u.dev, DLL, 2, 0x0301);
	assert_int_equal(in(DLL), 0x01);
	assert_int_equal(in(DLM), 0x03);
	out(LCR, 0x03);
	assert_int_equal(in(IER), 0);     /* the latch did not reach IER ... */
	assert_int_equal(tty.out_len, 0); /* ... nor the line */
}

static void transmit(void **state)
{
	(void)state;
	out(DATA, 'h');
	out(DATA, 'i');
	assert_int_equal(in(LSR), 0x60);
	assert_memory_equal(tty.out, "hi", 2);
}

/* Linux serial8250_THRE_test: enabling the interrupt again while the transmitter is empty raises it
 * again. */
static void thre_interrupt(void **state)
{
	(void)state;
	out(MCR, 0x08);
	out(IER, 0x02);
	assert_true(irq.level);
	assert_int_equal(in(IIR), 0x02);
	assert_false(irq.level); /* reading IIR clears it */
	assert_int_equal(in(IIR), 0x01);
	out(IER, 0x02); /* was on already: nothing new */
	assert_false(irq.level);
	out(IER, 0);
	out(IER, 0x02);
	assert_int_equal(in(IIR), 0x02);
	out(DATA, 'x');
	assert_true(irq.level);
}

/* An edge-triggered controller must see every byte's interrupt, even if IIR is never read. */
static void thre_gives_an_edge_per_byte(void **state)
{
	(void)state;
	out(MCR, 0x08);
	out(IER, 0x02);
	irq.rises = 0;
	out(DATA, 'a');
	out(DATA, 'b');
	assert_int_equal(irq.rises, 2);
}

static void out2_gates_the_line(void **state)
{
	(void)state;
	out(IER, 0x02);
	assert_false(irq.level);
	out(MCR, 0x08);
	assert_true(irq.level);
	out(MCR, 0x18); /* loopback disconnects OUT2 */
	assert_false(irq.level);
}

static void receive_16450(void **state)
{
	(void)state;
	out(MCR, 0x08);
	out(IER, 0x01);
	rig_chars_type(&tty, "abc");
	assert_int_equal(tty.in_next, 1); /* one buffer: the others wait */
	assert_true(irq.level);
	assert_int_equal(in(IIR), 0x04);
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(DATA), 'a');
	assert_int_equal(in(DATA), 'b');
	assert_true(irq.level);
	assert_int_equal(in(DATA), 'c');
	assert_false(irq.level);
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(DATA), 0); /* nothing there: no harm */
}

static void fifo_trigger_and_timeout(void **state)
{
	static const struct {
		u8 fcr;
		unsigned trigger;
	} rows[] = { { 0x01, 1 }, { 0x41, 4 }, { 0x81, 8 }, { 0xc1, 14 } };

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		power_on(NULL);
		out(FCR, rows[i].fcr);
		out(IER, 0x01);
		for (unsigned n = 1; n <= 16; n++) {
			rig_chars_type(&tty, "z");
			assert_int_equal(in(IIR), n < rows[i].trigger ? 0xcc : 0xc4);
		}
	}
}

/* 40 bytes through a 16-byte FIFO: all arrive, in order, without an overrun. */
static void nothing_is_lost(void **state)
{
	const char *text = "The quick brown fox jumps over the dog.\n";

	(void)state;
	out(FCR, 0x01);
	rig_chars_type(&tty, text);
	assert_int_equal(tty.in_next, 16);
	for (unsigned i = 0; i < strlen(text); i++) {
		assert_int_equal(in(LSR), 0x61);
		assert_int_equal(in(DATA), text[i]);
	}
	assert_int_equal(in(LSR), 0x60);
}

static void fifo_reset(void **state)
{
	(void)state;
	out(FCR, 0x01);
	rig_chars_type(&tty, "0123456789abcdefXY");
	out(FCR, 0x03); /* clears 16 bytes; the two that waited come in */
	assert_int_equal(in(DATA), 'X');
	out(FCR, 0x00); /* leaving FIFO mode clears, too */
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(IIR), 0x01);
	out(FCR, 0xc0); /* ignored without bit 0 */
	rig_chars_type(&tty, "Z");
	out(IER, 0x01);
	assert_int_equal(in(IIR), 0x04);
}

static void loopback_is_isolated(void **state)
{
	(void)state;
	out(MCR, 0x10);
	out(DATA, 'L');
	rig_chars_type(&tty, "outside");
	assert_int_equal(tty.out_len, 0);
	assert_int_equal(in(DATA), 'L');
	assert_int_equal(in(LSR), 0x60);
	out(MCR, 0x00);
	assert_int_equal(in(DATA), 'o');
}

/* FreeBSD measures the FIFO so: in loopback, write until an overrun shows. */
static void overrun_after_sixteen(void **state)
{
	unsigned sent = 0;

	(void)state;
	out(FCR, 0x01);
	out(MCR, 0x10);
	while (!(in(LSR)&0x02)) {
		out(DATA, (u8)sent++);
		assert_true(sent < 100);
	}
	assert_int_equal(sent, 17);
	assert_int_equal(in(LSR)&0x02, 0); /* reading cleared it */
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(in(DATA), i); /* the newest was dropped */
}

static void overrun_in_16450_mode_keeps_the_newest(void **state)
{
	(void)state;
	out(MCR, 0x10);
	out(DATA, 1);
	out(DATA, 2);
	assert_int_equal(in(LSR), 0x63);
	assert_int_equal(in(DATA), 2);
}

/* Errors before data before transmitter before modem. */
static void interrupt_priorities(void **state)
{
	(void)state;
	out(MCR, 0x10);
	out(MCR, 0x12); /* RTS shows as CTS: a delta */
	out(IER, 0x0f);
	out(DATA, 1);
	out(DATA, 2);
	assert_int_equal(in(IIR), 0x06);
	in(LSR);
	assert_int_equal(in(IIR), 0x04);
	in(DATA);
	assert_int_equal(in(IIR), 0x02);
	assert_int_equal(in(IIR), 0x00);
	in(MSR);
	assert_int_equal(in(IIR), 0x01);
}

static void modem_deltas(void **state)
{
	(void)state;
	out(MCR, 0x10); /* CTS, DSR, DCD drop */
	assert_int_equal(in(MSR), 0x0b);
	assert_int_equal(in(MSR), 0x00);
	out(MCR, 0x14); /* OUT1: RI appears, no delta */
	assert_int_equal(in(MSR), 0x40);
	out(MCR, 0x10); /* RI's trailing edge counts */
	assert_int_equal(in(MSR), 0x04);
	out(MCR, 0x11);
	assert_int_equal(in(MSR), 0x22);
	out(MCR, 0x13);
	assert_int_equal(in(MSR), 0x31);
	out(MCR, 0x1b);
	assert_int_equal(in(MSR), 0xb8);
}

static void no_backend(void **state)
{
	(void)state;
	uart_init(&u, &lock, NULL, rig_line_to(&irq));
	out(DATA, 'x');
	assert_int_equal(in(DATA), 0);
	assert_int_equal(in(LSR), 0x60);
}

static void wide_accesses_are_bytes(void **state)
{
	(void)state;
	u.dev.ops->write(&u.dev, LCR, 4,
			 0xaa000b03); /* LCR, MCR, LSR (read only), MSR (read only) */
	assert_int_equal(in(LCR), 0x03);
	assert_int_equal(in(MCR), 0x0b);
	assert_int_equal(u.dev.ops->read(&u.dev, LCR, 2), 0x0b03);
}

/* A hostile guest: any access, any time; the FIFO's bounds hold, the lock is free again. */
static void random_traffic(void **state)
{
	u32 seed = 1;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		u32 r = rig_random(&seed);

		if (r & 8)
			out(r & 7, (u8)(r >> 8));
		else
			in(r & 7);
		if (!(r & 0xf00)) {
			tty.in_len = tty.in_next = 0;
			rig_chars_type(&tty, "0123456789");
		}
		assert_true(ring_used(&u.rx) <= UART_FIFO);
		assert_false(spin_held(&lock));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(after_reset, power_on),
		cmocka_unit_test_setup(linux_probe, power_on),
		cmocka_unit_test_setup(divisor_latch, power_on),
		cmocka_unit_test_setup(transmit, power_on),
		cmocka_unit_test_setup(thre_interrupt, power_on),
		cmocka_unit_test_setup(thre_gives_an_edge_per_byte, power_on),
		cmocka_unit_test_setup(out2_gates_the_line, power_on),
		cmocka_unit_test_setup(receive_16450, power_on),
		cmocka_unit_test_setup(fifo_trigger_and_timeout, power_on),
		cmocka_unit_test_setup(nothing_is_lost, power_on),
		cmocka_unit_test_setup(fifo_reset, power_on),
		cmocka_unit_test_setup(loopback_is_isolated, power_on),
		cmocka_unit_test_setup(overrun_after_sixteen, power_on),
		cmocka_unit_test_setup(overrun_in_16450_mode_keeps_the_newest, power_on),
		cmocka_unit_test_setup(interrupt_priorities, power_on),
		cmocka_unit_test_setup(modem_deltas, power_on),
		cmocka_unit_test_setup(no_backend, power_on),
		cmocka_unit_test_setup(wide_accesses_are_bytes, power_on),
		cmocka_unit_test_setup(random_traffic, power_on),
	};

	return cmocka_run_group_tests_name("uart", tests, NULL, NULL);
}

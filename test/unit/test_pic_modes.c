// SPDX-License-Identifier: BSD-2-Clause
#include "pic_rig.h"

static void specific_eoi(void **state)
{
	(void)state;
	raise(6);
	pic_ack(&p);
	raise(3);
	pic_ack(&p);
	out(M0, 0x66); /* ends 6 although 3 is the higher one */
	assert_int_equal(isr(M0), 0x08);
}

static void automatic_rotation(void **state)
{
	(void)state;
	raise(4);
	raise(6);
	assert_int_equal(pic_ack(&p), 0x24);
	out(M0, 0xa0); /* rotate on non-specific EOI: 4 is the lowest now, 5 the highest */
	lower(4);
	raise(4);
	raise(0);
	assert_int_equal(pic_ack(&p), 0x26);
	out(M0, EOI);
	assert_int_equal(pic_ack(&p), 0x20);
	out(M0, EOI);
	assert_int_equal(pic_ack(&p), 0x24);
}

static void specific_rotation(void **state)
{
	(void)state;
	out(M0, 0xc3); /* set priority: 3 the lowest */
	raise(0);
	raise(4);
	assert_int_equal(pic_ack(&p), 0x24);
	out(M0, 0xe4); /* rotate on specific EOI */
	lower(4);
	raise(4);
	raise(5);
	assert_int_equal(pic_ack(&p), 0x25);
}

static void automatic_eoi(void **state)
{
	(void)state;
	program(0x03, 0x03);
	raise(4);
	assert_int_equal(pic_ack(&p), 0x24);
	assert_int_equal(isr(M0), 0);
	out(M0, 0x80); /* rotate in AEOI mode */
	raise(5);
	assert_int_equal(pic_ack(&p), 0x25);
	lower(5);
	raise(5);
	raise(6);
	assert_int_equal(pic_ack(&p), 0x26);
	assert_int_equal(pic_ack(&p), 0x25);
	out(M0, 0x00); /* and off */
	raise(7);
	pic_ack(&p);
	lower(7);
	lower(6);
	raise(7);
	raise(6);
	assert_int_equal(pic_ack(&p), 0x26);
}

static void special_mask_mode(void **state)
{
	(void)state;
	raise(4);
	pic_ack(&p);
	raise(6);
	out(M1, 0x10);
	assert_false(pic_intr(&p)); /* 4 is in service: 6 waits */
	out(M0, 0x68);
	assert_true(pic_intr(&p)); /* special mask: what is masked holds back nothing */
	assert_int_equal(pic_ack(&p), 0x26);
	out(M0, EOI); /* does not touch the masked 4 */
	assert_int_equal(isr(M0), 0x10);
	out(M0, 0x48);
	lower(6);
	raise(6);
	assert_false(pic_intr(&p));
}

static void poll(void **state)
{
	(void)state;
	out(M0, POLL);
	assert_int_equal(in(M0), 0);
	raise(5);
	out(M0, POLL);
	assert_int_equal(in(M0), 0x85);
	assert_int_equal(isr(M0), 0x20); /* the poll was the acknowledge */
	out(M0, EOI);
	raise(10);
	out(M0, POLL);
	assert_int_equal(in(M1), 0x82); /* either port; the slave is polled for itself */
	out(S0, POLL);
	assert_int_equal(in(S0), 0x82);
	assert_int_equal(in(S1), 0); /* one read only, then the mask again */
}

/* Special fully nested mode: a higher input of the slave interrupts a lower one of the same slave.
 */
static void special_fully_nested(void **state)
{
	(void)state;
	raise(12);
	pic_ack(&p);
	raise(9);
	assert_false(pic_intr(&p)); /* normally IR2 in service holds it back */
	program(0x11, 0x01);
	lower(12);
	raise(12);
	lower(9);
	pic_ack(&p);
	raise(14);
	assert_false(pic_intr(&p)); /* lower within the slave */
	raise(9);
	assert_int_equal(pic_ack(&p), 0x29);
}

/* 8259A, ICW1: what initialisation clears. */
static void icw1(void **state)
{
	(void)state;
	out(M1, 0xaa);
	raise(0);
	pic_ack(&p);
	raise(1);
	out(M0, 0xc3);
	out(M0, 0x68);
	out(M0, 0x11);
	assert_false(pic_intr(&p)); /* not before the last ICW, and the edge is forgotten */
	out(M1, 0x40);
	out(M1, 0x04);
	out(M1, 0x01);
	assert_int_equal(in(M1), 0x00);
	assert_int_equal(in(M0), 0x00); /* reads IRR */
	assert_int_equal(isr(M0), 0x00);
	assert_false(pic_intr(&p));
	lower(1);
	raise(1);
	raise(4);
	assert_int_equal(pic_ack(&p), 0x41); /* 7 is the lowest again */
}

static void icw_sequences(void **state)
{
	static const struct {
		u8 icw1;
		unsigned more; /* ICWs after ICW2 */
	} rows[] = { { 0x10, 1 }, { 0x11, 2 }, { 0x12, 0 }, { 0x13, 1 } };

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		out(M0, rows[i].icw1);
		out(M1, 0x77); /* the low bits are not the vector's */
		for (unsigned n = 0; n < rows[i].more; n++)
			out(M1, 0x01);
		out(M1, 0x5a); /* OCW1 */
		assert_int_equal(in(M1), 0x5a);
		assert_int_equal(pic_ack(&p), 0x77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(specific_eoi, programmed),
		cmocka_unit_test_setup(automatic_rotation, programmed),
		cmocka_unit_test_setup(specific_rotation, programmed),
		cmocka_unit_test_setup(automatic_eoi, programmed),
		cmocka_unit_test_setup(special_mask_mode, programmed),
		cmocka_unit_test_setup(poll, programmed),
		cmocka_unit_test_setup(special_fully_nested, programmed),
		cmocka_unit_test_setup(icw1, programmed),
		cmocka_unit_test_setup(icw_sequences, programmed),
	};

	return cmocka_run_group_tests_name("pic_modes", tests, NULL, NULL);
}

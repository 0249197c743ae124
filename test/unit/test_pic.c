// SPDX-License-Identifier: BSD-2-Clause
#include "pic_rig.h"

/* Linux probe_8259A(): the mask register keeps what is written, without any ICW before. */
static void linux_probe(void **state)
{
	(void)state;
	out(S1, 0xff);
	out(M1, 0xfb);
	assert_int_equal(in(M1), 0xfb);
	raise(0);
	assert_false(pic_intr(&p));
}

static void one_interrupt(void **state)
{
	(void)state;
	raise(4);
	assert_true(pic_intr(&p));
	assert_true(intr.level);
	assert_int_equal(irr(M0), 0x10);
	assert_int_equal(pic_ack(&p), 0x24);
	assert_false(intr.level);
	assert_int_equal(irr(M0), 0);
	assert_int_equal(isr(M0), 0x10);
	out(M0, EOI);
	assert_int_equal(isr(M0), 0);
	assert_false(intr.level); /* edge: the line is still up, but that was it */
	lower(4);
	raise(4);
	assert_true(intr.level);
}

static void fixed_priority_nests(void **state)
{
	(void)state;
	raise(5);
	assert_int_equal(pic_ack(&p), 0x25);
	raise(6);
	assert_false(pic_intr(&p)); /* lower waits */
	raise(1);
	assert_int_equal(pic_ack(&p), 0x21); /* higher interrupts */
	out(M0, EOI);                        /* ends 1, the highest in service */
	assert_int_equal(isr(M0), 0x20);
	out(M0, EOI);
	assert_int_equal(pic_ack(&p), 0x26);
}

static void slave_sits_at_ir2(void **state)
{
	(void)state;
	raise(3);
	raise(12);
	raise(8);
	assert_int_equal(pic_ack(&p), 0x28);
	assert_int_equal(isr(M0), 0x04);
	assert_int_equal(isr(S0), 0x01);
	out(S0, EOI);
	out(M0, EOI);
	assert_int_equal(pic_ack(&p), 0x2c); /* before IR3 */
	out(S0, EOI);
	out(M0, EOI);
	assert_int_equal(pic_ack(&p), 0x23);
}

static void ir2_is_no_input(void **state)
{
	(void)state;
	raise(2);
	assert_false(pic_intr(&p));
}

static void masked_request_waits(void **state)
{
	(void)state;
	out(M1, 0x10);
	raise(4);
	assert_false(pic_intr(&p));
	assert_int_equal(irr(M0), 0x10);
	out(M1, 0x00);
	assert_int_equal(pic_ack(&p), 0x24);
}

/* 8259A, "Interrupt Request": the input must stay high until the acknowledge; else a default IR7.
 */
static void spurious_irq7(void **state)
{
	(void)state;
	raise(4);
	lower(4);
	assert_false(pic_intr(&p));
	assert_int_equal(pic_ack(&p), 0x27);
	assert_int_equal(isr(M0), 0); /* how a driver tells it from a real one */
}

static void spurious_irq15(void **state)
{
	(void)state;
	raise(9);
	/* The line drops between the master's choice and the slave's: only INTA can see that, so
	 * mask the slave. */
	p.chip[1].imr = 0xff;
	assert_int_equal(pic_ack(&p), 0x2f);
	assert_int_equal(isr(S0), 0);
	assert_int_equal(isr(M0), 0x04); /* the master wants an EOI all the same */
}

static void level_triggered(void **state)
{
	(void)state;
	out(ELCR1, 0xff);
	out(ELCR2, 0xff);
	assert_int_equal(in(ELCR1), 0xf8); /* 0, 1, 2 and 8, 13 stay edge triggered */
	assert_int_equal(in(ELCR2), 0xde);
	raise(11);
	assert_int_equal(pic_ack(&p), 0x2b);
	out(S0, EOI);
	out(M0, EOI);
	assert_int_equal(pic_ack(&p), 0x2b); /* still asserted: again */
	lower(11);
	out(S0, EOI);
	out(M0, EOI);
	assert_false(pic_intr(&p));
}

static void elcr_change_with_the_line_up(void **state)
{
	(void)state;
	raise(5);
	pic_ack(&p);
	out(M0, EOI);
	assert_false(pic_intr(&p));
	out(ELCR1, 0x20);
	assert_true(pic_intr(&p));
}

static void reset_masks_all(void **state)
{
	(void)state;
	out(ELCR1, 0x20);
	raise(5);
	p.dev.ops->reset(&p.dev);
	assert_false(intr.level);
	assert_int_equal(in(M1), 0xff);
	assert_int_equal(in(ELCR1), 0);
	program(0x01, 0x01);
	out(ELCR1, 0x20);
	assert_int_equal(pic_ack(&p), 0x25); /* the line itself was never ours to reset */
}

/* The level of INTR and the answer of an acknowledge agree whatever a guest does. */
static void random_traffic(void **state)
{
	static const u16 ports[] = { M0, M1, S0, S1, ELCR1, ELCR2 };
	u32 seed = 7;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		u32 r = rig_random(&seed);
		u64 port = ports[r / 16 % ARRAY_LEN(ports)];
		bool wanted = pic_intr(&p);

		assert_int_equal(intr.level, wanted);
		if (r % 16 < 6)
			pic_set_irq(&p, r >> 8 & 15, r >> 12 & 1);
		else if (r % 16 < 9)
			in(port);
		else if (r % 16 < 12)
			out(port, (u8)(r >> 12));
		else
			assert_in_range(pic_ack(&p), 0, 255);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(linux_probe, power_on),
		cmocka_unit_test_setup(one_interrupt, programmed),
		cmocka_unit_test_setup(fixed_priority_nests, programmed),
		cmocka_unit_test_setup(slave_sits_at_ir2, programmed),
		cmocka_unit_test_setup(ir2_is_no_input, programmed),
		cmocka_unit_test_setup(masked_request_waits, programmed),
		cmocka_unit_test_setup(spurious_irq7, programmed),
		cmocka_unit_test_setup(spurious_irq15, programmed),
		cmocka_unit_test_setup(level_triggered, programmed),
		cmocka_unit_test_setup(elcr_change_with_the_line_up, programmed),
		cmocka_unit_test_setup(reset_masks_all, programmed),
		cmocka_unit_test_setup(random_traffic, programmed),
	};

	return cmocka_run_group_tests_name("pic", tests, NULL, NULL);
}

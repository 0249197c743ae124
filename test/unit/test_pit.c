// SPDX-License-Identifier: BSD-2-Clause
#include "pit_rig.h"

static void ticks_are_exact(void **state)
{
	(void)state;
	assert_int_equal(ticks_from_ns(0, PIT_HZ), 0);
	assert_int_equal(ticks_from_ns(NS_PER_S, PIT_HZ), PIT_HZ);
	assert_int_equal(ticks_from_ns(1000000 * NS_PER_S, PIT_HZ), 1000000 * PIT_HZ);
	for (u64 t = 1; t < 1ull << 50; t = t * 3 + 1) {
		u64 ns = ticks_to_ns(t, PIT_HZ);

		assert_int_equal(ticks_from_ns(ns, PIT_HZ), t);
		assert_int_equal(ticks_from_ns(ns - 1, PIT_HZ), t - 1);
	}
}

/* Linux pit_calibrate_tsc(): counter 2, mode 0, gated by port 61h, OUT2 polled. */
static void linux_calibration(void **state)
{
	(void)state;
	out(PORT61, (in(PORT61) & ~0x02) | 0x01);
	out(CONTROL, 0xb0);
	put(C2, 59659);
	assert_false(out2());
	fake_time_advance(49 * NS_PER_MS);
	assert_false(out2());
	fake_time_advance(2 * NS_PER_MS);
	assert_true(out2());
	assert_int_equal(irq.rises, 0);
}

/* Linux quick_pit_calibrate(): the count is read unlatched while it falls, the high byte in step
 * with time. */
static void linux_quick_calibration(void **state)
{
	(void)state;
	out(PORT61, 0x01);
	out(CONTROL, 0xb0);
	put(C2, 0xffff);
	wait(1);
	for (unsigned msb = 0xff; msb > 0xf0; msb--) {
		in(C2);
		assert_int_equal(in(C2), msb);
		wait(256);
	}
}

static void mode0_gate_pauses(void **state)
{
	(void)state;
	out(CONTROL, CW(2, 0));
	put(C2, 1000);
	wait(5000);
	assert_int_equal(latched(C2), 1000); /* gate 2 is low after reset */
	assert_false(out2());
	out(PORT61, 0x01);
	wait(400);
	out(PORT61, 0x00);
	wait(7777);
	assert_int_equal(latched(C2), 600);
	out(PORT61, 0x01);
	wait(599);
	assert_false(out2());
	wait(1);
	assert_true(out2());
}

static void mode1_one_shot(void **state)
{
	(void)state;
	out(CONTROL, CW(2, 1));
	put(C2, 100);
	wait(1000);
	assert_true(out2());
	assert_int_equal(status(C2) & 0x40, 0x40); /* the count waits for the trigger */
	out(PORT61, 0x01);
	assert_false(out2());
	wait(50);
	out(PORT61, 0x00); /* no effect */
	put(C2, 300);      /* for the next trigger */
	wait(50);
	assert_false(out2());
	assert_int_equal(status(C2) & 0x40, 0x40);
	wait(1);
	assert_true(out2());
	out(PORT61, 0x01);
	wait(200);
	out(PORT61, 0x00);
	out(PORT61, 0x01); /* retriggers */
	wait(300);
	assert_false(out2());
	wait(1);
	assert_true(out2());
}

static void mode2_rate(void **state)
{
	(void)state;
	out(CONTROL, CW(0, 2));
	assert_int_equal(irq.rises, 0); /* programming alone does not interrupt */
	put(C0, 11932);
	wait(1);
	assert_int_equal(latched(C0), 11932);
	wait(11931);
	assert_int_equal(latched(C0), 1);
	assert_int_equal(status(C0), 0x34); /* OUT low for this one clock */
	wait(1);
	assert_int_equal(latched(C0), 11932);
	assert_int_equal(status(C0), 0xb4);
	assert_int_equal(irq.rises, 1);
	assert_true(irq.level);
}

static void mode3_square_wave(void **state)
{
	static const struct {
		u16 n, high;
	} rows[] = { { 10, 5 }, { 11, 6 }, { 2, 1 }, { 3, 2 } };

	(void)state;
	out(PORT61, 0x01);
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		out(CONTROL, CW(2, 3));
		put(C2, rows[i].n);
		wait(1);
		for (unsigned t = 0; t < 5 * rows[i].n; t++) {
			unsigned phase = t % rows[i].n,
				 half = phase < rows[i].high ? phase : phase - rows[i].high;

			assert_int_equal(out2(), phase < rows[i].high);
			assert_int_equal(latched(C2), (rows[i].n & ~1) - 2 * half);
			wait(1);
		}
	}
}

static void periodic_gate(void **state)
{
	(void)state;
	out(PORT61, 0x01);
	out(CONTROL, CW(2, 3));
	put(C2, 100);
	wait(1 + 60);
	assert_false(out2());
	out(PORT61, 0x00);
	assert_true(out2()); /* gate low forces OUT high */
	wait(12345);
	assert_true(out2());
	put(C2, 50); /* comes with the trigger */
	assert_int_equal(status(C2) & 0x40, 0x40);
	out(PORT61, 0x01);
	wait(1);
	assert_int_equal(latched(C2), 50);
	wait(25);
	assert_false(out2());
	put(C2, 70); /* for the next half period; but the gate falls first */
	out(PORT61, 0x00);
	wait(1000);
	assert_int_equal(status(C2) & 0x40, 0x40);
	out(PORT61, 0x01);
	wait(1);
	assert_int_equal(latched(C2), 70);
}

static void mode4_strobe(void **state)
{
	(void)state;
	out(CONTROL, CW(0, 4));
	put(C0, 1000);
	wait(1001);
	assert_int_equal(status(C0) & 0x80, 0); /* low for one clock */
	assert_int_equal(irq.rises, 0);
	wait(1);
	assert_int_equal(status(C0) & 0x80, 0x80);
	assert_int_equal(irq.rises, 1);
	wait(200000);
	assert_int_equal(irq.rises, 1);
}

static void mode5_triggered_strobe(void **state)
{
	(void)state;
	out(CONTROL, CW(2, 5));
	put(C2, 10);
	wait(100);
	out(PORT61, 0x01);
	wait(10);
	assert_true(out2());
	wait(1);
	assert_false(out2());
	wait(1);
	assert_true(out2());
	wait(65536 - 1);
	assert_true(out2()); /* wrapping around does not strobe again */
}

static void count_zero_is_the_largest(void **state)
{
	(void)state;
	out(CONTROL, CW(0, 2));
	put(C0, 0);
	wait(2);
	assert_int_equal(latched(C0), 0xffff);
	wait(65535);
	assert_int_equal(irq.rises, 1);
	out(CONTROL, CW(0, 2) | 1);
	put(C0, 0);
	wait(2);
	assert_int_equal(latched(C0), 0x9999);
}

static void bcd(void **state)
{
	(void)state;
	out(CONTROL, CW(0, 0) | 1);
	put(C0, 0x1234);
	wait(1 + 35);
	assert_int_equal(latched(C0), 0x1199);
	wait(1199 + 1);
	assert_int_equal(latched(C0), 0x9999);
	assert_int_equal(irq.rises, 1);
	put(C0, 0xffff); /* no digits: anything, but no harm */
	wait(100000);
	latched(C0);
}

static void one_byte_counts(void **state)
{
	(void)state;
	out(PORT61, 0x01);
	out(CONTROL, 0x94); /* counter 2, low byte, mode 2 */
	out(C2, 200);
	wait(11);
	assert_int_equal(in(C2), 190);
	assert_int_equal(in(C2), 190);
	out(CONTROL, 0xa4); /* high byte */
	out(C2, 0x10);
	wait(1);
	assert_int_equal(in(C2), 0x10);
	wait(1);
	assert_int_equal(in(C2), 0x0f);
}

static void latch_holds(void **state)
{
	(void)state;
	out(CONTROL, CW(0, 2));
	put(C0, 1000);
	wait(101);
	out(CONTROL, 0x00);
	wait(100);
	out(CONTROL, 0x00); /* ignored until the first is read */
	assert_int_equal(get(C0), 900);
	assert_int_equal(get(C0), 800);
}

/* 8254, "Read-Back Command": several counters at once; the status is read first, then the count. */
static void read_back(void **state)
{
	(void)state;
	out(PORT61, 0x01);
	out(CONTROL, CW(0, 2));
	put(C0, 1000);
	out(CONTROL, CW(2, 3));
	assert_int_equal(status(C2), 0xf6); /* OUT high, null count */
	put(C2, 2000);
	wait(101);
	out(CONTROL, 0xca);
	wait(50);
	assert_int_equal(in(C0), 0xb4);
	assert_int_equal(get(C0), 900);
	assert_int_equal(in(C2), 0xb6);
	assert_int_equal(get(C2), 1800);
	assert_int_equal(get(C0), 850);
	out(CONTROL, CW(0, 7)); /* an alias of mode 3 */
	assert_int_equal(status(C0), 0xf6);
	assert_int_equal(in(CONTROL), 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_are_exact),
		cmocka_unit_test_setup(linux_calibration, power_on),
		cmocka_unit_test_setup(linux_quick_calibration, power_on),
		cmocka_unit_test_setup(mode0_gate_pauses, power_on),
		cmocka_unit_test_setup(mode1_one_shot, power_on),
		cmocka_unit_test_setup(mode2_rate, power_on),
		cmocka_unit_test_setup(mode3_square_wave, power_on),
		cmocka_unit_test_setup(periodic_gate, power_on),
		cmocka_unit_test_setup(mode4_strobe, power_on),
		cmocka_unit_test_setup(mode5_triggered_strobe, power_on),
		cmocka_unit_test_setup(count_zero_is_the_largest, power_on),
		cmocka_unit_test_setup(bcd, power_on),
		cmocka_unit_test_setup(one_byte_counts, power_on),
		cmocka_unit_test_setup(latch_holds, power_on),
		cmocka_unit_test_setup(read_back, power_on),
	};

	return cmocka_run_group_tests_name("pit", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
#include "pit_rig.h"

static void mode0_interrupts_once(void **state)
{
	(void)state;
	out(CONTROL, CW(0, 0));
	assert_false(irq.level);
	put(C0, 1000);
	wait(1000);
	assert_false(irq.level); /* n + 1 clocks after the write */
	wait(1);
	assert_true(irq.level);
	assert_int_equal(latched(C0), 0);
	wait(5);
	assert_int_equal(latched(C0), 0xfffb); /* counts on */
	wait(200000);
	assert_int_equal(irq.rises, 1);
	put(C0, 500); /* a new count lowers OUT and starts again */
	assert_false(irq.level);
	wait(501);
	assert_int_equal(irq.rises, 2);
	assert_int_equal(fake_time_next(), TIME_NEVER);
}

static void mode0_first_byte_stops(void **state)
{
	(void)state;
	out(CONTROL, CW(0, 0));
	put(C0, 1000);
	wait(500);
	out(C0, 100);
	wait(5000);
	assert_false(irq.level);
	out(C0, 0);
	wait(101);
	assert_true(irq.level);
}

/* 100 s at 100 Hz: not one interrupt too many or too few, each at its own time. */
static void no_drift(void **state)
{
	(void)state;
	out(CONTROL, CW(0, 2));
	put(C0, 11932);
	for (unsigned n = 1; n <= 10000; n++) {
		u64 due = ticks_to_ns(1 + n * 11932ull, PIT_HZ);

		fake_time_advance(due - 1 - time_now());
		assert_int_equal(irq.rises, n - 1);
		fake_time_advance(1);
		assert_int_equal(irq.rises, n);
	}
}

/* 8254, "Mode 2", "Mode 3": a new count is used when the current period (half period) ends. */
static void new_count_while_running(void **state)
{
	(void)state;
	out(CONTROL, CW(0, 2));
	put(C0, 1000);
	wait(1 + 400);
	put(C0, 3000);
	assert_int_equal(status(C0) & 0x40, 0x40);
	assert_int_equal(latched(C0), 600);
	wait(600);
	assert_int_equal(irq.rises, 1);
	assert_int_equal(status(C0) & 0x40, 0);
	assert_int_equal(latched(C0), 3000);
	wait(2999);
	assert_int_equal(irq.rises, 1);
	wait(1);
	assert_int_equal(irq.rises, 2);

	power_on(NULL);
	out(CONTROL, CW(0, 3));
	put(C0, 1000);
	wait(1 + 100);
	put(C0, 3000); /* in the high half: 500 high, then 1500 low */
	wait(400 + 1499);
	assert_int_equal(irq.rises, 0);
	wait(1);
	assert_int_equal(irq.rises, 1);
	wait(1600);
	put(C0, 1000); /* in the low half */
	wait(1399);
	assert_int_equal(irq.rises, 1);
	wait(1);
	assert_int_equal(irq.rises, 2);
	wait(1000);
	assert_int_equal(irq.rises, 3);
}

/* DOS programs time short delays by the refresh bit: it toggles every 15 us. */
static void port61(void **state)
{
	unsigned toggles = 0;
	u8 last;

	(void)state;
	out(PORT61, 0xff);
	assert_int_equal(in(PORT61)&0xcf, 0x0f);
	last = in(PORT61);
	for (unsigned us = 0; us < 15085; us++) {
		fake_time_advance(NS_PER_US);
		toggles += (in(PORT61) ^ last) >> 4 & 1;
		last = in(PORT61);
	}
	assert_in_range(toggles, 999, 1001);
}

/* A tiny divisor must not starve the host: at most one timer per 100 us; reading stays exact. */
static void tiny_divisors_are_capped(void **state)
{
	static const u8 modes[] = { 2, 3 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(modes); i++)
		for (u16 n = 1; n < 120; n += 7) {
			power_on(NULL);
			out(CONTROL, CW(0, modes[i]));
			put(C0, n);
			fake_time_advance(10 * NS_PER_MS);
			assert_in_range(irq.rises, n > 1 ? 90 : 0, 100);
			assert_in_range(latched(C0), 0, n);
		}
}

static void one_shots_are_capped(void **state)
{
	u64 first;

	(void)state;
	out(CONTROL, CW(0, 0));
	put(C0, 10);
	first = fake_time_next();
	fake_time_advance(first);
	assert_int_equal(irq.rises, 1);
	put(C0, 1);
	assert_int_equal(fake_time_next(), first + PIT_MIN_PERIOD);
	fake_time_advance(PIT_MIN_PERIOD - 1);
	assert_int_equal(irq.rises, 1);
	fake_time_advance(1);
	assert_int_equal(irq.rises, 2);
}

/* The host was away for a second (time stands at the timer's due time in the fake, so call it late
 * by hand). */
static void late_timer_does_not_burst(void **state)
{
	struct timer *t = &p.timer.timer;

	(void)state;
	out(CONTROL, CW(0, 2));
	put(C0, 1193);
	timer_cancel(t);
	fake_time_advance(NS_PER_S);
	t->fn(t->ctx);
	assert_int_equal(irq.rises, 1);
	assert_in_range(fake_time_next() - time_now(), 100 * NS_PER_US, NS_PER_MS);
	fake_time_advance(10 * NS_PER_MS);
	assert_in_range(irq.rises, 10, 12); /* on time again */
}

/* timer_cancel() allows a callback that had begun: it finds nothing to do. */
static void stray_timer(void **state)
{
	struct timer *t = &p.timer.timer;

	(void)state;
	t->fn(t->ctx);
	assert_int_equal(irq.rises, 0);
	out(CONTROL, CW(0, 2));
	put(C0, 11932);
	t->fn(t->ctx);
	assert_int_equal(irq.rises, 0);
	wait(11933);
	assert_int_equal(irq.rises, 1);
}

static void reset_stops(void **state)
{
	(void)state;
	out(CONTROL, CW(0, 2));
	put(C0, 1000);
	wait(1001);
	out(PORT61, 0x03);
	p.dev.ops->reset(&p.dev);
	assert_false(irq.level);
	assert_int_equal(fake_time_next(), TIME_NEVER);
	assert_int_equal(in(PORT61)&0x0f, 0);
}

static void random_traffic(void **state)
{
	u32 seed = 3;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		u32 r = rig_random(&seed);
		u64 off = r & 4 ? r & 3 : r & 8 ? CONTROL : PORT61;

		if (r & 16)
			out(off, (u8)(r >> 8));
		else
			in(off);
		if (r & 32)
			fake_time_advance(r >> 10);
		assert_false(spin_held(&lock));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(mode0_interrupts_once, power_on),
		cmocka_unit_test_setup(mode0_first_byte_stops, power_on),
		cmocka_unit_test_setup(no_drift, power_on),
		cmocka_unit_test_setup(new_count_while_running, power_on),
		cmocka_unit_test_setup(port61, power_on),
		cmocka_unit_test_setup(tiny_divisors_are_capped, power_on),
		cmocka_unit_test_setup(one_shots_are_capped, power_on),
		cmocka_unit_test_setup(late_timer_does_not_burst, power_on),
		cmocka_unit_test_setup(stray_timer, power_on),
		cmocka_unit_test_setup(reset_stops, power_on),
		cmocka_unit_test_setup(random_traffic, power_on),
	};

	return cmocka_run_group_tests_name("pit_irq", tests, NULL, NULL);
}

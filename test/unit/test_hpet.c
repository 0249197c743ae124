// SPDX-License-Identifier: BSD-2-Clause
/* The HPET by its specification: registers, one-shot timers, what it costs the host. */
#include "hpet_rig.h"

/* --- Registers ------------------------------------------------------------------------- */

static void after_reset(void **state)
{
	/* 10 ns in femtoseconds; vendor, legacy, 64 bits, last timer 2, revision 1. */
	assert_int_equal(get(CAPS), 10000000ull << 32 | 0x8086a201);
	assert_int_equal(get(CONFIG), 0);
	assert_int_equal(get(STATUS), 0);
	assert_int_equal(get(COUNTER), 0);
	for (unsigned n = 0; n < HPET_TIMERS; n++) {
		assert_int_equal(get(TCONFIG(n)), T_CAPS); /* pins 20 to 23, 64 bits, periodic */
		assert_int_equal(get(TCMP(n)), ~0ull);
		assert_int_equal(get(TCMP(n) + 8), 0); /* no FSB route */
	}
	assert_int_equal(get(TCONFIG(HPET_TIMERS)), 0);
	assert_int_equal(get(0x3f8), 0);
	wait(1000);
	assert_int_equal(get(COUNTER), 0);
}

static void writable_bits(void **state)
{
	put(CAPS, 0);
	assert_int_equal(get(CAPS) >> 32, 10000000);
	put(CONFIG, ~0ull << 1);
	assert_int_equal(get(CONFIG), LEGACY);
	put(TCONFIG(1), ~0ull);
	/* Pin 31 is not offered and does not stay, nor does FSB delivery. */
	assert_int_equal(get(TCONFIG(1)), T_CAPS | LEVEL | INT | PERIODIC | SET | BITS32);
	for (u32 pin = 0; pin < 32; pin++) {
		put(TCONFIG(1), PIN(pin));
		assert_int_equal(get(TCONFIG(1)) >> 9 & 31, pin >= 20 && pin < 24 ? pin : 0);
	}
	put(TCMP(1) + 8, ~0ull);
	assert_int_equal(get(TCMP(1) + 8), 0);
}

static void main_counter(void **state)
{
	put(COUNTER, 0xfffffffffull);
	put(CONFIG, ENABLE);
	wait(5);
	assert_int_equal(get(COUNTER), 0x1000000004ull);
	assert_int_equal(get32(COUNTER), 4);
	assert_int_equal(get32(COUNTER + 4), 0x10);
	put(COUNTER, 0); /* only while it stands */
	assert_int_equal(get(COUNTER), 0x1000000004ull);
	put(CONFIG, 0);
	wait(1000);
	assert_int_equal(get(COUNTER), 0x1000000004ull);
	put32(COUNTER + 4, 0);
	assert_int_equal(get(COUNTER), 4);
	/* Fractions of a tick are not lost by writing the configuration again and again. */
	put(CONFIG, ENABLE);
	for (unsigned i = 0; i < 1000; i++) {
		fake_time_advance(7);
		put(CONFIG, i & 1 ? ENABLE : ENABLE | LEGACY);
	}
	assert_int_equal(get(COUNTER), 4 + 700);
}

static void access_widths(void **state)
{
	put32(TCMP(0), 0x11111111);
	assert_int_equal(get(TCMP(0)), 0xffffffff11111111ull);
	put32(TCMP(0) + 4, 0x22222222);
	assert_int_equal(get(TCMP(0)), 0x2222222211111111ull);
	assert_int_equal(h.dev.ops->read(&h.dev, 2, 2), 0x8086);
	put(TCMP(0) + 4, 0x3333333344444444ull);
	assert_int_equal(get(TCMP(0)), 0x4444444411111111ull);
}

/* --- One-shot -------------------------------------------------------------------------- */

static void one_shot_edge(void **state)
{
	put(TCONFIG(2), INT | PIN(22));
	put(TCMP(2), 500 * US);
	wait(1000 * US);
	assert_int_equal(pins[22].rises, 0); /* the counter stands */
	put(CONFIG, ENABLE);
	wait(500 * US - 1);
	assert_int_equal(pins[22].rises, 0);
	wait(1);
	assert_int_equal(pins[22].rises, 1);
	assert_int_equal(get(STATUS), 0); /* only levels show there */
	assert_int_equal(fake_time_next(), TIME_NEVER);
	wait(1000000 * US);
	assert_int_equal(pins[22].rises, 1);
	put(TCMP(2), get(COUNTER) + 1000 * US);
	wait(1000 * US);
	assert_int_equal(pins[22].rises, 2);
	/* What is past never comes; what is now, does. */
	put(TCMP(2), get(COUNTER) - 1);
	wait(1000 * US);
	assert_int_equal(pins[22].rises, 2);
	put(TCMP(2), get(COUNTER));
	assert_int_equal(pins[22].rises, 3);
}

static void one_shot_of_32_bits(void **state)
{
	put(CONFIG, ENABLE);
	put(TCONFIG(1), INT | BITS32 | PIN(20));
	put(TCMP(1), 7ull << 32 | 1000 * US);
	assert_int_equal(get(TCMP(1)), 1000 * US);
	wait(1000 * US);
	assert_int_equal(pins[20].rises, 1);
	/* Once more in each turn of the low half, 43 s. */
	wait(BIT(32) - 1);
	assert_int_equal(pins[20].rises, 1);
	wait(1);
	assert_int_equal(pins[20].rises, 2);
}

static void level(void **state)
{
	put(CONFIG, ENABLE);
	put(TCONFIG(0), INT | LEVEL | PIN(21));
	put(TCMP(0), 200 * US);
	wait(200 * US);
	assert_true(pins[21].level);
	assert_int_equal(get(STATUS), 1);
	put(STATUS, 6); /* not its bit */
	assert_true(pins[21].level);
	put(STATUS, 1);
	assert_false(pins[21].level);
	assert_int_equal(get(STATUS), 0);
	/* Without interrupt enable the status is set all the same, without a host timer. */
	put(TCONFIG(0), LEVEL | PIN(21));
	put(TCMP(0), get(COUNTER) + 100 * US);
	assert_int_equal(fake_time_next(), TIME_NEVER);
	wait(100 * US);
	assert_int_equal(get(STATUS), 1);
	assert_false(pins[21].level);
	wait(1); /* else it would match again */
	put(TCONFIG(0), LEVEL | INT | PIN(21));
	assert_true(pins[21].level);
	put(CONFIG, 0); /* halts the counter and disables all interrupts */
	assert_false(pins[21].level);
	put(CONFIG, ENABLE);
	assert_true(pins[21].level);
	put(TCONFIG(0), INT | PIN(21)); /* as an edge it is nothing */
	assert_false(pins[21].level);
	assert_int_equal(get(STATUS), 0);
}

static void two_timers_at_one_pin(void **state)
{
	put(CONFIG, ENABLE);
	for (unsigned n = 0; n < 2; n++) {
		put(TCONFIG(n), INT | LEVEL | PIN(23));
		put(TCMP(n), 200 * US * (n + 1));
	}
	wait(400 * US);
	assert_int_equal(get(STATUS), 3);
	put(STATUS, 1);
	assert_true(pins[23].level);
	put(STATUS, 2);
	assert_false(pins[23].level);
	assert_int_equal(pins[23].rises, 1);
}

/* --- The host's side ------------------------------------------------------------------- */

static void idle_costs_nothing(void **state)
{
	put(CONFIG, ENABLE);
	assert_int_equal(fake_time_next(), TIME_NEVER);
	put(TCMP(0), 1000 * US);
	assert_int_equal(fake_time_next(), TIME_NEVER); /* not enabled */
	put(TCONFIG(0), INT);
	assert_int_equal(fake_time_next(), TIME_NEVER); /* at no pin */
	put(TCONFIG(0), INT | PIN(20));
	assert_int_equal(fake_time_next(), 1000 * US * HPET_TICK_NS);
	put(TCMP(0), BIT(60));
	assert_int_equal(fake_time_next(), TIME_NEVER);
	put(TCMP(0), 1000 * US);
	put(CONFIG, 0);
	assert_int_equal(fake_time_next(), TIME_NEVER);
}

static void reset(void **state)
{
	put(TCONFIG(0), INT | LEVEL | PERIODIC | SET | PIN(20));
	put(TCMP(0), 1000 * US);
	put(CONFIG, ENABLE | LEGACY);
	hpet_input(&h, HPET_FROM_RTC, true);
	wait(1000 * US);
	assert_true(pins[0].level);
	h.dev.ops->reset(&h.dev);
	assert_int_equal(fake_time_next(), TIME_NEVER);
	assert_false(pins[0].level);
	assert_true(pins[8].level); /* the RTC's own again */
	after_reset(state);
}

/* Whatever a guest does: no crash, no timer in the past, no pin that is not offered. */
static void random_traffic(void **state)
{
	static const u16 regs[] = { CAPS,       CONFIG,  STATUS,     COUNTER, TCONFIG(0), TCMP(0),
				    TCONFIG(1), TCMP(1), TCONFIG(2), TCMP(2), TCONFIG(3), 0x3f8 };
	u32 seed = 11;

	for (unsigned i = 0; i < 100000; i++) {
		u64 off = regs[rig_random(&seed) % ARRAY_LEN(regs)] + rig_random(&seed) % 2 * 4;
		unsigned width = 1u << rig_random(&seed) % 4;
		u64 val = (u64)rig_random(&seed) << (rig_random(&seed) % 40);

		if (off % 8 == 0 && off == CONFIG && rig_random(&seed) % 4)
			val |= ENABLE;
		if (rig_random(&seed) % 2)
			h.dev.ops->write(&h.dev, off, width, val & width_mask(width));
		else
			assert_int_equal(h.dev.ops->read(&h.dev, off, width) & ~width_mask(width),
					 0);
		hpet_input(&h, rig_random(&seed) % 2, rig_random(&seed) % 2);
		fake_time_advance(rig_random(&seed) % 5000);
	}
	for (unsigned pin = 0; pin < ARRAY_LEN(pins); pin++)
		if (pin != 0 && pin != 8 && pin < 20)
			assert_int_equal(pins[pin].rises, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(after_reset, power_on),
		cmocka_unit_test_setup(writable_bits, power_on),
		cmocka_unit_test_setup(main_counter, power_on),
		cmocka_unit_test_setup(access_widths, power_on),
		cmocka_unit_test_setup(one_shot_edge, power_on),
		cmocka_unit_test_setup(one_shot_of_32_bits, power_on),
		cmocka_unit_test_setup(level, power_on),
		cmocka_unit_test_setup(two_timers_at_one_pin, power_on),
		cmocka_unit_test_setup(idle_costs_nothing, power_on),
		cmocka_unit_test_setup(reset, power_on),
		cmocka_unit_test_setup(random_traffic, power_on),
	};

	return cmocka_run_group_tests_name("hpet", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
/* The HPET: periodic timers and legacy replacement, by its specification and by what kernels do to it. */
#include "hpet_rig.h"

/* --- Periodic -------------------------------------------------------------------------- */

/* HPET specification, "Periodic Mode": accumulator, then period. */
static void periodic(void **state)
{
	put(CONFIG, ENABLE);
	wait(123);
	put(TCONFIG(0), INT | PERIODIC | SET | PIN(20));
	put(TCMP(0), 123 + 300 * US);
	assert_false(get(TCONFIG(0)) & SET); /* clears itself */
	put(TCMP(0), 1000 * US);             /* the period */
	assert_int_equal(get(TCMP(0)), 123 + 300 * US);
	wait(300 * US);
	assert_int_equal(pins[20].rises, 1);
	assert_int_equal(get(TCMP(0)), 123 + 1300 * US);
	wait(10000 * US);
	assert_int_equal(pins[20].rises, 11);
	assert_int_equal(get(TCMP(0)), 123 + 11300 * US);
	/* A new period counts from the next match on. */
	put(TCMP(0), 500 * US);
	wait(1000 * US);
	assert_int_equal(pins[20].rises, 12);
	wait(500 * US);
	assert_int_equal(pins[20].rises, 13);
}

/* Software that believes one write with "value set" to be enough is right too. */
static void periodic_by_one_write(void **state)
{
	put(TCONFIG(0), INT | PERIODIC | SET | PIN(20));
	put(TCMP(0), 1000 * US);
	put(CONFIG, ENABLE);
	wait(5000 * US);
	assert_int_equal(pins[20].rises, 5);
}

/* In two halves, each announced by "value set". */
static void periodic_by_halves(void **state)
{
	put(TCONFIG(0), INT | PERIODIC | PIN(20));
	put32(TCONFIG(0), INT | PERIODIC | SET | PIN(20));
	put32(TCMP(0), (u32)(1000 * US));
	put32(TCONFIG(0), INT | PERIODIC | SET | PIN(20));
	put32(TCMP(0) + 4, 1);
	assert_int_equal(get(TCMP(0)), BIT(32) + 1000 * US);
	put32(TCMP(0), (u32)(2000 * US));
	put32(TCMP(0) + 4, 0);
	assert_int_equal(get(TCMP(0)), BIT(32) + 1000 * US);
	put(CONFIG, ENABLE);
	wait(BIT(32) + 1000 * US);
	assert_int_equal(pins[20].rises, 1);
	wait(4000 * US);
	assert_int_equal(pins[20].rises, 3);
}

static void periodic_of_32_bits(void **state)
{
	put(COUNTER, BIT(32) - 100 * US);
	put(TCONFIG(0), INT | PERIODIC | SET | BITS32 | PIN(20));
	put(TCMP(0), 100 * US); /* behind the wrap */
	put(TCMP(0), 1000 * US);
	put(CONFIG, ENABLE);
	wait(200 * US);
	assert_int_equal(pins[20].rises, 1);
	assert_int_equal(get(TCMP(0)), 1100 * US);
	wait(3000 * US);
	assert_int_equal(pins[20].rises, 4);
	assert_int_equal(get(TCMP(0)), 4100 * US);
}

/* A period of one tick is 100 million interrupts a second: the host gives ten thousand. */
static void tiny_periods_are_capped(void **state)
{
	put(TCONFIG(0), INT | PERIODIC | SET | PIN(20));
	put(TCMP(0), 1);
	put(CONFIG, ENABLE);
	wait(100000 * US);
	assert_in_range(pins[20].rises, 900, 1002);
	assert_int_equal(get(TCMP(0)), get(COUNTER) + 1);
	/* Period 0 matches once. */
	put(TCMP(0), 0);
	pins[20].rises = 0;
	wait(1000 * US);
	assert_in_range(pins[20].rises, 0, 1);
}

/* --- Legacy replacement ---------------------------------------------------------------- */

static void lines_pass_through(void **state)
{
	hpet_input(&h, HPET_FROM_PIT, true);
	hpet_input(&h, HPET_FROM_RTC, true);
	assert_true(pins[0].level && pins[8].level);
	put(CONFIG, LEGACY); /* no replacement while it is not enabled */
	assert_true(pins[0].level && pins[8].level);
	put(CONFIG, ENABLE | LEGACY);
	assert_false(pins[0].level || pins[8].level);
	hpet_input(&h, HPET_FROM_RTC, false);
	hpet_input(&h, HPET_FROM_PIT, false);
	hpet_input(&h, HPET_FROM_PIT, true);
	assert_int_equal(pins[0].rises, 1);
	put(CONFIG, ENABLE);
	assert_true(pins[0].level);
	assert_false(pins[8].level);
}

/* As Linux does at its start: comparator 0 periodic of 32 bits, by the write order of its driver.
 */
static void linux_legacy_tick(void **state)
{
	u32 cfg;

	put32(CONFIG, 0);
	put32(COUNTER, 0);
	put32(COUNTER + 4, 0);
	put32(CONFIG, ENABLE | LEGACY);
	cfg = get32(TCONFIG(0)) & ~(u32)(LEVEL | PERIODIC);
	put32(CONFIG, 0);
	put32(TCONFIG(0), cfg | INT | PERIODIC | SET | BITS32);
	put32(TCMP(0), get32(COUNTER) + (u32)(4000 * US));
	fake_time_advance(NS_PER_US);
	put32(TCMP(0), (u32)(4000 * US));
	put32(CONFIG, ENABLE | LEGACY);
	wait(40000 * US);
	assert_int_equal(pins[0].rises, 10);
	assert_true(pins[0].level); /* stays until the 8259 has taken it */
	/* Then one-shots: the next event 3 ms from now. */
	put32(TCONFIG(0), cfg | INT | BITS32);
	put32(TCMP(0), get32(COUNTER) + (u32)(3000 * US));
	wait(3000 * US);
	assert_int_equal(pins[0].rises, 11);
	/* Shutdown. */
	put32(TCONFIG(0), cfg & ~(u32)INT);
	assert_false(pins[0].level);
	wait(100000 * US);
	assert_int_equal(pins[0].rises, 11);
}

/* Timer 1 is the RTC's interrupt, timer 2 keeps its pin, and routes of 0 and 1 do not count. */
static void legacy_routes(void **state)
{
	put(CONFIG, ENABLE | LEGACY);
	for (unsigned n = 0; n < 3; n++) {
		put(TCONFIG(n), INT | PIN(20 + n));
		put(TCMP(n), 1000 * US);
	}
	wait(1000 * US);
	assert_int_equal(pins[0].rises, 1);
	assert_int_equal(pins[8].rises, 1);
	assert_int_equal(pins[20].rises + pins[21].rises, 0);
	assert_int_equal(pins[22].rises, 1);
	/* What is left up of an edge is none at the other pin. */
	put(CONFIG, ENABLE);
	assert_int_equal(pins[20].rises + pins[21].rises, 0);
	assert_false(pins[0].level);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(periodic, power_on),
		cmocka_unit_test_setup(periodic_by_one_write, power_on),
		cmocka_unit_test_setup(periodic_by_halves, power_on),
		cmocka_unit_test_setup(periodic_of_32_bits, power_on),
		cmocka_unit_test_setup(tiny_periods_are_capped, power_on),
		cmocka_unit_test_setup(lines_pass_through, power_on),
		cmocka_unit_test_setup(linux_legacy_tick, power_on),
		cmocka_unit_test_setup(legacy_routes, power_on),
	};

	return cmocka_run_group_tests_name("hpet_periodic", tests, NULL, NULL);
}

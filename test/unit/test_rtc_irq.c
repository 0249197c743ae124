// SPDX-License-Identifier: BSD-2-Clause
#include "rtc_rig.h"

static void update_ended_interrupt(void **state)
{
	(void)state;
	put(B, B_24H | UIE);
	fake_time_advance(NS_PER_S - 1);
	assert_false(irq.level);
	fake_time_advance(1);
	assert_true(irq.level);
	fake_time_advance(3 * NS_PER_S); /* not read: no more */
	assert_int_equal(irq.rises, 1);
	assert_int_equal(get(C) & 0xb0, 0x90);
	assert_false(irq.level);
	assert_int_equal(get(C), 0);
	fake_time_advance(NS_PER_S);
	assert_int_equal(irq.rises, 2);
	put(B, B_24H | UIE | SET);
	assert_int_equal(get(B) & UIE, 0); /* SET clears it */
}

/* Flags are set whether enabled or not; enabling one that is set interrupts at once. */
static void flags_without_enables(void **state)
{
	(void)state;
	fake_time_advance(NS_PER_S);
	assert_int_equal(get(C), 0x50);
	fake_time_advance(NS_PER_S);
	assert_false(irq.level);
	assert_int_equal(fake_time_next(), TIME_NEVER);
	put(B, B_24H | UIE);
	assert_true(irq.level);
	put(B, B_24H);
	assert_false(irq.level);
}

static void periodic_rates(void **state)
{
	static const u32 hz[16] = { 0,   256, 128, 8192, 4096, 2048, 1024, 512,
				    256, 128, 64,  32,   16,   8,    4,    2 };

	(void)state;
	for (u8 rate = 0; rate < 16; rate++) {
		unsigned seen = 0;

		power_on(NULL);
		put(A, 0x20 | rate);
		put(B, B_24H | PIE);
		while (fake_time_next() <= NS_PER_S) {
			fake_time_advance(fake_time_next() - time_now());
			assert_true(irq.level);
			assert_int_equal(get(C) & 0xc0, 0xc0);
			seen++;
		}
		assert_int_equal(seen, hz[rate]);
	}
}

/* Whoever does not read register C gets one interrupt, and the host one timer. */
static void periodic_does_not_burst(void **state)
{
	(void)state;
	put(A, 0x23);
	put(B, B_24H | PIE);
	fake_time_advance(NS_PER_S);
	assert_int_equal(irq.rises, 1);
	assert_int_equal(fake_time_next(), TIME_NEVER);
	get(C);
	assert_in_range(fake_time_next() - time_now(), 1, 122071);
}

static void divider_reset_stops_all(void **state)
{
	(void)state;
	put(A, 0x66);
	put(B, B_24H | PIE | UIE | AIE);
	assert_int_equal(fake_time_next(), TIME_NEVER);
	fake_time_advance(10 * NS_PER_S);
	assert_int_equal(get(C), 0);
	assert_time(0x03, 0x04, 0x05);
}

static void alarms(void **state)
{
	static const struct {
		u8 hour, minute, second;
		u32 after; /* seconds from 03:04:05, 0: never */
	} rows[] = {
		{ 0x03, 0x04, 0x06, 1 },
		{ 0x03, 0x04, 0x05, 86400 }, /* now is over: tomorrow */
		{ 0x03, 0x04, 0x04, 86399 },
		{ 0x03, 0x05, 0x00, 55 },
		{ 0x04, 0x00, 0x00, 3355 },
		{ 0x02, 0x59, 0x59, 86400 - 246 },
		{ 0xff, 0xff, 0xff, 1 },    /* every second */
		{ 0xc0, 0xc0, 0x05, 60 },   /* every minute */
		{ 0xff, 0x04, 0x05, 3600 }, /* every hour */
		{ 0xff, 0x03, 0xff, 3535 }, /* each second of the minute 3, from 04:03:00 */
		{ 0x03, 0xff, 0x04, 59 },
		{ 0x00, 0xff, 0xff, 75355 },
		{ 0x24, 0x00, 0x00, 0 },
		{ 0x03, 0x60, 0x00, 0 },
		{ 0x03, 0x0a, 0x00, 0 }, /* no digit */
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		power_on(NULL);
		put(HOUR_ALARM, rows[i].hour);
		put(MINUTE_ALARM, rows[i].minute);
		put(SECOND_ALARM, rows[i].second);
		put(B, B_24H | AIE);
		if (!rows[i].after) {
			assert_int_equal(fake_time_next(), TIME_NEVER);
			continue;
		}
		fake_time_advance(rows[i].after * NS_PER_S - 1);
		assert_false(irq.level);
		fake_time_advance(1);
		assert_true(irq.level);
		assert_int_equal(get(C) & 0xa0, 0xa0);
	}
}

/* Without the interrupt the flag is found when somebody looks, even if that is long after. */
static void alarm_flag_is_polled(void **state)
{
	(void)state;
	put(HOUR_ALARM, 0x05);
	put(MINUTE_ALARM, 0x00);
	put(SECOND_ALARM, 0x00);
	fake_time_advance(3600 * NS_PER_S);
	assert_int_equal(get(C) & 0x20, 0);
	fake_time_advance(4 * 3600 * NS_PER_S);
	assert_int_equal(get(C) & 0x20, 0x20);
	assert_int_equal(get(C) & 0x20, 0);
}

static void alarm_in_12_hours(void **state)
{
	(void)state;
	put(B, AIE);
	put(HOUR_ALARM, 0x92); /* noon */
	put(MINUTE_ALARM, 0x00);
	put(SECOND_ALARM, 0x00);
	fake_time_advance((8 * 3600 + 55 * 60 + 55) * NS_PER_S);
	assert_int_equal(get(HOUR), 0x92);
	assert_true(irq.level);
}

static void setting_the_clock_moves_the_alarm(void **state)
{
	(void)state;
	put(B, B_24H | AIE);
	put(HOUR_ALARM, 0x08);
	put(HOUR, 0x07); /* 07:04:05 */
	fake_time_advance((55 * 60 + 55) * NS_PER_S);
	assert_true(irq.level);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(update_ended_interrupt, power_on),
		cmocka_unit_test_setup(flags_without_enables, power_on),
		cmocka_unit_test_setup(periodic_rates, power_on),
		cmocka_unit_test_setup(periodic_does_not_burst, power_on),
		cmocka_unit_test_setup(divider_reset_stops_all, power_on),
		cmocka_unit_test_setup(alarms, power_on),
		cmocka_unit_test_setup(alarm_flag_is_polled, power_on),
		cmocka_unit_test_setup(alarm_in_12_hours, power_on),
		cmocka_unit_test_setup(setting_the_clock_moves_the_alarm, power_on),
	};

	return cmocka_run_group_tests_name("rtc_irq", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
#include "rtc_rig.h"

static void wall_clock(void **state)
{
	(void)state;
	assert_time(0x03, 0x04, 0x05);
	assert_date(0x20, 0x26, 0x01, 0x02);
	assert_int_equal(get(WEEKDAY), 6);
	assert_int_equal(get(A), 0x26);
	assert_int_equal(get(B), B_24H);
	assert_int_equal(get(C), 0);
	assert_int_equal(get(D), 0x80);
	fake_time_advance(3600 * NS_PER_S - 1);
	assert_time(0x04, 0x04, 0x04);
	fake_time_advance(1);
	assert_time(0x04, 0x04, 0x05);
}

static void formats(void **state)
{
	static const struct {
		u8 b, at_0h, at_11h, at_12h, at_23h;
	} rows[] = {
		{ B_24H, 0x00, 0x11, 0x12, 0x23 },
		{ B_24H | B_BINARY, 0, 11, 12, 23 },
		{ 0, 0x12, 0x11, 0x92, 0x91 },
		{ B_BINARY, 12, 11, 0x80 | 12, 0x80 | 11 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		const u8 want[24] = { [0] = rows[i].at_0h,
				      [11] = rows[i].at_11h,
				      [12] = rows[i].at_12h,
				      [23] = rows[i].at_23h };

		put(B, rows[i].b);
		for (unsigned h = 0; h < 24; h++) {
			if (want[h]) {
				put(HOUR, want[h]);
				assert_int_equal(get(HOUR), want[h]);
				put(B, B_24H | B_BINARY); /* the same hour in the plainest format */
				assert_int_equal(get(HOUR), h);
				put(B, rows[i].b);
			}
		}
	}
}

/* Linux mc146818_set_time(): SET, divider held, fields, SET off, divider on; the clock starts half
 * a second before. */
static void set_like_linux(void **state)
{
	(void)state;
	fake_time_advance(123456789);
	put(B, B_24H | SET);
	put(A, 0x76);
	put(YEAR, 0x99);
	put(MONTH, 0x12);
	put(DAY, 0x31);
	put(HOUR, 0x23);
	put(MINUTE, 0x59);
	put(SECOND, 0x59);
	put(CENTURY, 0x19);
	fake_time_advance(7 * NS_PER_S); /* nothing moves */
	assert_time(0x23, 0x59, 0x59);
	put(B, B_24H);
	put(A, 0x26);
	assert_time(0x23, 0x59, 0x59);
	fake_time_advance(NS_PER_S / 2 - 1);
	assert_time(0x23, 0x59, 0x59);
	fake_time_advance(1);
	assert_time(0x00, 0x00, 0x00);
	assert_date(0x20, 0x00, 0x01, 0x01);
	fake_time_advance(60 * 86400 * NS_PER_S - NS_PER_S);
	assert_date(0x20, 0x00, 0x02, 0x29);
}

/* DOS and old kernels write without SET; the second that has begun goes on. */
static void set_field_by_field(void **state)
{
	(void)state;
	fake_time_advance(300 * NS_PER_MS);
	put(HOUR, 0x20);
	put(MINUTE, 0x30);
	put(SECOND, 0x40);
	fake_time_advance(699 * NS_PER_MS);
	assert_time(0x20, 0x30, 0x40);
	fake_time_advance(NS_PER_MS);
	assert_time(0x20, 0x30, 0x41);
}

static void weekday_is_the_guests(void **state)
{
	(void)state;
	put(WEEKDAY, 2);
	assert_int_equal(get(WEEKDAY), 2);
	fake_time_advance(86400 * NS_PER_S);
	assert_int_equal(get(WEEKDAY), 3);
	fake_time_advance(5 * 86400 * NS_PER_S);
	assert_int_equal(get(WEEKDAY), 1);
}

static void update_in_progress(void **state)
{
	(void)state;
	assert_int_equal(get(A) & 0x80, 0);
	fake_time_advance(NS_PER_S - 2228 * NS_PER_US - 1);
	assert_int_equal(get(A) & 0x80, 0);
	fake_time_advance(1);
	assert_int_equal(get(A) & 0x80, 0x80);
	assert_int_equal(get(SECOND), 0x05);
	fake_time_advance(2228 * NS_PER_US);
	assert_int_equal(get(A) & 0x80, 0);
	assert_int_equal(get(SECOND), 0x06);
	put(B, B_24H | SET);
	fake_time_advance(NS_PER_S - NS_PER_MS);
	assert_int_equal(get(A) & 0x80, 0); /* no update with SET */
	put(A, 0xff);
	assert_int_equal(get(A), 0x7f); /* UIP is read only */
}

static void cmos_memory(void **state)
{
	(void)state;
	for (unsigned i = 0x0e; i < 128; i++)
		if (i != CENTURY)
			put((u8)i, (u8)(i ^ 0x5a));
	for (unsigned i = 0x0e; i < 128; i++)
		if (i != CENTURY)
			assert_int_equal(get((u8)i), i ^ 0x5a);
	put(D, 0x55);
	put(C, 0x55);
	assert_int_equal(get(D), 0x80);
	assert_int_equal(get(C), 0);
}

static void index_port(void **state)
{
	(void)state;
	rig_out(&r.dev, 0, 0x8f); /* NMI off: register 0Fh */
	rig_out(&r.dev, 1, 0x77);
	assert_int_equal(rig_in(&r.dev, 0), 0x8f);
	assert_int_equal(get(0x0f), 0x77);
	r.dev.ops->write(&r.dev, 0, 2, 0x3310); /* outw: index, then data */
	assert_int_equal(get(0x10), 0x33);
}

static void reset_keeps_the_battery(void **state)
{
	(void)state;
	put(0x40, 0x12);
	put(HOUR, 0x10);
	put(B, B_BINARY | PIE | SET);
	put(A, 0x2f);
	r.dev.ops->reset(&r.dev);
	assert_int_equal(get(0x40), 0x12);
	assert_int_equal(get(HOUR), 0x10);
	assert_int_equal(get(A), 0x26);
	assert_int_equal(get(B), B_24H);
	assert_false(irq.level);
	fake_time_advance(NS_PER_S);
	assert_int_equal(get(SECOND), 0x06); /* and it runs */
}

static void random_traffic(void **state)
{
	u32 seed = 5;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		u32 n = rig_random(&seed);
		u8 reg = n & 64 ? CENTURY : n & 15;

		if (n & 16)
			put(reg, (u8)(n >> 8));
		else
			get(reg);
		if (n & 32)
			fake_time_advance((u64)n << (n >> 4 & 15));
		assert_false(spin_held(&lock));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(wall_clock, power_on),
		cmocka_unit_test_setup(formats, power_on),
		cmocka_unit_test_setup(set_like_linux, power_on),
		cmocka_unit_test_setup(set_field_by_field, power_on),
		cmocka_unit_test_setup(weekday_is_the_guests, power_on),
		cmocka_unit_test_setup(update_in_progress, power_on),
		cmocka_unit_test_setup(cmos_memory, power_on),
		cmocka_unit_test_setup(index_port, power_on),
		cmocka_unit_test_setup(reset_keeps_the_battery, power_on),
		cmocka_unit_test_setup(random_traffic, power_on),
	};

	return cmocka_run_group_tests_name("rtc", tests, NULL, NULL);
}

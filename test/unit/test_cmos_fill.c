// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <devices/cmos.h>
#include <string.h>

static u8 cmos[CMOS_SIZE];

static u32 le(unsigned at, unsigned bytes)
{
	u32 val = 0;

	for (unsigned i = 0; i < bytes; i++)
		val |= (u32)cmos[at + i] << 8 * i;
	return val;
}

static void memory_sizes(void **state)
{
	static const struct {
		u64 low, high;
		u16 base_k, ext_k, ext_64k;
		u32 high_64k;
	} rows[] = {
		{ 256 * MIB, 0, 640, 65535, 3840, 0 },
		{ 8 * MIB, 0, 640, 7168, 0, 0 },
		{ 512 * KIB, 0, 512, 0, 0, 0 },
		{ 3 * GIB, 5 * GIB, 640, 65535, 0xbf00, 0x14000 },
		{ 4 * GIB, 1ull << 50, 640, 65535, 0xff00, 0xffffff },
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		cmos_fill(cmos, rows[i].low, rows[i].high);
		assert_int_equal(le(0x15, 2), rows[i].base_k);
		assert_int_equal(le(0x17, 2), rows[i].ext_k);
		assert_int_equal(le(0x30, 2), rows[i].ext_k);
		assert_int_equal(le(0x34, 2), rows[i].ext_64k);
		assert_int_equal(le(0x5b, 3), rows[i].high_64k);
	}
}

/* As a BIOS checks them at its start: the sum of 10h to 2Dh, high byte first. */
static void checksum(void **state)
{
	u32 sum = 0;

	cmos_fill(cmos, 64 * MIB, 0);
	for (unsigned i = 0x10; i <= 0x2d; i++)
		sum += cmos[i];
	assert_true(sum > 0xff);
	assert_int_equal(cmos[0x2e] << 8 | cmos[0x2f], sum);
}

static void equipment(void **state)
{
	cmos_fill(cmos, 64 * MIB, 0);
	assert_int_equal(cmos[0x14], 0x06); /* FPU, mouse; no diskettes, no display */
	assert_int_equal(cmos[0x10], 0);    /* no diskette drives */
	assert_int_equal(cmos[0x12], 0);    /* no disks */
	assert_int_equal(cmos[0x0e], 0);    /* no complaints of the self-test */
}

static void leaves_the_clock_alone(void **state)
{
	memset(cmos, 0xa5, 0x0e);
	cmos[0x32] = 0x20;
	cmos_fill(cmos, 64 * MIB, 0);
	for (unsigned i = 0; i < 0x0e; i++)
		assert_int_equal(cmos[i], 0xa5);
	assert_int_equal(cmos[0x32], 0x20);
}

static int clear(void **state)
{
	memset(cmos, 0, sizeof(cmos));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(memory_sizes, clear),
		cmocka_unit_test_setup(checksum, clear),
		cmocka_unit_test_setup(equipment, clear),
		cmocka_unit_test_setup(leaves_the_clock_alone, clear),
	};

	return cmocka_run_group_tests_name("cmos_fill", tests, NULL, NULL);
}

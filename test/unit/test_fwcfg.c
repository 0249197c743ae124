// SPDX-License-Identifier: BSD-2-Clause
/* fw_cfg as QEMU's docs/specs/fw_cfg describes it, in its port form. */
#include "unit.h"

#include <devices/fwcfg.h>

#include "device_rig.h"

static struct spinlock lock = SPINLOCK_INIT;
static struct fwcfg f;

static void choose(u16 key)
{
	f.dev.ops->write(&f.dev, 0, 2, key);
}

static u64 little(unsigned width)
{
	u64 val = 0;

	for (unsigned i = 0; i < width; i++)
		val |= (u64)rig_in(&f.dev, 1) << (8 * i);
	return val;
}

static u64 big(unsigned width)
{
	u64 val = 0;

	while (width--)
		val = val << 8 | rig_in(&f.dev, 1);
	return val;
}

static int fresh(void **state)
{
	fwcfg_init(&f, &lock);
	return 0;
}

static void signature_and_id(void **state)
{
	choose(0x0000);
	assert_int_equal(little(4), 'Q' | 'E' << 8 | 'M' << 16 | 'U' << 24);
	choose(0x0001);
	assert_int_equal(little(4), 1); /* ports, no DMA */
}

static void after_reset_the_signature_is_selected(void **state)
{
	assert_int_equal(rig_in(&f.dev, 1), 'Q');
	choose(1);
	f.dev.ops->reset(&f.dev);
	assert_int_equal(rig_in(&f.dev, 1), 'Q');
}

static void numbers_are_little_endian(void **state)
{
	assert_int_equal(fwcfg_add_number(&f, FWCFG_RAM_SIZE, 0x123456789a, 8), OK);
	assert_int_equal(fwcfg_add_number(&f, FWCFG_NB_CPUS, 3, 2), OK);
	choose(3);
	assert_int_equal(little(8), 0x123456789a);
	assert_int_equal(little(8), 0);
	choose(5);
	assert_int_equal(little(2), 3);
}

static void end_of_an_item_and_no_item_read_as_zero(void **state)
{
	assert_int_equal(fwcfg_add(&f, 0x15, "ab", 3), OK);
	choose(0x15);
	assert_int_equal(little(8), 'a' | 'b' << 8);
	choose(0x0f);
	assert_int_equal(little(8), 0);
	choose(0xffff);
	assert_int_equal(little(8), 0);
	choose(0x8000); /* of the machine, not the same as item 0 */
	assert_int_equal(little(4), 0);
}

static void selecting_again_starts_anew(void **state)
{
	choose(0);
	little(2);
	choose(0);
	assert_int_equal(rig_in(&f.dev, 1), 'Q');
	choose(0x4000); /* the write channel of old */
	assert_int_equal(rig_in(&f.dev, 1), 'Q');
}

static void only_words_at_510h_select(void **state)
{
	choose(0);
	f.dev.ops->write(&f.dev, 0, 1, 1);
	f.dev.ops->write(&f.dev, 1, 1, 1);
	f.dev.ops->write(&f.dev, 0, 4, 1);
	assert_int_equal(rig_in(&f.dev, 1), 'Q');
	assert_int_equal(f.dev.ops->read(&f.dev, 0, 2), ~0ull);
	assert_int_equal(rig_in(&f.dev, 0), 'E'); /* the ports overlap */
}

static void empty_directory(void **state)
{
	choose(0x19);
	assert_int_equal(big(4), 0);
	assert_int_equal(big(8), 0);
}

static void files(void **state)
{
	char name[56];

	assert_int_equal(fwcfg_add_file(&f, "etc/one", "first", 5), OK);
	assert_int_equal(fwcfg_add_file(&f, "opt/two", "2", 1), OK);
	choose(0x19);
	assert_int_equal(big(4), 2);
	assert_int_equal(big(4), 5);
	assert_int_equal(big(2), 0x20);
	assert_int_equal(big(2), 0);
	for (unsigned i = 0; i < sizeof(name); i++)
		name[i] = (char)rig_in(&f.dev, 1);
	assert_string_equal(name, "etc/one");
	assert_int_equal(big(4), 1);
	assert_int_equal(big(2), 0x21);
	choose(0x21);
	assert_int_equal(little(2), '2');
}

static void limits(void **state)
{
	char name[57];

	memset(name, 'x', 56);
	name[56] = '\0';
	assert_int_equal(fwcfg_add_file(&f, name, "", 0), E_RANGE);
	assert_int_equal(fwcfg_add_file(&f, name + 1, "", 0), OK);
	for (u32 i = 1; i < FWCFG_FILES; i++)
		assert_int_equal(fwcfg_add_file(&f, "x", "", 0), OK);
	assert_int_equal(fwcfg_add_file(&f, "x", "", 0), E_FULL);
	assert_int_equal(fwcfg_add_number(&f, FWCFG_ID, 3, 4), E_EXISTS);
	for (u16 key = 0x100; f.item_count < FWCFG_ITEMS; key++)
		assert_int_equal(fwcfg_add(&f, key, "", 0), OK);
	assert_int_equal(fwcfg_add(&f, 0x200, "", 0), E_FULL);
}

#define test(fn) cmocka_unit_test_setup(fn, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(signature_and_id),
		test(after_reset_the_signature_is_selected),
		test(numbers_are_little_endian),
		test(end_of_an_item_and_no_item_read_as_zero),
		test(selecting_again_starts_anew),
		test(only_words_at_510h_select),
		test(empty_directory),
		test(files),
		test(limits),
	};

	return cmocka_run_group_tests_name("fwcfg", tests, NULL, NULL);
}

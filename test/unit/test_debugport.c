// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <devices/debugport.h>

#include "device_rig.h"

static struct spinlock lock = SPINLOCK_INIT;
static struct debugport p;
static struct rig_chars log;

static void reads_e9(void **state)
{
	(void)state;
	debugport_init(&p, &lock, NULL);
	assert_int_equal(rig_in(&p.dev, 0), 0xe9);
}

static void writes_go_to_the_stream(void **state)
{
	(void)state;
	debugport_init(&p, &lock, rig_chars_init(&log));
	rig_out(&p.dev, 0, 'h');
	p.dev.ops->write(&p.dev, 0, 4, 'i'); /* the low byte */
	p.dev.ops->reset(&p.dev);
	rig_out(&p.dev, 0, '\n');
	assert_int_equal(log.out_len, 3);
	assert_memory_equal(log.out, "hi\n", 3);
}

static void no_stream(void **state)
{
	(void)state;
	debugport_init(&p, &lock, NULL);
	rig_out(&p.dev, 0, 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_e9),
		cmocka_unit_test(writes_go_to_the_stream),
		cmocka_unit_test(no_stream),
	};

	return cmocka_run_group_tests_name("debugport", tests, NULL, NULL);
}

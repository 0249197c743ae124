// SPDX-License-Identifier: BSD-2-Clause
/* core/isolation.c: faults planted in windows, the shared part and the tables themselves. */
#include "isolation_rig.h"

static void a_window_shows_another(void **state)
{
	assert_int_equal(window_map(&vms[0].window, 0x7000, vms[1].piece[1].hpa, K4), OK);
	assert_found("vm \"red\", window: 400000007000", "belongs to blue");
}

static void a_window_is_executable(void **state)
{
	assert_int_equal(pt_protect(&vms[1].window.pt, WINDOW_BASE + 0x3000, K4, RWX), OK);
	assert_found("vm \"blue\", window", "executable");
}

static void a_window_shows_more_than_the_window(void **state)
{
	assert_int_equal(pt_map(&vms[1].window.pt, 0x3000, vms[1].piece[0].hpa, K4, RW, PT_WB), OK);
	assert_int_equal(run_check(true), E_INVAL);
	assert_non_null(strstr(reports[0], "outside of the window"));
}

static void a_window_with_a_shared_part_of_its_own(void **state)
{
	((u64 *)hostmap_ptr(vms[0].window.pt.root))[511] = 0;
	assert_found("vm \"red\", window", "shared part is another one");
}

static void the_shared_part_shows_guest_ram(void **state)
{
	assert_non_null(hostmap_add(vms[0].piece[1].hpa, K4, PT_READ, PT_WB));
	assert_found("shared part: ffff8", "guest RAM");
}

static void code_is_writable_elsewhere(void **state)
{
	assert_non_null(hostmap_add(IMAGE + K4, K4, RW, PT_WB));
	assert_found("shared part", "the code is writable");
}

static void code_is_writable_where_it_is(void **state)
{
	*entry_of(&vms[0].window.pt, IMAGE_BASE) |= BIT(1);
	assert_found("shared part: ffffffff80000000", "writable and executable");
}

static void data_is_executable(void **state)
{
	*entry_of(&vms[0].window.pt, TEXT_END) &= ~BIT(63);
	assert_found("shared part", "executable and not code");
}

static void a_table_of_two(void **state)
{
	u64 *red = hostmap_ptr(vms[0].second.root), *blue = hostmap_ptr(vms[1].second.root);

	blue[5] = (red[0] & PT_HPA_MASK) | RWX;
	assert_found("vm \"blue\", second stage", "used twice");
}

/* A root that points to itself. */
static void a_loop(void **state)
{
	u64 *root = hostmap_ptr(vms[1].second.root);

	root[9] = vms[1].second.root | RWX;
	assert_found("vm \"blue\", second stage", "used twice");
}

/* A guest that can write its own tables. */
static void a_table_in_guest_ram(void **state)
{
	u64 *root = hostmap_ptr(vms[1].second.root);

	root[9] = vms[1].piece[0].hpa | RWX;
	assert_found("a table at", "not the hypervisor's");
}

static void a_table_that_was_freed(void **state)
{
	u64 *root = hostmap_ptr(vms[0].second.root);

	frames_free(&pool, root[0] & PT_HPA_MASK, K4);
	assert_found("vm \"red\", second stage: the table", "not allocated");
}

static void many_faults_are_not_all_told(void **state)
{
	assert_int_equal(pt_map(&vms[0].second, 64 * MIB, RAM_LOW, 50 * K4, RWX, PT_WB), OK);
	assert_int_equal(run_check(true), E_INVAL);
	assert_int_equal(report_count, ISOLATION_REPORTS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_window_shows_another),
		TEST(a_window_is_executable),
		TEST(a_window_shows_more_than_the_window),
		TEST(a_window_with_a_shared_part_of_its_own),
		TEST(the_shared_part_shows_guest_ram),
		TEST(code_is_writable_elsewhere),
		TEST(code_is_writable_where_it_is),
		TEST(data_is_executable),
		TEST(a_table_of_two),
		TEST(a_loop),
		TEST(a_table_in_guest_ram),
		TEST(a_table_that_was_freed),
		TEST(many_faults_are_not_all_told),
	};

	return cmocka_run_group_tests_name("isolation_tables", tests, NULL, NULL);
}

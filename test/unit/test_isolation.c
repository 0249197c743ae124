// SPDX-License-Identifier: BSD-2-Clause
/* core/isolation.c: nothing to report; then one fault of each kind is planted in frames and second stages, and found. */
#include "isolation_rig.h"

/* --- The tests --- */

static void nothing_to_report(void **state)
{
	assert_int_equal(run_check(true), OK);
	assert_int_equal(report_count, 0);
	/* Taking something away from a guest is no fault. */
	struct pt_retired r = { 0 };

	assert_int_equal(pt_unmap(&vms[0].second, 5 * MIB, K4, &r), OK);
	pt_retired_free(&vms[0].second, &r);
	assert_int_equal(run_check(true), OK);
}

static void a_frame_with_two_owners(void **state)
{
	vms[1].piece[0].hpa = vms[0].piece[1].hpa + K4;
	assert_int_equal(run_check(false), E_INVAL);
	assert_non_null(strstr(reports[0], "belongs to vm \"red\" and to vm \"blue\""));
}

static void a_frame_given_twice_to_the_same(void **state)
{
	vms[0].piece[0].hpa = vms[0].piece[2].hpa;
	assert_int_equal(run_check(false), E_INVAL);
	assert_non_null(strstr(reports[0], "belongs to vm \"red\" and to vm \"red\""));
}

static void ram_that_was_freed(void **state)
{
	frames_free(&ram, vms[1].piece[1].hpa + 5 * K4, K4);
	assert_found("RAM of vm \"blue\"", "not allocated");
}

static void ram_that_is_no_ram(void **state)
{
	vms[1].piece[2].hpa = DEVICE;
	assert_int_equal(run_check(false), E_INVAL);
	assert_non_null(strstr(reports[0], "not allocated"));
}

static void ram_of_nobody(void **state)
{
	hpa_t lost;

	assert_int_equal(frames_alloc(&ram, 2 * M2, M2, &lost), OK);
	assert_found("4096 KiB", "belong to no vm");
	/* Somebody may be just about to take it. */
	assert_int_equal(run_check(false), OK);
}

static void a_guest_sees_another(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct vm *v = &vms[i], *other = &vms[!i];

		assert_int_equal(pt_map(&v->second, 0x7000, other->piece[2].hpa, K4, PT_READ, PT_WB), OK);
		assert_found(i ? "vm \"blue\", second stage: 7000" : "vm \"red\", second stage: 7000",
			     i ? "belongs to red" : "belongs to blue");
		assert_int_equal(pt_map(&v->second, 0x7000, v->piece[0].hpa + 0x7000, K4, RWX, PT_WB), OK);
	}
	assert_int_equal(run_check(true), OK);
}

static void a_guest_sees_the_hypervisor(void **state)
{
	assert_int_equal(pt_map(&vms[1].second, 64 * MIB, OWN + 100 * K4, K4, RWX, PT_WB), OK);
	assert_found("vm \"blue\", second stage: 4000000", "belongs to the hypervisor");
}

static void a_guest_sees_a_device(void **state)
{
	assert_int_equal(pt_map(&vms[0].second, DEVICE, DEVICE, K4, RW, PT_UC), OK);
	assert_found("second stage", "belongs to the machine");
}

static void a_guest_sees_free_ram(void **state)
{
	assert_int_equal(pt_map(&vms[0].second, 64 * MIB, RAM_LOW, K4, RWX, PT_WB), OK);
	assert_found("second stage", "belongs to nobody");
}

/* It is its own, but not what the window shows there. */
static void ram_in_the_wrong_place(void **state)
{
	assert_int_equal(pt_map(&vms[0].second, 0x7000, vms[0].piece[0].hpa + 0x8000, K4, RWX, PT_WB), OK);
	assert_found("second stage: 7000", "belongs to red, not there");
}

/* A large leaf that begins in the VM's RAM and ends behind it. */
static void a_leaf_too_large(void **state)
{
	struct vm *v = &vms[0];

	assert_int_equal(pt_map(&v->second, 12 * MIB, v->piece[2].hpa + 8 * MIB, M2, RWX, PT_WB), OK);
	assert_found("second stage: c00000", "not there");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_to_report),
		TEST(a_frame_with_two_owners),
		TEST(a_frame_given_twice_to_the_same),
		TEST(ram_that_was_freed),
		TEST(ram_that_is_no_ram),
		TEST(ram_of_nobody),
		TEST(a_guest_sees_another),
		TEST(a_guest_sees_the_hypervisor),
		TEST(a_guest_sees_a_device),
		TEST(a_guest_sees_free_ram),
		TEST(ram_in_the_wrong_place),
		TEST(a_leaf_too_large),
	};

	return cmocka_run_group_tests_name("isolation", tests, NULL, NULL);
}

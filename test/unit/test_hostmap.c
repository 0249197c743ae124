// SPDX-License-Identifier: BSD-2-Clause
/* The hypervisor's address space: the image and what is added to it, W^X. */
#include "hostmap_rig.h"

/* --- The shared part --- */

static void the_image_is_w_xor_x_and_nothing_else_is_there(void **state)
{
	struct window w = new_window();

	look(&w, UPPER, ~0ull);
	assert_int_equal(seen_count, 4);
	assert_run(0, HOSTMAP_DIRECT + POOL, POOL_FRAMES * K4, POOL, RW);
	assert_run(1, IMAGE_BASE, TEXT_END - IMAGE_BASE, IMAGE, PT_READ | PT_EXEC);
	assert_run(2, TEXT_END, RODATA_END - TEXT_END, IMAGE + (TEXT_END - IMAGE_BASE), PT_READ);
	assert_run(3, RODATA_END, IMAGE_END - RODATA_END, IMAGE + (RODATA_END - IMAGE_BASE), RW);
	look(&w, 0, UPPER - 1 - 0xffff000000000000ull);
	assert_int_equal(seen_count, 0);
	window_fini(&w);
}

static void what_is_added_appears_in_windows_made_before(void **state)
{
	struct window w = new_window();

	assert_ptr_equal(hostmap_add(0x12345678, 0x1000, PT_READ, PT_WB),
			 HOSTMAP_DIRECT + 0x12345678);
	assert_ptr_equal(hostmap_add(0xfee00000, K4, RW, PT_UC), HOSTMAP_DIRECT + 0xfee00000);
	assert_ptr_equal(hostmap_add(0xfffffff000, 0x1000, RW, PT_WC),
			 HOSTMAP_DIRECT + 0xfffffff000);
	look(&w, HOSTMAP_DIRECT, HOSTMAP_STACKS - 1);
	assert_int_equal(seen_count, 4);
	assert_run(1, HOSTMAP_DIRECT + 0x12345000, 2 * K4, 0x12345000, PT_READ);
	assert_int_equal(seen[2].memtype, PT_UC);
	assert_int_equal(seen[2].prot, RW | PT_GLOBAL);
	assert_int_equal(seen[3].memtype, PT_WC);
	assert_int_equal(seen[3].va, HOSTMAP_DIRECT + 0xfffffff000);
	window_fini(&w);
}

static void adding_again_is_fine_if_it_fits(void **state)
{
	struct window w = new_window();
	unsigned left;

	assert_non_null(hostmap_add(64 * M2 + K4, K4, RW, PT_WB));
	left = budget;
	assert_non_null(hostmap_add(64 * M2 + K4, K4, RW, PT_WB));
	assert_non_null(hostmap_add(64 * M2 + K4 + 5, 6, PT_READ, PT_WB));
	assert_null(hostmap_add(64 * M2 + K4, K4, RW, PT_UC));
	assert_int_equal(budget, left);
	/* Around it too; what was there stays. */
	assert_non_null(hostmap_add(64 * M2, 3 * K4, PT_READ, PT_WB));
	assert_null(hostmap_add(64 * M2, K4, RW, PT_WB));
	look(&w, HOSTMAP_DIRECT + 64 * M2, HOSTMAP_DIRECT + 65 * M2 - 1);
	assert_int_equal(seen_count, 3);
	assert_run(0, HOSTMAP_DIRECT + 64 * M2, K4, 64 * M2, PT_READ);
	assert_run(1, HOSTMAP_DIRECT + 64 * M2 + K4, K4, 64 * M2 + K4, RW);
	assert_run(2, HOSTMAP_DIRECT + 64 * M2 + 2 * K4, K4, 64 * M2 + 2 * K4, PT_READ);
	window_fini(&w);
}

static void what_cannot_be_added(void **state)
{
	assert_null(hostmap_add(BIT(40), 1, RW, PT_WB));
	assert_null(hostmap_add(BIT(40) - K4, 2 * K4, RW, PT_WB));
	assert_null(hostmap_add(~0ull, 1, RW, PT_WB));
	assert_null(hostmap_add(K4, ~0ull, RW, PT_WB));
	assert_null(hostmap_add(K4, 0, RW, PT_WB));
	budget = 0;
	assert_null(hostmap_add(K4, K4, RW, PT_WB));
}

static void gib_leaves_only_if_the_cpu_has_them(void **state)
{
	for (unsigned page1g = 0; page1g < 2; page1g++) {
		struct hostmap_config cfg = config();
		struct window w;
		struct pt_leaf l;

		empty_pool(NULL);
		cfg.page1g = page1g;
		assert_int_equal(hostmap_init(&cfg), OK);
		w = new_window();
		assert_non_null(hostmap_add(4 * G1 - M2, 2 * G1, RW, PT_WB));
		assert_int_equal(pt_find(&w.pt, HOSTMAP_DIRECT + 4 * G1, &l), OK);
		assert_int_equal(l.size, page1g ? G1 : M2);
		assert_int_equal(window_map(&w, G1, 8 * G1, G1), OK);
		assert_int_equal(pt_find(&w.pt, WINDOW_BASE + G1, &l), OK);
		assert_int_equal(l.size, page1g ? G1 : M2);
		window_fini(&w);
	}
}

static void any_number_of_address_bits(void **state)
{
	static const unsigned bits[] = {32, 36, 39, 46, 47, 48, 52};
	static const unsigned slots[] = {1, 1, 1, 128, 254, 254, 254};

	for (unsigned i = 0; i < ARRAY_LEN(bits); i++) {
		struct hostmap_config cfg = config();

		empty_pool(NULL);
		cfg.phys_bits = bits[i];
		assert_int_equal(hostmap_init(&cfg), OK);
		assert_in_range(POOL_FRAMES - budget, slots[i], slots[i] + 12);
		assert_null(hostmap_add(min_u64(BIT(bits[i]), HOSTMAP_DIRECT_SIZE), K4, RW, PT_UC));
		assert_non_null(
		    hostmap_add(min_u64(BIT(bits[i]), HOSTMAP_DIRECT_SIZE) - K4, K4, RW, PT_UC));
	}
}

static void pointers_and_addresses(void **state)
{
	assert_ptr_equal(hostmap_ptr(POOL + 0x1234), arena + 0x1234);
	assert_int_equal(hostmap_hpa(arena + 0x1234), POOL + 0x1234);
	assert_int_equal(hostmap_hpa((void *)(IMAGE_BASE + 0x1234)), IMAGE + 0x1234);
	assert_int_equal(hostmap_hpa((void *)(IMAGE_END - 1)),
			 IMAGE + (IMAGE_END - IMAGE_BASE) - 1);
	hostmap_loaded();
	assert_ptr_equal(hostmap_ptr(POOL + 0x1234), HOSTMAP_DIRECT + POOL + 0x1234);
	assert_int_equal(hostmap_hpa((void *)(HOSTMAP_DIRECT + 0x1234)), 0x1234);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_image_is_w_xor_x_and_nothing_else_is_there, made),
		cmocka_unit_test_setup(what_is_added_appears_in_windows_made_before, made),
		cmocka_unit_test_setup(adding_again_is_fine_if_it_fits, made),
		cmocka_unit_test_setup(what_cannot_be_added, made),
		cmocka_unit_test_setup(gib_leaves_only_if_the_cpu_has_them, made),
		cmocka_unit_test_setup(any_number_of_address_bits, made),
		cmocka_unit_test_setup(pointers_and_addresses, made),
	};

	return cmocka_run_group_tests_name("hostmap", tests, make_arena, free_arena);
}

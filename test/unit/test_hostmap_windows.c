// SPDX-License-Identifier: BSD-2-Clause
/* The hypervisor's address space: stacks between guards, windows that do not know each other, running out of frames at every step. */
#include "hostmap_rig.h"

/* --- Stacks --- */

static void stacks_lie_between_guards(void **state)
{
	static const u64 size[STACK_KINDS] = {16 * KIB, 8 * KIB, 8 * KIB, 8 * KIB};
	struct window w = new_window();

	assert_int_equal(hostmap_stacks_add(0), OK);
	assert_int_equal(hostmap_stacks_add(255), OK);
	for (u32 cpu = 0; cpu < 256; cpu += 255) {
		u64 slot = HOSTMAP_STACKS + cpu * STACK_SLOT;
		u64 below = slot;

		for (unsigned kind = 0; kind < STACK_KINDS; kind++) {
			u64 top = hostmap_stack_top(cpu, kind);

			for (u64 va = top - size[kind]; va < top; va += K4) {
				struct pt_leaf l;

				assert_int_equal(pt_find(&w.pt, va, &l), OK);
				assert_int_equal(l.prot, RW | PT_GLOBAL);
				assert_int_equal(l.memtype, PT_WB);
			}
			assert_true(top - size[kind] > below);
			assert_int_equal(pt_lookup(&w.pt, top - size[kind] - 1, NULL, NULL, NULL),
					 E_NOTFOUND);
			assert_int_equal(pt_lookup(&w.pt, top, NULL, NULL, NULL), E_NOTFOUND);
			below = top;
		}
		assert_true(below < slot + STACK_SLOT);
	}
	window_fini(&w);
}

static void stacks_come_once_or_not_at_all(void **state)
{
	unsigned before = budget, n = 0;
	struct window w = new_window();

	before = budget;
	for (budget = 0; hostmap_stacks_add(7); budget = n) {
		assert_int_equal(budget, n);
		look(&w, HOSTMAP_STACKS, HOSTMAP_STACKS + HOSTMAP_STACKS_SIZE - 1);
		assert_int_equal(seen_count, 0);
		n++;
	}
	assert_int_equal(n, 10 + 2);
	assert_int_equal(budget, 0);
	assert_int_equal(hostmap_stacks_add(7), OK);
	assert_int_equal(hostmap_stacks_add(HOSTMAP_STACKS_SIZE / STACK_SLOT), E_RANGE);
	assert_true(before > n);
	window_fini(&w);
}

/* --- Windows --- */

static void a_window_shows_its_own_ram_only(void **state)
{
	struct window a = new_window(), b = new_window();
	unsigned left = budget;

	assert_int_not_equal(window_cr3(&a), window_cr3(&b));
	assert_int_not_equal(window_cr3(&a), hostmap_cr3());
	assert_int_equal(window_map(&a, 0, 5 * G1, M2), OK);
	assert_int_equal(window_map(&b, 0, 6 * G1, M2), OK);
	assert_int_equal(window_map(&b, WINDOW_SIZE - K4, 7 * G1, K4), OK);
	look(&a, 0, 0x7fffffffffffull);
	assert_int_equal(seen_count, 1);
	assert_int_equal(seen[0].va, WINDOW_BASE);
	assert_int_equal(seen[0].hpa, 5 * G1);
	assert_int_equal(seen[0].len, M2);
	assert_int_equal(seen[0].prot,
			 RW); /* and not global: another window has other bytes here */
	look(&b, 0, 0x7fffffffffffull);
	assert_int_equal(seen_count, 2);
	assert_int_equal(seen[1].va, WINDOW_BASE + WINDOW_SIZE - K4);
	look(&a, UPPER, ~0ull);
	for (unsigned i = 0; i < seen_count; i++)
		assert_false(range_overlap(seen[i].hpa, seen[i].len, 5 * G1, 3 * G1));
	window_fini(&a);
	window_fini(&b);
	assert_int_equal(budget, left + 2);
}

static void windows_refuse_nonsense(void **state)
{
	struct window w = new_window();

	assert_int_equal(window_map(&w, WINDOW_SIZE, 0, K4), E_RANGE);
	assert_int_equal(window_map(&w, WINDOW_SIZE - K4, 0, 2 * K4), E_RANGE);
	assert_int_equal(window_map(&w, ~0ull - K4 + 1, 0, K4), E_RANGE);
	assert_int_equal(window_map(&w, 0x800, 0, K4), E_INVAL);
	assert_int_equal(window_map(&w, 0, 0, 0), E_INVAL);
	look(&w, 0, 0x7fffffffffffull);
	assert_int_equal(seen_count, 0);
	window_fini(&w);
}

/* --- Running out --- */

static void running_out_of_frames_leaves_nothing_behind(void **state)
{
	struct hostmap_config cfg = config();
	struct window w;
	unsigned n = 0;

	empty_pool(NULL);
	for (budget = 0; hostmap_init(&cfg); budget = n) {
		assert_int_equal(budget, n);
		for (unsigned i = 0; i < POOL_FRAMES; i++)
			assert_false(used[i]);
		n++;
	}
	/* Root; 2 direct, stacks, image; the pool's 2 MiB leaves; the image's 2 MiB leaves and 4
	 * KiB pages. */
	assert_int_equal(n, 1 + 4 + 1 + 2);
	assert_int_equal(window_init(&w), E_NOMEM);
	budget = 1;
	assert_int_equal(window_init(&w), OK);
	for (n = 0; window_map(&w, 0, 5 * G1, M2 + K4); budget = ++n)
		assert_int_equal(budget, n);
	assert_int_equal(n, 3);
	window_fini(&w);
	assert_int_equal(budget, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(stacks_lie_between_guards, made),
		cmocka_unit_test_setup(stacks_come_once_or_not_at_all, made),
		cmocka_unit_test_setup(a_window_shows_its_own_ram_only, made),
		cmocka_unit_test_setup(windows_refuse_nonsense, made),
		cmocka_unit_test_setup(running_out_of_frames_leaves_nothing_behind, made),
	};

	return cmocka_run_group_tests_name("hostmap_windows", tests, make_arena, free_arena);
}

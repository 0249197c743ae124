// SPDX-License-Identifier: BSD-2-Clause
/*
 * The hypervisor's address space, built from frames of a fake pool: what is mapped, what is not,
 * W^X, windows that do not know each other, and running out of frames at every step.
 */
#include "unit.h"

#include <arch/x86_64/defs/layout.h>
#include <core/hostmap.h>
#include <lib/bits.h>
#include <lib/range.h>
#include <stdlib.h>
#include <string.h>

#define K4          PAGE_SIZE
#define M2          PT_SIZE_2M
#define G1          PT_SIZE_1G
#define RW          (PT_READ | PT_WRITE)
#define UPPER       HOSTMAP_DIRECT
#define POOL        0x10000000ull
#define POOL_FRAMES 1024u
#define IMAGE       0x3e00000ull /* 2 MiB aligned */
#define TEXT_END    (IMAGE_BASE + M2 + 3 * K4)
#define RODATA_END  (TEXT_END + 2 * K4)
#define IMAGE_END   (IMAGE_BASE + 4 * M2)

static u8 *arena;
static bool used[POOL_FRAMES];
static unsigned budget;

static enum status frame_alloc(void *ctx, hpa_t *out)
{
	unsigned i = 0;

	if (!budget)
		return E_NOMEM;
	while (used[i])
		i++;
	used[i] = true;
	budget--;
	memset(arena + i * K4, 0xa5, K4);
	*out = POOL + i * K4;
	return OK;
}

static void frame_free(void *ctx, hpa_t frame)
{
	u64 i = (frame - POOL) / K4;

	assert_true(i < POOL_FRAMES && used[i]);
	memset(arena + i * K4, 0x5a, K4);
	used[i] = false;
	budget++;
}

static const struct mem_range pool[] = {{POOL, POOL_FRAMES *K4}};

static struct hostmap_config config(void)
{
	return (struct hostmap_config){
	    .image_hpa = IMAGE,
	    .image_start = IMAGE_BASE,
	    .text_end = TEXT_END,
	    .rodata_end = RODATA_END,
	    .image_end = IMAGE_END,
	    .pool = pool,
	    .pool_count = 1,
	    .phys_bits = 40,
	    .page1g = true,
	    .boot_alias = (u64)arena - POOL,
	    .alloc = frame_alloc,
	    .free = frame_free,
	};
}

static int empty_pool(void **state)
{
	memset(used, 0, sizeof(used));
	budget = POOL_FRAMES;
	return 0;
}

static int made(void **state)
{
	struct hostmap_config cfg = config();

	empty_pool(state);
	return hostmap_init(&cfg);
}

/* --- Looking at all of a table --- */

struct seen {
	u64 va, len;
	hpa_t hpa;
	u32 prot;
	enum pt_memtype memtype;
};

#define SEEN_MAX 4096

static struct seen seen[SEEN_MAX];
static unsigned seen_count;

static bool continues(const struct seen *s, u64 va, const struct pt_leaf *l)
{
	return s->va + s->len == va && s->hpa + s->len == l->hpa && s->prot == l->prot &&
	       s->memtype == l->memtype;
}

/* The runs of [va, last], as window `w` sees them. */
static void look(const struct window *w, u64 va, u64 last)
{
	seen_count = 0;
	for (;;) {
		struct pt_leaf l;
		struct seen *s = seen_count ? &seen[seen_count - 1] : NULL;
		enum status st = pt_find(&w->pt, va, &l);

		assert_int_not_equal(st, E_RANGE);
		if (!st && s && continues(s, va, &l)) {
			s->len += l.size;
		} else if (!st) {
			assert_true(seen_count < SEEN_MAX);
			seen[seen_count++] = (struct seen){va, l.size, l.hpa, l.prot, l.memtype};
		}
		if (last - va < l.size)
			return;
		va += l.size;
	}
}

static void assert_run(unsigned i, u64 va, u64 len, hpa_t hpa, u32 prot)
{
	assert_true(i < seen_count);
	assert_int_equal(seen[i].va, va);
	assert_int_equal(seen[i].len, len);
	assert_int_equal(seen[i].hpa, hpa);
	assert_int_equal(seen[i].prot, prot | PT_GLOBAL);
	assert_int_equal(seen[i].memtype, PT_WB);
}

static struct window new_window(void)
{
	struct window w;

	assert_int_equal(window_init(&w), OK);
	return w;
}

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
	    cmocka_unit_test_setup(the_image_is_w_xor_x_and_nothing_else_is_there, made),
	    cmocka_unit_test_setup(what_is_added_appears_in_windows_made_before, made),
	    cmocka_unit_test_setup(adding_again_is_fine_if_it_fits, made),
	    cmocka_unit_test_setup(what_cannot_be_added, made),
	    cmocka_unit_test_setup(gib_leaves_only_if_the_cpu_has_them, made),
	    cmocka_unit_test_setup(any_number_of_address_bits, made),
	    cmocka_unit_test_setup(pointers_and_addresses, made),
	    cmocka_unit_test_setup(stacks_lie_between_guards, made),
	    cmocka_unit_test_setup(stacks_come_once_or_not_at_all, made),
	    cmocka_unit_test_setup(a_window_shows_its_own_ram_only, made),
	    cmocka_unit_test_setup(windows_refuse_nonsense, made),
	    cmocka_unit_test_setup(running_out_of_frames_leaves_nothing_behind, made),
	};
	int failed;

	arena = aligned_alloc(K4, POOL_FRAMES * K4);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(arena);
	return failed;
}

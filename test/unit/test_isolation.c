// SPDX-License-Identifier: BSD-2-Clause
/*
 * core/isolation.c on a small machine with two VMs: nothing to report; then one fault of each kind is planted, and found.
 */
#include "unit.h"

#include <arch/x86_64/defs/layout.h>
#include <core/hostmap.h>
#include <core/isolation.h>
#include <lib/bits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define K4	   PAGE_SIZE
#define M2	   PT_SIZE_2M
#define OWN	   0x10000000ull
#define OWN_FRAMES 1024u
#define FIXED	   (16 * K4)
#define IMAGE	   0x3e00000ull
#define TEXT_END   (IMAGE_BASE + 2 * K4)
#define RODATA_END (IMAGE_BASE + 3 * K4)
#define IMAGE_END  (IMAGE_BASE + M2)
#define RAM_LOW	   0x40000000ull
#define RAM_HIGH   0x100000000ull
#define DEVICE	   0xfd000000ull
#define RWX	   (PT_READ | PT_WRITE | PT_EXEC)
#define RW	   (PT_READ | PT_WRITE)

static const struct mem_range own = { OWN, OWN_FRAMES *K4 };
static const struct mem_range ram_ranges[] = { { RAM_LOW, 64 * MIB }, { RAM_HIGH, GIB } };
static u8 *arena;
static void *pool_meta, *ram_meta;
static struct frames pool, ram;
static u64 seen[OWN_FRAMES / 64];

static struct vm {
	struct pt second;
	struct spinlock lock;
	struct window window;
	struct ram_piece piece[4];
	u32 pieces;
} vms[2];

static struct isolation_guest guests[2];
static char reports[64][200];
static unsigned report_count;

/* --- The machine --- */

static enum status frame_alloc(void *ctx, hpa_t *out)
{
	return frames_alloc(&pool, K4, K4, out);
}

static void frame_free(void *ctx, hpa_t frame)
{
	frames_free(&pool, frame, K4);
}

static enum status table_alloc(void *ctx, hpa_t *out)
{
	enum status st = frame_alloc(ctx, out);

	if (!st)
		memset(hostmap_ptr(*out), 0, K4);
	return st;
}

static u64 *table_ptr(void *ctx, hpa_t table)
{
	return hostmap_ptr(table);
}

static const struct pt_mem table_mem = { .alloc = table_alloc, .free = frame_free, .ptr = table_ptr };

static void *make_frames(struct frames *f, const struct mem_range *r, u32 count)
{
	u64 size = frames_metadata_size(r, count);
	void *meta = malloc(size);

	assert_int_equal(frames_init(f, r, count, meta, size), OK);
	return meta;
}

static void give(struct vm *v, gpa_t gpa, u64 len, u64 align)
{
	struct ram_piece *p = &v->piece[v->pieces++];

	*p = (struct ram_piece){ .gpa = gpa, .len = len };
	assert_int_equal(frames_alloc(&ram, len, align, &p->hpa), OK);
	assert_int_equal(pt_map(&v->second, gpa, p->hpa, len, RWX, PT_WB), OK);
	assert_int_equal(window_map(&v->window, gpa, p->hpa, len), OK);
}

static void make_vm(unsigned i, const struct pt_format *fmt)
{
	static const char *const names[] = { "red", "blue" };
	struct vm *v = &vms[i];

	spin_init(&v->lock);
	v->pieces = 0;
	assert_int_equal(pt_init(&v->second, fmt, &table_mem, PT_SIZE_1G), OK);
	assert_int_equal(window_init(&v->window), OK);
	give(v, 0, 640 * KIB, K4);
	give(v, MIB, 3 * MIB, K4);
	give(v, 4 * MIB, 8 * MIB, M2);
	guests[i] = (struct isolation_guest){
		.name = names[i],
		.ram = v->piece,
		.count = v->pieces,
		.second = &v->second,
		.lock = &v->lock,
		.window = &v->window,
	};
}

static int setup(void **state)
{
	const struct mem_range usable = { OWN + FIXED, own.len - FIXED };
	struct hostmap_config cfg = {
		.image_hpa = IMAGE,
		.image_start = IMAGE_BASE,
		.text_end = TEXT_END,
		.rodata_end = RODATA_END,
		.image_end = IMAGE_END,
		.pool = &own,
		.pool_count = 1,
		.phys_bits = 40,
		.page1g = true,
		.alloc = frame_alloc,
		.free = frame_free,
	};

	arena = aligned_alloc(K4, own.len);
	memset(arena, 0, own.len);
	cfg.boot_alias = (u64)arena - OWN;
	pool_meta = make_frames(&pool, &usable, 1);
	ram_meta = make_frames(&ram, ram_ranges, ARRAY_LEN(ram_ranges));
	assert_int_equal(hostmap_init(&cfg), OK);
	make_vm(0, &pt_format_npt);
	make_vm(1, &pt_format_ept);
	return 0;
}

static int teardown(void **state)
{
	free(pool_meta);
	free(ram_meta);
	free(arena);
	return 0;
}

static void note(void *ctx, const char *message)
{
	assert_true(report_count < ARRAY_LEN(reports));
	snprintf(reports[report_count++], sizeof(reports[0]), "%s", message);
}

static enum status run_check(bool all)
{
	const struct isolation_machine m = {
		.own = own,
		.own_fixed = FIXED,
		.pool = &pool,
		.ram = &ram,
		.seen = seen,
	};

	report_count = 0;
	memset(seen, 0, sizeof(seen));
	return isolation_check_machine(&m, guests, ARRAY_LEN(guests), all, note, NULL);
}

/* Exactly one fault, told in these words. */
static void assert_found(const char *what, const char *where)
{
	assert_int_equal(run_check(true), E_INVAL);
	assert_int_equal(report_count, 1);
	if (!strstr(reports[0], what) || !strstr(reports[0], where))
		fail_msg("'%s' has no '%s' or '%s'", reports[0], what, where);
}

/* The entry of the lowest level for `va`. */
static u64 *entry_of(const struct pt *pt, u64 va)
{
	u64 *table = hostmap_ptr(pt->root);

	for (unsigned level = 3; level; level--)
		table = hostmap_ptr(table[va >> (12 + 9 * level) & 511] & PT_HPA_MASK);
	return &table[va >> 12 & 511];
}

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

	return cmocka_run_group_tests_name("isolation", tests, NULL, NULL);
}

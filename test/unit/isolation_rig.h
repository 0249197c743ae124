// SPDX-License-Identifier: BSD-2-Clause
/* For test_isolation*.c: a small machine with two VMs. */
#pragma once

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

static inline enum status frame_alloc(void *ctx, hpa_t *out)
{
	return frames_alloc(&pool, K4, K4, out);
}

static inline void frame_free(void *ctx, hpa_t frame)
{
	frames_free(&pool, frame, K4);
}

static inline enum status table_alloc(void *ctx, hpa_t *out)
{
	enum status st = frame_alloc(ctx, out);

	if (!st)
		memset(hostmap_ptr(*out), 0, K4);
	return st;
}

static inline u64 *table_ptr(void *ctx, hpa_t table)
{
	return hostmap_ptr(table);
}

static const struct pt_mem table_mem = { .alloc = table_alloc, .free = frame_free, .ptr = table_ptr };

static inline void *make_frames(struct frames *f, const struct mem_range *r, u32 count)
{
	u64 size = frames_metadata_size(r, count);
	void *meta = malloc(size);

	assert_int_equal(frames_init(f, r, count, meta, size), OK);
	return meta;
}

static inline void give(struct vm *v, gpa_t gpa, u64 len, u64 align)
{
	struct ram_piece *p = &v->piece[v->pieces++];

	*p = (struct ram_piece){ .gpa = gpa, .len = len };
	assert_int_equal(frames_alloc(&ram, len, align, &p->hpa), OK);
	assert_int_equal(pt_map(&v->second, gpa, p->hpa, len, RWX, PT_WB), OK);
	assert_int_equal(window_map(&v->window, gpa, p->hpa, len), OK);
}

static inline void make_vm(unsigned i, const struct pt_format *fmt)
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

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
	free(pool_meta);
	free(ram_meta);
	free(arena);
	return 0;
}

static inline void note(void *ctx, const char *message)
{
	assert_true(report_count < ARRAY_LEN(reports));
	snprintf(reports[report_count++], sizeof(reports[0]), "%s", message);
}

static inline enum status run_check(bool all)
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
static inline void assert_found(const char *what, const char *where)
{
	assert_int_equal(run_check(true), E_INVAL);
	assert_int_equal(report_count, 1);
	if (!strstr(reports[0], what) || !strstr(reports[0], where))
		fail_msg("'%s' has no '%s' or '%s'", reports[0], what, where);
}

/* The entry of the lowest level for `va`. */
static inline u64 *entry_of(const struct pt *pt, u64 va)
{
	u64 *table = hostmap_ptr(pt->root);

	for (unsigned level = 3; level; level--)
		table = hostmap_ptr(table[va >> (12 + 9 * level) & 511] & PT_HPA_MASK);
	return &table[va >> 12 & 511];
}

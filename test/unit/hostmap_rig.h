// SPDX-License-Identifier: BSD-2-Clause
/* For test_hostmap*.c: an address space built from frames of a fake pool, and all that is mapped in it. */
#pragma once

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

static inline enum status frame_alloc(void *ctx, hpa_t *out)
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

static inline void frame_free(void *ctx, hpa_t frame)
{
	u64 i = (frame - POOL) / K4;

	assert_true(i < POOL_FRAMES && used[i]);
	memset(arena + i * K4, 0x5a, K4);
	used[i] = false;
	budget++;
}

static const struct mem_range pool[] = {{POOL, POOL_FRAMES *K4}};

static inline struct hostmap_config config(void)
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

static inline int empty_pool(void **state)
{
	memset(used, 0, sizeof(used));
	budget = POOL_FRAMES;
	return 0;
}

static inline int made(void **state)
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

static inline bool continues(const struct seen *s, u64 va, const struct pt_leaf *l)
{
	return s->va + s->len == va && s->hpa + s->len == l->hpa && s->prot == l->prot &&
	       s->memtype == l->memtype;
}

/* The runs of [va, last], as window `w` sees them. */
static inline void look(const struct window *w, u64 va, u64 last)
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

static inline void assert_run(unsigned i, u64 va, u64 len, hpa_t hpa, u32 prot)
{
	assert_true(i < seen_count);
	assert_int_equal(seen[i].va, va);
	assert_int_equal(seen[i].len, len);
	assert_int_equal(seen[i].hpa, hpa);
	assert_int_equal(seen[i].prot, prot | PT_GLOBAL);
	assert_int_equal(seen[i].memtype, PT_WB);
}

static inline struct window new_window(void)
{
	struct window w;

	assert_int_equal(window_init(&w), OK);
	return w;
}

/* For the group: the pool's bytes. */
static inline int make_arena(void **state)
{
	arena = aligned_alloc(K4, POOL_FRAMES * K4);
	return !arena;
}

static inline int free_arena(void **state)
{
	free(arena);
	return 0;
}

// SPDX-License-Identifier: BSD-2-Clause
/* For test_frame*.c: an allocator over given ranges. */
#pragma once

#include "unit.h"

#include <core/frame.h>
#include <lib/bits.h>
#include <lib/range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define K4  PAGE_SIZE
#define M2  (2 * MIB)
#define G1  GIB
#define TIB (1024 * GIB)

static struct frames f;
static void *metadata;

/* The metadata is exactly as large as needed, so that ASan sees a step too far. */
static inline void make(const struct mem_range *r, unsigned count)
{
	u64 size = frames_metadata_size(r, count);

	metadata = malloc(size);
	memset(metadata, 0xa5, size);
	assert_int_equal(frames_init(&f, r, count, metadata, size), OK);
}

static inline int done(void **state)
{
	free(metadata);
	metadata = NULL;
	return 0;
}

static inline hpa_t take(u64 size, u64 align)
{
	hpa_t at = 1;

	assert_int_equal(frames_alloc(&f, size, align, &at), OK);
	assert_true(is_aligned(at, align));
	return at;
}

static inline void assert_none(u64 size, u64 align)
{
	hpa_t at = 1;
	u64 before = frames_free_bytes(&f);

	assert_int_equal(frames_alloc(&f, size, align, &at), E_NOMEM);
	assert_int_equal(at, 1);
	assert_int_equal(frames_free_bytes(&f), before);
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Physical memory by frames of 4 KiB, over any number of ranges. Only bookkeeping: touches no byte
 * of what it hands out, so whoever gives a frame to a new owner scrubs it. One bit a frame (32 MiB
 * a TiB), a counter for every 2 MiB and two for every GiB; 4 KiB come from 2 MiB already broken, 2
 * MiB from GiB already broken, as long as there are such, and high addresses go first. Runs on the
 * host too.
 */
#pragma once

#include <core/memmap.h>
#include <lib/lock.h>
#include <lib/status.h>
#include <lib/types.h>

struct frame_zone; /* one range; in the metadata */

struct frames {
	struct spinlock lock;
	struct frame_zone *zone; /* [b] sorted */
	u32 count;               /* [b] */
	u64 total;               /* [b] frames */
	u64 free;                /* [lock] frames */
};

/* Bytes of metadata that frames_init() needs for these ranges. */
u64 frames_metadata_size(const struct mem_range *usable, u32 count);
/*
 * All of `usable` is free then; it must be sorted, page aligned and without overlaps (struct memmap
 * is), else E_INVAL. `metadata` (aligned to 8, any content, outside of `usable`) belongs to `f`
 * from now on; E_NOMEM if it is too small.
 */
enum status must_check frames_init(struct frames *f, const struct mem_range *usable, u32 count,
				   void *metadata, u64 size);
/*
 * `size` contiguous bytes (a multiple of 4 KiB, not 0) aligned to `align` (a power of two, 4 KiB to
 * 1 GiB). E_NOMEM if there is no such place, E_INVAL for another size or align. Fast for 4 KiB, 2
 * MiB and 1 GiB aligned to themselves; other requests search first-fit.
 */
enum status must_check frames_alloc(struct frames *f, u64 size, u64 align, hpa_t *out);
/* Gives back any part of what was allocated. Panics if a frame of it is free already or not one of
 * ours. */
void frames_free(struct frames *f, hpa_t hpa, u64 size);
u64 frames_free_bytes(struct frames *f);
u64 frames_total_bytes(const struct frames *f);

/* For checks. Are all of these bytes ours and handed out? Page aligned, not empty. */
bool frames_used(struct frames *f, hpa_t hpa, u64 size);
/* Does the range share a byte with what we manage, free or not? */
bool frames_touch(const struct frames *f, hpa_t hpa, u64 size);

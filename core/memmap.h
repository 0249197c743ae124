// SPDX-License-Identifier: BSD-2-Clause
/*
 * From the firmware's memory map, in whatever state, to sorted ranges of RAM that are ours. Pure;
 * used by boot/main.c before any allocator exists.
 */
#pragma once

#include <core/service/boot_info.h>
#include <lib/status.h>
#include <lib/types.h>

#define MEMMAP_TOP    (1ull << 52) /* no x86 has a physical address above */
#define MEMMAP_RANGES (BOOT_MEM_MAX + 64)

struct mem_range {
	hpa_t base;
	u64 len; /* bytes */
};

struct memmap {
	u32 count;
	struct mem_range
	    range[MEMMAP_RANGES]; /* sorted, page aligned, neither overlapping nor adjacent */
};

/*
 * The pages of [lo, hi) all of whose bytes some entry calls MEM_RAM and no byte of which an entry
 * calls anything else (unknown types too). lo and hi are page aligned, hi at most MEMMAP_TOP; for
 * all but the AP trampoline, lo is 1 MiB. Entries may be unsorted, overlapping and unaligned. One
 * that runs past 2^64 ends there, and is ignored if RAM. `count` is at most BOOT_MEM_MAX. A map of
 * this size takes 9 KiB: not for the stack.
 */
void memmap_build(struct memmap *m, const struct boot_mem *mem, u32 count, hpa_t lo, hpa_t hi);
/*
 * Takes `size` bytes (a multiple of the page size, not 0), aligned to `align` (a power of two of at
 * least a page), out of the map, ending at `limit` at most: the highest such place. E_NOMEM if
 * there is none, E_FULL if the map has no room for the two pieces; nothing changed then.
 */
enum status must_check memmap_carve(struct memmap *m, u64 size, u64 align, hpa_t limit, hpa_t *out);
/* Sum of all ranges, bytes. */
u64 memmap_bytes(const struct memmap *m);

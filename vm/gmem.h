// SPDX-License-Identifier: BSD-2-Clause
/*
 * Guest RAM as (gpa, length) ranges: the only way that anyone reads or writes a guest. Checks the range and adds the
 * window's base, so it works for the VM whose host page table is loaded (docs/ARCHITECTURE.md, Memory). In unit tests the window
 * is malloc'ed memory. Callers copy a guest value once into a local, check it, then use it.
 */
#pragma once

#include <lib/status.h>
#include <lib/types.h>

#define GMEM_REGIONS 4

struct gmem_region {
	gpa_t base; /* page aligned */
	u64 len;    /* bytes, page aligned */
};

struct gmem {
	struct gmem_region ram[GMEM_REGIONS]; /* sorted, not adjacent */
	u32 count;
	u8 *window; /* the byte at gpa is window[gpa] */
};

/* A pointer to all of [gpa, gpa+len), or NULL if a byte is not RAM. len 0: only gpa's place is checked. */
void *gmem_ptr(const struct gmem *g, gpa_t gpa, u64 len);
/* E_RANGE, and nothing copied, if a byte is not RAM. */
enum status must_check gmem_read(const struct gmem *g, gpa_t gpa, void *buf, u64 len);
enum status must_check gmem_write(const struct gmem *g, gpa_t gpa, const void *buf, u64 len);
enum status must_check gmem_zero(const struct gmem *g, gpa_t gpa, u64 len);
/* Sum of all regions, bytes. */
u64 gmem_size(const struct gmem *g);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Placing ranges in a guest's RAM: a loader first claims every range it needs, at a fixed place or
 * anywhere, and nothing is written until all fit; then place_write() copies all of them. Claimed
 * ranges never overlap each other or the ROM area, and lie in RAM. Private to the loaders.
 */
#pragma once

#include "loader.h"

#include <lib/status.h>

#define PLACE_MAX 48

struct placed {
	gpa_t gpa;
	u64 len;
	const u8 *src; /* NULL: all zero */
	u64 src_len;   /* at most len; the rest is zero */
	const char *what;
};

struct placer {
	const struct gmem *g;
	char *reason; /* of a failure, for the operator */
	size_t reason_size;
	u32 count;
	struct placed range[PLACE_MAX];
};

/* What to place, and where it may go. */
struct place_want {
	const char *what; /* for messages */
	u64 len;          /* may be 0 */
	const u8 *src;
	u64 src_len;
	u64 align;      /* a power of two */
	gpa_t min, end; /* all of it inside [min, end) */
};

void place_init(struct placer *p, const struct gmem *g, char *reason, size_t reason_size);
/* Claims exactly [r->gpa, r->gpa+r->len). */
enum status must_check place_at(struct placer *p, const struct placed *r);
/* Claims the lowest or the highest free place. */
enum status must_check place_low(struct placer *p, const struct place_want *w, gpa_t *gpa);
enum status must_check place_high(struct placer *p, const struct place_want *w, gpa_t *gpa);
/* Copies everything claimed. Ranges without a source are zeroed and may then be filled in place. */
void place_write(const struct placer *p);
/* Where a claimed range lies in our address space. */
void *place_ptr(const struct placer *p, gpa_t gpa, u64 len);
/* End of the RAM that begins at 0, at most LAYOUT_RAM_MAX. */
gpa_t place_low_end(const struct placer *p);

/* Writes the reason and returns st. */
enum status place_fail(struct placer *p, enum status st, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "45 MiB" (rounded up) for messages. */
struct size_text {
	char text[24];
};
struct size_text size_text(u64 bytes);

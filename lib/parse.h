// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pieces of text that somebody typed: words, numbers, numbers with a unit. A slice does not own its
 * bytes, may hold any byte and has no NUL at its end. Blanks are space and tab.
 */
#pragma once

#include <lib/status.h>
#include <lib/types.h>

struct slice {
	const char *at;
	size_t len;
};

struct unit {
	const char *name; /* not told apart by case; NULL ends the table */
	u64 factor;
};

struct slice slice_of(const char *text);
bool slice_equal(struct slice s, const char *text);
/* Without the blanks at both ends. */
struct slice slice_trim(struct slice s);
/* What stands before the first `sep`, which is dropped; all of it if there is none. `rest` is what
 * stands behind. */
struct slice slice_cut(struct slice *rest, char sep);
/* The next word between blanks, taken from `rest`; empty if there is none. */
struct slice slice_word(struct slice *rest);
/* Copies with a NUL. False, and `dst` empty, if size (> 0) does not hold it all. */
bool slice_copy(char *dst, size_t size, struct slice s);
/* All of `s` as a number: decimal, or hexadecimal after 0x. E_FORMAT, E_RANGE (over 64 bits); `out`
 * then untouched. */
enum status must_check slice_u64(struct slice s, u64 *out);
/* A decimal number and one of `units` right behind it; a unit named "" allows a bare number. */
enum status must_check slice_quantity(struct slice s, const struct unit *units, u64 *out);

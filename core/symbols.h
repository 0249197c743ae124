// SPDX-License-Identifier: BSD-2-Clause
/*
 * The names of the hypervisor's functions, for crash reports: a table that tools/symbols makes when
 * the image is linked, and says how. Pure; it knows no addresses, only offsets in the image.
 */
#pragma once

#include <lib/types.h>

#define SYMBOL_NAME_MAX 64 /* with the NUL */

struct symbol {
	char name[SYMBOL_NAME_MAX];
	u64 offset; /* of what was asked for, from the symbol's beginning */
};

/* The last symbol at or before `at`, which is an offset in the image. False: there is none. */
bool symbol_find(const u8 *table, size_t len, u64 at, struct symbol *out);

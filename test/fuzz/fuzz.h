// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the fuzz targets share. Each target is one file with LLVMFuzzerTestOneInput(); libFuzzer
 * calls it with bytes of its own making, and it must not crash, hang, leak, trip a sanitizer or
 * break one of the properties that it states with fuzz_check().
 */
#pragma once

#include <lib/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

#define fuzz_check(cond)                                                                   \
	do {                                                                               \
		if (!(cond)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                           \
		}                                                                          \
	} while (0)

/* The input as a stream of numbers; behind its end come zeroes. */
struct input {
	const u8 *at;
	size_t left;
};

static inline u64 take(struct input *in, unsigned width)
{
	u64 val = 0;

	for (unsigned i = 0; i < width && in->left; i++, in->left--)
		val |= (u64)*in->at++ << (8 * i);
	return val;
}

/* An exact copy on the heap, so that ASan sees a byte read too far. Never NULL. */
static inline u8 *exact_copy(const u8 *data, size_t len)
{
	u8 *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, data, len);
	return copy;
}

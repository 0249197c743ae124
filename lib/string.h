// SPDX-License-Identifier: BSD-2-Clause
/*
 * Memory and strings. The first block has the C library's names and meanings (the compiler emits calls
 * to some); on the host the C library provides it, in the hypervisor lib/string.c does.
 */
#pragma once

#include <lib/types.h>

void *memcpy(void *dst, const void *src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int c, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);

/* Copies at most size-1 bytes of `src` and always ends `dst` with NUL (size > 0). False if `src` was cut. */
bool str_copy(char *dst, size_t size, const char *src);
/* Are the strings equal, upper and lower case (ASCII) not told apart? */
bool str_equal_nocase(const char *a, const char *b);
/* Number of single-character edits from `a` to `b`; strings over 31 characters count as far apart. For "did you mean". */
unsigned str_distance(const char *a, const char *b);

/* Clears whole words of 8 bytes. Where CPUs are emulated, an eighth of memset()'s time. */
static inline void zero_words(void *dst, size_t len)
{
	u64 count = len / 8;

	__asm__ volatile("rep stosq" : "+D"(dst), "+c"(count) : "a"(0ull) : "memory");
}

// SPDX-License-Identifier: BSD-2-Clause
/* The C library's part. Not linked into host tests, which have a C library. */
#include <lib/string.h>

/* Anywhere in memory, whatever lies there. */
typedef u64 __attribute__((aligned(1), may_alias)) u64_anywhere;

/* By quadwords: an emulator executes each turn of REP by itself, and so do processors without fast
 * strings. */
void *memcpy(void *dst, const void *src, size_t len)
{
	void *d = dst;
	size_t words = len / 8, bytes = len % 8;

	__asm__ volatile("rep movsq\n\tmov %3, %%rcx\n\trep movsb"
			 : "+&D"(d), "+&S"(src), "+&c"(words)
			 : "r"(bytes)
			 : "memory");
	return dst;
}

void *memmove(void *dst, const void *src, size_t len)
{
	u8 *d = dst;
	const u8 *s = src;

	if ((uintptr_t)d - (uintptr_t)s >= len)
		return memcpy(dst, src, len);
	/* From the end: what is overwritten was read before. */
	while (len >= 8) {
		len -= 8;
		*(u64_anywhere *)(d + len) = *(const u64_anywhere *)(s + len);
	}
	while (len--)
		d[len] = s[len];
	return dst;
}

void *memset(void *dst, int c, size_t len)
{
	void *d = dst;
	size_t words = len / 8, bytes = len % 8;

	__asm__ volatile("rep stosq\n\tmov %3, %%rcx\n\trep stosb"
			 : "+&D"(d), "+&c"(words)
			 : "a"((u8)c * 0x0101010101010101ull), "r"(bytes)
			 : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const u8 *x = a, *y = b;

	for (; len; len--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	const char *e = s;

	while (*e)
		e++;
	return (size_t)(e - s);
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		if (*a != *b)
			return (u8)*a - (u8)*b;
		if (!*a)
			break;
	}
	return 0;
}

// SPDX-License-Identifier: BSD-2-Clause
#include <lib/string.h>

#include <lib/bits.h>

bool str_copy(char *dst, size_t size, const char *src)
{
	size_t len = strlen(src), n = len < size ? len : size - 1;

	memcpy(dst, src, n);
	dst[n] = '\0';
	return n == len;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool str_equal_nocase(const char *a, const char *b)
{
	for (; lower(*a) == lower(*b); a++, b++)
		if (!*a)
			return true;
	return false;
}

/* Levenshtein's distance, one row of the table at a time. */
unsigned str_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	u8 row[32];

	if (la >= ARRAY_LEN(row) || lb >= ARRAY_LEN(row))
		return 32;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (u8)j;
	for (size_t i = 1; i <= la; i++) {
		u8 diagonal = row[0];

		row[0] = (u8)i;
		for (size_t j = 1; j <= lb; j++) {
			u8 above = row[j];
			u64 best = min_u64(above + 1u, row[j - 1] + 1u);

			row[j] = (u8)min_u64(best, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[lb];
}

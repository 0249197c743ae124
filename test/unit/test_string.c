// SPDX-License-Identifier: BSD-2-Clause
/* lib/str.c, and lib/string.c against the C library, under other names. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define memcpy  hv_memcpy
#define memmove hv_memmove
#define memset  hv_memset
#define memcmp  hv_memcmp
#define strlen  hv_strlen
#define strcmp  hv_strcmp
#define strncmp hv_strncmp
#include "lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp

#include <lib/status.h>

/* Every alignment of both ends against quadwords, every tail; the neighbours stay as they were. */
static void copies(void **state)
{
	u8 from[64], to[64], want[64];

	for (unsigned i = 0; i < 64; i++)
		from[i] = (u8)(i + 1);
	for (unsigned src = 0; src < 8; src++)
		for (unsigned dst = 8; dst < 16; dst++)
			for (unsigned len = 0; len <= 40; len++) {
				memset(to, 0xee, 64);
				memset(want, 0xee, 64);
				memcpy(want + dst, from + src, len);
				assert_ptr_equal(hv_memcpy(to + dst, from + src, len), to + dst);
				assert_memory_equal(to, want, 64);
			}
}

static void fills(void **state)
{
	static const int values[] = { 0, 0x5a, -1, 0x1234 };
	u8 to[64], want[64];

	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		for (unsigned dst = 8; dst < 16; dst++)
			for (unsigned len = 0; len <= 40; len++) {
				memset(to, 0xee, 64);
				memset(want, 0xee, 64);
				memset(want + dst, values[i], len);
				assert_ptr_equal(hv_memset(to + dst, values[i], len), to + dst);
				assert_memory_equal(to, want, 64);
			}
}

/* Every overlap, in both directions. */
static void moves(void **state)
{
	u8 a[48], b[48];

	for (unsigned src = 0; src < 16; src++)
		for (unsigned dst = 0; dst < 16; dst++)
			for (unsigned len = 0; len <= 32; len++) {
				for (unsigned i = 0; i < 48; i++)
					a[i] = b[i] = (u8)(i * 5);
				memmove(a + dst, a + src, len);
				assert_ptr_equal(hv_memmove(b + dst, b + src, len), b + dst);
				assert_memory_equal(a, b, 48);
			}
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void comparisons(void **state)
{
	static const char *const words[] = { "",  "a",    "ab",   "abc", "abd",
					     "b", "\x7f", "\x80", "\xff" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		for (size_t k = 0; k < ARRAY_LEN(words); k++) {
			const char *a = words[i], *b = words[k];

			assert_int_equal(sign(hv_strcmp(a, b)), sign(strcmp(a, b)));
			for (size_t n = 0; n < 5; n++)
				assert_int_equal(sign(hv_strncmp(a, b, n)), sign(strncmp(a, b, n)));
		}
	assert_int_equal(sign(hv_memcmp("a\0b", "a\0c", 3)), -1);
	assert_int_equal(sign(hv_memcmp("\x80", "\x7f", 1)), 1);
	assert_int_equal(hv_memcmp("a", "b", 0), 0);
	assert_int_equal(hv_strlen(""), 0);
	assert_int_equal(hv_strlen("four"), 4);
}

/* The buffers are exactly as large as said, so that ASan sees a byte too many. */
static void copy_ends_with_nul(void **state)
{
	char *buf = malloc(4);

	assert_true(str_copy(buf, 4, "abc"));
	assert_string_equal(buf, "abc");
	assert_false(str_copy(buf, 4, "abcd"));
	assert_string_equal(buf, "abc");
	assert_true(str_copy(buf, 4, ""));
	assert_string_equal(buf, "");
	assert_false(str_copy(buf, 1, "x"));
	assert_string_equal(buf, "");
	assert_true(str_copy(buf, 1, ""));
	free(buf);
}

static void case_is_ascii(void **state)
{
	assert_true(str_equal_nocase("MEMORY", "memory"));
	assert_true(str_equal_nocase("", ""));
	assert_false(str_equal_nocase("memory", "memor"));
	assert_false(str_equal_nocase("memor", "memory"));
	/* 20h apart, but no letters. */
	assert_false(str_equal_nocase("@", "`"));
	assert_false(str_equal_nocase("[", "{"));
	assert_false(str_equal_nocase("\xc0", "\xe0"));
}

static void distances(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned d;
	} rows[] = {
		{ "", "", 0 },
		{ "", "abc", 3 },
		{ "memory", "memory", 0 },
		{ "memory", "memroy", 2 },
		{ "vcpu", "vcpus", 1 },
		{ "kernel", "kennel", 1 },
		{ "kitten", "sitting", 3 },
		{ "abc", "xyz", 3 },
		{ "a23456789012345678901234567890x", "a23456789012345678901234567890y", 1 },
		{ "a234567890123456789012345678901x", "a", 32 }, /* 32 characters */
		{ "a", "a234567890123456789012345678901x", 32 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(str_distance(rows[i].a, rows[i].b), rows[i].d);
		assert_int_equal(str_distance(rows[i].b, rows[i].a), rows[i].d);
	}
}

/* Every status has a text of its own, and what is no status has one too. */
static void status_texts(void **state)
{
	for (int i = 0; i < STATUS_COUNT; i++) {
		assert_true(strlen(status_text((enum status)i)) > 1);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(status_text((enum status)i),
						status_text((enum status)k));
	}
	assert_non_null(status_text((enum status)STATUS_COUNT));
	assert_non_null(status_text((enum status)0x7fffffff));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies),
		cmocka_unit_test(fills),
		cmocka_unit_test(moves),
		cmocka_unit_test(comparisons),
		cmocka_unit_test(copy_ends_with_nul),
		cmocka_unit_test(case_is_ascii),
		cmocka_unit_test(distances),
		cmocka_unit_test(status_texts),
	};

	return cmocka_run_group_tests_name("string", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
/* lib/fmt.c: mostly against the C library, where both know the conversion. */
#include "unit.h"

#include <lib/fmt.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Both print the same. */
#define SAME(...)                                                                             \
	do {                                                                                  \
		char ours[128], theirs[128];                                                  \
                                                                                              \
		snprintf(theirs, sizeof(theirs), __VA_ARGS__);                                \
		assert_int_equal(fmt_print(ours, sizeof(ours), __VA_ARGS__), strlen(theirs)); \
		assert_string_equal(ours, theirs);                                            \
	} while (0)

static void integers(void **state)
{
	static const long long values[] = { 0,   1,     -1,      9,       10,        -10,
					    255, 65535, INT_MAX, INT_MIN, LLONG_MAX, LLONG_MIN };

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		long long n = values[i];

		SAME("%d|%i|%u", (int)n, (int)n, (unsigned)n);
		SAME("%lld|%ld|%llu|%lu", n, (long)n, (unsigned long long)n, (unsigned long)n);
		SAME("%x|%X|%llx|%llX", (unsigned)n, (unsigned)n, (unsigned long long)n,
		     (unsigned long long)n);
		SAME("%zu|%zx", (size_t)n, (size_t)n);
		SAME("%5d|%-5d|%05d|%20lld|%-20lld|%020lld", (int)n, (int)n, (int)n, n, n, n);
		SAME("%016llx|%08x|%*d|%02x", (unsigned long long)n, (unsigned)n, 12, (int)n,
		     (unsigned)n);
	}
	SAME("%hhu %hu %hhd", (unsigned char)200, (unsigned short)60000, (signed char)-5);
}

static void text(void **state)
{
	SAME("plain");
	SAME("%s|%10s|%-10s|%3s", "word", "word", "word", "longer");
	SAME("%.2s|%.0s|%.9s|%10.2s|%-10.2s", "word", "word", "word", "word", "word");
	SAME("%.*s|%*s", 3, "word", 7, "word");
	SAME("%c%c%c", 'a', ' ', 'z');
	SAME("100%%");
}

/* A string that is not ended is read as far as the precision says. */
static void precision_bounds_reading(void **state)
{
	char *four = malloc(4), buf[16];

	memcpy(four, "abcd", 4);
	assert_int_equal(fmt_print(buf, sizeof(buf), "%.4s", four), 4);
	assert_string_equal(buf, "abcd");
	assert_int_equal(fmt_print(buf, sizeof(buf), "%.*s", 2, four), 2);
	assert_string_equal(buf, "ab");
	free(four);
}

static size_t print(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	len = fmt_vprint(buf, size, fmt, ap);
	va_end(ap);
	return len;
}

/* What the C library has no opinion on, or another one. */
static void own_rules(void **state)
{
	char buf[32];

	print(buf, sizeof(buf), "%s|%5s", NULL, NULL);
	assert_string_equal(buf, "(null)|(null)");
	print(buf, sizeof(buf), "%p", (void *)0x1234abcdull);
	assert_string_equal(buf, "1234abcd");
	print(buf, sizeof(buf), "%k %!");
	assert_string_equal(buf, "k !");
	/* A specification without an end. */
	assert_int_equal(print(buf, sizeof(buf), "ab%"), 2);
	assert_int_equal(print(buf, sizeof(buf), "ab%-05"), 2);
	assert_int_equal(print(buf, sizeof(buf), "ab%.3"), 2);
	assert_int_equal(print(buf, sizeof(buf), "ab%ll"), 2);
}

/* Whatever the room: cut, ended, and not a byte too far. */
static void cuts(void **state)
{
	static const char full[] = "vm \"web\": -42 00ff   x";

	for (size_t size = 1; size <= sizeof(full) + 2; size++) {
		char *buf = malloc(size);
		size_t want = size <= sizeof(full) - 1 ? size - 1 : sizeof(full) - 1;

		assert_int_equal(
		    fmt_print(buf, size, "vm \"%s\": %d %04x %3c", "web", -42, 255u, 'x'), want);
		assert_int_equal(strlen(buf), want);
		assert_memory_equal(buf, full, want);
		free(buf);
	}
}

/* A width far beyond the buffer is not written. */
static void wide(void **state)
{
	char buf[8];

	assert_int_equal(print(buf, sizeof(buf), "%1000000d", 5), 7);
	assert_string_equal(buf, "       ");
	assert_int_equal(print(buf, sizeof(buf), "%-1000000s|", "ab"), 7);
	assert_string_equal(buf, "ab     ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),
		cmocka_unit_test(text),
		cmocka_unit_test(precision_bounds_reading),
		cmocka_unit_test(own_rules),
		cmocka_unit_test(cuts),
		cmocka_unit_test(wide),
	};

	return cmocka_run_group_tests_name("fmt", tests, NULL, NULL);
}

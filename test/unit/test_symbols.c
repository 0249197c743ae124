// SPDX-License-Identifier: BSD-2-Clause
/* core/symbols.c, on a table as tools/symbols writes it. */
#include "unit.h"

#include <core/symbols.h>
#include <lib/string.h>
#include <stdlib.h>

static u8 table[1024];
static size_t len;

static void add(u8 byte)
{
	table[len++] = byte;
}

#define LETTERS 28 /* the end, a to z, _ */
#define PAIR(n) (LETTERS + (n))

/* A letter, or from 80h on a pair. */
static u8 code_of(u8 c)
{
	if (c >= 0x80)
		return (u8)PAIR(c - 0x80);
	return c == '_' ? LETTERS - 1 : c ? (u8)(c - 'a' + 1) : 0;
}

static void add_symbol(u32 distance, const char *name, bool end)
{
	for (; distance > 0x7F; distance >>= 7)
		add((u8)(distance | 0x80));
	add((u8)distance);
	while (*name)
		add(code_of((u8)*name++));
	if (end)
		add(0);
}

/* 80h: "vm", 81h: 80h "_", 82h: 81h 80h; 83h: itself, which no tool writes; 84h: "n" and the end. */
static int setup(void **state)
{
	static const u8 pairs[] = { 'v', 'm', 0x80, '_', 0x81, 0x80, 0x83, 0x83, 'n', 0 };

	memset(table, 0, sizeof(table));
	len = 0;
	add(4);
	add(0);
	add(LETTERS);
	add(0);
	for (char c = 'a'; c <= 'z'; c++)
		add((u8)c);
	add('_');
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		add(code_of(pairs[i]));
	len = 3 + LETTERS + 2 * (256 - LETTERS);
	add_symbol(0x10, "start", true);
	add_symbol(0x10, "\x81ru\x84", false);
	add_symbol(300000, "\x82x", true);
	add_symbol(16, "y\x83", true);
	return 0;
}

static void expect(u64 at, const char *name, u64 offset)
{
	struct symbol s;

	assert_true(symbol_find(table, len, at, &s));
	assert_string_equal(s.name, name);
	assert_int_equal(s.offset, offset);
}

static void names(void **state)
{
	struct symbol s;

	assert_false(symbol_find(table, len, 0, &s));
	assert_false(symbol_find(table, len, 0xF, &s));
	expect(0x10, "start", 0);
	expect(0x1F, "start", 15);
	expect(0x20, "vm_run", 0);
	expect(300031, "vm_run", 299999);
	expect(300032, "vm_vmx", 0);
	expect(300047, "vm_vmx", 15);
}

static void damaged(void **state)
{
	struct symbol s;

	assert_true(symbol_find(table, len, ~0ull, &s));
	assert_int_equal(s.name[0], 'y');
	for (size_t i = 0; i < len; i++) {
		u8 *copy = memcpy(malloc(i ? i : 1), table, i);

		symbol_find(copy, i, ~0ull, &s);
		free(copy);
	}
	assert_false(symbol_find(NULL, 0, 1, &s));
}

static void long_names_are_cut(void **state)
{
	struct symbol s;
	char name[200];

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	table[0]++;
	add_symbol(16, name, true);
	assert_true(symbol_find(table, len, 1000000, &s));
	assert_int_equal(strlen(s.name), SYMBOL_NAME_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(names, setup),
		cmocka_unit_test_setup(damaged, setup),
		cmocka_unit_test_setup(long_names_are_cut, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

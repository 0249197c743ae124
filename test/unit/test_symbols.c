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

static void add_symbol(u32 distance, const u8 *codes, u8 count)
{
	for (; distance > 0x7F; distance >>= 7)
		add((u8)(distance | 0x80));
	add((u8)distance);
	add(count);
	for (u8 i = 0; i < count; i++)
		add(codes[i]);
}

/* 80h: "vm", 81h: 80h "_", 82h: 81h 80h; 83h: itself, which no tool writes. */
static int setup(void **state)
{
	static const u8 pairs[] = { 'v', 'm', 0x80, '_', 0x81, 0x80, 0x83, 0x83 };

	memset(table, 0, sizeof(table));
	table[0] = 4;
	memcpy(table + 2, pairs, sizeof(pairs));
	len = 2 + 256;
	add_symbol(0x10, (const u8 *)"start", 5);
	add_symbol(0x10, (const u8[]){ 0x81, 'r', 'u', 'n' }, 4);
	add_symbol(300000, (const u8[]){ 0x82, 'x' }, 2);
	add_symbol(16, (const u8[]){ 'y', 0x83 }, 2);
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
	u8 name[200];

	memset(name, 'n', sizeof(name));
	table[0]++;
	add_symbol(16, name, sizeof(name));
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

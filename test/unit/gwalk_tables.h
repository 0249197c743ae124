// SPDX-License-Identifier: BSD-2-Clause
/*
 * For test_gwalk.c and test_gwalk_rights.c: a little guest RAM, and page tables of all formats in
 * it.
 */
#pragma once

#include "unit.h"

#include <arch/x86_64/defs/regs.h>
#include <lib/fmt.h>
#include <lib/string.h>
#include <vm/gwalk.h>

#include <stdlib.h>

#define P  0x01ull
#define W  0x02ull
#define U  0x04ull
#define A  0x20ull
#define D  0x40ull
#define PS 0x80ull
#define NX BIT(63)

/* Guest RAM; tables lie at 1000h, 2000h, ... The root is at 1000h. */
#define RAM_SIZE (64 * KIB)
#define ROOT     0x1000

static u8 *ram;
static struct gmem gmem;
static struct gwalk_env env;
static struct gwalk_fault fault;

enum mode { FLAT, LEGACY, PAE, LONG4, LONG5 };

static void set_mode(enum mode mode)
{
	memset(ram, 0, RAM_SIZE);
	env = (struct gwalk_env){ .mem = &gmem, .phys_bits = 40, .page_1g = true, .cr3 = ROOT };
	env.cr0 = CR0_PE | (mode == FLAT ? 0 : CR0_PG);
	env.cr4 = CR4_PSE;
	if (mode >= PAE)
		env.cr4 |= CR4_PAE;
	if (mode >= LONG4)
		env.efer = EFER_LME | EFER_LMA;
	if (mode == LONG5)
		env.cr4 |= CR4_LA57;
}

static int setup(void **state)
{
	ram = aligned_alloc(PAGE_SIZE, RAM_SIZE);
	gmem = (struct gmem){ .ram = { { 0, RAM_SIZE } }, .count = 1, .window = ram };
	return !ram;
}

static int teardown(void **state)
{
	free(ram);
	return 0;
}

static void put(enum mode mode, u64 table, unsigned index, u64 entry)
{
	size_t size = mode == LEGACY ? 4 : 8;

	memcpy(ram + table + index * size, &entry, size);
}

static u64 get(enum mode mode, u64 table, unsigned index)
{
	size_t size = mode == LEGACY ? 4 : 8;
	u64 entry = 0;

	memcpy(&entry, ram + table + index * size, size);
	return entry;
}

/* Tables for `gva` with `leaf` at a level (0: page table) and `upper` bits above. Returns the
 * leaf's table. */
static u64 map(enum mode mode, gva_t gva, unsigned level, u64 upper, u64 leaf)
{
	static const unsigned tops[] = { [LEGACY] = 1, [PAE] = 2, [LONG4] = 3, [LONG5] = 4 };
	unsigned bits = mode == LEGACY ? 10 : 9;
	u64 table = ROOT;

	for (unsigned l = tops[mode];; l--, table += PAGE_SIZE) {
		unsigned index = (unsigned)(gva >> (12 + bits * l) & ((1u << bits) - 1));

		if (l == level) {
			put(mode, table, index, leaf);
			return table;
		}
		put(mode, table, index,
		    (table + PAGE_SIZE) | P | (mode == PAE && l == tops[mode] ? 0 : upper));
	}
}

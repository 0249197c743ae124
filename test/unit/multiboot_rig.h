// SPDX-License-Identifier: BSD-2-Clause
/* For test_multiboot*.c: a kernel written out by hand. */
#pragma once

#include "unit.h"

#include "guest_ram.h"

#include <lib/bits.h>
#include <stdio.h>

/* An ELF32 image written out by hand: header, two program headers, the multiboot header at the
 * start of the code, data. */
#define PH32(n)   (52 + 32 * (n))
#define PH64(n)   (64 + 56 * (n))
#define HEADER_AT 512
#define CODE_AT   HEADER_AT
#define DATA_AT   768
#define FILE_LEN  1024
#define VIRTUAL   0xc0000000u

static u8 file[FILE_LEN];
static struct guest_image img;
static struct guest_start start;

static inline void put(u64 at, u64 val, unsigned width)
{
	memcpy(file + at, &val, width);
}

static inline void segment(unsigned n, u32 type, u32 offset, u32 paddr, u32 filesz, u32 memsz)
{
	const u32 fields[8] = { type, offset, VIRTUAL + paddr, paddr, filesz, memsz, 5, 4096 };

	memcpy(file + PH32(n), fields, sizeof(fields));
}

static inline void header_at(u64 at, u32 flags)
{
	put(at, 0x1badb002, 4);
	put(at + 4, flags, 4);
	put(at + 8, -(0x1badb002 + flags), 4);
}

static inline void addresses(u32 header, u32 load, u32 load_end, u32 bss_end, u32 entry)
{
	const u32 fields[5] = { header, load, load_end, bss_end, entry };

	header_at(HEADER_AT, BIT(16));
	memcpy(file + HEADER_AT + 12, fields, sizeof(fields));
}

static inline int new_image(void **state)
{
	memset(file, 0, sizeof(file));
	memcpy(file,
	       "\x7f"
	       "ELF\x01\x01\x01",
	       7);
	put(16, 2, 2);
	put(18, 3, 2);
	put(24, VIRTUAL + 0x100020, 4);
	put(28, PH32(0), 4);
	put(42, 32, 2);
	put(44, 2, 2);
	segment(0, 1, CODE_AT, 0x100000, 256, 256);
	segment(1, 1, DATA_AT, 0x101000, 100, 8192);
	memset(file + CODE_AT, 0x22, 256);
	memset(file + DATA_AT, 0x44, 100);
	header_at(HEADER_AT, 3);
	img = (struct guest_image){ .kernel = file, .kernel_len = sizeof(file), .cmdline = "a=b c" };
	ram_new(4 * MIB);
	return 0;
}

/* The same as ELF64, entry and segments below 4 GiB. */
static inline void make_elf64(void)
{
	const u64 code[7] = { 1 | 5ull << 32, CODE_AT, 0x100000, 0x100000, 256, 256, 4096 };
	const u64 data[7] = { 1 | 6ull << 32, DATA_AT, 0x101000, 0x101000, 100, 8192, 4096 };

	memset(file, 0, HEADER_AT);
	memcpy(file,
	       "\x7f"
	       "ELF\x02\x01\x01",
	       7);
	put(16, 2, 2);
	put(18, 62, 2);
	put(24, 0x100010, 8);
	put(32, PH64(0), 8);
	put(54, 56, 2);
	put(56, 2, 2);
	memcpy(file + PH64(0), code, sizeof(code));
	memcpy(file + PH64(1), data, sizeof(data));
}

static inline void refused(enum status st, const char *why)
{
	assert_int_equal(load_image(&img, &start), st);
	assert_string_equal(reason, why);
	assert_true(ram_untouched());
	new_image(NULL);
}

static inline u64 get(gpa_t gpa, unsigned width)
{
	u64 val = 0;

	assert_int_equal(gmem_read(&ram, gpa, &val, width), OK);
	return val;
}

static inline const char *text(gpa_t gpa)
{
	const char *s = gmem_ptr(&ram, gpa, 1);

	assert_non_null(s);
	return s;
}

static inline int end(void **state)
{
	ram_free();
	return 0;
}

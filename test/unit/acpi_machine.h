// SPDX-License-Identifier: BSD-2-Clause
/*
 * For test_acpi.c and test_acpi_hostile.c: a machine's low memory with a full set of tables in it,
 * to be spoiled.
 */
#pragma once

#include "unit.h"

#include "../host/fake_log.h"

#include <drivers/acpi.h>
#include <lib/range.h>
#include <stdlib.h>
#include <string.h>

/*
 * The machine's memory: [0, 1 MiB), all of which can be mapped; each mapping is an exact malloc'ed
 * copy, so that ASan sees every byte read too far.
 */
static u8 memory[1 * MIB];
static void *copies[4096];
static u32 copy_count, mapped; /* mapped: by the latest read_tables() */
static struct acpi_info info;

static inline const void *map(void *ctx, hpa_t addr, u64 len)
{
	assert_true(len && len <= 1 * MIB);
	if (!range_inside(addr, len, 0, sizeof(memory)))
		return NULL;
	assert_true(copy_count < ARRAY_LEN(copies));
	copies[copy_count] = malloc(len);
	memcpy(copies[copy_count], memory + addr, len);
	return copies[copy_count++];
}

static inline void read_tables(hpa_t rsdp)
{
	static const struct acpi_memory mem = {.map = map};

	fake_log_count = 0;
	acpi_read(&mem, rsdp, &info);
	mapped = copy_count;
	while (copy_count)
		free(copies[--copy_count]);
}

static inline void put(hpa_t at, u64 v, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		memory[at + i] = (u8)(v >> (8 * i));
}

static inline u64 get(hpa_t at, u32 bytes)
{
	u64 v = 0;

	while (bytes--)
		v = v << 8 | memory[at + bytes];
	return v;
}

static inline void fix_sum(hpa_t at, u32 len, u32 sum_at)
{
	u8 s = 0;

	memory[at + sum_at] = 0;
	for (u32 i = 0; i < len; i++)
		s = (u8)(s + memory[at + i]);
	memory[at + sum_at] = (u8)-s;
}

static inline void seal(hpa_t table)
{
	fix_sum(table, (u32)get(table + 4, 4), 9);
}

/* A header; the body is written with append(), the checksum by seal(). */
static inline void begin(hpa_t at, const char *signature, u32 len)
{
	memset(memory + at, 0, len);
	memcpy(memory + at, signature, 4);
	put(at + 4, len, 4);
	memory[at + 8] = 6;
}

static inline void append(hpa_t table, const void *bytes, u32 len)
{
	u32 end = (u32)get(table + 4, 4);

	memcpy(memory + table + end, bytes, len);
	put(table + 4, end + len, 4);
}

#define APPEND(table, ...) \
	append(table, (const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}))

#define RSDP 0xF0010ull
#define RSDT 0x20000ull
#define XSDT 0x21000ull
#define FADT 0x22000ull
#define MADT 0x23000ull
#define HPET 0x30000ull
#define MCFG 0x31000ull
#define SPCR 0x32000ull
#define SSDT 0x33000ull

static inline void make_rsdp(hpa_t at, u8 revision, u32 rsdt, u64 xsdt)
{
	memset(memory + at, 0, revision < 2 ? 20 : 36);
	memcpy(memory + at, "RSD PTR ", 8);
	memory[at + 15] = revision;
	put(at + 16, rsdt, 4);
	fix_sum(at, 20, 8);
	if (revision < 2)
		return;
	put(at + 20, 36, 4);
	put(at + 24, xsdt, 8);
	fix_sum(at, 36, 32);
}

static inline void make_fadt(void)
{
	begin(FADT, "FACP", 276);
	put(FADT + 56, 0x600, 4);
	put(FADT + 64, 0x604, 4);
	put(FADT + 76, 0x608, 4);
	memory[FADT + 108] = 0x32;
	put(FADT + 112, 1u << 8 | 1u << 10, 4);
	put(FADT + 116, 0x0801, 2);
	put(FADT + 120, 0xCF9, 8);
	memory[FADT + 128] = 0x0F;
	seal(FADT);
}

static inline void make_madt(void)
{
	begin(MADT, "APIC", 44);
	put(MADT + 36, 0xFEE00000, 4);
	put(MADT + 40, 1, 4);
	APPEND(MADT, 0, 8, 0, 0, 1, 0, 0, 0);
	APPEND(MADT, 0, 8, 1, 2, 1, 0, 0, 0);
	APPEND(MADT, 0, 8, 2, 4, 2, 0, 0, 0);    /* online capable */
	APPEND(MADT, 0, 8, 3, 6, 0, 0, 0, 0);    /* not there */
	APPEND(MADT, 0, 8, 4, 0xFF, 1, 0, 0, 0); /* nobody */
	APPEND(MADT, 9, 16, 0, 0, 0x34, 0x12, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0);
	APPEND(MADT, 1, 12, 8, 0, 0, 0, 0xC0, 0xFE, 0, 0, 0, 0);
	APPEND(MADT, 1, 12, 9, 0, 0, 0x10, 0xC0, 0xFE, 24, 0, 0, 0);
	APPEND(MADT, 2, 10, 0, 0, 2, 0, 0, 0, 0, 0);
	APPEND(MADT, 2, 10, 0, 9, 9, 0, 0, 0, 0xD, 0);
	APPEND(MADT, 4, 6, 0xFF, 5, 0, 1);
	APPEND(MADT, 10, 12, 5, 0, 9, 0, 0, 0, 0, 0, 0, 0);
	APPEND(MADT, 0x7F, 4, 0, 0); /* of a later specification */
	seal(MADT);
}

/* What the tests take away from or spoil: everything there, nothing wrong. */
static inline int setup(void **state)
{
	memset(memory, 0, sizeof(memory));
	make_rsdp(RSDP, 2, RSDT, XSDT);
	make_fadt();
	make_madt();
	begin(HPET, "HPET", 56);
	put(HPET + 44, 0xFED00000, 8);
	seal(HPET);
	begin(MCFG, "MCFG", 60);
	put(MCFG + 44, 0xE0000000, 8);
	put(MCFG + 55, 0xFF, 1);
	seal(MCFG);
	begin(SPCR, "SPCR", 80);
	put(SPCR + 40, 0x0801, 2);
	put(SPCR + 44, 0x3F8, 8);
	memory[SPCR + 58] = 7;
	seal(SPCR);
	begin(SSDT, "SSDT", 36);
	seal(SSDT);
	begin(XSDT, "XSDT", 36);
	begin(RSDT, "RSDT", 36);
	for (hpa_t t = FADT; t <= SSDT; t += 0x1000) {
		if (t > MADT && t < HPET)
			continue;
		append(XSDT, &t, 8);
		append(RSDT, &t, 4);
	}
	seal(XSDT);
	seal(RSDT);
	return 0;
}

static inline void assert_all_there(void)
{
	assert_true(info.found);
	assert_int_equal(info.cpu_count, 3);
	assert_true(info.has_fadt);
	assert_int_equal(info.hpet_base, 0xFED00000);
	assert_int_equal(info.mcfg_count, 1);
	assert_int_equal(info.serial.addr, 0x3F8);
}

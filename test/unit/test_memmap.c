// SPDX-License-Identifier: BSD-2-Clause
/*
 * Firmware memory maps, sane and not, against a page-by-page reading of the rule; and taking pieces
 * out of the result.
 */
#include "unit.h"

#include <core/memmap.h>
#include <lib/bits.h>
#include <lib/range.h>
#include <string.h>
#include <stdlib.h>

#define K4 PAGE_SIZE
#define M1 MIB

static struct memmap m;

/* --- Tables --- */

struct example {
	const char *what;
	struct boot_mem in[6];
	struct mem_range out[4];
};

// clang-format off
static const struct example examples[] = {
	{ "one range",
	  { { M1, M1, MEM_RAM, 0} },
	  { { M1, M1 } } },
	{ "the first MiB is not ours",
	  { { 0, 2 * M1, MEM_RAM, 0} },
	  { { M1, M1 } } },
	{ "sorted and joined",
	  { { 8 * M1, M1, MEM_RAM, 0}, { 2 * M1, M1, MEM_RAM, 0}, { 3 * M1, M1, MEM_RAM, 0} },
	  { { 2 * M1, 2 * M1 }, { 8 * M1, M1 } } },
	{ "two entries meet inside a page",
	  { { M1, 0x1800, MEM_RAM, 0}, { M1 + 0x1800, 0x800, MEM_RAM, 0} },
	  { { M1, 0x2000 } } },
	{ "a gap of one byte costs the page",
	  { { M1, 0x1800, MEM_RAM, 0}, { M1 + 0x1801, 0x17ff, MEM_RAM, 0} },
	  { { M1, 0x1000 }, { M1 + 0x2000, 0x1000 } } },
	{ "unaligned RAM shrinks",
	  { { M1 + 1, 3 * K4, MEM_RAM, 0} },
	  { { M1 + K4, 2 * K4 } } },
	{ "RAM of less than a page",
	  { { M1, K4 - 1, MEM_RAM, 0}, { 2 * M1 + 1, K4, MEM_RAM, 0} },
	  { { 0 } } },
	{ "one reserved byte costs its page",
	  { { M1, 3 * K4, MEM_RAM, 0}, { M1 + K4 + 7, 1, MEM_RESERVED, 0} },
	  { { M1, K4 }, { M1 + 2 * K4, K4 } } },
	{ "reserved over the border of two pages costs both",
	  { { M1, 4 * K4, MEM_RAM, 0}, { M1 + 2 * K4 - 1, 2, MEM_ACPI, 0} },
	  { { M1, K4 }, { M1 + 3 * K4, K4 } } },
	{ "the worse type wins, whatever the order",
	  { { M1, 2 * K4, MEM_FILE, 0}, { M1, 4 * K4, MEM_RAM, 0}, { M1 + 3 * K4, K4, MEM_IMAGE, 0} },
	  { { M1 + 2 * K4, K4 } } },
	{ "unknown types are not RAM",
	  { { M1, 2 * K4, MEM_RAM, 0}, { M1, K4, 77, 0} },
	  { { M1 + K4, K4 } } },
	{ "empty entries say nothing",
	  { { M1, 2 * K4, MEM_RAM, 0}, { M1 + K4, 0, MEM_RESERVED, 0}, { 8 * M1, 0, MEM_RAM, 0} },
	  { { M1, 2 * K4 } } },
	{ "RAM that wraps is a lie",
	  { { M1, ~0ull, MEM_RAM, 0}, { 8 * M1, K4, MEM_RAM, 0} },
	  { { 8 * M1, K4 } } },
	{ "reserved that wraps reaches the top",
	  { { M1, 4 * M1, MEM_RAM, 0}, { 2 * M1, ~0ull, MEM_RESERVED, 0}, { 1ull << 40, M1, MEM_RAM, 0} },
	  { { M1, M1 } } },
	{ "the last byte of all",
	  { { ~0ull, 1, MEM_RESERVED, 0}, { ~0ull, 1, MEM_RAM, 0}, { ~0ull - 8191, 8192, MEM_RAM, 0} },
	  { { 0 } } },
	{ "nothing beyond 52 bits",
	  { { MEMMAP_TOP - M1, 2 * M1, MEM_RAM, 0} },
	  { { MEMMAP_TOP - M1, M1 } } },
	{ "everything reserved",
	  { { 0, ~0ull, MEM_RESERVED, 0}, { M1, M1, MEM_RAM, 0} },
	  { { 0 } } },
	{ "no entry at all", { { 0 } }, { { 0 } } },
};
// clang-format on

static void examples_come_out_right(void **state)
{
	for (unsigned i = 0; i < ARRAY_LEN(examples); i++) {
		const struct example *e = &examples[i];
		unsigned n = 0;

		memmap_build(&m, e->in, ARRAY_LEN(e->in), M1, MEMMAP_TOP);
		while (n < ARRAY_LEN(e->out) && e->out[n].len)
			n++;
		if (m.count != n || memcmp(m.range, e->out, n * sizeof(e->out[0])))
			fail_msg("%s: %u ranges, the first at 0x%llx of 0x%llx", e->what, m.count,
				 (unsigned long long)m.range[0].base,
				 (unsigned long long)m.range[0].len);
	}
}

static void the_low_mib_can_be_asked_for(void **state)
{
	static const struct boot_mem mem[] = {{0, 0x9fc00, MEM_RAM, 0}, {M1, M1, MEM_RAM, 0}};
	hpa_t at;

	memmap_build(&m, mem, 2, K4, M1);
	assert_int_equal(m.count, 1);
	assert_int_equal(memmap_carve(&m, K4, K4, M1, &at), OK);
	assert_int_equal(at, 0x9e000);
}

/* --- Random maps against the rule, page by page --- */

#define PAGES 600

static bool rule(const struct boot_mem *mem, unsigned count, hpa_t page)
{
	static u8 covered[PAGE_SIZE];

	memset(covered, 0, sizeof(covered));
	for (unsigned i = 0; i < count; i++) {
		u64 len = min_u64(mem[i].len, ~mem[i].base);

		if (!range_overlap(mem[i].base, len, page, K4))
			continue;
		if (mem[i].type != MEM_RAM)
			return false;
		if (mem[i].len != len)
			continue;
		u64 lo = max_u64(mem[i].base, page) - page;
		u64 hi = min_u64(mem[i].base + len, page + K4) - page;

		memset(covered + lo, 1, hi - lo);
	}
	return !memchr(covered, 0, sizeof(covered));
}

static void random_maps_follow_the_rule(void **state)
{
	static struct boot_mem mem[BOOT_MEM_MAX];

	for (unsigned seed = 0; seed < 300; seed++) {
		unsigned count = seed % 10 ? 1 + seed % 40 : BOOT_MEM_MAX;
		unsigned fine = seed % 3 ? 1024 : 1; /* granularity of bounds */
		u64 total = 0;

		srand(seed);
		for (unsigned i = 0; i < count; i++) {
			mem[i].base = M1 + (u64)rand() % (PAGES * K4 / fine) * fine;
			mem[i].len = (u64)rand() % (count > 100 ? 4 * K4 : 60 * K4) / fine * fine;
			mem[i].type = rand() % 4 ? MEM_RAM : (u32)rand() % 8;
			if (rand() % 100 == 0)
				mem[i].len = ~0ull - (u64)rand();
		}
		memmap_build(&m, mem, count, M1, M1 + PAGES * K4);
		for (unsigned p = 0, r = 0; p < PAGES; p++) {
			hpa_t page = M1 + p * K4;
			bool ours;

			while (r < m.count && m.range[r].base + m.range[r].len <= page)
				r++;
			ours = r < m.count && m.range[r].base <= page;
			assert_int_equal(ours, rule(mem, count, page));
			total += ours;
		}
		assert_int_equal(memmap_bytes(&m), total * K4);
		for (unsigned r = 1; r < m.count; r++)
			assert_true(m.range[r - 1].base + m.range[r - 1].len < m.range[r].base);
	}
}

static void the_worst_map_fits(void **state)
{
	static struct boot_mem mem[BOOT_MEM_MAX];

	/* Every entry makes a range of its own; in reverse, which is the slowest. */
	for (unsigned i = 0; i < BOOT_MEM_MAX; i++)
		mem[BOOT_MEM_MAX - 1 - i] = (struct boot_mem){M1 + i * 2 * K4, K4, MEM_RAM, 0};
	memmap_build(&m, mem, BOOT_MEM_MAX, M1, MEMMAP_TOP);
	assert_int_equal(m.count, BOOT_MEM_MAX);
	mem[0] = (struct boot_mem){M1, MEMMAP_TOP, MEM_RAM, 0};
	for (unsigned i = 1; i < BOOT_MEM_MAX; i++)
		mem[i] = (struct boot_mem){M1 + i * 2 * K4, 1, MEM_RESERVED, 0};
	memmap_build(&m, mem, BOOT_MEM_MAX, M1, MEMMAP_TOP);
	assert_int_equal(m.count, BOOT_MEM_MAX);
}

/* --- Carving --- */

struct carving {
	u64 size, align;
	hpa_t limit;
	enum status st;
	hpa_t at;
};

/* In this order from 1-2 MiB, 16-32 MiB and 4-5 GiB. */
// clang-format off
static const struct carving carvings[] = {
	{ K4,      K4,     MEMMAP_TOP,    OK,      5 * GIB - K4 },
	{ 2 * M1,  K4,     4 * GIB,       OK,      30 * M1 },
	{ 2 * M1,  2 * M1, 4 * GIB,       OK,      28 * M1 },
	{ K4,      4 * M1, 27 * M1,       OK,      24 * M1 },	/* splits: 16-24, 24+4K-28 */
	{ 4 * M1,  K4,     4 * GIB,       OK,      20 * M1 },
	{ M1,      M1,     2 * M1,        OK,      M1 },	/* a range disappears */
	{ M1,      M1,     2 * M1,        E_NOMEM, 0 },
	{ 5 * M1,  K4,     4 * GIB,       E_NOMEM, 0 },
	{ GIB,     GIB,    MEMMAP_TOP,    E_NOMEM, 0 },
	{ K4,      GIB,    MEMMAP_TOP,    OK,      4 * GIB },
	{ K4,      K4,     0,             E_NOMEM, 0 },
	{ 1ull << 63, K4,  ~0ull,         E_NOMEM, 0 },
};
// clang-format on

static void pieces_are_the_highest_that_fit(void **state)
{
	static const struct boot_mem mem[] = {
	    {M1, M1, MEM_RAM, 0}, {16 * M1, 16 * M1, MEM_RAM, 0}, {4 * GIB, GIB, MEM_RAM, 0}};
	u64 left;

	memmap_build(&m, mem, 3, M1, MEMMAP_TOP);
	left = memmap_bytes(&m);
	for (unsigned i = 0; i < ARRAY_LEN(carvings); i++) {
		const struct carving *c = &carvings[i];
		hpa_t at = 0;

		assert_int_equal(memmap_carve(&m, c->size, c->align, c->limit, &at), c->st);
		if (!c->st) {
			assert_int_equal(at, c->at);
			left -= c->size;
			for (unsigned r = 0; r < m.count; r++)
				assert_false(
				    range_overlap(m.range[r].base, m.range[r].len, at, c->size));
		}
		assert_int_equal(memmap_bytes(&m), left);
		for (unsigned r = 1; r < m.count; r++)
			assert_true(m.range[r - 1].base + m.range[r - 1].len < m.range[r].base);
	}
}

static void a_full_map_cannot_be_split(void **state)
{
	hpa_t at;

	m.count = MEMMAP_RANGES;
	for (u64 i = 0; i < MEMMAP_RANGES; i++)
		m.range[i] = (struct mem_range){M1 * (i + 1), 0x4000};
	assert_int_equal(memmap_carve(&m, K4, K4, M1 + 0x2000, &at), E_FULL);
	assert_int_equal(m.range[0].len, 0x4000);
	assert_int_equal(memmap_carve(&m, K4, K4, M1 + 0x1000, &at), OK);
	assert_int_equal(at, M1);
	assert_int_equal(m.count, MEMMAP_RANGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(examples_come_out_right),
	    cmocka_unit_test(the_low_mib_can_be_asked_for),
	    cmocka_unit_test(random_maps_follow_the_rule),
	    cmocka_unit_test(the_worst_map_fits),
	    cmocka_unit_test(pieces_are_the_highest_that_fit),
	    cmocka_unit_test(a_full_map_cannot_be_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

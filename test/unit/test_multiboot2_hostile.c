// SPDX-License-Identifier: BSD-2-Clause
/* Multiboot2 information that is too much, cut short or wrong. */
#include "multiboot2_rig.h"

/* --- A table that is too small loses RAM, and nothing else
 * ----------------------------------------------- */

static void too_much_ram(void **state)
{
	static struct mb2_mmap_entry e[BOOT_MEM_MAX + 100];

	for (u32 i = 0; i < ARRAY_LEN(e); i++)
		e[i] = (struct mb2_mmap_entry){.base = i * 0x2000ull, .len = 0x1000, .type = 1};
	e[ARRAY_LEN(e) - 1].type = 3;
	begin();
	mmap_tag(e, ARRAY_LEN(e));
	module(0x100000, 0x101000, "f");
	end();
	assert_int_equal(parse(), OK);
	assert_int_equal(bi.mem_count, BOOT_MEM_MAX);
	assert_true(has_mem((ARRAY_LEN(e) - 1) * 0x2000ull, 0x1000, MEM_ACPI));
	assert_true(has_mem(0x100000, 0x1000, MEM_FILE));

	assert_int_equal(bi.mem_lost, (ARRAY_LEN(e) - 1 - (BOOT_MEM_MAX - 3)) * 0x1000);
}

/* The larger ones are kept, wherever they come in the list. */
static void the_largest_ram_is_kept(void **state)
{
	static struct mb2_mmap_entry e[BOOT_MEM_MAX + 100];

	for (u32 i = 0; i < ARRAY_LEN(e); i++)
		e[i] = (struct mb2_mmap_entry){.base = i * 0x200000ull, .len = 0x1000 + i, .type = 1};
	e[7].len = 0x100000;
	begin();
	mmap_tag(e, ARRAY_LEN(e));
	end();
	assert_int_equal(parse(), OK);
	assert_int_equal(bi.mem_count, BOOT_MEM_MAX);
	assert_true(has_mem(7 * 0x200000ull, 0x100000, MEM_RAM));
	assert_true(has_mem((ARRAY_LEN(e) - 1) * 0x200000ull, 0x1000 + ARRAY_LEN(e) - 1, MEM_RAM));
	assert_false(has_mem(0, 0x1000, MEM_RAM));
}

static bool covered(hpa_t at)
{
	for (u32 i = 0; i < bi.mem_count; i++)
		if (bi.mem[i].type != MEM_RAM && range_inside(at, 1, bi.mem[i].base, bi.mem[i].len))
			return true;
	return false;
}

/*
 * Thousands of reserved ranges, in no order: all of them stay reserved, the closest become one, and RAM between those that are far apart
 * is not lost.
 */
static void thousands_of_entries(void **state)
{
	static struct mb2_mmap_entry e[4001];
	const u32 n = ARRAY_LEN(e) - 1;

	e[0] = (struct mb2_mmap_entry){.base = 0, .len = 1ull << 40, .type = 1};
	for (u32 i = 0; i < n; i++) {
		u64 k = (i * 1777ull) % n; /* prime to n: each once */

		e[1 + i] = (struct mb2_mmap_entry){
		    .base = (k / 100) * 0x40000000ull + (k % 100) * 0x2000,
		    .len = 0x1000,
		    .type = 2 + k % 3,
		};
	}
	begin();
	mmap_tag(e, ARRAY_LEN(e));
	end();
	assert_int_equal(parse(), OK);
	assert_true(bi.mem_count <= BOOT_MEM_MAX);
	for (u32 i = 1; i <= n; i++)
		assert_true(covered(e[i].base) && covered(e[i].base + e[i].len - 1));
	for (u64 g = 0; g < n / 100; g++)
		assert_false(covered(g * 0x40000000ull + 0x20000000));
	assert_int_equal(bi.mem_lost, 0);
}

static void memory_at_the_very_top(void **state)
{
	static const struct mb2_mmap_entry e[] = {
	    {.base = ~0ull - 0xfff, .len = 0x1000, .type = 2},
	    {.base = ~0ull - 0xffff, .len = ~0ull, .type = 1}, /* no RAM is like that */
	    {.base = 0x100000, .len = ~0ull, .type = 1},
	    {.base = ~0ull, .len = 1, .type = 2}, /* no byte of it below the end */
	};

	begin();
	mmap_tag(e, ARRAY_LEN(e));
	end();
	assert_int_equal(parse(), OK);
	for (u32 i = 0; i < bi.mem_count; i++) {
		assert_int_not_equal(bi.mem[i].type, MEM_RAM);
		assert_true(bi.mem[i].base + bi.mem[i].len > bi.mem[i].base);
	}
}

/* --- Hostile
 * ------------------------------------------------------------------------------------------- */

static void no_memory_map(void **state)
{
	begin();
	end();
	assert_int_equal(parse(), E_NOTFOUND);
}

static void no_end_tag(void **state)
{
	struct mb2_info head = {0};

	begin();
	some_ram();
	head.total_size = mb.len;
	memcpy(mb.bytes, &head, sizeof(head));
	assert_int_equal(parse(), E_TRUNCATED);
}

static void every_truncation(void **state)
{
	begin();
	some_ram();
	module(0x1000000, 0x1001000, "a/file with words");
	framebuffer(1, 32, 800, 3200);
	tag(MB2_TAG_CMDLINE, "text", 5);
	tag(MB2_TAG_ACPI_NEW, "RSD PTR 0123456789012345678901234567", 36);
	end();
	for (u32 len = 0; len < mb.len; len++) {
		struct mb2_info head = {.total_size = len};

		assert_int_equal(parse_len(len), E_TRUNCATED); /* total_size beyond the end */
		memcpy(mb.bytes, &head, sizeof(head));
		assert_int_equal(parse_len(len), E_TRUNCATED); /* no end tag */
		head.total_size = mb.len;
		memcpy(mb.bytes, &head, sizeof(head));
	}
}

/* Sizes of 0 and 7 are no tags, 0xffffffff passes the end; contents shorter than their type's head.
 */
static void tag_sizes(void **state)
{
	static const struct {
		u32 type, size;
		enum status st;
	} row[] = {
	    {MB2_TAG_CMDLINE, 0, E_FORMAT},
	    {MB2_TAG_CMDLINE, 7, E_FORMAT},
	    {MB2_TAG_CMDLINE, 8, OK},
	    {MB2_TAG_CMDLINE, 0xffffffff, E_TRUNCATED},
	    {MB2_TAG_CMDLINE, 0xfffffff9, E_TRUNCATED},
	    {MB2_TAG_MODULE, 8, E_TRUNCATED},
	    {MB2_TAG_MODULE, 15, E_TRUNCATED},
	    {MB2_TAG_MMAP, 8, E_TRUNCATED},
	    {MB2_TAG_MMAP, 15, E_TRUNCATED},
	    {MB2_TAG_MMAP, 16, E_FORMAT}, /* entries of 0 bytes */
	    {MB2_TAG_EFI_MMAP, 8, E_TRUNCATED},
	    {MB2_TAG_EFI_MMAP, 16, E_FORMAT},
	    {MB2_TAG_FRAMEBUFFER, 8, OK},
	    {MB2_TAG_ACPI_NEW, 8, OK},
	    {0x12345678, 16, OK},
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct mb2_tag t = {row[i].type, row[i].size};
		u32 at;

		begin();
		some_ram();
		at = align_up(mb.len, MB2_ALIGN);
		tag(row[i].type, "\0\0\0\0\0\0\0", 8);
		memcpy(mb.bytes + at, &t, sizeof(t));
		if (row[i].size == 8) /* then the content is where the next tag should be */
			mb.len = at + 8;
		end();
		assert_int_equal(parse(), row[i].st);
	}
}

static void bad_modules(void **state)
{
	static const struct {
		u32 start, stop;
	} row[] = {
	    {0x1000001, 0x1001000}, /* not page aligned, though our header asks for it */
	    {0x1001000, 0x1000000}, /* ends before it begins */
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		begin();
		some_ram();
		module(row[i].start, row[i].stop, "f");
		end();
		assert_int_equal(parse(), E_FORMAT);
	}
}

static void noise(void **state)
{
	begin();
	some_ram();
	module(0x1000000, 0x1001000, "a/file with words");
	framebuffer(1, 32, 800, 3200);
	end();
	srand(1);
	for (int round = 0; round < 20000; round++) {
		u32 at = 8 + rand() % (mb.len - 8);
		u8 old = mb.bytes[at];

		mb.bytes[at] = rand();
		(void)!parse();
		assert_true(bi.mem_count <= BOOT_MEM_MAX && bi.file_count <= BOOT_FILES_MAX);
		if (round % 8)
			mb.bytes[at] = old;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_much_ram),
		cmocka_unit_test(the_largest_ram_is_kept),
		cmocka_unit_test(thousands_of_entries),
		cmocka_unit_test(memory_at_the_very_top),
		cmocka_unit_test(no_memory_map),
		cmocka_unit_test(no_end_tag),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(tag_sizes),
		cmocka_unit_test(bad_modules),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests_name("multiboot2_hostile", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <boot/collect.h>
#include <boot/multiboot2.h>
#include <boot/multiboot2_defs.h>
#include <lib/bits.h>
#include <lib/range.h>
#include <lib/string.h>
#include <stdlib.h>

#define IMAGE_BASE 0x600000
#define IMAGE_LEN  0x123000

/* An information under construction. */
static struct {
	_Alignas(8) u8 bytes[256 * 1024];
	u32 len;
} mb;

static struct boot_info bi;

static void put(const void *data, u32 len)
{
	memcpy(mb.bytes + mb.len, data, len);
	mb.len += len;
}

static void tag(u32 type, const void *content, u32 len)
{
	struct mb2_tag t = {type, sizeof(t) + len};

	mb.len = align_up(mb.len, MB2_ALIGN);
	put(&t, sizeof(t));
	put(content, len);
}

static void begin(void)
{
	memset(&mb, 0, sizeof(mb));
	mb.len = sizeof(struct mb2_info);
}

static void end(void)
{
	struct mb2_info head = {0};

	tag(MB2_TAG_END, "", 0);
	head.total_size = mb.len;
	memcpy(mb.bytes, &head, sizeof(head));
}

/* From an allocation of exactly that size, so that ASan sees every byte too many. */
static enum status parse_len(u32 len)
{
	u8 *copy = malloc(len ? len : 1);
	enum status st;

	memcpy(copy, mb.bytes, len);
	st = multiboot2_parse(copy, len, IMAGE_BASE, IMAGE_LEN, &bi);
	free(copy);
	return st;
}

static enum status parse(void)
{
	return parse_len(mb.len);
}

static void module(u32 start, u32 stop, const char *cmdline)
{
	u8 content[600];
	u32 range[2] = {start, stop};

	memcpy(content, range, sizeof(range));
	memcpy(content + sizeof(range), cmdline, strlen(cmdline) + 1);
	tag(MB2_TAG_MODULE, content, sizeof(range) + strlen(cmdline) + 1);
}

static void mmap_tag(const struct mb2_mmap_entry *e, u32 count)
{
	static u8 content[8 + 24 * 4100];
	u32 head[2] = {sizeof(*e), 0};

	memcpy(content, head, sizeof(head));
	memcpy(content + sizeof(head), e, count * sizeof(*e));
	tag(MB2_TAG_MMAP, content, sizeof(head) + count * sizeof(*e));
}

static void some_ram(void)
{
	struct mb2_mmap_entry e = {.base = 0, .len = 0x9fc00, .type = MB2_MEM_RAM};

	mmap_tag(&e, 1);
}

static void framebuffer(u8 type, u8 bpp, u32 width, u32 pitch)
{
	struct mb2_framebuffer fb = {.addr = 0xe0000000,
				     .pitch = pitch,
				     .width = width,
				     .height = 600,
				     .bpp = bpp,
				     .type = type};
	struct mb2_fb_rgb rgb = {16, 8, 8, 8, 0, 8};
	size_t head = sizeof(fb) - sizeof(fb.tag);
	u8 content[sizeof(fb) - sizeof(fb.tag) + sizeof(rgb)];

	memcpy(content, (u8 *)&fb + sizeof(fb.tag), head);
	memcpy(content + head, &rgb, sizeof(rgb));
	tag(MB2_TAG_FRAMEBUFFER, content, sizeof(content));
}

static bool has_mem(u64 base, u64 len, enum mem_type type)
{
	for (u32 i = 0; i < bi.mem_count; i++)
		if (bi.mem[i].base == base && bi.mem[i].len == len && bi.mem[i].type == type)
			return true;
	return false;
}

/* --- What a loader says
 * ------------------------------------------------------------------------------ */

static void smallest(void **state)
{
	begin();
	some_ram();
	end();
	assert_int_equal(parse(), OK);
	assert_true(bi.magic == BOOT_INFO_MAGIC);
	assert_int_equal(bi.door, DOOR_MULTIBOOT2);
	assert_int_equal(bi.image_base, IMAGE_BASE);
	assert_int_equal(bi.image_len, IMAGE_LEN);
	assert_int_equal(bi.mem_count, 2);
	assert_true(has_mem(IMAGE_BASE, IMAGE_LEN, MEM_IMAGE));
	assert_true(has_mem(0, 0x9fc00, MEM_RAM));
	assert_int_equal(bi.file_count, 0);
	assert_int_equal(bi.rsdp, 0);
	assert_int_equal(bi.fb.width, 0);
	assert_string_equal(bi.cmdline, "");
}

static void bios_map_types_and_merging(void **state)
{
	static const struct mb2_mmap_entry e[] = {
	    {.base = 0x000000, .len = 0x9fc00, .type = 1},
	    {.base = 0x09fc00, .len = 0x60400, .type = 2},
	    {.base = 0x100000, .len = 0x100000, .type = 1},
	    {.base = 0x200000, .len = 0x100000, .type = 1}, /* goes on where the last one ends */
	    {.base = 0x300000, .len = 0x1000, .type = 3},
	    {.base = 0x301000, .len = 0x1000, .type = 4},
	    {.base = 0x302000, .len = 0x1000, .type = 5}, /* defective */
	    {.base = 0x303000, .len = 0x1000, .type = 77},
	    {.base = 0x400000, .len = 0, .type = 1},
	};

	begin();
	mmap_tag(e, ARRAY_LEN(e));
	end();
	assert_int_equal(parse(), OK);
	assert_int_equal(bi.mem_count, 6);
	assert_true(has_mem(0x000000, 0x9fc00, MEM_RAM));
	assert_true(has_mem(0x09fc00, 0x60400, MEM_RESERVED));
	assert_true(has_mem(0x100000, 0x200000, MEM_RAM));
	assert_true(has_mem(0x300000, 0x2000, MEM_ACPI));
	assert_true(has_mem(0x302000, 0x2000, MEM_RESERVED));
}

/* Types 0 to 15 of the firmware's map, one page each with a gap, all write-back; and RAM that is
 * not. */
static void efi_map_is_preferred(void **state)
{
	static const u8 expected[16] = {
	    [1] = 1, [2] = 1, [3] = 1, [4] = 1, [7] = 1, [9] = 2, [10] = 2};
	u32 desc_size = sizeof(struct mb2_efi_desc) + 8; /* as real firmware has it */
	u8 content[8 + 17 * 48] = {0};

	memcpy(content, &desc_size, sizeof(desc_size));
	for (u32 i = 0; i < 17; i++) {
		struct mb2_efi_desc d = {
		    .type = i, .base = i * 0x10000, .pages = 1, .attribute = 8};

		if (i == 16) {
			d.type = 7;
			d.attribute = 1;
		}
		memcpy(content + 8 + i * desc_size, &d, sizeof(d));
	}
	begin();
	some_ram();
	tag(MB2_TAG_EFI_MMAP, content, sizeof(content));
	end();
	assert_int_equal(parse(), OK);
	assert_int_equal(bi.mem_count, 1 + 7);
	for (u32 i = 0; i < 16; i++) {
		assert_int_equal(has_mem(i * 0x10000, 0x1000, MEM_RAM), expected[i] == 1);
		assert_int_equal(has_mem(i * 0x10000, 0x1000, MEM_ACPI), expected[i] == 2);
	}
}

static void modules_are_files(void **state)
{
	char longest[BOOT_PATH_MAX + 1], too_long[BOOT_PATH_MAX + 2];

	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	memset(too_long, 'b', sizeof(too_long));
	too_long[sizeof(too_long) - 1] = '\0';

	begin();
	some_ram();
	module(0x1000000, 0x1000123, "plinth.conf");
	module(0x1800000, 0x1900001, "/debian/vmlinuz  and more words");
	module(0x1a00000, 0x1a00000, "empty");
	module(0x1b00000, 0x1b01000, "");
	module(0x1c00000, 0x1c01000, " no/path");
	module(0x1d00000, 0x1d01000, too_long);
	module(0x1e00000, 0x1e01000, longest);
	end();
	assert_int_equal(parse(), OK);
	assert_int_equal(bi.file_count, 4);
	assert_string_equal(bi.file[0].path, "plinth.conf");
	assert_int_equal(bi.file[0].base, 0x1000000);
	assert_int_equal(bi.file[0].len, 0x123);
	assert_string_equal(bi.file[1].path, "debian/vmlinuz");
	assert_int_equal(bi.file[1].len, 0x100001);
	assert_string_equal(bi.file[2].path, "empty");
	assert_int_equal(bi.file[2].len, 0);
	assert_string_equal(bi.file[3].path, longest + 1);
	assert_true(has_mem(0x1000000, 0x1000, MEM_FILE));
	assert_true(has_mem(0x1800000, 0x101000, MEM_FILE));
	assert_false(has_mem(0x1d00000, 0x1000, MEM_FILE));
}

static void one_file_too_many(void **state)
{
	begin();
	some_ram();
	for (u32 i = 0; i <= BOOT_FILES_MAX; i++)
		module(0x1000000 + i * 0x1000, 0x1000800 + i * 0x1000, "f");
	end();
	assert_int_equal(parse(), E_FULL);
}

static void command_line(void **state)
{
	char text[BOOT_CMDLINE_MAX + 50];

	begin();
	some_ram();
	tag(MB2_TAG_CMDLINE, "a b=c", 6);
	end();
	assert_int_equal(parse(), OK);
	assert_string_equal(bi.cmdline, "a b=c");

	memset(text, 'x', sizeof(text)); /* too long, and without its NUL */
	begin();
	some_ram();
	tag(MB2_TAG_CMDLINE, text, sizeof(text));
	end();
	assert_int_equal(parse(), OK);
	assert_int_equal(strlen(bi.cmdline), BOOT_CMDLINE_MAX - 1);
}

static void framebuffers(void **state)
{
	static const struct {
		u8 type, bpp;
		u32 width, pitch;
		bool usable;
	} row[] = {
	    {1, 32, 800, 3200, true},
	    {1, 32, 800, 4096, true},
	    {1, 24, 800, 3200, false},
	    {0, 32, 800, 3200, false}, /* palette */
	    {2, 32, 800, 3200, false}, /* EGA text */
	    {1, 32, 800, 3199, false},
	    {1, 32, 0, 3200, false},
	    {1, 32, 0xffffffff, 0xfffffffc, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		begin();
		some_ram();
		framebuffer(row[i].type, row[i].bpp, row[i].width, row[i].pitch);
		end();
		assert_int_equal(parse(), OK);
		assert_int_equal(bi.fb.width, row[i].usable ? row[i].width : 0);
	}
	begin();
	some_ram();
	framebuffer(1, 32, 800, 3200);
	end();
	assert_int_equal(parse(), OK);
	assert_int_equal(bi.fb.base, 0xe0000000);
	assert_int_equal(bi.fb.height, 600);
	assert_int_equal(bi.fb.pitch, 3200);
	assert_int_equal(bi.fb.red_shift, 16);
	assert_int_equal(bi.fb.green_shift, 8);
	assert_int_equal(bi.fb.blue_shift, 0);
}

static void newer_rsdp_wins(void **state)
{
	static const char old[20] = "RSD PTR old", new[36] = "RSD PTR new";

	for (int with_new = 0; with_new < 2; with_new++) {
		begin();
		some_ram();
		if (with_new)
			tag(MB2_TAG_ACPI_NEW, new, sizeof(new));
		tag(MB2_TAG_ACPI_OLD, old, sizeof(old));
		end();
		assert_int_equal(multiboot2_parse(mb.bytes, mb.len, IMAGE_BASE, IMAGE_LEN, &bi),
				 OK);
		assert_string_equal((const char *)(uintptr_t)bi.rsdp, with_new ? new : old);
	}
	begin();
	some_ram();
	tag(MB2_TAG_ACPI_NEW, new, 19); /* shorter than any RSDP */
	end();
	assert_int_equal(parse(), OK);
	assert_int_equal(bi.rsdp, 0);
}

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
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(smallest),
	    cmocka_unit_test(bios_map_types_and_merging),
	    cmocka_unit_test(efi_map_is_preferred),
	    cmocka_unit_test(modules_are_files),
	    cmocka_unit_test(one_file_too_many),
	    cmocka_unit_test(command_line),
	    cmocka_unit_test(framebuffers),
	    cmocka_unit_test(newer_rsdp_wins),
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

	return cmocka_run_group_tests_name("multiboot2", tests, NULL, NULL);
}

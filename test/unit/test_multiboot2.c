// SPDX-License-Identifier: BSD-2-Clause
/* What a multiboot2 loader says, as boot information. */
#include "multiboot2_rig.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smallest),
		cmocka_unit_test(bios_map_types_and_merging),
		cmocka_unit_test(efi_map_is_preferred),
		cmocka_unit_test(modules_are_files),
		cmocka_unit_test(one_file_too_many),
		cmocka_unit_test(command_line),
		cmocka_unit_test(framebuffers),
		cmocka_unit_test(newer_rsdp_wins),
	};

	return cmocka_run_group_tests_name("multiboot2", tests, NULL, NULL);
}

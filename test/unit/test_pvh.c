// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include "guest_ram.h"

#include <lib/bits.h>
#include <stdio.h>

/* An ELF64 image written out by hand: header, three program headers, a note, code, data. */
#define PH(n)    (64 + 56 * (n))
#define NOTE_AT  232
#define NOTE_LEN 44 /* another note of 20 bytes, then ours of 24 */
#define CODE_AT  512
#define DATA_AT  768
#define FILE_LEN 1024

static u8 file[FILE_LEN];
static struct guest_image img;
static struct guest_start start;

static void put(u64 at, u64 val, unsigned width)
{
	memcpy(file + at, &val, width);
}

static void segment(unsigned n, u32 type, u64 offset, u64 paddr, u64 filesz, u64 memsz)
{
	put(PH(n), type, 4);
	put(PH(n) + 8, offset, 8);
	put(PH(n) + 16, 0xffffffff80000000 + paddr, 8); /* virtual: not looked at */
	put(PH(n) + 24, paddr, 8);
	put(PH(n) + 32, filesz, 8);
	put(PH(n) + 40, memsz, 8);
	put(PH(n) + 48, 4, 8);
}

static void notes(u32 type, u32 desc_len, u64 entry)
{
	put(NOTE_AT, 4, 4); /* "GNU", 4 bytes: to be skipped */
	put(NOTE_AT + 4, 4, 4);
	put(NOTE_AT + 8, 18, 4);
	memcpy(file + NOTE_AT + 12, "GNU", 4);
	put(NOTE_AT + 20, 4, 4);
	put(NOTE_AT + 24, desc_len, 4);
	put(NOTE_AT + 28, type, 4);
	memcpy(file + NOTE_AT + 32, "Xen", 4);
	put(NOTE_AT + 36, entry, 8);
}

static int new_image(void **state)
{
	memset(file, 0, sizeof(file));
	memcpy(file,
	       "\x7f"
	       "ELF\x02\x01\x01",
	       7);
	put(16, 2, 2);
	put(18, 62, 2);
	put(24, 0xffffffff80100000, 8);
	put(32, PH(0), 8);
	put(54, 56, 2);
	put(56, 3, 2);
	segment(0, 1, CODE_AT, 0x100000, 256, 256);
	segment(1, 4, NOTE_AT, 0, NOTE_LEN, NOTE_LEN);
	segment(2, 1, DATA_AT, 0x101000, 100, 8192);
	notes(18, 8, 0x100010);
	memset(file + CODE_AT, 0x22, 256);
	memset(file + DATA_AT, 0x44, 100);
	img = (struct guest_image){.kernel = file, .kernel_len = sizeof(file), .cmdline = "a=b"};
	ram_new(4 * MIB);
	return 0;
}

static void refused(enum status st, const char *why)
{
	assert_int_equal(load_image(&img, &start), st);
	assert_string_equal(reason, why);
	assert_true(ram_untouched());
	new_image(NULL);
}

static u64 get(gpa_t gpa, unsigned width)
{
	u64 val = 0;

	assert_int_equal(gmem_read(&ram, gpa, &val, width), OK);
	return val;
}

static void segments_are_placed_and_bss_is_zero(void **state)
{
	assert_int_equal(load_image(&img, &start), OK);
	assert_true(ram_is(0x100000, 256, 0x22));
	assert_true(ram_is(0x100100, 0xf00, RAM_FILL));
	assert_true(ram_is(0x101000, 100, 0x44));
	assert_true(ram_is(0x101000 + 100, 8192 - 100, 0));
	assert_true(ram_is(0x103000, 4 * MIB - 0x103000, RAM_FILL));
	assert_true(ram_is(0, LAYOUT_LOADER_BASE, RAM_FILL));
	assert_true(ram_is(LAYOUT_ROM_BASE, LAYOUT_ROM_END - LAYOUT_ROM_BASE, RAM_FILL));
}

static void start_in_protected_mode(void **state)
{
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.mode, START_PROT32);
	assert_int_equal(start.rip, 0x100010);
	assert_int_equal(start.rsi, 0);
	assert_int_equal(start.cr3, 0);
	assert_int_equal(start.gdt_limit, 0x1f);
	assert_int_equal(get(start.gdt_base + GUEST_START_CS, 8), 0x00cf9b000000ffff);
	assert_int_equal(get(start.gdt_base + GUEST_START_DS, 8), 0x00cf93000000ffff);
}

static void start_info_fields(void **state)
{
	gpa_t info, map;

	assert_int_equal(load_image(&img, &start), OK);
	info = start.rbx;
	assert_int_equal(get(info + 0x00, 4), 0x336ec578); /* magic */
	assert_int_equal(get(info + 0x04, 4), 1);          /* version */
	assert_int_equal(get(info + 0x08, 4), 0);          /* flags */
	assert_int_equal(get(info + 0x0c, 4), 0);          /* modules */
	assert_int_equal(get(info + 0x10, 8), 0);          /* module list */
	assert_string_equal(gmem_ptr(&ram, get(info + 0x18, 8), 4), "a=b");
	assert_int_equal(get(info + 0x20, 8), 0xe0000); /* RSDP */
	assert_int_equal(get(info + 0x30, 4), 4);       /* entries of the memory map */
	map = get(info + 0x28, 8);
	assert_int_equal(get(map + 0x00, 8), 0);
	assert_int_equal(get(map + 0x08, 8), 0xa0000);
	assert_int_equal(get(map + 0x10, 8), 1); /* type, reserved */
	assert_int_equal(get(map + 0x18, 8), 0xa0000);
	assert_int_equal(get(map + 0x28, 8), 2);
	assert_int_equal(get(map + 0x30, 8), 0x100000);
	assert_int_equal(get(map + 0x38, 8), 3 * MIB);
}

static void initrd_and_modules(void **state)
{
	static u8 initrd[5000], one[100], empty[1];
	gpa_t list;

	memset(initrd, 0x33, sizeof(initrd));
	memset(one, 0x55, sizeof(one));
	img.initrd = initrd;
	img.initrd_len = sizeof(initrd);
	img.module[0] = (struct guest_module){one, sizeof(one), "first module", NULL};
	img.module[1] = (struct guest_module){empty, 0, "", NULL};
	img.module_count = 2;
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(get(start.rbx + 0x0c, 4), 3);
	list = get(start.rbx + 0x10, 8);
	assert_int_equal(get(list + 0x00, 8), 4 * MIB - 8192);
	assert_int_equal(get(list + 0x08, 8), 5000);
	assert_string_equal(gmem_ptr(&ram, get(list + 0x10, 8), 1), "");
	assert_int_equal(get(list + 0x20, 8), 4 * MIB - 12288);
	assert_int_equal(get(list + 0x28, 8), 100);
	assert_string_equal(gmem_ptr(&ram, get(list + 0x30, 8), 13), "first module");
	assert_int_equal(get(list + 0x48, 8), 0);
	assert_true(ram_is(4 * MIB - 8192, 5000, 0x33));
	assert_true(ram_is(4 * MIB - 12288, 100, 0x55));
	assert_string_equal(gmem_ptr(&ram, get(start.rbx + 0x18, 8), 4), "a=b");
}

/* A kernel that begins right behind the start information loses no byte to it. */
static void start_information_has_an_end(void **state)
{
	static u8 one[1];
	gpa_t list, end;

	img.module[0] = (struct guest_module){one, 1, "last text", NULL};
	img.module_count = 1;
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.rbx, LAYOUT_LOADER_BASE);
	list = get(start.rbx + 0x10, 8);
	end = get(list + 0x10, 8) + sizeof("last text");
	segment(2, 1, DATA_AT, end, 100, 100);
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.rbx, LAYOUT_LOADER_BASE);
	assert_true(ram_is(end, 100, 0x44));
	segment(2, 1, DATA_AT, end - 1, 100, 100);
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_not_equal(start.rbx, LAYOUT_LOADER_BASE);
}

static void module_without_room(void **state)
{
	static u8 large[3 * MIB];

	img.initrd = large;
	img.initrd_len = sizeof(large);
	refused(E_NOMEM, "no room for initrd or module of 3 MiB below 0xb0000000, VM has 4 MiB");
}

static void every_truncation(void **state)
{
	for (u64 len = 0; len < DATA_AT + 100; len++) {
		u8 *copy = malloc(len ? len : 1);

		memcpy(copy, file, len);
		img.kernel = copy;
		img.kernel_len = len;
		assert_int_equal(load_image(&img, &start), len < 4       ? E_FORMAT
							   : len < PH(3) ? E_TRUNCATED
							   : len < NOTE_AT + NOTE_LEN
							       ? E_UNSUPPORTED
							       : E_TRUNCATED);
		assert_int_not_equal(strlen(reason), 0);
		free(copy);
	}
	assert_true(ram_untouched());
	img.kernel = file;
	img.kernel_len = DATA_AT + 100;
	assert_int_equal(load_image(&img, &start), OK);
}

static void faulty_elf_headers(void **state)
{
	put(4, 3, 1);
	refused(E_FORMAT, "the kernel's ELF headers: wrong format");
	put(5, 2, 1); /* big endian */
	refused(E_FORMAT, "the kernel's ELF headers: wrong format");
	put(16, 1, 2); /* an object file */
	refused(E_FORMAT, "the kernel's ELF headers: wrong format");
	put(18, 183, 2);
	refused(E_UNSUPPORTED, "an ELF image for machine 183, not for x86");
	put(54, 55, 2);
	refused(E_FORMAT, "the kernel's ELF headers: wrong format");
	put(56, 65, 2);
	refused(E_UNSUPPORTED, "the kernel's ELF headers: not supported");
	put(56, 18, 2); /* beyond the end */
	refused(E_TRUNCATED, "the kernel's ELF headers: truncated");
	put(32, ~0ull, 8);
	refused(E_TRUNCATED, "the kernel's ELF headers: truncated");
	put(56, 0, 2);
	refused(E_UNSUPPORTED, "the ELF image has no PVH note (XEN_ELFNOTE_PHYS32_ENTRY)");
}

static void faulty_notes(void **state)
{
	notes(17, 8, 0x100010);
	refused(E_UNSUPPORTED, "the ELF image has no PVH note (XEN_ELFNOTE_PHYS32_ENTRY)");
	notes(18, 9, 0x100010); /* beyond the segment */
	refused(E_UNSUPPORTED, "the ELF image has no PVH note (XEN_ELFNOTE_PHYS32_ENTRY)");
	notes(18, 0xffffffff, 0x100010);
	refused(E_UNSUPPORTED, "the ELF image has no PVH note (XEN_ELFNOTE_PHYS32_ENTRY)");
	put(NOTE_AT, 0xffffffff, 4);
	put(NOTE_AT + 4, 0xffffffff, 4);
	refused(E_UNSUPPORTED, "the ELF image has no PVH note (XEN_ELFNOTE_PHYS32_ENTRY)");
	memcpy(file + NOTE_AT + 32, "XEN", 4);
	refused(E_UNSUPPORTED, "the ELF image has no PVH note (XEN_ELFNOTE_PHYS32_ENTRY)");
	notes(18, 2, 0x100010);
	refused(E_FORMAT, "PVH note of 2 bytes");
	notes(18, 8, 0x100100010);
	refused(E_FORMAT, "PVH entry 0x100100010 is above 4 GiB");
	notes(18, 8, 0x100100);
	refused(E_FORMAT, "PVH entry 0x100100 is in no segment");
}

static void note_of_4_bytes(void **state)
{
	notes(18, 4, 0x100020);
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.rip, 0x100020);
}

static void faulty_segments(void **state)
{
	segment(2, 1, DATA_AT, 0x101000, 100, 99);
	refused(E_FORMAT, "ELF segment 2 is larger in the file than in memory");
	segment(2, 1, DATA_AT, 0x101000, 257, 8192);
	refused(E_TRUNCATED, "ELF segment 2 is truncated");
	segment(2, 1, ~0ull, 0x101000, 2, 8192);
	refused(E_TRUNCATED, "ELF segment 2 is truncated");
	segment(2, 1, DATA_AT, 0x101000, ~0ull, ~0ull);
	refused(E_TRUNCATED, "ELF segment 2 is truncated");
	segment(2, 1, DATA_AT, 0x1000ff, 100, 100);
	refused(E_INVAL, "kernel at 0x1000ff overlaps kernel at 0x100000");
	segment(2, 1, DATA_AT, 0x9ff9d, 100, 100);
	refused(E_INVAL, "kernel at 0x9ff9d overlaps ROM area at 0xa0000");
	segment(2, 1, DATA_AT, 0x3ff000, 100, 8192);
	refused(E_NOMEM, "kernel needs 5 MiB, VM has 4 MiB");
	segment(2, 1, DATA_AT, 0x100000000, 100, 8192);
	refused(E_RANGE, "kernel of 8 KiB at 0x100000000 is outside the VM's RAM");
	segment(2, 1, DATA_AT, 0x101000, 100, ~0ull);
	assert_int_equal(load_image(&img, &start), E_RANGE);
	segment(2, 1, DATA_AT, ~0ull - 50, 100, 100);
	assert_int_equal(load_image(&img, &start), E_RANGE);
	assert_true(ram_untouched());
}

static void segments_may_touch(void **state)
{
	segment(2, 1, DATA_AT, 0x100100, 100, 100);
	assert_int_equal(load_image(&img, &start), OK);
	segment(2, 1, DATA_AT, 0x9ff9c, 100, 100);
	assert_int_equal(load_image(&img, &start), OK);
	segment(2, 1, DATA_AT, 4 * MIB - 100, 100, 100);
	assert_int_equal(load_image(&img, &start), OK);
	/* An empty segment is nowhere. */
	segment(2, 1, DATA_AT, ~0ull, 0, 0);
	assert_int_equal(load_image(&img, &start), OK);
}

/* The parameters give way to a kernel that lies where they usually are. */
static void kernel_in_low_memory(void **state)
{
	segment(2, 1, DATA_AT, LAYOUT_LOADER_BASE, 100, 8192);
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.rbx, LAYOUT_LOADER_BASE + 8192);
	assert_true(ram_is(LAYOUT_LOADER_BASE, 100, 0x44));
	ram_new(4 * MIB);
	segment(2, 1, DATA_AT, 0, 100, LAYOUT_LOW_END);
	assert_int_equal(load_image(&img, &start), E_NOMEM);
	assert_true(ram_untouched());
}

static void elf32(void **state)
{
	static const u32 headers[3][8] = {
	    {1, CODE_AT, 0xc0100000, 0x100000, 256, 256, 5, 4096},
	    {4, NOTE_AT, 0, 0, NOTE_LEN - 4, NOTE_LEN - 4, 4, 4},
	    {1, DATA_AT, 0xc0101000, 0x101000, 100, 8192, 6, 4096},
	};

	memset(file + 4, 0, NOTE_AT - 4);
	memcpy(file + 4, "\x01\x01\x01", 3);
	put(16, 2, 2);
	put(18, 3, 2);
	put(28, 52, 4);
	put(42, 32, 2);
	put(44, 3, 2);
	memcpy(file + 52, headers, sizeof(headers));
	notes(18, 4, 0x100010);
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.rip, 0x100010);
	assert_true(ram_is(0x100000, 256, 0x22));
	assert_true(ram_is(0x101000, 100, 0x44));
	assert_true(ram_is(0x101064, 8192 - 100, 0));
}

static void mutilated_images(void **state)
{
	u8 good[FILE_LEN];
	u32 seed = 1, loaded = 0;

	memcpy(good, file, sizeof(good));
	for (u32 i = 0; i < 20000; i++) {
		memcpy(file, good, sizeof(good));
		for (u32 n = 0; n < 3; n++) {
			seed = seed * 1664525 + 1013904223;
			file[(seed >> 8) % (NOTE_AT + NOTE_LEN)] = (u8)(seed >> 24);
		}
		loaded += !load_image(&img, &start);
	}
	assert_in_range(loaded, 1000, 19000);
	assert_true(ram_is(LAYOUT_ROM_BASE, LAYOUT_ROM_END - LAYOUT_ROM_BASE, RAM_FILL));
}

static int end(void **state)
{
	ram_free();
	return 0;
}

#define test(fn) cmocka_unit_test_setup_teardown(fn, new_image, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    test(segments_are_placed_and_bss_is_zero),
	    test(start_in_protected_mode),
	    test(start_info_fields),
	    test(initrd_and_modules),
	    test(start_information_has_an_end),
	    test(module_without_room),
	    test(every_truncation),
	    test(faulty_elf_headers),
	    test(faulty_notes),
	    test(note_of_4_bytes),
	    test(faulty_segments),
	    test(segments_may_touch),
	    test(kernel_in_low_memory),
	    test(elf32),
	    test(mutilated_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

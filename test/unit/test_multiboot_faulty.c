// SPDX-License-Identifier: BSD-2-Clause
/* Multiboot 1 kernels: told apart from others, and faulty. */
#include "multiboot_rig.h"

/* --- Told apart ----------------------------------------------------------------------------------- */

static void header_anywhere_in_8_kib(void **state)
{
	static u8 large[16384];

	memcpy(large, file, sizeof(file));
	memset(large + HEADER_AT, 0, 12);
	img.kernel = large;
	img.kernel_len = sizeof(large);
	assert_int_equal(load_image(&img, &start), E_UNSUPPORTED); /* no PVH either */
	memcpy(large + 8192 - 12, file + HEADER_AT, 12);
	assert_int_equal(load_image(&img, &start), OK);
	memset(large + 8192 - 12, 0, 12);
	memcpy(large + 8192 - 8, file + HEADER_AT, 12);
	assert_int_equal(load_image(&img, &start), E_UNSUPPORTED);
	memset(large + 8192 - 8, 0, 12);
	memcpy(large + 602, file + HEADER_AT, 12); /* not aligned */
	assert_int_equal(load_image(&img, &start), E_UNSUPPORTED);
}

static void wrong_checksum_is_no_header(void **state)
{
	put(HEADER_AT + 8, 0, 4);
	refused(E_UNSUPPORTED, "the ELF image has no PVH note (XEN_ELFNOTE_PHYS32_ENTRY)");
	memset(file, 0, 4);
	put(HEADER_AT + 8, 0, 4);
	refused(E_FORMAT,
		"the kernel is neither a Linux bzImage nor a multiboot kernel nor an ELF image for PVH");
}

/* The second of two decides if the first's checksum is wrong, as a disassembler's tables may have it. */
static void first_good_header_counts(void **state)
{
	put(HEADER_AT - 20, 0x1badb002, 4);
	assert_int_equal(load_image(&img, &start), OK);
}

static void add_pvh_note(u64 phoff, bool wide)
{
	const u32 note[6] = { 4, 4, 18, 0x6e6558, 0x100040, 0 };

	memcpy(file + 400, note, sizeof(note));
	put(phoff, 4, 4);
	put(phoff + (wide ? 8 : 4), 400, wide ? 8 : 4);
	put(phoff + (wide ? 32 : 16), 20, wide ? 8 : 4);
	put(phoff + (wide ? 40 : 20), 20, wide ? 8 : 4);
	put(wide ? 56 : 44, 3, 2);
}

/* QEMU starts an ELF32 image by multiboot and an ELF64 image by PVH. */
static void both_headers(void **state)
{
	add_pvh_note(PH32(2), false);
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.rax, 0x2badb002);
	assert_int_equal(start.rip, 0x100020);
	make_elf64();
	add_pvh_note(PH64(2), true);
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.rax, 0);
	assert_int_equal(start.rip, 0x100040);
}

/* --- Faulty ones ---------------------------------------------------------------------------------- */

static void flags(void **state)
{
	header_at(HEADER_AT, 0);
	assert_int_equal(load_image(&img, &start), OK);
	header_at(HEADER_AT, 7); /* with video modes: started without */
	assert_int_equal(load_image(&img, &start), OK);
	header_at(HEADER_AT, 0xfffe0000); /* optional ones */
	assert_int_equal(load_image(&img, &start), OK);
	new_image(NULL);
	header_at(HEADER_AT, 0x8008);
	refused(E_UNSUPPORTED, "multiboot header asks for unknown features 0x8008");
}

static void faulty_addresses(void **state)
{
	addresses(0x1fffff, 0x200000, 0, 0, 0x200080);
	refused(E_FORMAT, "multiboot header at 0x1fffff cannot be loaded at 0x200000");
	addresses(0x200201, 0x200000, 0, 0, 0x200080); /* begins before the file */
	refused(E_FORMAT, "multiboot header at 0x200201 cannot be loaded at 0x200000");
	addresses(0x200000, 0x200000, 0x200000, 0, 0x200080);
	refused(E_FORMAT, "multiboot load addresses 0x200000 to 0x200000");
	addresses(0x200000, 0x200000, 0x1000, 0, 0x200080);
	refused(E_FORMAT, "multiboot load addresses 0x200000 to 0x1000");
	addresses(0x200000, 0x200000, 0x200201, 0, 0x200080);
	refused(E_TRUNCATED, "the kernel is truncated: 1024 bytes, its header says 1025");
	addresses(0x200000, 0x200000, 0x200100, 0x2000ff, 0x200080);
	refused(E_FORMAT, "multiboot bss ends at 0x2000ff, before the data does");
	addresses(0x200000, 0x200000, 0x200100, 0x1000, 0x200080);
	refused(E_FORMAT, "multiboot bss ends at 0x1000, before the data does");
	addresses(0x200000, 0x200000, 0x200100, 0, 0x200100);
	refused(E_FORMAT, "multiboot entry 0x200100 is outside the kernel");
	addresses(0x9ff00, 0x9ff00, 0, 0, 0x9ff00);
	refused(E_INVAL, "kernel at 0x9ff00 overlaps ROM area at 0xa0000");
	addresses(0x3fff00, 0x3fff00, 0, 0, 0x3fff00);
	refused(E_NOMEM, "kernel needs 5 MiB, VM has 4 MiB");
}

static void header_cut_by_the_end(void **state)
{
	addresses(0x200000, 0x200000, 0, 0, 0x200000);
	for (u64 len = HEADER_AT + 12; len < HEADER_AT + 32; len++) {
		u8 *copy = malloc(len);

		memcpy(copy, file, len);
		img.kernel = copy;
		img.kernel_len = len;
		assert_int_equal(load_image(&img, &start), E_TRUNCATED);
		free(copy);
	}
	assert_true(ram_untouched());
}

static void faulty_elf(void **state)
{
	put(0, 0, 1);
	refused(E_FORMAT, "a multiboot kernel without load addresses must be ELF; its headers: wrong format");
	put(18, 40, 2);
	refused(E_UNSUPPORTED, "an ELF image for machine 40, not for x86");
	put(24, 0x99999, 4);
	refused(E_FORMAT, "the kernel's entry 0x99999 is in no segment below 4 GiB");
	segment(1, 1, DATA_AT, 0x101000, 100, 99);
	refused(E_FORMAT, "ELF segment 1 is larger in the file than in memory");
	segment(1, 1, DATA_AT, 0x101000, 257, 8192);
	refused(E_TRUNCATED, "ELF segment 1 is truncated");
	segment(1, 1, DATA_AT, 0x1000ff, 100, 100);
	refused(E_INVAL, "kernel at 0x1000ff overlaps kernel at 0x100000");
}

static void module_without_room(void **state)
{
	static u8 large[3 * MIB];

	img.initrd = large;
	img.initrd_len = sizeof(large);
	refused(E_NOMEM, "no room for initrd or module of 3 MiB below 0xb0000000, VM has 4 MiB");
}

static void mutilated_images(void **state)
{
	u8 good[FILE_LEN];
	u32 seed = 1, loaded = 0;

	memcpy(good, file, sizeof(good));
	for (u32 i = 0; i < 20000; i++) {
		memcpy(file, good, sizeof(good));
		if (i & 1)
			addresses(0x200010, 0x200000, 0x200100, 0x201000, 0x200080);
		for (u32 n = 0; n < 2; n++) {
			seed = seed * 1664525 + 1013904223;
			/* The two headers are where the decisions are. */
			file[(seed >> 8) % 2 ? (seed >> 9) % 116 : HEADER_AT + 12 + (seed >> 9) % 20] =
			    (u8)(seed >> 24);
		}
		loaded += !load_image(&img, &start);
	}
	assert_in_range(loaded, 1000, 19000);
	assert_true(ram_is(LAYOUT_ROM_BASE, LAYOUT_ROM_END - LAYOUT_ROM_BASE, RAM_FILL));
}

#define test(fn) cmocka_unit_test_setup_teardown(fn, new_image, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(header_anywhere_in_8_kib),
		test(wrong_checksum_is_no_header),
		test(first_good_header_counts),
		test(both_headers),
		test(flags),
		test(faulty_addresses),
		test(header_cut_by_the_end),
		test(faulty_elf),
		test(module_without_room),
		test(mutilated_images),
	};

	return cmocka_run_group_tests_name("multiboot_faulty", tests, NULL, NULL);
}

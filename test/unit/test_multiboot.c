// SPDX-License-Identifier: BSD-2-Clause
/* Multiboot 1 kernels as guests: how they are told apart, loaded, and what they are handed. */
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

static void put(u64 at, u64 val, unsigned width)
{
	memcpy(file + at, &val, width);
}

static void segment(unsigned n, u32 type, u32 offset, u32 paddr, u32 filesz, u32 memsz)
{
	const u32 fields[8] = { type, offset, VIRTUAL + paddr, paddr, filesz, memsz, 5, 4096 };

	memcpy(file + PH32(n), fields, sizeof(fields));
}

static void header_at(u64 at, u32 flags)
{
	put(at, 0x1badb002, 4);
	put(at + 4, flags, 4);
	put(at + 8, -(0x1badb002 + flags), 4);
}

static void addresses(u32 header, u32 load, u32 load_end, u32 bss_end, u32 entry)
{
	const u32 fields[5] = { header, load, load_end, bss_end, entry };

	header_at(HEADER_AT, BIT(16));
	memcpy(file + HEADER_AT + 12, fields, sizeof(fields));
}

static int new_image(void **state)
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
static void make_elf64(void)
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

static const char *text(gpa_t gpa)
{
	const char *s = gmem_ptr(&ram, gpa, 1);

	assert_non_null(s);
	return s;
}

/* --- Loading -------------------------------------------------------------------------------------- */

static void elf32(void **state)
{
	assert_int_equal(load_image(&img, &start), OK);
	assert_true(ram_is(0x10000c, 256 - 12, 0x22));
	assert_true(ram_is(0x101000, 100, 0x44));
	assert_true(ram_is(0x101064, 8192 - 100, 0));
	assert_true(ram_is(0, LAYOUT_LOADER_BASE, RAM_FILL));
	assert_int_equal(start.rip, 0x100020);
}

static void elf64(void **state)
{
	make_elf64();
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.mode, START_PROT32);
	assert_int_equal(start.rip, 0x100010);
	assert_true(ram_is(0x101000, 100, 0x44));
}

/* "Machine state": protected mode, flat segments, EAX and EBX. */
static void machine_state(void **state)
{
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.mode, START_PROT32);
	assert_int_equal(start.rax, 0x2badb002);
	assert_int_equal(start.rbx, LAYOUT_LOADER_BASE);
	assert_int_equal(start.rsi, 0);
	assert_int_equal(start.gdt_limit, 0x1f);
	assert_int_equal(get(start.gdt_base + GUEST_START_CS, 8), 0x00cf9b000000ffff);
	assert_int_equal(get(start.gdt_base + GUEST_START_DS, 8), 0x00cf93000000ffff);
}

/* An entry that is a physical address, as some kernels linked high have it. */
static void physical_entry(void **state)
{
	put(24, 0x100030, 4);
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.rip, 0x100030);
}

static void aout_kludge(void **state)
{
	/* In front of the header lie 16 bytes of the file; no ELF is looked at. */
	memset(file, 0x77, HEADER_AT);
	addresses(0x200010, 0x200000, 0x200100, 0x201000, 0x200080);
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.rip, 0x200080);
	assert_true(ram_is(0x200000, 16, 0x77));
	assert_int_equal(get(0x200010, 4), 0x1badb002);
	assert_true(ram_is(0x200100, 0xf00, 0));
	assert_true(ram_is(0x201000, 100, RAM_FILL));
}

static void aout_kludge_to_the_end_of_the_file(void **state)
{
	addresses(0x200000, 0x200000, 0, 0, 0x200080);
	assert_int_equal(load_image(&img, &start), OK);
	assert_true(ram_is(0x200100, 100, 0x44));
	assert_true(ram_is(0x200000 + FILE_LEN - HEADER_AT, 100, RAM_FILL));
}

static void aout_kludge_goes_before_elf(void **state)
{
	addresses(0x200000, 0x200000, 0, 0, 0x200080);
	assert_int_equal(load_image(&img, &start), OK);
	assert_true(ram_is(0x100000, MIB, RAM_FILL));
}

/* --- What it is handed ---------------------------------------------------------------------------- */

static void information(void **state)
{
	gpa_t info, map;

	assert_int_equal(load_image(&img, &start), OK);
	info = start.rbx;
	assert_int_equal(get(info, 4), 1 << 0 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9);
	assert_int_equal(get(info + 4, 4), 640);
	assert_int_equal(get(info + 8, 4), 3 * 1024);
	assert_string_equal(text(get(info + 16, 4)), "a=b c");
	assert_int_equal(get(info + 20, 4), 0); /* modules */
	assert_string_equal(text(get(info + 64, 4)), "Plinth");
	assert_int_equal(get(info + 44, 4), 4 * 24);
	map = get(info + 48, 4);
	assert_int_equal(get(map, 4), 20);
	assert_int_equal(get(map + 4, 8), 0);
	assert_int_equal(get(map + 12, 8), 0xa0000);
	assert_int_equal(get(map + 20, 4), 1);
	assert_int_equal(get(map + 24 + 4, 8), 0xa0000);
	assert_int_equal(get(map + 24 + 20, 4), 2);
	assert_int_equal(get(map + 48 + 4, 8), MIB);
	assert_int_equal(get(map + 48 + 12, 8), 3 * MIB);
}

/* As QEMU has it, for kernels that read their own name there. */
static void command_line_begins_with_the_path(void **state)
{
	img.kernel_path = "tests/msr.flat";
	assert_int_equal(load_image(&img, &start), OK);
	assert_string_equal(text(get(start.rbx + 16, 4)), "tests/msr.flat a=b c");
	img.cmdline = "";
	assert_int_equal(load_image(&img, &start), OK);
	assert_string_equal(text(get(start.rbx + 16, 4)), "tests/msr.flat");
}

static void modules_behind_the_kernel(void **state)
{
	static u8 initrd[5000], one[100], empty[1];
	gpa_t list;

	memset(initrd, 0x33, sizeof(initrd));
	memset(one, 0x55, sizeof(one));
	img.initrd = initrd;
	img.initrd_len = sizeof(initrd);
	img.initrd_path = "env";
	img.module[0] = (struct guest_module){ one, sizeof(one), "first module", "m.bin" };
	img.module[1] = (struct guest_module){ empty, 0, "", NULL };
	img.module_count = 2;
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(get(start.rbx + 20, 4), 3);
	list = get(start.rbx + 24, 4);
	assert_int_equal(get(list, 4), 0x103000);
	assert_int_equal(get(list + 4, 4), 0x103000 + 5000);
	assert_string_equal(text(get(list + 8, 4)), "env");
	assert_int_equal(get(list + 16, 4), 0x105000);
	assert_int_equal(get(list + 20, 4), 0x105000 + 100);
	assert_string_equal(text(get(list + 24, 4)), "m.bin first module");
	assert_int_equal(get(list + 32, 4), get(list + 36, 4));
	assert_string_equal(text(get(list + 40, 4)), "");
	assert_true(ram_is(0x103000, 5000, 0x33));
	assert_true(ram_is(0x105000, 100, 0x55));
}

/* A kernel in the lowest memory, as 16-bit tests are: the information gives way. */
static void kernel_in_low_memory(void **state)
{
	segment(0, 1, CODE_AT, 0x8000, 256, 0x10000);
	put(24, VIRTUAL + 0x8020, 4);
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.rip, 0x8020);
	assert_int_equal(start.rbx, 0x18000);
}

/* The block's length is exact: what lies behind it loses no byte. */
static void information_has_an_end(void **state)
{
	gpa_t end;

	assert_int_equal(load_image(&img, &start), OK);
	end = get(start.rbx + 16, 4) + sizeof("a=b c");
	segment(1, 1, DATA_AT, (u32)end, 100, 100);
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.rbx, LAYOUT_LOADER_BASE);
	assert_true(ram_is(end, 100, 0x44));
	segment(1, 1, DATA_AT, (u32)end - 1, 100, 100);
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_not_equal(start.rbx, LAYOUT_LOADER_BASE);
}

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

static int end(void **state)
{
	ram_free();
	return 0;
}

#define test(fn) cmocka_unit_test_setup_teardown(fn, new_image, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(elf32),
		test(elf64),
		test(machine_state),
		test(physical_entry),
		test(aout_kludge),
		test(aout_kludge_to_the_end_of_the_file),
		test(aout_kludge_goes_before_elf),
		test(information),
		test(command_line_begins_with_the_path),
		test(modules_behind_the_kernel),
		test(kernel_in_low_memory),
		test(information_has_an_end),
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

	return cmocka_run_group_tests_name("multiboot", tests, NULL, NULL);
}

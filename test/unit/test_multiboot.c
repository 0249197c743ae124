// SPDX-License-Identifier: BSD-2-Clause
/* Multiboot 1 kernels as guests: how they are loaded, and what they are handed. */
#include "multiboot_rig.h"

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

#define test(fn) cmocka_unit_test_setup_teardown(fn, new_image, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests_name("multiboot", tests, NULL, NULL);
}

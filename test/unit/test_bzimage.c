// SPDX-License-Identifier: BSD-2-Clause
/* Linux kernels as guests: where they are put, how they start, what they are handed. */
#include "bzimage_rig.h"

static void kernel_is_where_it_wants_to_be(void **state)
{
	assert_int_equal(load_image(&img, &start), OK);
	assert_true(ram_is(0x1000000, CODE_LEN, 0x22));
	assert_true(ram_is(0x1000000 + CODE_LEN, 0x200000 - CODE_LEN, 0));
	assert_true(ram_is(0x1200000, 32 * MIB - 0x1200000, RAM_FILL));
	assert_true(ram_is(MIB, 15 * MIB, RAM_FILL));
	/* Vectors, BIOS data, VGA and ACPI are not ours. */
	assert_true(ram_is(0, LAYOUT_LOADER_BASE, RAM_FILL));
	assert_true(ram_is(LAYOUT_ROM_BASE, LAYOUT_ROM_END - LAYOUT_ROM_BASE, RAM_FILL));
}

static void start_in_long_mode(void **state)
{
	const u64 *gdt;

	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.mode, START_LONG64);
	assert_int_equal(start.rip, 0x1000200);
	assert_int_equal(start.rbx, 0);
	assert_int_equal(start.gdt_limit, 0x1f);
	gdt = gmem_ptr(&ram, start.gdt_base, 32);
	assert_int_equal(gdt[0], 0);
	assert_int_equal(gdt[GUEST_START_CS / 8], 0x00af9b000000ffff);
	assert_int_equal(gdt[GUEST_START_DS / 8], 0x00cf93000000ffff);
}

/* The walk that a CPU would make. */
static void tables_map_4_gib_to_itself(void **state)
{
	assert_int_equal(load_image(&img, &start), OK);
	assert_true(is_aligned(start.cr3, PAGE_SIZE));
	for (u64 gva = 0; gva < 4 * GIB; gva += 2 * MIB) {
		gpa_t table = start.cr3;
		u64 entry = 0;

		for (int shift = 39; shift >= 21; shift -= 9) {
			assert_int_equal(
			    gmem_read(&ram, table + ((gva >> shift) & 511) * 8, &entry, 8), OK);
			assert_int_equal(entry & 3, 3);
			table = entry & ~0xfffull;
		}
		assert_int_equal(entry, gva | 0x83);
	}
	assert_true(ram_is(start.cr3 + 8, PAGE_SIZE - 8, 0));
}

static void zero_page_fields(void **state)
{
	struct linux_params *params;
	u8 expected[0x26c - LINUX_HEADER_OFFSET];

	assert_int_equal(load_image(&img, &start), OK);
	params = zero_page();
	assert_true(is_aligned(start.rsi, 16));
	assert_int_equal(params->acpi_rsdp_addr, 0xe0000);
	assert_int_equal(params->header.type_of_loader, 0xff);
	assert_int_equal(params->header.setup_data, 0);
	assert_int_equal(params->header.ramdisk_size, 0);
	assert_int_equal(params->header.code32_start, 0x1000000);
	assert_string_equal(gmem_ptr(&ram, params->header.cmd_line_ptr, 6), "quiet");
	/* All else is the file's header, and zero before it: the sentinel too. */
	memcpy(expected, header, sizeof(expected));
	params->header.type_of_loader = 0;
	params->header.code32_start = 0;
	params->header.cmd_line_ptr = 0;
	params->header.setup_data = 0x1234;
	assert_memory_equal(&params->header, expected, sizeof(expected));
	assert_int_equal(((u8 *)params)[0x1ef], 0);
}

static void memory_map_of_the_guest(void **state)
{
	static const struct linux_e820 expected[] = {
	    {0, 0xa0000, 1},
	    {0xa0000, 0x60000, 2},
	    {0x100000, 31 * MIB, 1},
	    {0xb0000000, 0x10000000, 2},
	};

	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(zero_page()->e820_entries, ARRAY_LEN(expected));
	assert_memory_equal(zero_page()->e820, expected, sizeof(expected));
}

static void initrd_is_as_high_as_allowed(void **state)
{
	static u8 initrd[5000];

	memset(initrd, 0x33, sizeof(initrd));
	img.initrd = initrd;
	img.initrd_len = sizeof(initrd);
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(zero_page()->header.ramdisk_image, 32 * MIB - 8192);
	assert_int_equal(zero_page()->header.ramdisk_size, 5000);
	assert_int_equal(zero_page()->ext_ramdisk_image, 0);
	assert_true(ram_is(32 * MIB - 8192, 5000, 0x33));
	assert_true(ram_is(32 * MIB - 8192 + 5000, 3192, RAM_FILL));

	/* The limit lies in the kernel: the highest place is below it. */
	header->initrd_addr_max = 0x11fffff;
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(zero_page()->header.ramdisk_image, 0x1000000 - 8192);

	header->initrd_addr_max = 0xffffffff;
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(zero_page()->header.ramdisk_image, 32 * MIB - 8192);
}

static void modules_are_not_for_linux(void **state)
{
	img.module_count = 1;
	refused(E_INVAL, "a Linux bzImage takes no modules besides its initrd");
}

static void load_address(void **state)
{
	static const struct {
		u8 relocatable;
		u32 alignment;
		u64 pref;
		gpa_t load;
	} rows[] = {
	    {1, 0x200000, 0x1000000, 0x1000000}, {1, 0x200000, 0x1000001, 0x1200000},
	    {1, 0x200000, 0, 0x200000}, /* none preferred */
	    {0, 0x200000, 0x123000, 0x123000},   {0, 0, 0, 0x100000},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		header->relocatable_kernel = rows[i].relocatable;
		header->kernel_alignment = rows[i].alignment;
		header->pref_address = rows[i].pref;
		assert_int_equal(load_image(&img, &start), OK);
		assert_int_equal(start.rip, rows[i].load + 0x200);
		assert_true(ram_is(rows[i].load, CODE_LEN, 0x22));
	}
}

/* (version, xloadflags) without a 64-bit entry: the 32-bit one. */
static void old_kernels_start_in_protected_mode(void **state)
{
	const u64 *gdt;

	header->version = 0x20f;
	header->xloadflags = 0;
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.mode, START_PROT32);
	assert_int_equal(start.rip, 0x1000000);
	assert_int_equal(start.cr3, 0);
	gdt = gmem_ptr(&ram, start.gdt_base, 32);
	assert_int_equal(gdt[GUEST_START_CS / 8], 0x00cf9b000000ffff);
	/* xloadflags did not exist yet, nor did pref_address. */
	header->version = 0x206;
	header->xloadflags = 1;
	header->jump_len = 0x23c - 0x202;
	assert_int_equal(load_image(&img, &start), OK);
	assert_int_equal(start.mode, START_PROT32);
	assert_int_equal(start.rip, 0x100000);
	assert_int_equal(zero_page()->header.cmdline_size, 2047);
	assert_int_equal(zero_page()->header.pref_address, 0);
}

#define test(fn) cmocka_unit_test_setup_teardown(fn, new_kernel, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(kernel_is_where_it_wants_to_be),
		test(start_in_long_mode),
		test(tables_map_4_gib_to_itself),
		test(zero_page_fields),
		test(memory_map_of_the_guest),
		test(initrd_is_as_high_as_allowed),
		test(modules_are_not_for_linux),
		test(load_address),
		test(old_kernels_start_in_protected_mode),
	};

	return cmocka_run_group_tests_name("bzimage", tests, NULL, NULL);
}

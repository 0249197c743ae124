// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include "guest_ram.h"

#include <guests/linux_boot.h>
#include <lib/bits.h>
#include <stdio.h>

#define SETUP_SECTS 3
#define CODE_AT     ((SETUP_SECTS + 1) * 512)
#define CODE_LEN    4096
#define FILE_LEN    (CODE_AT + CODE_LEN + 100) /* a signature behind the kernel */

static u8 file[FILE_LEN];
static struct linux_header *const header = (struct linux_header *)(file + LINUX_HEADER_OFFSET);
static struct guest_image img;
static struct guest_start start;

/* A kernel as today's are, only smaller: wants 2 MiB at 16 MiB. */
static int new_kernel(void **state)
{
	memset(file, 0x11, sizeof(file));
	memset(file + CODE_AT, 0x22, CODE_LEN);
	memset(header, 0, sizeof(*header));
	*header = (struct linux_header){
	    .setup_sects = SETUP_SECTS,
	    .syssize = CODE_LEN / 16,
	    .boot_flag = 0xaa55,
	    .jump = 0xeb,
	    .jump_len = 0x26c - 0x202,
	    .magic = 0x53726448,
	    .version = 0x20f,
	    .type_of_loader = 0,
	    .loadflags = 1,
	    .initrd_addr_max = 0x7fffffff,
	    .kernel_alignment = 0x200000,
	    .relocatable_kernel = 1,
	    .xloadflags = 1,
	    .cmdline_size = 2047,
	    .pref_address = 0x1000000,
	    .init_size = 0x200000,
	    .setup_data = 0x1234,
	};
	img = (struct guest_image){.kernel = file, .kernel_len = sizeof(file), .cmdline = "quiet"};
	ram_new(32 * MIB);
	return 0;
}

static struct linux_params *zero_page(void)
{
	struct linux_params *params = gmem_ptr(&ram, start.rsi, sizeof(*params));

	assert_non_null(params);
	return params;
}

static void refused(enum status st, const char *why)
{
	assert_int_equal(load_image(&img, &start), st);
	assert_string_equal(reason, why);
	assert_true(ram_untouched());
}

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

static void initrd_without_room(void **state)
{
	static u8 initrd[16 * MIB];

	img.initrd = initrd;
	img.initrd_len = sizeof(initrd);
	refused(E_NOMEM, "no room for initrd of 16 MiB below 0x80000000, VM has 32 MiB");
	img.initrd_len = 4097;
	header->initrd_addr_max = 0x100fff;
	refused(E_NOMEM, "no room for initrd of 5 KiB below 0x101000, VM has 32 MiB");
	header->initrd_addr_max = 0;
	refused(E_NOMEM, "no room for initrd of 5 KiB below 0x1, VM has 32 MiB");
	img.initrd_len = 1ull << 63;
	header->initrd_addr_max = 0x7fffffff;
	assert_int_equal(load_image(&img, &start), E_NOMEM);
}

static void too_little_memory(void **state)
{
	ram_new(16 * MIB);
	header->init_size = 29 * MIB;
	refused(E_NOMEM, "kernel needs 45 MiB, VM has 16 MiB");
	ram_new(45 * MIB);
	assert_int_equal(load_image(&img, &start), OK);
	ram_new(45 * MIB - 4096);
	assert_int_equal(load_image(&img, &start), E_NOMEM);
	header->init_size = 0xffffffff;
	refused(E_RANGE, "kernel of 4096 MiB at 0x1000000 is outside the VM's RAM");
}

static void command_line_length(void **state)
{
	img.cmdline = "123456789";
	header->cmdline_size = 9;
	assert_int_equal(load_image(&img, &start), OK);
	ram_new(32 * MIB);
	header->cmdline_size = 8;
	refused(E_RANGE, "command line of 9 bytes, this kernel takes 8");
}

static void modules_are_not_for_linux(void **state)
{
	img.module_count = 1;
	refused(E_INVAL, "a Linux bzImage takes no modules besides its initrd");
}

static void every_truncation(void **state)
{
	char want[100];

	for (u64 len = 0; len <= CODE_AT + CODE_LEN - 16; len++) {
		u8 *copy = malloc(len ? len : 1);

		memcpy(copy, file, len);
		img.kernel = copy;
		img.kernel_len = len;
		assert_int_equal(load_image(&img, &start), len < 0x206 ? E_FORMAT : E_TRUNCATED);
		snprintf(want, sizeof(want),
			 "the kernel is truncated: %lu bytes, its header says %u", len,
			 len < 0x208   ? 0x208
			 : len < 0x26c ? 0x26c
				       : CODE_AT + CODE_LEN);
		assert_string_equal(
		    reason, len < 0x206 ? "the kernel is neither a Linux bzImage nor a "
					  "multiboot kernel nor an ELF image for PVH"
					: want);
		free(copy);
	}
	assert_true(ram_untouched());
	img.kernel = file;
	img.kernel_len = CODE_AT + CODE_LEN;
	assert_int_equal(load_image(&img, &start), OK);
}

/* syssize counts 16 bytes and is rounded up. */
static void last_unit_may_be_cut(void **state)
{
	for (u64 len = CODE_AT + CODE_LEN - 15; len < CODE_AT + CODE_LEN; len++) {
		u8 *copy = malloc(len);

		ram_new(32 * MIB);
		memcpy(copy, file, len);
		img.kernel = copy;
		img.kernel_len = len;
		assert_int_equal(load_image(&img, &start), OK);
		assert_true(ram_is(0x1000000, len - CODE_AT, 0x22));
		assert_true(ram_is(0x1000000 + len - CODE_AT, CODE_AT + CODE_LEN - len, 0));
		free(copy);
	}
}

static void faulty_headers(void **state)
{
	header->version = 0x205;
	refused(E_UNSUPPORTED, "boot protocol 2.05, at least 2.06 is needed");
	new_kernel(NULL);
	header->boot_flag = 0;
	refused(E_FORMAT, "malformed setup header");
	new_kernel(NULL);
	header->loadflags = 0;
	refused(E_UNSUPPORTED, "a zImage, only a bzImage is supported");
	new_kernel(NULL);
	header->jump_len = 0x263 - 0x202; /* ends inside init_size */
	refused(E_FORMAT, "malformed setup header");
	new_kernel(NULL);
	header->kernel_alignment = 0;
	refused(E_FORMAT, "malformed setup header: load address 0x1000000, alignment 0x0");
	header->kernel_alignment = 0x300000;
	refused(E_FORMAT, "malformed setup header: load address 0x1000000, alignment 0x300000");
	new_kernel(NULL);
	header->pref_address = ~0ull;
	refused(E_FORMAT,
		"malformed setup header: load address 0xffffffffffffffff, alignment 0x200000");
	new_kernel(NULL);
	header->syssize = 0;
	refused(E_FORMAT, "the kernel has no code");
	header->syssize = 0xffffffff;
	refused(E_TRUNCATED, "the kernel is truncated: 6244 bytes, its header says 68719478768");
	new_kernel(NULL);
	header->pref_address = 0x80000;
	header->kernel_alignment = 0x1000;
	refused(E_INVAL, "kernel at 0x80000 overlaps ROM area at 0xa0000");
}

static void setup_sects_0_means_4(void **state)
{
	header->setup_sects = 0;
	header->syssize = 3072 / 16;
	assert_int_equal(load_image(&img, &start), OK);
	assert_memory_equal(gmem_ptr(&ram, 0x1000000, 3072), file + 5 * 512, 3072);
}

static void longest_header_stays_inside_its_field(void **state)
{
	header->jump_len = 0xff;
	assert_int_equal(load_image(&img, &start), OK);
	assert_true(ram_is(start.rsi + LINUX_HEADER_LIMIT, 0x40, 0));
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

/* Whatever the header says: no byte outside RAM (ASan), none in the places that are not ours. */
static void mutilated_headers(void **state)
{
	u32 seed = 1, loaded = 0;
	static u8 initrd[8192];

	ram_new(2 * MIB);
	for (u32 i = 0; i < 20000; i++) {
		u8 *at = (u8 *)header;

		memset(at, 0, sizeof(*header));
		header->setup_sects = SETUP_SECTS;
		header->syssize = CODE_LEN / 16;
		header->boot_flag = 0xaa55;
		header->jump_len = 0x26c - 0x202;
		header->magic = 0x53726448;
		header->version = 0x20f;
		header->loadflags = header->relocatable_kernel = header->xloadflags = 1;
		header->initrd_addr_max = 0x7fffffff;
		header->kernel_alignment = 0x1000;
		header->cmdline_size = 2047;
		header->pref_address = MIB;
		img.initrd = initrd;
		img.initrd_len = sizeof(initrd);
		for (u32 n = 0; n < 3; n++) {
			seed = seed * 1664525 + 1013904223;
			at[(seed >> 8) % sizeof(*header)] = (u8)(seed >> 24);
		}
		loaded += !load_image(&img, &start);
	}
	assert_in_range(loaded, 1000, 19000);
	assert_true(ram_is(0, LAYOUT_LOADER_BASE, RAM_FILL));
	assert_true(ram_is(LAYOUT_ROM_BASE, LAYOUT_ROM_END - LAYOUT_ROM_BASE, RAM_FILL));
}

static int end(void **state)
{
	ram_free();
	return 0;
}

#define test(fn) cmocka_unit_test_setup_teardown(fn, new_kernel, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    test(kernel_is_where_it_wants_to_be),
	    test(start_in_long_mode),
	    test(tables_map_4_gib_to_itself),
	    test(zero_page_fields),
	    test(memory_map_of_the_guest),
	    test(initrd_is_as_high_as_allowed),
	    test(initrd_without_room),
	    test(too_little_memory),
	    test(command_line_length),
	    test(modules_are_not_for_linux),
	    test(every_truncation),
	    test(last_unit_may_be_cut),
	    test(faulty_headers),
	    test(setup_sects_0_means_4),
	    test(longest_header_stays_inside_its_field),
	    test(load_address),
	    test(old_kernels_start_in_protected_mode),
	    test(mutilated_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
/* Linux kernels: those that do not fit, are cut short or say nonsense. */
#include "bzimage_rig.h"

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

#define test(fn) cmocka_unit_test_setup_teardown(fn, new_kernel, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(initrd_without_room),
		test(too_little_memory),
		test(command_line_length),
		test(every_truncation),
		test(last_unit_may_be_cut),
		test(faulty_headers),
		test(setup_sects_0_means_4),
		test(longest_header_stays_inside_its_field),
		test(mutilated_headers),
	};

	return cmocka_run_group_tests_name("bzimage_faulty", tests, NULL, NULL);
}

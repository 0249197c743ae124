// SPDX-License-Identifier: BSD-2-Clause
/* For test_bzimage*.c: a kernel written out by hand. */
#pragma once

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
static inline int new_kernel(void **state)
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

static inline struct linux_params *zero_page(void)
{
	struct linux_params *params = gmem_ptr(&ram, start.rsi, sizeof(*params));

	assert_non_null(params);
	return params;
}

static inline void refused(enum status st, const char *why)
{
	assert_int_equal(load_image(&img, &start), st);
	assert_string_equal(reason, why);
	assert_true(ram_untouched());
}

static inline int end(void **state)
{
	ram_free();
	return 0;
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Starting guests: from an image in memory to bytes in guest RAM and the first registers. One table
 * of formats; a format is one file and one row. Image bytes are untrusted: every read is bounded.
 * Knows no device and no CPU vendor.
 */
#pragma once

#include <lib/status.h>
#include <lib/types.h>
#include <vm/gmem.h>

#define GUEST_MODULES_MAX 8
#define GUEST_REASON_MAX  128 /* a good size for guest_load()'s reason */

struct guest_module {
	const u8 *data;
	u64 len;
	const char *args; /* never NULL */
	const char *path; /* NULL: not known */
};

struct guest_image {
	const u8 *kernel;
	u64 kernel_len;
	const u8 *initrd;
	u64 initrd_len;      /* 0: none */
	const char *cmdline; /* never NULL */
	const char *kernel_path, *initrd_path; /* NULL: not known */
	struct guest_module module[GUEST_MODULES_MAX];
	u32 module_count;
};

/* Segments are flat, base 0 and limit 4 GiB; interrupts are off; registers not named are 0. */
enum guest_mode {
	START_LONG64, /* 64-bit mode: CR0 PE PG, CR4 PAE, EFER LME LMA; CS is 64-bit code */
	START_PROT32, /* protected mode without paging: CR0 PE; CS is 32-bit code */
};

#define GUEST_START_CS 0x10
#define GUEST_START_DS 0x18 /* DS, ES, SS, FS, GS */

struct guest_start {
	enum guest_mode mode;
	gpa_t rip;
	u64 rsp; /* 0: no protocol so far promises a stack */
	u64 rax;
	u64 rsi;
	u64 rbx;
	gpa_t cr3;
	gpa_t gdt_base; /* in guest memory, with the selectors above */
	u16 gdt_limit;
};

/* Where the board put the tables that guests are pointed to is in guests/board_layout.h. */

/*
 * Loads the image into `g` and says how to start it. If it fails nothing is written to guest
 * memory, and `reason` (size > 0) says why in the operator's words, such as "kernel needs 45 MiB,
 * VM has 16 MiB".
 */
enum status must_check guest_load(const struct guest_image *img, const struct gmem *g,
				  struct guest_start *start, char *reason, size_t reason_size);

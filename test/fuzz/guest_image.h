// SPDX-License-Identifier: BSD-2-Clause
/*
 * An untrusted kernel for a small VM: for bzimage.c, pvh.c and multiboot.c. If it is refused
 * nothing may be written; if not, what the CPU starts with must be there, and what is not the
 * loader's must be untouched.
 */
#pragma once

#include "fuzz.h"

#include <guests/board_layout.h>
#include <guests/loader.h>
#include <lib/bits.h>

#define RAM_BYTES (LAYOUT_ROM_END + 512 * KIB)
#define RAM_FILL  0xcc

static u8 *fuzz_ram;

static inline bool ram_is_fill(u64 from, u64 to)
{
	/* Each byte like the one before it, by the C library's fast loop. */
	return fuzz_ram[from] == RAM_FILL &&
	       !memcmp(fuzz_ram + from, fuzz_ram + from + 1, to - from - 1);
}

static inline void check_started(const struct gmem *g, const struct guest_start *s)
{
	fuzz_check(gmem_ptr(g, s->rip, 1));
	fuzz_check(gmem_ptr(g, s->gdt_base, s->gdt_limit + 1ull));
	fuzz_check(!s->rbx || gmem_ptr(g, s->rbx, 1));
	fuzz_check(!s->rsi || gmem_ptr(g, s->rsi, 1));
	fuzz_check(!s->cr3 || (is_aligned(s->cr3, PAGE_SIZE) && gmem_ptr(g, s->cr3, PAGE_SIZE)));
	fuzz_check(ram_is_fill(LAYOUT_ROM_BASE, LAYOUT_ROM_END));
}

/* The first byte chooses an initrd and modules, the rest is the kernel. */
static inline enum status start_image(const u8 *data, size_t len, struct guest_start *start)
{
	static const u8 bytes[3 * 4096];
	struct gmem g = { .ram = { { 0, RAM_BYTES } }, .count = 1 };
	struct guest_image img = { .cmdline = "a=b", .kernel_path = "k" };
	char reason[GUEST_REASON_MAX];
	struct input in = { data, len };
	u8 choice = (u8)take(&in, 1);
	u8 *kernel = exact_copy(in.at, in.left);
	enum status st;

	if (!fuzz_ram)
		fuzz_ram = malloc(RAM_BYTES);
	memset(fuzz_ram, RAM_FILL, RAM_BYTES);
	g.window = fuzz_ram;
	img.kernel = kernel;
	img.kernel_len = in.left;
	img.initrd = choice & 1 ? bytes : NULL;
	img.initrd_len = choice & 1 ? sizeof(bytes) : 0;
	img.module_count = choice >> 1 & 3;
	for (u32 i = 0; i < img.module_count; i++)
		img.module[i] =
		    (struct guest_module){ bytes, 4096 * i + 1, "args", i ? "path" : NULL };
	memset(reason, 'x', sizeof(reason));
	st = guest_load(&img, &g, start, reason, sizeof(reason));
	if (!st)
		check_started(&g, start);
	else
		fuzz_check(memchr(reason, 0, sizeof(reason)) && *reason &&
			   ram_is_fill(0, RAM_BYTES));
	free(kernel);
	return st;
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Looks for what a guest before it left in its RAM, and leaves a pattern in all of it that is free. Then ends as its command line
 * says: then=poweroff (default) or reboot.
 */
#include "rt.h"
#include <lib/string.h>

/* In no table and no code of ours: it is stored in two halves. */
#define PATTERN_HIGH 0x5eed1e55u
#define PATTERN_LOW  0xdeadbea7u

extern char __bss_end[];

#define IMAGE_START 0x100000ull

static u64 pattern;

static bool in_image(u64 addr)
{
	return addr >= IMAGE_START && addr < (u64)__bss_end;
}

/* The words of the range that are the pattern; all others outside of this guest's image become it. */
static u64 sweep(u64 addr, u64 size)
{
	u64 found = 0;

	for (u64 end = addr + size; addr + 8 <= end; addr += 8) {
		u64 *word = (u64 *)addr;

		if (in_image(addr))
			continue;
		found += *word == pattern;
		*word = pattern;
	}
	return found;
}

void main(const struct hvm_start_info *si)
{
	const struct hvm_memory *mem = (const struct hvm_memory *)si->memmap;
	u64 found = 0, size = 0;
	char then[16] = "poweroff";

	cmdline_text(si, "then=", then, sizeof(then));
	pattern = (u64)PATTERN_HIGH << 32 | PATTERN_LOW;
	for (u32 i = 0; i < si->memmap_count; i++) {
		if (mem[i].type != 1)
			continue;
		found += sweep((mem[i].addr + 7) & ~7ull, mem[i].size);
		size += mem[i].size;
	}
	print("scrub: %lu KiB, %lu words of somebody else's\n", (u64)(size / KIB), found);
	if (!strcmp(then, "reboot"))
		reset();
	power_off();
}

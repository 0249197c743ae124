// SPDX-License-Identifier: BSD-2-Clause
/* What a multiboot2 loader says about the machine. */
#include "fuzz.h"

#include <boot/multiboot2.h>
#include <core/memmap.h>
#include <lib/bits.h>
#include <lib/range.h>

/* Entries are whole, and what Plinth takes of them as RAM has nothing else in it. */
static void check_memory(const struct boot_info *bi)
{
	static struct memmap m;

	for (u32 i = 0; i < bi->mem_count; i++)
		fuzz_check(bi->mem[i].type < MEM_TYPES &&
			   bi->mem[i].base + bi->mem[i].len > bi->mem[i].base);
	memmap_build(&m, bi->mem, bi->mem_count, 0, MEMMAP_TOP);
	for (u32 i = 0; i < m.count; i++) {
		const struct mem_range *r = &m.range[i];

		fuzz_check(r->len && is_aligned(r->base | r->len, PAGE_SIZE));
		fuzz_check(!i || r[-1].base + r[-1].len < r->base);
		for (u32 k = 0; k < bi->mem_count; k++)
			fuzz_check(
			    bi->mem[k].type == MEM_RAM ||
			    !range_overlap(r->base, r->len, bi->mem[k].base, bi->mem[k].len));
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	static struct boot_info bi;
	u8 *info;

	if (len < 8)
		return 0;
	info = exact_copy(data, len);
	/* The total size is right more often than not. */
	if (data[4] & 1)
		memcpy(info, &(u32){ (u32)len }, 4);
	if (!multiboot2_parse(info, len, 2 * MIB, MIB, &bi)) {
		fuzz_check(bi.mem_count <= BOOT_MEM_MAX && bi.file_count <= BOOT_FILES_MAX);
		fuzz_check(bi.cpu_count <= BOOT_CPUS_MAX);
		fuzz_check(memchr(bi.cmdline, 0, sizeof(bi.cmdline)));
		for (u32 i = 0; i < bi.file_count; i++)
			fuzz_check(memchr(bi.file[i].path, 0, sizeof(bi.file[i].path)));
		check_memory(&bi);
	}
	free(info);
	return 0;
}

// SPDX-License-Identifier: BSD-2-Clause
#include "image.h"

#include <lib/elf.h>
#include <lib/string.h>

#define ALIGNMENT (2 * MIB)

/* payload.asm */
extern const u8 payload[], payload_end[];

/* The loadable segments' physical addresses as linked: from *low to *high. */
static enum status extent(const struct elf *e, u64 *low, u64 *high)
{
	*low = ~0ull;
	*high = 0;
	for (u32 i = 0; i < e->phnum; i++) {
		struct elf_segment s;
		enum status st = elf_segment_get(e, i, &s);

		if (st)
			return st;
		if (s.type != ELF_PT_LOAD)
			continue;
		*low = min_u64(*low, s.paddr);
		*high = max_u64(*high, s.paddr + s.memsz);
	}
	return *low < *high ? OK : E_FORMAT;
}

/* Aligned pages: more than needed, and what is too much given back. */
static hpa_t alloc_aligned(u64 len)
{
	u64 pages = align_up(len, PAGE_SIZE) >> PAGE_SHIFT;
	hpa_t got = (hpa_t)pages_alloc(len + ALIGNMENT, BELOW_4G);
	hpa_t base = align_up(got, ALIGNMENT), end = base + (pages << PAGE_SHIFT);
	hpa_t got_end = got + align_up(len + ALIGNMENT, PAGE_SIZE);

	if (!got)
		return 0;
	if (base > got)
		bs->FreePages(got, (base - got) >> PAGE_SHIFT);
	if (got_end > end)
		bs->FreePages(end, (got_end - end) >> PAGE_SHIFT);
	return base;
}

EFI_STATUS image_load(struct image *out)
{
	struct elf e;
	u64 low, high;

	if (elf_open(&e, payload, payload_end - payload) || extent(&e, &low, &high))
		return EFI_LOAD_ERROR;
	out->len = high - low;
	out->entry = e.entry;
	out->base = alloc_aligned(out->len);
	if (!out->base)
		return EFI_OUT_OF_RESOURCES;
	memset((void *)out->base, 0, out->len);
	for (u32 i = 0; i < e.phnum; i++) {
		struct elf_segment s;

		if (elf_segment_get(&e, i, &s))
			return EFI_LOAD_ERROR;
		if (s.type == ELF_PT_LOAD)
			memcpy((void *)(out->base + s.paddr - low), s.data, s.filesz);
	}
	return EFI_SUCCESS;
}

// SPDX-License-Identifier: BSD-2-Clause
#include "leave.h"

#include <boot/collect.h>
#include <boot/efi_mem.h>
#include <lib/string.h>

#define PTE_TABLE  0x003ull /* present, writable */
#define PTE_LARGE  0x083ull /* and a 2 MiB page */
#define PTE_ADDR   BITS(51, 12)
#define LARGE      (2 * MIB)
#define CR4_LA57   BIT(12)
#define EXIT_TRIES 8
/* 10 for the first 4 GiB and the image with 5 levels; the rest if we are above 4 GiB. */
#define TABLES 16
/* By how many descriptors the map may grow between asking for its size and having it. */
#define SLACK_DESCS 32

struct map {
	u8 *data;
	UINTN capacity, len, key, desc_size;
};

/* The temporary page tables, below 4 GiB: start.asm leaves them at once. */
struct tables {
	u64 (*table)[512]; /* [0] is the root */
	u32 used;
	u32 levels;
};

static EFI_STATUS map_alloc(struct map *m)
{
	UINT32 version;
	EFI_STATUS st;

	m->len = 0;
	st = bs->GetMemoryMap(&m->len, NULL, &m->key, &m->desc_size, &version);
	if (st != EFI_BUFFER_TOO_SMALL)
		return st ? st : EFI_DEVICE_ERROR;
	m->capacity = align_up(m->len + SLACK_DESCS * m->desc_size, PAGE_SIZE);
	m->data = pages_alloc(m->capacity, ~0ull);
	return m->data ? EFI_SUCCESS : EFI_OUT_OF_RESOURCES;
}

/*
 * UEFI Specification, "EFI_BOOT_SERVICES.ExitBootServices()": it fails if the map has changed since
 * we got it; then only the memory services may be called, so the buffer is there already and
 * nothing is printed.
 */
static EFI_STATUS exit_boot_services(struct map *m)
{
	EFI_STATUS st = EFI_ABORTED;

	for (int i = 0; i < EXIT_TRIES; i++) {
		UINT32 version;

		m->len = m->capacity;
		st = bs->GetMemoryMap(&m->len, (void *)m->data, &m->key, &m->desc_size, &version);
		if (st)
			return st;
		st = bs->ExitBootServices(program, m->key);
		if (st != EFI_INVALID_PARAMETER)
			return st;
	}
	return st;
}

/* The RAM of the map, or what is ACPI's; nothing else needs an entry. */
static void take_map(const struct map *m, struct boot_info *bi, enum mem_type wanted)
{
	for (UINTN pos = 0; m->len - pos >= m->desc_size; pos += m->desc_size) {
		EFI_MEMORY_DESCRIPTOR d;

		memcpy(&d, m->data + pos, sizeof(d));
		if (efi_mem_type(d.Type, d.Attribute) == wanted)
			(void)collect_mem(bi, d.PhysicalStart, d.NumberOfPages << PAGE_SHIFT,
					  wanted);
	}
}

/* Maps the 2 MiB pages that [va, va+len) touches. TABLES are enough for what is mapped here. */
static void map_range(struct tables *t, u64 va, hpa_t pa, u64 len)
{
	u64 end = align_up(va + len, LARGE);

	pa = align_down(pa, LARGE);
	for (va = align_down(va, LARGE); va != end; va += LARGE, pa += LARGE) {
		u64 *entry = t->table[0];

		for (u32 level = t->levels; level > 2; level--) {
			entry += (va >> (12 + 9 * (level - 1))) & 511;
			if (!*entry)
				*entry = (u64)t->table[t->used++] | PTE_TABLE;
			entry = (u64 *)(*entry & PTE_ADDR);
		}
		entry[(va >> 21) & 511] = pa | PTE_LARGE;
	}
}

static EFI_STATUS tables_build(struct tables *t, const struct image *image)
{
	u64 cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	t->levels = cr4 & CR4_LA57 ? 5 : 4;
	t->used = 1;
	t->table = pages_alloc(TABLES * PAGE_SIZE, BELOW_4G);
	if (!t->table)
		return EFI_OUT_OF_RESOURCES;
	memset(t->table, 0, TABLES * PAGE_SIZE);
	map_range(t, 0, 0, 4 * GIB);
	map_range(t, IMAGE_VMA, image->base, image->len);
	map_range(t, (u64)leave, (u64)leave, LARGE); /* the code that changes CR3 */
	return EFI_SUCCESS;
}

/* efi_entry64(bi) of boot/start.asm, which wants its argument as the System V ABI has it. */
static _Noreturn void enter(const struct tables *t, u64 entry, const struct boot_info *bi)
{
	__asm__ volatile("cli\n\t"
			 "mov %0, %%cr3\n\t"
			 "jmp *%1"
			 :
			 : "r"(t->table), "r"(entry), "D"(bi)
			 : "memory");
	__builtin_unreachable();
}

EFI_STATUS leave(struct boot_info *bi, const struct image *image)
{
	struct tables tables;
	struct map map;
	EFI_STATUS st = tables_build(&tables, image);

	if (st)
		return st;
	st = map_alloc(&map);
	if (st)
		return st;
	st = exit_boot_services(&map);
	if (st)
		return st;
	take_map(&map, bi, MEM_ACPI); /* before the RAM: see collect_mem() */
	take_map(&map, bi, MEM_RAM);
	enter(&tables, image->entry, bi);
}

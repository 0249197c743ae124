// SPDX-License-Identifier: BSD-2-Clause
#include "collect.h"

#include <lib/bits.h>
#include <lib/string.h>

/* Entries that nothing else takes. */
#define ROOM_FOR_RAM 128

void collect_begin(struct boot_info *bi, enum boot_door door, hpa_t image_base, u64 image_len)
{
	memset(bi, 0, sizeof(*bi));
	bi->magic = BOOT_INFO_MAGIC;
	bi->door = door;
	bi->image_base = image_base;
	bi->image_len = image_len;
	bi->mem[0] = (struct boot_mem){.base = image_base, .len = image_len, .type = MEM_IMAGE};
	bi->mem_count = 1;
}

/* By address; nearly sorted most of the time. */
static void sort(struct boot_info *bi)
{
	for (u32 i = 1; i < bi->mem_count; i++) {
		struct boot_mem m = bi->mem[i];
		u32 k = i;

		for (; k && bi->mem[k - 1].base > m.base; k--)
			bi->mem[k] = bi->mem[k - 1];
		bi->mem[k] = m;
	}
}

static void remove(struct boot_info *bi, u32 i)
{
	for (bi->mem_count--; i < bi->mem_count; i++)
		bi->mem[i] = bi->mem[i + 1];
}

/* Makes one entry of the two of this type that are closest. What lies between is then of the type too, unless its own is worse. */
static enum status join_closest(struct boot_info *bi, u32 type)
{
	u32 last = BOOT_MEM_MAX, first = BOOT_MEM_MAX, second = 0;
	u64 best = ~0ull;

	sort(bi);
	for (u32 i = 0; i < bi->mem_count; i++) {
		u64 end, gap;

		if (bi->mem[i].type != type)
			continue;
		if (last != BOOT_MEM_MAX) {
			end = bi->mem[last].base + bi->mem[last].len;
			gap = bi->mem[i].base > end ? bi->mem[i].base - end : 0;
			if (first == BOOT_MEM_MAX || gap < best) {
				best = gap;
				first = last;
				second = i;
			}
		}
		last = i;
	}
	if (first == BOOT_MEM_MAX)
		return E_FULL;
	bi->mem[first].len = max_u64(bi->mem[first].base + bi->mem[first].len,
				     bi->mem[second].base + bi->mem[second].len) - bi->mem[first].base;
	remove(bi, second);
	return OK;
}

/* The smallest piece of RAM goes, if it is smaller than `len`. */
static enum status drop_smallest(struct boot_info *bi, u64 len)
{
	u32 smallest = BOOT_MEM_MAX;

	for (u32 i = 0; i < bi->mem_count; i++)
		if (bi->mem[i].type == MEM_RAM && (smallest == BOOT_MEM_MAX || bi->mem[i].len < bi->mem[smallest].len))
			smallest = i;
	if (smallest == BOOT_MEM_MAX || bi->mem[smallest].len >= len) {
		bi->mem_lost += len;
		return E_FULL;
	}
	bi->mem_lost += bi->mem[smallest].len;
	remove(bi, smallest);
	return OK;
}

static enum status make_room(struct boot_info *bi, enum mem_type type, u64 len)
{
	if (type == MEM_RAM)
		return bi->mem_count < BOOT_MEM_MAX ? OK : drop_smallest(bi, len);
	return bi->mem_count < BOOT_MEM_MAX - ROOM_FOR_RAM ? OK : join_closest(bi, type);
}

enum status collect_mem(struct boot_info *bi, hpa_t base, u64 len, enum mem_type type)
{
	enum status st;

	/* What runs past the last address ends there; but then it is no RAM (core/memmap.h). */
	if (len > ~0ull - base)
		len = type == MEM_RAM ? 0 : ~0ull - base;
	if (!len)
		return OK;
	for (u32 i = 0; i < bi->mem_count; i++) {
		struct boot_mem *m = &bi->mem[i];

		if (m->type != type)
			continue;
		if (m->base + m->len == base) {
			m->len += len;
			return OK;
		}
		if (base + len == m->base) {
			m->base = base;
			m->len += len;
			return OK;
		}
	}
	st = make_room(bi, type, len);
	if (st)
		return st;
	bi->mem[bi->mem_count++] = (struct boot_mem){.base = base, .len = len, .type = type};
	return OK;
}

enum status collect_file(struct boot_info *bi, const char *path, hpa_t base, u64 len)
{
	struct boot_file *f = &bi->file[bi->file_count];
	enum status st;

	while (*path == '/')
		path++;
	if (!*path)
		return E_INVAL;
	if (bi->file_count == BOOT_FILES_MAX)
		return E_FULL;
	if (strlen(path) >= sizeof(f->path))
		return E_RANGE;
	st = collect_mem(bi, base, align_up(len, PAGE_SIZE), MEM_FILE);
	if (st)
		return st;
	str_copy(f->path, sizeof(f->path), path);
	f->base = base;
	f->len = len;
	bi->file_count++;
	return OK;
}

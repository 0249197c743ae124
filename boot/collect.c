// SPDX-License-Identifier: BSD-2-Clause
#include "collect.h"

#include <lib/bits.h>
#include <lib/string.h>

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

enum status collect_mem(struct boot_info *bi, hpa_t base, u64 len, enum mem_type type)
{
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
	if (bi->mem_count == BOOT_MEM_MAX)
		return E_FULL;
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

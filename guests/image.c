// SPDX-License-Identifier: BSD-2-Clause
#include "image.h"

#include "board_layout.h"

enum status image_claim_segments(struct placer *p, const struct elf *e)
{
	struct elf_segment s;

	if (e->machine != ELF_EM_386 && e->machine != ELF_EM_X86_64)
		return place_fail(p, E_UNSUPPORTED, "an ELF image for machine %u, not for x86", e->machine);
	for (u32 i = 0; i < e->phnum; i++) {
		enum status st = elf_segment_get(e, i, &s);

		if (st)
			return place_fail(p, st, "ELF segment %u is %s", i,
					  st == E_TRUNCATED ? "truncated" : "larger in the file than in memory");
		if (s.type != ELF_PT_LOAD || !s.memsz)
			continue;
		st = place_at(p, &(struct placed){ s.paddr, s.memsz, s.data, s.filesz, "kernel" });
		if (st)
			return st;
	}
	return OK;
}

void image_list_modules(const struct guest_image *img, struct image_modules *m)
{
	m->count = 0;
	if (img->initrd_len)
		m->item[m->count++] = (struct guest_module){ img->initrd, img->initrd_len, "", img->initrd_path };
	for (u32 i = 0; i < img->module_count && i < GUEST_MODULES_MAX; i++)
		m->item[m->count++] = img->module[i];
}

enum status image_claim_modules(struct placer *p, struct image_modules *m, gpa_t min, placer_fn *place)
{
	for (u32 i = 0; i < m->count; i++) {
		const struct place_want want = {
			.what = "initrd or module",
			.len = m->item[i].len,
			.src = m->item[i].data,
			.src_len = m->item[i].len,
			.align = PAGE_SIZE,
			.min = min,
			.end = LAYOUT_RAM_MAX,
		};
		enum status st = place(p, &want, &m->at[i]);

		if (st)
			return st;
	}
	return OK;
}

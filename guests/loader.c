// SPDX-License-Identifier: BSD-2-Clause
#include "loader.h"

#include "format.h"

static const struct guest_format *const formats[] = {
    &bzimage_format,
    &multiboot_format,
    &pvh_format,
};

/* Intel SDM vol. 3, "Segment Descriptors": flat, present, DPL 0, accessed; code with L or D, data
 * writable with D/B. */
#define GDT_CODE64 0x00af9b000000ffffull
#define GDT_CODE32 0x00cf9b000000ffffull
#define GDT_DATA   0x00cf93000000ffffull

void guest_gdt_fill(u64 *gdt, enum guest_mode mode)
{
	gdt[0] = 0;
	gdt[1] = 0;
	gdt[GUEST_START_CS / sizeof(u64)] = mode == START_LONG64 ? GDT_CODE64 : GDT_CODE32;
	gdt[GUEST_START_DS / sizeof(u64)] = GDT_DATA;
}

enum status guest_load(const struct guest_image *img, const struct gmem *g,
		       struct guest_start *start, char *reason, size_t reason_size)
{
	struct placer p;

	place_init(&p, g, reason, reason_size);
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (!formats[i]->probe(img))
			continue;
		*start = (struct guest_start){};
		return formats[i]->load(img, &p, start);
	}
	return place_fail(&p, E_FORMAT,
			  "the kernel is neither a Linux bzImage nor a multiboot kernel nor an ELF "
			  "image for PVH");
}

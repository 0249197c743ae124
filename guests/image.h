// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the loaders of ELF kernels with modules share (PVH, multiboot): the kernel's segments, and the list of modules with a place for
 * each. Private to them.
 */
#pragma once

#include "place.h"

#include <lib/elf.h>

#define IMAGE_MODULES_MAX (1 + GUEST_MODULES_MAX) /* the initrd is the first */

struct image_modules {
	u32 count;
	struct guest_module item[IMAGE_MODULES_MAX];
	gpa_t at[IMAGE_MODULES_MAX];
};

/* place_low() or place_high(). */
typedef enum status placer_fn(struct placer *p, const struct place_want *w, gpa_t *gpa);

/* Claims every segment, of an image for x86. */
enum status must_check image_claim_segments(struct placer *p, const struct elf *e);
/* Initrd and modules, without places. */
void image_list_modules(const struct guest_image *img, struct image_modules *m);
/* Claims a place for each, from `min` on. */
enum status must_check image_claim_modules(struct placer *p, struct image_modules *m, gpa_t min, placer_fn *place);

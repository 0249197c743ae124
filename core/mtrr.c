// SPDX-License-Identifier: BSD-2-Clause
#include <core/mtrr.h>

#include <lib/bits.h>

#define MASK_VALID BIT(11)
#define ADDRESS	   BITS(51, 12)
#define TYPE	   BITS(7, 0)
#define WRITE_BACK 6
#define NO_TYPE	   0xff

void mtrrs_add(struct mtrrs *m, u64 base, u64 mask)
{
	u64 bits = mask & ADDRESS;

	if (!(mask & MASK_VALID) || !bits || m->count == MTRR_RANGES)
		return;
	m->range[m->count++] = (struct mtrr_range){
		.base = base & bits,
		.len = bits & -bits,
		.type = (u8)FIELD_GET(TYPE, base),
	};
}

bool mtrrs_write_back(const struct mtrrs *m, hpa_t at, u64 *len)
{
	u8 type = NO_TYPE;

	for (u32 i = 0; m->on && i < m->count; i++) {
		const struct mtrr_range *r = &m->range[i];

		if (at < r->base) {
			*len = min_u64(*len, r->base - at);
		} else if (at - r->base < r->len) {
			*len = min_u64(*len, r->len - (at - r->base));
			/* Where ranges overlap, the one that is not write-back wins. */
			if (type == NO_TYPE || type == WRITE_BACK)
				type = r->type;
		}
	}
	return !m->on || (type == NO_TYPE ? m->otherwise : type) == WRITE_BACK;
}

// SPDX-License-Identifier: BSD-2-Clause
#include "gop.h"

/* Where a colour is, if its mask is 8 contiguous bits. */
static bool mask_shift(u32 mask, u8 *shift)
{
	if (!mask)
		return false;
	*shift = (u8)__builtin_ctz(mask);
	return mask >> *shift == 0xff;
}

static bool colours(const struct gop_mode *m, struct boot_fb *fb)
{
	switch (m->format) {
	case GOP_RGB:
		fb->green_shift = 8;
		fb->blue_shift = 16;
		return true;
	case GOP_BGR:
		fb->red_shift = 16;
		fb->green_shift = 8;
		return true;
	case GOP_MASKS:
		return !(m->red & m->green) && !(m->red & m->blue) && !(m->green & m->blue) &&
		       mask_shift(m->red, &fb->red_shift) && mask_shift(m->green, &fb->green_shift) &&
		       mask_shift(m->blue, &fb->blue_shift);
	default:
		return false;
	}
}

bool gop_framebuffer(const struct gop_mode *m, struct boot_fb *out)
{
	struct boot_fb fb = {
		.base = m->base,
		.width = m->width,
		.height = m->height,
		.pitch = m->stride * 4,
	};
	u64 len = (u64)m->stride * 4 * m->height;

	if (!m->base || !m->width || !m->height || m->stride < m->width || m->stride > ~0u / 4)
		return false;
	/* Some firmware gives no size. */
	if ((m->size && m->size < len) || len > ~m->base)
		return false;
	if (!colours(m, &fb))
		return false;
	*out = fb;
	return true;
}

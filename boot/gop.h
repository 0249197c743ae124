// SPDX-License-Identifier: BSD-2-Clause
/*
 * From a mode of UEFI's Graphics Output Protocol to our framebuffer. Used by the UEFI program; pure.
 */
#pragma once

#include <core/service/boot_info.h>

/* UEFI Specification, "EFI_GRAPHICS_OUTPUT_PROTOCOL", EFI_GRAPHICS_PIXEL_FORMAT. */
enum gop_format {
	GOP_RGB,      /* red in the lowest byte */
	GOP_BGR,
	GOP_MASKS,
	GOP_BLT_ONLY, /* no framebuffer, only the firmware's own drawing */
};

struct gop_mode {
	hpa_t base;
	u64 size; /* bytes of the framebuffer */
	u32 width, height;
	u32 stride; /* pixels a line */
	u32 format; /* enum gop_format */
	u32 red, green, blue; /* GOP_MASKS */
};

/* False, and nothing written: there is no framebuffer, or none of 32 bits a pixel with 8 bits a colour, or its numbers are wrong. */
bool gop_framebuffer(const struct gop_mode *m, struct boot_fb *out);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * What boot/start.asm calls, and where both doors lead: on the boot stack, with the boot page
 * tables (4 GiB identical and the image at its virtual address, all of it writable and executable),
 * 64-bit segments, no IDT, interrupts off.
 */
#pragma once

#include <core/service/boot_info.h>

/*
 * Both doors end here. `bi` lies below 4 GiB, from UEFI in memory that the map calls RAM: to be
 * copied first.
 */
_Noreturn void plinth_main(const struct boot_info *bi);

/* The multiboot2 door: the physical addresses of the loader's information and of our image. */
_Noreturn void multiboot2_main(u32 info_hpa, hpa_t image_base);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The multiboot2 loader's information as a struct boot_info. Pure: reads the bytes given and
 * nothing else; tested on the host with hostile input.
 */
#pragma once

#include <core/service/boot_info.h>
#include <lib/status.h>

/*
 * Reads `len` bytes of information at `info`. On an error `out` is worthless. out->rsdp is the
 * address of the RSDP's copy inside the information (`info` taken as a physical address): the
 * caller moves it, see boot/doors.c.
 */
enum status multiboot2_parse(const void *info, size_t len, hpa_t image_base, u64 image_len,
			     struct boot_info *out);

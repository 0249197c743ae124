// SPDX-License-Identifier: BSD-2-Clause
/*
 * Filling a struct boot_info entry by entry. Used by both doors: the UEFI program compiles it too.
 */
#pragma once

#include <core/service/boot_info.h>
#include <lib/status.h>

/* An empty struct with the door's name and the image's place, also in its memory map. */
void collect_begin(struct boot_info *bi, enum boot_door door, hpa_t image_base, u64 image_len);
/*
 * Adds memory; an entry that touches one of its type is merged with it. When there are too many, the smallest RAM is left out (E_FULL
 * if it is this one; bi->mem_lost has the sum), and of other types two that are close become one with what lies between: whoever adds
 * RAM last thus loses nothing but RAM. E_FULL otherwise only if there are no two to be joined.
 */
enum status collect_mem(struct boot_info *bi, hpa_t base, u64 len, enum mem_type type);
/*
 * Adds a file and marks its pages. `path` may begin with slashes. E_INVAL: no path, E_RANGE: too
 * long, E_FULL.
 */
enum status collect_file(struct boot_info *bi, const char *path, hpa_t base, u64 len);

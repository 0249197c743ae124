// SPDX-License-Identifier: BSD-2-Clause
/*
 * Who owns the machine's memory. Upper layers use core/service/mem.h.
 */
#pragma once

#include <core/memmap.h>

/* From now on mem_table_alloc() takes frames from the start of `own`, seen at their physical addresses. Boot only. */
void mem_early(const struct mem_range *own);
/* `own` as above is mapped by hostmap; `rest`: RAM for guests. Takes its bookkeeping from `own`. Boot only. */
enum status must_check mem_init(const struct mem_range *own, const struct memmap *rest);
/* Frames for page tables, before mem_init() too; any content. For struct hostmap_config. */
enum status mem_table_alloc(void *ctx, hpa_t *out);
void mem_table_free(void *ctx, hpa_t frame);

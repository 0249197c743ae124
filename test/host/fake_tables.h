// SPDX-License-Identifier: BSD-2-Clause
/*
 * Frames for page tables in unit tests: a `struct pt_mem` with a budget, that knows a frame which
 * is not in use, and whose addresses reach up to the last bit that an entry has.
 */
#pragma once

#include <ept/pt.h>

#define FAKE_TABLES      8192
#define FAKE_TABLES_BASE 0xfffff00000000ull

extern const struct pt_mem fake_tables;
extern unsigned fake_tables_used;   /* frames handed out */
extern unsigned fake_tables_budget; /* how many more may be */
extern unsigned fake_tables_stores; /* entries written, as told by pt_mem.stored */
extern void (*fake_tables_on_store)(void);

/* Nothing used, everything to be had, no hook. */
void fake_tables_reset(void);
/* The frame at `table`; aborts if it is not in use. */
u64 *fake_tables_ptr(hpa_t table);
/* Calls fn for every entry of every frame in use. */
void fake_tables_each(void (*fn)(u64 entry));

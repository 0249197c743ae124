// SPDX-License-Identifier: BSD-2-Clause
/*
 * Physical memory in unit tests. The hypervisor's own pool is the C library's heap, so that ASan
 * watches it; guest RAM is a file without a name, which fake_window.c maps where the VM's window
 * is. Every allocation is counted and can be told to fail.
 */
#pragma once

#include <core/service/mem.h>

#define FAKE_RAM_BASE 0x100000000ull
#define FAKE_RAM_SIZE (4 * GIB) /* sparse: what nobody writes costs nothing */

/* What the last owner left in guest RAM. */
#define FAKE_RAM_DIRT 0xa5

/* Blocks and guest RAM in use. Zero when everything was given back. */
extern unsigned fake_mem_blocks;
extern u64 fake_ram_used;
/* Allocations of both kinds since fake_mem_reset(). */
extern unsigned fake_mem_count;
/* The nth allocation from now on fails; 0: none. It counts down and stays at 0. */
extern unsigned fake_mem_fail_at;
/* ... and all that follow, too. */
extern bool fake_mem_fail_on;
/*
 * New guest RAM is dirty, and must come back zeroed (or as it was, if nobody used it). Off for
 * tests that only look at addresses.
 */
extern bool fake_ram_watch;

/* All options at their defaults, no holes. Whatever was still in use leaked: checks that nothing
 * is. */
void fake_mem_reset(void);
/* The page of guest RAM that the MTRRs do not make write-back; 0: none. */
extern hpa_t fake_ram_uncached;
/* Guest RAM that is not there. */
void fake_ram_hole(hpa_t hpa, u64 len);
/* Where a test can look at guest RAM. */
u8 *fake_ram_ptr(hpa_t hpa);
/* Maps guest RAM at `at`. */
void fake_ram_map(void *at, hpa_t hpa, u64 len);

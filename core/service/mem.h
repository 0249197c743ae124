// SPDX-License-Identifier: BSD-2-Clause
/*
 * Physical memory. Two kinds that never mix: the hypervisor's own pool, mapped in its shared address space, and guest RAM, which
 * is mapped only in the window of the VM that owns it (window.h).
 */
#pragma once

#include <lib/status.h>
#include <lib/types.h>

/* Zeroed, page aligned, physically contiguous memory of the hypervisor; `len` is rounded up to pages. NULL: none left. */
void *mem_alloc(u64 len);
/* Scrubs and frees; `len` as allocated. NULL is allowed. */
void mem_free(void *p, u64 len);
/* Physical address of memory from mem_alloc(), and back. */
hpa_t mem_hpa(const void *p);
void *mem_ptr(hpa_t hpa);
/* Bytes of the pool in use, and in all. */
u64 mem_used(void);
u64 mem_total(void);
/*
 * For tests of error paths (docs/TESTING.md): the nth allocation from the pool from now on fails, 0: none. Answers whether one has failed
 * since the last call. Boot only.
 */
bool mem_fail_nth(u32 n);

/* Guest RAM: `len` a multiple of 4 KiB, `align` a power of two up to 1 GiB. The owner scrubs it before use and before ram_free(). */
enum status must_check ram_alloc(u64 len, u64 align, hpa_t *out);
void ram_free(hpa_t hpa, u64 len);
u64 ram_free_bytes(void);
/* Do the machine's MTRRs say that RAM at `hpa` is write-back? `len` becomes as much of it as has one answer (core/mtrr.h). */
bool ram_write_back(hpa_t hpa, u64 *len);

/* A contiguous piece of a guest's RAM. */
struct ram_piece {
	gpa_t gpa;
	hpa_t hpa;
	u64 len;
};

// SPDX-License-Identifier: BSD-2-Clause
/*
 * x87, SSE and XSAVE state. The hypervisor itself is compiled without any, so it only ever saves and restores a guest's.
 */
#pragma once

#include <lib/types.h>

/* Bytes of a state area, to be allocated 64-byte aligned. */
u32 fpu_size(void);
/* Fills `area` (zeroed by the caller) with the state after power-on. */
void fpu_init_area(void *area);
/* Saves this pCPU's state, leaving XCR0 complete; restores it and sets XCR0 to `xcr0` (ignored without XSAVE). */
void fpu_save(void *area);
void fpu_restore(const void *area, u64 xcr0);
/*
 * One register of the state on this pCPU, of 8 (MMX), 16 (XMM; what AVX adds above stays) or 32 bytes (YMM; XCR0 has it). MMX: false if
 * an x87 exception is pending, which the access would raise.
 */
bool fpu_get(unsigned reg, unsigned width, u64 *val);
bool fpu_set(unsigned reg, unsigned width, const u64 *val);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * x87, SSE and XSAVE state. The hypervisor itself is compiled without any, so it only ever saves and restores a guest's.
 */
#pragma once

#include <arch/x86_64/cpu.h>
#include <lib/types.h>

/* Bytes of a state area, to be allocated 64-byte aligned. */
u32 fpu_size(void);
/* Fills `area` (zeroed by the caller) with the state after power-on. */
void fpu_init_area(void *area);
/* XCR0 while the state of somebody who needs no other is loaded; 0: there is none. */
static inline u64 fpu_complete(void)
{
	return cpu_features.xsave ? cpu_features.xcr0_mask : 0;
}

/* As the next two, whatever XCR0 is. */
void fpu_save_slow(void *area);
void fpu_restore_slow(const void *area, u64 xcr0);

/* Saves this pCPU's state while XCR0 is `xcr0`, and leaves that complete. (No component of ours is beyond bit 31.) */
static inline void fpu_save(void *area, u64 xcr0)
{
	if (xcr0 == cpu_features.xcr0_mask)
		__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"((u32)xcr0), "d"(0) : "memory");
	else
		fpu_save_slow(area);
}

/* Restores it and sets XCR0, which is complete, to `xcr0`. */
static inline void fpu_restore(const void *area, u64 xcr0)
{
	if (xcr0 == cpu_features.xcr0_mask)
		__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"((u32)xcr0), "d"(0) : "memory");
	else
		fpu_restore_slow(area, xcr0);
}

/*
 * One register of the state on this pCPU, of 8 (MMX), 16 (XMM; what AVX adds above stays) or 32 bytes (YMM; XCR0 has it). MMX: false if
 * an x87 exception is pending, which the access would raise.
 */
bool fpu_get(unsigned reg, unsigned width, u64 *val);
bool fpu_set(unsigned reg, unsigned width, const u64 *val);

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
/* XCR0 becomes complete. Nothing without XSAVE. */
static inline void fpu_complete(void)
{
	if (cpu_features.xsave)
		xsetbv(0, cpu_features.xcr0_mask);
}

/* Saves this pCPU's state while XCR0 is `xcr0`, and leaves it complete. (No component of ours is beyond bit 31.) */
static inline void fpu_save(void *area, u64 xcr0)
{
	u64 mask = cpu_features.xcr0_mask;

	if (!cpu_features.xsave) {
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
		return;
	}
	if (xcr0 != mask)
		xsetbv(0, mask);
	__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"((u32)mask), "d"(0) : "memory");
}

/* Restores it while XCR0 is complete, and sets that to `xcr0` (ignored without XSAVE). */
static inline void fpu_restore(const void *area, u64 xcr0)
{
	u64 mask = cpu_features.xcr0_mask;

	if (!cpu_features.xsave) {
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
		return;
	}
	__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"((u32)mask), "d"(0) : "memory");
	if (xcr0 != mask)
		xsetbv(0, xcr0);
}

/*
 * One register of the state on this pCPU, of 8 (MMX), 16 (XMM; what AVX adds above stays) or 32 bytes (YMM; XCR0 has it). MMX: false if
 * an x87 exception is pending, which the access would raise.
 */
bool fpu_get(unsigned reg, unsigned width, u64 *val);
bool fpu_set(unsigned reg, unsigned width, const u64 *val);

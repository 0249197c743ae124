// SPDX-License-Identifier: BSD-2-Clause
#include <arch/x86_64/fpu.h>

#include <arch/x86_64/cpu.h>
#include <lib/string.h>

#define FCW_RESET   0x037f
#define MXCSR_RESET 0x1f80

u32 fpu_size(void)
{
	return cpu_features.xsave_size;
}

void fpu_init_area(void *area)
{
	u16 fcw = FCW_RESET;
	u32 mxcsr = MXCSR_RESET;

	memcpy(area, &fcw, sizeof(fcw));
	memcpy((u8 *)area + 24, &mxcsr, sizeof(mxcsr));
}

void fpu_save(void *area)
{
	u64 mask = cpu_features.xcr0_mask;

	if (!cpu_features.xsave) {
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
		return;
	}
	xsetbv(0, mask);
	__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"((u32)mask), "d"((u32)(mask >> 32)) : "memory");
}

void fpu_restore(const void *area, u64 xcr0)
{
	u64 mask = cpu_features.xcr0_mask;

	if (!cpu_features.xsave) {
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
		return;
	}
	__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"((u32)mask), "d"((u32)(mask >> 32)) : "memory");
	if (xcr0 != mask)
		xsetbv(0, xcr0);
}

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

rare void fpu_save_slow(void *area)
{
	u64 mask = fpu_complete();

	if (mask) {
		xsetbv(0, mask);
		fpu_save(area, mask);
	} else {
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
	}
}

rare void fpu_restore_slow(const void *area, u64 xcr0)
{
	u64 mask = fpu_complete();

	if (mask) {
		fpu_restore(area, mask);
		xsetbv(0, xcr0);
	} else {
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
	}
}

/* --- One register ------------------------------------------------------------------------------------------------- */

/* Intel SDM vol. 1, "FXSAVE Area", "XSAVE Area"; that AVX is where it is no CPU has done otherwise. */
#define AREA_MMX    32
#define AREA_XMM    160
#define AREA_HEADER 512
#define AREA_YMM    576
#define AREA_SIZE   832
#define HEADER_SIZE 64
#define ALL_OF_AVX  7

/* FSW.ES. FNSTSW itself never faults. */
static bool x87_pending(void)
{
	u16 fsw;

	__asm__ volatile("fnstsw %0" : "=a"(fsw));
	return fsw & BIT(7);
}

/*
 * By way of an area in memory, as the number of a register is part of instructions. An XMM register is there without XSAVE, which
 * would skip it if the guest's XCR0 does.
 */
static bool transfer(unsigned reg, unsigned width, u64 *val, bool set)
{
	_Alignas(64) u8 area[AREA_SIZE];
	u8 *low = area + (width == 8 ? AREA_MMX : AREA_XMM) + 16 * reg, *high = area + AREA_YMM + 16 * reg;
	size_t low_len = width == 8 ? 8 : 16, high_len = width == 32 ? 16 : 0;
	u64 mmx;

	if (width == 8) {
		if (x87_pending())
			return false;
		/* The first access ends x87 mode: MM0 is then the first in the area. */
		__asm__ volatile("movq %%mm0, %0" : "=m"(mmx));
	}
	memset(area + AREA_HEADER, 0, HEADER_SIZE);
	if (high_len)
		__asm__ volatile("xsave64 %0" : "+m"(area) : "a"(ALL_OF_AVX), "d"(0));
	else
		__asm__ volatile("fxsave64 %0" : "+m"(area));
	if (!set) {
		memcpy(val, low, low_len);
		memcpy(val + 2, high, high_len);
		return true;
	}
	memcpy(low, val, low_len);
	memcpy(high, val + 2, high_len);
	area[AREA_HEADER] = ALL_OF_AVX;
	/* Exponent and sign of a register that MMX has written. */
	if (width == 8)
		memset(low + 8, 0xff, 2);
	if (high_len)
		__asm__ volatile("xrstor64 %0" : : "m"(area), "a"(ALL_OF_AVX), "d"(0));
	else
		__asm__ volatile("fxrstor64 %0" : : "m"(area));
	return true;
}

bool fpu_get(unsigned reg, unsigned width, u64 *val)
{
	return transfer(reg, width, val, false);
}

bool fpu_set(unsigned reg, unsigned width, const u64 *val)
{
	return transfer(reg, width, (u64 *)val, true);
}

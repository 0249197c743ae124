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

/* The number of a register is part of the instruction. */
#define EACH_MMX(do) do(0) do(1) do(2) do(3) do(4) do(5) do(6) do(7)
#define EACH_XMM(do) EACH_MMX(do) do(8) do(9) do(10) do(11) do(12) do(13) do(14) do(15)

#define GET_XMM(n)                                                              \
	case n:                                                                 \
		__asm__ volatile("movups %%xmm" #n ", (%0)" : : "r"(val) : "memory"); \
		break;
#define SET_XMM(n)                                                              \
	case n:                                                                 \
		__asm__ volatile("movups (%0), %%xmm" #n : : "r"(val) : "memory"); \
		break;
#define GET_MMX(n)                                                              \
	case n:                                                                 \
		__asm__ volatile("movq %%mm" #n ", (%0)" : : "r"(val) : "memory"); \
		break;
#define SET_MMX(n)                                                              \
	case n:                                                                 \
		__asm__ volatile("movq (%0), %%mm" #n : : "r"(val) : "memory"); \
		break;

void fpu_get_xmm(unsigned reg, u64 val[2])
{
	switch (reg) {
		EACH_XMM(GET_XMM)
	}
}

void fpu_set_xmm(unsigned reg, const u64 val[2])
{
	switch (reg) {
		EACH_XMM(SET_XMM)
	}
}

/* FSW.ES. FNSTSW itself never faults. */
static bool x87_pending(void)
{
	u16 fsw;

	__asm__ volatile("fnstsw %0" : "=a"(fsw));
	return fsw & BIT(7);
}

bool fpu_get_mmx(unsigned reg, u64 *val)
{
	if (x87_pending())
		return false;
	switch (reg) {
		EACH_MMX(GET_MMX)
	}
	return true;
}

bool fpu_set_mmx(unsigned reg, const u64 *val)
{
	if (x87_pending())
		return false;
	switch (reg) {
		EACH_MMX(SET_MMX)
	}
	return true;
}

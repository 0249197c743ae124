// SPDX-License-Identifier: BSD-2-Clause
/*
 * The CPU and its ports for tiny guests: one instruction each.
 */
#pragma once

#include <lib/types.h>

static inline u8 in8(u16 port)
{
	u8 v;

	asm volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u16 in16(u16 port)
{
	u16 v;

	asm volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u32 in32(u16 port)
{
	u32 v;

	asm volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void out8(u16 port, u8 v)
{
	asm volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void out16(u16 port, u16 v)
{
	asm volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline void out32(u16 port, u32 v)
{
	asm volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 v)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

struct cpuid {
	u32 a, b, c, d;
};

static inline struct cpuid cpuid(u32 leaf, u32 sub)
{
	struct cpuid r;

	asm volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(sub));
	return r;
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (u64)hi << 32 | lo;
}

#define CR_FUNCTIONS(reg)                                              \
	static inline u64 read_##reg(void)                             \
	{                                                              \
		u64 v;                                                 \
		asm volatile("mov %%" #reg ", %0" : "=r"(v));          \
		return v;                                              \
	}                                                              \
	static inline void write_##reg(u64 v)                          \
	{                                                              \
		asm volatile("mov %0, %%" #reg : : "r"(v) : "memory"); \
	}
CR_FUNCTIONS(cr0)
CR_FUNCTIONS(cr2)
CR_FUNCTIONS(cr3)
CR_FUNCTIONS(cr4)
CR_FUNCTIONS(cr8)
CR_FUNCTIONS(dr0)
CR_FUNCTIONS(dr1)
CR_FUNCTIONS(dr2)
CR_FUNCTIONS(dr3)
CR_FUNCTIONS(dr6)
CR_FUNCTIONS(dr7)
#undef CR_FUNCTIONS

static inline void sti(void)
{
	asm volatile("sti" : : : "memory");
}

static inline void cli(void)
{
	asm volatile("cli" : : : "memory");
}

/* Sleeps until an interrupt has been handled; interrupts are off before and after. */
static inline void wait_interrupt(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

static inline void pause(void)
{
	asm volatile("pause" : : : "memory");
}

#define MSR_TSC       0x10u
#define MSR_APIC_BASE 0x1bu
#define MSR_EFER      0xc0000080u

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The CPU's instructions as C functions, and what CPUID says of this machine.
 */
#pragma once

#include <arch/x86_64/defs/msr.h>
#include <arch/x86_64/defs/regs.h>
#include <lib/types.h>

static inline u8 inb(u16 port)
{
	u8 v;
	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u16 inw(u16 port)
{
	u16 v;
	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u32 inl(u16 port)
{
	u32 v;
	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outb(u16 port, u8 v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outw(u16 port, u16 v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outl(u16 port, u32 v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

static inline u32 mmio_read32(const volatile void *p)
{
	return *(const volatile u32 *)p;
}

static inline void mmio_write32(volatile void *p, u32 v)
{
	*(volatile u32 *)p = v;
}

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;
	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;
	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;
	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
	return r;
}

#define CPU_RW_CR(n)                                                                               \
	static inline u64 read_cr##n(void)                                                         \
	{                                                                                          \
		u64 v;                                                                             \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v) : : "memory");                     \
		return v;                                                                          \
	}                                                                                          \
	static inline void write_cr##n(u64 v)                                                      \
	{                                                                                          \
		__asm__ volatile("mov %0, %%cr" #n : : "r"(v) : "memory");                         \
	}
CPU_RW_CR(0)
CPU_RW_CR(2)
CPU_RW_CR(3)
CPU_RW_CR(4)
#undef CPU_RW_CR

#define CPU_RW_DR(n)                                                                               \
	static inline u64 read_dr##n(void)                                                         \
	{                                                                                          \
		u64 v;                                                                             \
		__asm__ volatile("mov %%dr" #n ", %0" : "=r"(v));                                  \
		return v;                                                                          \
	}                                                                                          \
	static inline void write_dr##n(u64 v)                                                      \
	{                                                                                          \
		__asm__ volatile("mov %0, %%dr" #n : : "r"(v));                                    \
	}
CPU_RW_DR(0)
CPU_RW_DR(1)
CPU_RW_DR(2)
CPU_RW_DR(3)
CPU_RW_DR(6)
#undef CPU_RW_DR

static inline void xsetbv(u32 reg, u64 v)
{
	__asm__ volatile("xsetbv" : : "c"(reg), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

static inline void cpu_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void irq_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}

/* Takes whatever interrupt is pending, with interrupts off before and after. */
static inline void irq_window(void)
{
	__asm__ volatile("sti; nop; cli" : : : "memory");
}

/* Sleeps until an interrupt was taken; no wake-up between the caller's check and here can be lost (interrupts are off). */
static inline void cpu_idle(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

_Noreturn static inline void cpu_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

/* Goes on with fn on another stack; the old one is never returned to. `top` is 16-byte aligned. */
_Noreturn static inline void cpu_run_on(u64 top, void (*fn)(void))
{
	__asm__ volatile("mov %0, %%rsp; xor %%ebp, %%ebp; call *%1; ud2" : : "r"(top), "r"(fn) : "memory");
	__builtin_unreachable();
}

/* What this machine's CPUs have (the same on all of them); filled once by cpu_probe(). */
struct cpu_features {
	bool amd, intel;
	bool nx, page1g, pge, smep, smap, umip;
	bool x2apic, tsc_deadline, invariant_tsc;
	bool xsave, avx, rdtscp, fsgsbase, pat;
	u32 phys_bits;
	u32 xsave_size;	 /* bytes of the XSAVE area for `xcr0_mask`, 512 without XSAVE */
	u64 xcr0_mask;	 /* what a guest may enable */
	char vendor[13];
	char brand[49];
};

extern struct cpu_features cpu_features;

/* Fills cpu_features. Boot only, bootstrap processor. */
void cpu_probe(void);
/* Turns on what the hypervisor itself uses on this pCPU: NX, WP, global pages, SMEP, SMAP, UMIP, PAT, XSAVE. */
void cpu_setup(void);
/* A number that others cannot guess: by RDRAND where there is one, else from the time. Before cpu_probe() too. */
u64 cpu_random(void);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The benchmark guest: what each operation costs in ticks of the TSC, on whatever machine it is
 * started. Under QEMU's -icount shift=0 and on Bochs a tick is an instruction, on a processor a
 * cycle of the TSC.
 */
#pragma once

#include "rt.h"

struct row {
	const char *name;
	/* Can it be done here? NULL: always. Called once, before measure. */
	bool (*ready)(void);
	/* Does it `n` times; the ticks that all took together. */
	u64 (*measure)(u32 n);
	u32 n; /* times in a batch */
};

/* Each ends with a row without a name. */
extern const struct row cpu_rows[], io_rows[], irq_rows[], smp_rows[], x2apic_rows[];

/* irq.asm: handlers that note the TSC and count, with as few instructions as that takes. */
extern volatile u64 bench_tsc;
extern volatile u32 bench_hits, bench_ap_hits;
void bench_irq(void);
void bench_ap_irq(void);
void bench_irq_x2apic(void);

/* Does nothing; a plugin of QEMU sees it and begins (even) or ends (odd) to count:
 * test/bench/count.c. */
#define BENCH_MARK(n) asm volatile("nopl 0x504c4e00 + %c0(%%rax)" : : "i"(n) : "memory")

#define VEC_BENCH    0x50
#define VEC_BENCH_AP 0x51

/* The TSC, after everything before it is done. */
static inline u64 ticks(void)
{
	u32 lo, hi;

	asm volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (u64)hi << 32 | lo;
}

/* A measure function: the instructions of `setup`, then `insn` n times. Both may use all registers
 * but rsp, rbp and r15. */
#define LOOP(name, setup, insn)                                                                    \
	static u64 name(u32 n)                                                                     \
	{                                                                                          \
		u64 from = ticks();                                                                \
                                                                                                   \
		asm volatile("movl %0, %%r15d\n\t" setup "\n1:\t" insn                            \
			     "\n\tdecl %%r15d\n\tjnz 1b"                                          \
			     :                                                                     \
			     : "g"(n)                                                              \
			     : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r15", "cc",        \
			       "memory");                                                          \
		return ticks() - from;                                                             \
	}

/* Measures the rows that the command line names (or all, with "all") and prints them. */
void bench_rows(const struct hvm_start_info *si, const struct row *rows);

/* Two VMs on one processor: prints when this one did not run. switch.c */
void bench_switch(const struct hvm_start_info *si);

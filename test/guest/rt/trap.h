// SPDX-License-Identifier: BSD-2-Clause
/*
 * Interrupts and exceptions of tiny guests: handlers in C, and instructions that are allowed to
 * fault.
 */
#pragma once

#include <lib/types.h>

enum {
	VEC_DE = 0,
	VEC_DB = 1,
	VEC_NMI = 2,
	VEC_BP = 3,
	VEC_UD = 6,
	VEC_DF = 8,
	VEC_GP = 13,
	VEC_PF = 14,
	VEC_AC = 17,
};

/* As trap.asm stores it. */
struct trap_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rdx, rcx, rbx, rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

typedef void trap_fn(struct trap_frame *f);

/* For rt_start, once; and on each processor. */
void trap_init(void);
void trap_load(void);

/* `fn` NULL: none. An interrupt without a handler is only counted, an exception is printed and ends
 * the guest. */
void trap_set(u8 vector, trap_fn *fn);
/* `stub` itself becomes the handler: it ends with IRETQ and preserves all registers. */
void trap_gate(u8 vector, void (*stub)(void));
/* Interrupts that came without a handler. */
extern u32 trap_stray;

/* The last fault of TRY and user_run. */
struct fault {
	int vector; /* -1: none */
	u64 error;
	u64 rip;
	u64 cr2;
};
extern struct fault last_fault;
extern void *trap_recover;

#define OUT(...) __VA_ARGS__
/*
 * Runs the instructions `insn` (a string) with the asm operands given, and goes on behind them
 * should they fault. The value is the vector or -1. Processor 0 only. `outs` is OUT("=a"(x), ...),
 * perhaps empty.
 */
#define TRY(insn, outs, ...)                                                                       \
	({                                                                                         \
		last_fault.vector = -1;                                                            \
		asm volatile("leaq 771f(%%rip), %%r11\n\tmovq %%r11, trap_recover(%%rip)\n\t" insn \
			     "\n771:\tmovq $0, trap_recover(%%rip)"                                \
			     : outs:__VA_ARGS__                                                    \
			     : "r11", "cc", "memory");                                             \
		last_fault.vector;                                                                 \
	})

int try_rdmsr(u32 msr, u64 *val);
int try_wrmsr(u32 msr, u64 val);

/* Runs fn at CPL 3 until it faults (it must: by UD2, if by nothing else). Returns the vector. */
int user_run(void (*fn)(void));

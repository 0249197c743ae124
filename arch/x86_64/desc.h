// SPDX-License-Identifier: BSD-2-Clause
/*
 * GDT, TSS and IDT of a pCPU. The IDT is shared, GDT and TSS are per pCPU.
 */
#pragma once

#include <lib/types.h>

#define SEL_CODE 0x08u
#define SEL_DATA 0x10u
#define SEL_TSS	 0x18u

/* Slots of the interrupt stack table. */
enum ist {
	IST_NONE,
	IST_NMI,
	IST_DF,
	IST_MC,
};

/* Intel SDM vol. 3, "Task Management in 64-bit Mode". */
struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 iomap;
} __attribute__((packed));
static_assert(sizeof(struct tss) == 104, "TSS");

struct desc_tables {
	u64 gdt[5]; /* null, code, data, TSS (two entries) */
	struct tss tss;
};

/* What the trap stubs push, lowest address first. */
struct trap_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

/* Loads GDT, TSS and IDT on this pCPU; sets GS base to `percpu`. Stack tops are 16-byte aligned. */
void desc_load(struct desc_tables *t, void *percpu, u64 ist_nmi, u64 ist_df, u64 ist_mc);
/* Fills the shared IDT. Boot only, before the first desc_load(). */
void desc_init(void);

/* Called by the stubs for each exception and interrupt; implemented by core/trap.c. Interrupts are off. */
void trap_handle(struct trap_frame *f);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a guest did, in neutral words. A vendor's decoder fills it; exit_dispatch() routes it.
 */
#pragma once

#include <lib/types.h>

enum exit_kind {
	EXIT_UNKNOWN,	/* 0: what a decoder table does not name */
	EXIT_NONE,	/* the vendor half dealt with it: window open, NMI unmasked */
	EXIT_HOST,	/* an interrupt or NMI for the hypervisor */
	EXIT_PIO,
	EXIT_FAULT,	/* second-stage fault: MMIO, or nothing there */
	EXIT_CPUID,
	EXIT_RDMSR,
	EXIT_WRMSR,
	EXIT_HLT,
	EXIT_PAUSE,	/* the guest spins */
	EXIT_HYPERCALL,
	EXIT_CR_READ, /* only where the CPU cannot answer alone */
	EXIT_CR_WRITE,
	EXIT_XSETBV,
	EXIT_DR,	/* its first access to debug registers in this turn */
	EXIT_CACHE,	/* INVD, WBINVD */
	EXIT_UNDEFINED, /* an instruction that this CPU does not offer: #UD */
	EXIT_FORBIDDEN, /* an instruction that this CPU refuses: #GP(0) */
	EXIT_TASK,	/* a task switch, where the CPU does none itself */
	EXIT_EXCEPTION, /* an intercepted exception, to be given to the guest */
	EXIT_APIC,	/* the CPU served a write to v->apic, the board has the rest to do */
	EXIT_SHUTDOWN,	/* triple fault */
	EXIT_INVALID,	/* the CPU refused the guest state */
	EXIT_KINDS,
};

struct vm_exit {
	enum exit_kind kind;
	u8 insn_len; /* bytes of the instruction that exited; 0: unknown, the decoder finds out */
	union {
		struct {
			u16 port;
			u8 width; /* bytes */
			u8 how;	  /* PIO_* */
		} pio;
		struct {
			gpa_t gpa;
			bool write, fetch;
			bool table;    /* the access was the CPU's own, to a page table of the guest */
			u8 byte_count; /* instruction bytes that the CPU supplied */
			u8 bytes[15];
		} fault;
		struct {
			u8 cpl;
			bool wide; /* 64-bit code */
		} hypercall;
		struct {
			u8 cr;	/* 0, 3, 4, 8 */
			u8 gpr; /* source or destination; of a write also CR_SOURCE_UNKNOWN: decode */
		} cr;
		struct {
			u8 vector;
			bool has_error;
			u32 error;
			gva_t cr2; /* #PF only */
		} exception;
		struct {
			u8 reg; /* enum apic_reg */
			u8 vector;
		} apic;
		struct {
			u16 selector; /* of the new TSS */
			u8 source;    /* enum task_source; TASK_GATE: what was to be delivered is the task's now */
			bool has_error;
			u32 error; /* pushed onto the new task's stack */
		} task;
		struct {
			u64 code, info1, info2;
		} raw; /* EXIT_UNKNOWN, EXIT_INVALID */
	};
};

#define PIO_IN	   0x1u
#define PIO_STRING 0x6u /* one of these: INS, OUTS, which need the decoder */

#define CR_SOURCE_UNKNOWN 0xffu

/* As VMX numbers them. */
enum task_source {
	TASK_CALL,
	TASK_IRET,
	TASK_JMP,
	TASK_GATE, /* in the IDT */
};

/* What to do after a handler. Only run.c moves RIP. */
enum exit_action {
	EXIT_RESUME, /* enter again where the guest stands */
	EXIT_POLL,   /* the same, if the host does not want the pCPU */
	EXIT_NEXT,   /* step over the instruction, then enter; RSP and RFLAGS have not changed */
	EXIT_YIELD,  /* the same, but another vCPU may come first */
	EXIT_BLOCK,  /* step over the instruction, then sleep until an interrupt */
	EXIT_STOP,   /* the VM is ending */
};

struct vcpu;
struct insn;

/* A kind's name for people. */
const char *exit_name(enum exit_kind kind);

typedef enum exit_action exit_handler(struct vcpu *v, struct vm_exit *x);
/* By kind; exit_dispatch() in vm/vcpu.h calls them. */
extern exit_handler *const exit_handlers[EXIT_KINDS];

/* The handlers, one family a file. */
exit_handler exit_pio, exit_fault;				      /* exit_io.c */
exit_handler exit_cpuid;					      /* cpuid.c */
exit_handler exit_rdmsr, exit_wrmsr;				      /* msr.c */
exit_handler exit_xsetbv, exit_cr_read, exit_cr_write, exit_dr; /* exit_cpu.c */
/* LMSW, however it exited. */
enum exit_action exit_lmsw(struct vcpu *v, struct vm_exit *x, const struct insn *insn);
exit_handler exit_hypercall;					      /* hypercall.c */

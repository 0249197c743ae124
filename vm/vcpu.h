// SPDX-License-Identifier: BSD-2-Clause
/*
 * A virtual CPU.
 */
#pragma once

#include <arch/x86_64/defs/regs.h>
#include <core/service/machine.h>
#include <core/service/run.h>
#include <lib/types.h>
#include <stdatomic.h>
#include <vm/exit.h>
#include <vm/exit_trace.h>
#include <vm/insn_cache.h>
#include <vm/regs.h>
#include <vm/virt.h>

struct vm;
struct virt_vcpu;
struct board_vcpu;
struct apic_page;

enum vcpu_mode {
	VCPU_NEW,	/* has never run */
	VCPU_PARKED,	/* waits for its VM to start */
	VCPU_WAIT_SIPI,
	VCPU_HALTED,
	VCPU_RUNNING,
};

#define VCPU_MTRRS 8

/* MSRs that are only stored. */
struct vcpu_msrs {
	u64 mtrr_def, mtrr_fix[11], mtrr_var[2 * VCPU_MTRRS];
	u64 tsc_adjust, misc_enable, hwcr, mcg_status;
	u64 kvm_wall, kvm_time, kvm_steal;
};

struct vcpu {
	struct runnable run;
	struct vm *vm;		   /* [b] */
	u32 id;			   /* [b] index and initial APIC id */
	struct virt_vcpu *hw;	   /* [b] the vendor's part */
	struct board_vcpu *board;  /* [b] the board's part */
	struct apic_page *apic;	   /* [b] the registers of its LAPIC */
	struct gpr regs;	   /* [o] */
	struct vcpu_event event;   /* [o] to be injected at the next entry */
	bool int_shadow;	   /* [o] after STI or MOV SS */
	bool nmi_blocked;	   /* [o] until IRET */
	bool nmi_pending;	   /* [o] */
	bool apic_by_cpu;	   /* [o] the CPU serves `apic` and takes interrupts from it */
	u8 cr8;			   /* [o] as the CPU has it */
	enum vcpu_mode mode;	   /* [o] */
	bool left, last;	   /* [o] it follows VM_STOP, as the last one of its VM */
	/*
	 * [a] Something is there to look at before the next entry: ATTEND_EVENTS, if it can only be an event or an interrupt; else ATTEND_ALL,
	 * also a signal, a verdict, a changed address space. Release by vcpu_notify(), acquire before entry.
	 */
	atomic_uchar attention;
	atomic_bool pv_kicked;	   /* [a] a sibling ended its sleep: release before vcpu_notify(), acquire when it wakes */
	u64 tsc_offset;		   /* [o] guest TSC - host TSC at the guest's rate */
	u64 as_seen;		   /* [aspace lock] generation of the address space it has flushed up to */
	struct guest_cpu cpu;	   /* [o] */
	struct vcpu_msrs msr;	   /* [o] */
	u64 stolen_seen;	   /* [o] ns, what the guest was told last */
	u64 exits[EXIT_KINDS];	   /* [o]; the monitor reads them too: a count may be a moment old */
	struct exit_trace trace;   /* [o] */
	struct insn_cache insns;   /* [o] */
};

/* Makes vCPU `id` of `vm`, parked. */
enum status must_check vcpu_create(struct vm *vm, u32 id, struct vcpu **out);
void vcpu_destroy(struct vcpu *v);
/* Power-on (`init` false) or INIT state. On its own pCPU, loaded. */
void vcpu_reset(struct vcpu *v, bool init);
/* vCPU 0 as the loader left it. */
void vcpu_apply_start(struct vcpu *v);
/* Real mode at `vector` << 12. */
void vcpu_start_up(struct vcpu *v, u8 vector);

#define ATTEND_EVENTS 1u
#define ATTEND_ALL    3u

/*
 * Something was stored that `v` must look at: it does so before its next entry, wakes up if it sleeps, leaves the guest if it runs.
 * Any pCPU, interrupts off; takes the run queue lock.
 */
void vcpu_notify(struct vcpu *v);
/* The same for what the vCPU's own pCPU did: there is nobody to wake. */
static inline void vcpu_attend(struct vcpu *v)
{
	atomic_store_explicit(&v->attention, ATTEND_ALL, memory_order_relaxed);
}
/* The same, of an event or an interrupt. Others may store ATTEND_ALL at the same time. */
static inline void vcpu_attend_events(struct vcpu *v)
{
	atomic_fetch_or_explicit(&v->attention, ATTEND_EVENTS, memory_order_relaxed);
}
/* The registers in v->apic are those of an x2APIC from now on, or no longer. Its owner, or while all are parked. */
void vcpu_set_x2apic(struct vcpu *v, bool on);

/* Queues an exception for the next entry, and attends; two that meet become #DF or a shutdown as the manual says. */
void vcpu_inject(struct vcpu *v, u8 vector);
void vcpu_inject_error(struct vcpu *v, u8 vector, u32 error);
void vcpu_inject_pf(struct vcpu *v, gva_t gva, u32 error);
/* An instruction, or one turn of a REP, was finished for the guest: #DB if it single-steps, which RFLAGS before it say. */
void vcpu_end_insn(struct vcpu *v, u64 rflags);

/* 16, 32 or 64: the size of code at CS. */
unsigned vcpu_code_bits(struct vcpu *v);
/* Current privilege level. */
unsigned vcpu_cpl(struct vcpu *v);
/* Guest TSC now, and when time_now() is or was `now`. */
u64 vcpu_tsc(struct vcpu *v);
u64 vcpu_tsc_at(const struct vcpu *v, u64 now);
/* Registers and state to the log, after the guest was stopped. */
void vcpu_dump(struct vcpu *v, const struct vm_exit *x);
/* The same for a panic of the hypervisor, which may have happened anywhere: what this pCPU ran then. */
void vcpu_report(struct runnable *r);

/* The guest has written CR8 without an exit: nothing was held back (WINDOW_CR8). */
void vcpu_note_cr8(struct vcpu *v, u8 cr8);

/* Routes `x`, which exit_trace_next() gave, to its handler. On the vCPU's own pCPU. Inline: the way of every exit. */
static inline enum exit_action exit_dispatch(struct vcpu *v, struct vm_exit *x)
{
	v->exits[x->kind]++;
	exit_trace_add(&v->trace, x, &v->regs);
	return exit_handlers[x->kind](v, x);
}

/* The short way of an EXIT_HOST that tells nothing: it is counted, and takes no guest's exit out of the trace. */
static inline enum exit_action exit_host(struct vcpu *v)
{
	v->exits[EXIT_HOST]++;
	return EXIT_POLL;
}

/*
 * EXIT_NEXT where there is nothing to it: the instruction's length is known, and neither does RIP cross 4 GiB, where code that is not
 * 64-bit wraps around, nor has RFLAGS a part in it. False: nothing is done, vm/run.c knows how.
 */
static inline bool vcpu_step_short(struct vcpu *v, const struct vm_exit *x)
{
	u64 rip = v->regs.rip, next = rip + x->insn_len;

	if (!x->insn_len || (next ^ rip) >> 32 || (v->regs.rflags & (RFLAGS_RF | RFLAGS_TF)))
		return false;
	v->regs.rip = next;
	v->int_shadow = false;
	return true;
}

/* Before an entry. Acquire: who sees it sees what was stored before vcpu_notify(). */
static inline bool vcpu_must_look(struct vcpu *v)
{
	return atomic_load_explicit(&v->attention, memory_order_acquire);
}

/* A 32-bit result as instructions write it: the upper half becomes zero. */
static inline void vcpu_set32(struct vcpu *v, enum gpr_index r, u32 val)
{
	v->regs.r[r] = val;
}

/* EDX:EAX. */
static inline u64 vcpu_edx_eax(const struct vcpu *v)
{
	return v->regs.r[GPR_RDX] << 32 | (u32)v->regs.r[GPR_RAX];
}

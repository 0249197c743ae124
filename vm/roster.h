// SPDX-License-Identifier: BSD-2-Clause
/*
 * All VMs that there are or were, by number and name: what the operator is shown, and how a VM is
 * reached from outside without being freed meanwhile. Answers are copies. Takes the roster lock
 * (docs/LOCKS.md); callers hold none. Any pCPU, interrupts off.
 */
#pragma once

#include <vm/exit.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

#define ROSTER_MAX 32

enum roster_state {
	ROSTER_STARTING, /* being loaded, for the first time or again */
	ROSTER_RUNNING,
	ROSTER_ENDING,
	ROSTER_ENDED,
};

struct roster_vm {
	char name[VM_NAME_MAX];
	enum roster_state state;
	u32 vcpus, starts;
	u64 memory; /* bytes */
	u64 ran;    /* ns of CPU time, in its present or last life */
	u64 up;     /* ns since the last start; 0 if it is not running */
	bool has_exit_code;
	u32 exit_code;
	char reason[VM_REASON_MAX]; /* of the last restart or end; may be empty */
};

struct roster_vcpu {
	enum vcpu_mode mode;
	bool on_pcpu;
	u32 pcpu; /* if on_pcpu */
	u64 ran;  /* ns */
	u64 exits;
};

/* For vm/vm.c: a VM begins. False: there are too many. */
bool must_check roster_join(struct vm *vm);
/* It is about to be freed: nobody reaches it any more. Answers its number. */
u32 roster_leave(struct vm *vm);
/* All that it had is free, so that one of its name may be made again. */
void roster_ended(u32 number);

u32 roster_count(void);
/* False: no such number. */
bool roster_get(u32 number, struct roster_vm *out);
/* False: no such vCPU now. */
bool roster_vcpu(u32 number, u32 vcpu, struct roster_vcpu *out);
/* Exits of all vCPUs by kind, in its present or last life. */
bool roster_exits(u32 number, u64 exits[EXIT_KINDS]);
/* What the scheduler was told of it. False: it has ended. */
bool roster_params(u32 number, struct sched_params *out);
/* Tells it anew: all or nothing. E_NOTFOUND: it has ended; else as run_group_tune(). */
enum status must_check roster_tune(u32 number, const struct sched_params *params);
/* Where a vCPU's time went. False: no such vCPU now. */
bool roster_times(u32 number, u32 vcpu, struct run_times *out);
/* vm_end() with a reason. False: it does not run. */
bool roster_end(u32 number, enum vm_verdict verdict, const char *reason);

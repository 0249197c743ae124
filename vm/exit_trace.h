// SPDX-License-Identifier: BSD-2-Clause
/*
 * The newest exits of a vCPU, for crash reports. Written at every exit, so it is one structure in a
 * ring and no lock: the vCPU's own pCPU writes, and reads after the guest was stopped.
 */
#pragma once

#include <vm/exit.h>
#include <vm/regs.h>

#define EXIT_TRACE_SIZE 16 /* a power of two */
#define EXIT_TEXT_MAX   96

struct exit_record {
	u64 rip;
	u64 info[2]; /* how the union of struct vm_exit begins: all that people want of it */
	u32 kind;    /* enum exit_kind */
	u32 ecx;     /* which MSR it was */
};

struct exit_trace {
	struct exit_record record[EXIT_TRACE_SIZE];
	u32 count; /* ever written, modulo 2^32 */
};

static inline void exit_trace_add(struct exit_trace *t, const struct vm_exit *x,
				  const struct gpr *regs)
{
	struct exit_record *r = &t->record[t->count++ % EXIT_TRACE_SIZE];

	r->rip = regs->rip;
	r->info[0] = x->raw.code;
	r->info[1] = x->raw.info1;
	r->kind = x->kind;
	r->ecx = (u32)regs->r[GPR_RCX];
}

/* The exit that is `back` exits old, 0 the newest; NULL: there was none, or it is forgotten. */
const struct exit_record *exit_trace_get(const struct exit_trace *t, u32 back);
/* One line for people. */
void exit_text(const struct exit_record *r, char text[EXIT_TEXT_MAX]);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The newest exits of a vCPU, for crash reports. A ring: an exit is decoded where it stays, so that nothing is copied, and no lock: the
 * vCPU's own pCPU writes, and reads after the guest was stopped.
 */
#pragma once

#include <vm/exit.h>
#include <vm/regs.h>

#define EXIT_TRACE_SIZE 16 /* a power of two */
#define EXIT_TEXT_MAX   96

struct exit_record {
	struct vm_exit x;
	u64 rip;
	u32 ecx; /* which MSR it was */
} __attribute__((aligned(64))); /* a power of two: where the next one is costs a mask */

static_assert(offsetof(struct exit_record, x) == 0, "exit_trace_next()");

struct exit_trace {
	struct exit_record record[EXIT_TRACE_SIZE];
	u64 end; /* bytes ever written */
};

static inline u64 exit_trace_count(const struct exit_trace *t)
{
	return t->end / sizeof(struct exit_record);
}

/* Where the next exit is to be decoded. What its decoder leaves alone is of an older one. */
static inline struct vm_exit *exit_trace_next(struct exit_trace *t)
{
	return (struct vm_exit *)((u8 *)t->record + t->end % sizeof(t->record));
}

/* It has been. */
static inline void exit_trace_add(struct exit_trace *t, struct vm_exit *x, const struct gpr *regs)
{
	struct exit_record *r = container_of(x, struct exit_record, x);

	t->end += sizeof(*r);
	r->rip = regs->rip;
	r->ecx = (u32)regs->r[GPR_RCX];
}

/* The one that was added last. */
static inline struct vm_exit *exit_trace_newest(struct exit_trace *t)
{
	return &t->record[(exit_trace_count(t) - 1) % EXIT_TRACE_SIZE].x;
}

/* The exit that is `back` exits old, 0 the newest; NULL: there was none, or it is forgotten. */
const struct exit_record *exit_trace_get(const struct exit_trace *t, u32 back);
/* One line for people. */
void exit_text(const struct exit_record *r, char text[EXIT_TEXT_MAX]);

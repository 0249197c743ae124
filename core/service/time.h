// SPDX-License-Identifier: BSD-2-Clause
/*
 * Time and timers. The hypervisor implements this in core/time.c and core/timer.c; unit tests link
 * test/host/fake_time.c, where the test moves the clock by hand (fake_time_advance()).
 */
#pragma once

#include <lib/list.h>
#include <lib/types.h>

#define TIME_NEVER (~0ull)

/* ns since boot; monotonic and the same on all pCPUs. */
u64 time_now(void);
/* Wall-clock time in ns since 1970-01-01 00:00 UTC. */
u64 time_wall(void);
/* The host's TSC frequency in kHz. */
u32 time_tsc_khz(void);
/* Conversions between time_now()'s ns and the host's TSC. */
u64 time_to_tsc(u64 ns);
u64 time_from_tsc(u64 tsc);

/*
 * A timer calls fn(ctx) once at or after `due` on the pCPU that set it, with interrupts off and no timer lock held.
 * Setting a pending timer moves it. Not to be copied while pending.
 */
struct timer {
	struct list node;	 /* [the pCPU's timer lock] */
	void (*fn)(void *ctx);	 /* [b] */
	void *ctx;		 /* [b] */
	u64 due;		 /* ns; TIME_NEVER: not pending */
	void *home;		 /* the pCPU that holds it; opaque here */
};

void timer_init(struct timer *t, void (*fn)(void *ctx), void *ctx);
/* Callers serialise set and cancel of one timer. A `due` in the past fires as soon as possible; TIME_NEVER cancels. */
void timer_set(struct timer *t, u64 due);
/* Afterwards fn may still be running on another pCPU, but will not start. */
void timer_cancel(struct timer *t);
/*
 * Cancels, and waits until fn runs nowhere. Before the timer's memory is freed, when nobody sets the timer any more but perhaps an fn
 * that began before. The caller holds no lock that fn takes, and is not fn.
 */
void timer_drain(struct timer *t);

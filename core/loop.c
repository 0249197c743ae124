// SPDX-License-Identifier: BSD-2-Clause
#include <core/loop.h>

#include <arch/x86_64/cpu.h>
#include <core/pcpu.h>
#include <core/service/run.h>
#include <core/service/window.h>
#include <core/timer.h>
#include <lib/assert.h>

/* One queue for the machine. The lock is the run queue lock of docs/LOCKS.md. */
static struct {
	struct spinlock lock;
	struct sched sched;	/* [lock] */
	u32 waiting;		/* [lock] runnables that are ready and not running */
	struct sched_mask idle; /* [lock] pCPUs in or on their way to HLT */
} rq = { .lock = SPINLOCK_INIT };

void run_setup(const struct sched_policy *policy, u64 slice)
{
	sched_init(&rq.sched, policy, slice);
}

void run_init(struct runnable *r, const struct sched_mask *cpus)
{
	sched_ent_init(&r->ent, cpus);
	r->state = RUN_STATE_BLOCKED;
	r->notified = false;
	r->where = RUN_NOWHERE;
}

/* An idle pCPU that may run `e`, or RUN_NOWHERE; it counts as idle no longer. */
static u32 claim_idle(const struct sched_ent *e)
{
	for (u32 i = 0; i < ARRAY_LEN(rq.idle.word); i++) {
		u64 both = rq.idle.word[i] & e->cpus.word[i];

		if (both) {
			rq.idle.word[i] &= ~(both & -both);
			return i * 64 + (u32)__builtin_ctzll(both);
		}
	}
	return RUN_NOWHERE;
}

static void make_ready(struct runnable *r)
{
	r->state = RUN_STATE_READY;
	rq.waiting++;
	rq.sched.policy->enqueue(&rq.sched, &r->ent, time_now());
}

void run_notify(struct runnable *r)
{
	u32 target = RUN_NOWHERE;

	spin_lock(&rq.lock);
	if (r->state == RUN_STATE_BLOCKED) {
		make_ready(r);
		target = claim_idle(&r->ent);
	} else if (r->state == RUN_STATE_RUNNING) {
		r->notified = true;
		target = r->where;
	}
	spin_unlock(&rq.lock);
	if (target != RUN_NOWHERE && target != this_pcpu()->id)
		pcpu_kick(target);
}

bool run_wanted(u64 until)
{
	irq_window();
	timer_run_due();
	if (time_now() >= until)
		return true;
	timer_arm(until);
	return false;
}

static struct runnable *pick(struct pcpu *p, u64 *slice)
{
	struct sched_pick got;
	struct runnable *r = NULL;

	spin_lock(&rq.lock);
	got = rq.sched.policy->pick(&rq.sched, p->id, time_now());
	if (got.ent) {
		r = container_of(got.ent, struct runnable, ent);
		rq.waiting--;
		r->state = RUN_STATE_RUNNING;
		r->notified = false;
		r->where = p->id;
		*slice = got.slice;
		rq.idle.word[p->id / 64] &= ~(1ull << p->id % 64);
	} else {
		rq.idle.word[p->id / 64] |= 1ull << p->id % 64;
	}
	spin_unlock(&rq.lock);
	return r;
}

static void put_back(struct pcpu *p, struct runnable *r, enum run_result result, u64 ran)
{
	u32 target = RUN_NOWHERE;

	spin_lock(&rq.lock);
	rq.sched.policy->charge(&rq.sched, p->id, &r->ent, ran);
	r->where = RUN_NOWHERE;
	if (result == RUN_GONE) {
		r->state = RUN_STATE_GONE;
	} else if (result == RUN_BLOCKED && !r->notified) {
		r->state = RUN_STATE_BLOCKED;
	} else {
		/* Others wait, so this pCPU may turn to one of them: then let an idle one take `r`. */
		if (rq.waiting)
			target = claim_idle(&r->ent);
		make_ready(r);
	}
	spin_unlock(&rq.lock);
	if (target != RUN_NOWHERE && target != p->id)
		pcpu_kick(target);
}

static void run_one(struct pcpu *p, struct runnable *r, u64 slice)
{
	u64 start = time_now(), until = start + slice;
	enum run_result result;

	p->current = r;
	p->slice_end = until;
	timer_arm(until);
	result = r->run(r, until);
	p->current = NULL;
	p->slice_end = TIME_NEVER;
	if (result == RUN_GONE)
		window_enter(NULL);
	put_back(p, r, result, time_now() - start);
	if (result == RUN_GONE)
		r->gone(r);
}

static void idle(void)
{
	window_enter(NULL);
	timer_arm(TIME_NEVER);
	cpu_idle();
}

_Noreturn void run_loop(void)
{
	struct pcpu *p = this_pcpu();
	struct runnable *r;
	u64 slice;

	for (;;) {
		timer_run_due();
		r = pick(p, &slice);
		if (r)
			run_one(p, r, slice);
		else
			idle();
	}
}

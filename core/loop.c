// SPDX-License-Identifier: BSD-2-Clause
#include <core/loop.h>

#include <arch/x86_64/cpu.h>
#include <core/pcpu.h>
#include <core/service/mem.h>
#include <core/service/run.h>
#include <core/service/window.h>
#include <core/timer.h>
#include <lib/bits.h>
#include <lib/turnlock.h>

static struct turn_slot slots[PCPUS_MAX];

/* The lock is the run queue lock of docs/LOCKS.md. The policy knows no way back: the lock remembers the time of its last call. */
static struct {
	struct turnlock lock;
	struct sched sched; /* [lock] */
	u32 ids;	    /* [lock] entities so far */
	struct sched_mask kicked; /* [lock] pCPUs that the policy wants to look again, not told yet */
	bool any_kicked;	  /* [lock] are there such? */
} rq = { .lock = { .lock = SPINLOCK_INIT, .slot = slots } };

/* `now`, which time_now() has answered, as the policy is to see it. */
static u64 in_order(u64 now)
{
	rq.lock.last = max_u64(rq.lock.last, now);
	return rq.lock.last;
}

static void lock(void)
{
	turn_lock(&rq.lock);
}

static u64 now_locked(void)
{
	return in_order(time_now());
}

static void kick(struct sched *s, u32 cpu)
{
	rq.kicked.word[cpu / 64] |= BIT(cpu % 64);
	rq.any_kicked = true;
}

static void kick_all(const struct sched_mask *who)
{
	for (u32 i = 0; i < ARRAY_LEN(who->word); i++)
		for (u64 left = who->word[i]; left; left &= left - 1)
			pcpu_want(i * 64 + (u32)__builtin_ctzll(left));
}

static rare void unlock_and_kick(void)
{
	struct sched_mask kicked = rq.kicked;

	rq.kicked = (struct sched_mask){ 0 };
	rq.any_kicked = false;
	turn_unlock(&rq.lock);
	kick_all(&kicked);
}

/* Tells whom the policy kicked only after the lock is free: the first that they do is to take it. */
static void unlock(void)
{
	if (rq.any_kicked)
		unlock_and_kick();
	else
		turn_unlock(&rq.lock);
}

rare enum status run_setup(const struct sched_policy *policy, u64 slice)
{
	size_t bytes = policy->bytes(pcpu_count());
	void *mem = bytes ? mem_alloc(bytes) : NULL;

	if (bytes && !mem)
		return E_NOMEM;
	rq.lock.parties = pcpu_count();
	rq.sched.kick = kick;
	sched_init(&rq.sched, policy, slice, pcpu_count(), mem);
	return OK;
}

rare enum status run_group_init(struct sched_group *g, const struct sched_params *params)
{
	enum status st = sched_params_check(params, rq.sched.cpus);

	if (st)
		return st;
	lock();
	st = rq.sched.policy->attach(&rq.sched, g, params);
	unlock();
	return st;
}

rare void run_group_fini(struct sched_group *g)
{
	lock();
	rq.sched.policy->detach(&rq.sched, g, now_locked());
	unlock();
}

rare enum status run_group_tune(struct sched_group *g, const struct sched_params *params)
{
	enum status st = sched_params_check(params, rq.sched.cpus);

	if (st)
		return st;
	lock();
	st = rq.sched.policy->tune(&rq.sched, g, params, now_locked());
	unlock();
	return st;
}

rare void run_init(struct runnable *r, struct sched_group *g)
{
	lock();
	sched_ent_init(&r->ent, g, rq.ids++);
	r->changed = now_locked();
	unlock();
	r->state = RUN_STATE_BLOCKED;
	r->notified = false;
	r->woken = false;
	r->where = r->last = RUN_NOWHERE;
}

static void set_state(struct runnable *r, enum run_state state, u64 now)
{
	r->times.ns[r->state] += now - r->changed;
	r->state = state;
	r->changed = now;
}

static void make_ready(struct runnable *r, u64 now)
{
	r->woken |= r->state == RUN_STATE_BLOCKED;
	set_state(r, RUN_STATE_READY, now);
	rq.sched.policy->enqueue(&rq.sched, &r->ent, now);
}

/* The lag is of one that goes on wanting: who sleeps lags behind nothing. */
static void note_lag(struct run_times *t)
{
	if (t->lag > t->behind)
		t->behind = t->lag;
	if (-t->lag > t->ahead)
		t->ahead = -t->lag;
}

const char *run_policy(void)
{
	return rq.sched.policy->name;
}

u64 run_slice(void)
{
	return rq.sched.slice;
}

rare void run_times_of(struct runnable *r, struct run_times *out)
{
	u64 now;

	lock();
	now = now_locked();
	*out = r->times;
	out->ns[r->state] += now - r->changed;
	out->at = now;
	out->costop = r->ent.costop;
	unlock();
}

rare void run_pcpu_of(u32 cpu, struct run_pcpu *out)
{
	struct pcpu *p = pcpu_get(cpu);

	lock();
	out->idle = p->idle_ns + (p->idling ? now_locked() - p->since : 0);
	unlock();
	out->ticks = atomic_load_explicit(&p->ticks, memory_order_relaxed);
}

u64 run_stolen(const struct runnable *r)
{
	return r->times.ns[RUN_STATE_READY];
}

void run_notify(struct runnable *r)
{
	u32 target = RUN_NOWHERE;

	lock();
	if (r->state == RUN_STATE_BLOCKED) {
		make_ready(r, now_locked());
	} else if (r->state == RUN_STATE_RUNNING) {
		r->notified = true;
		target = r->where;
	}
	unlock();
	if (target != RUN_NOWHERE && target != this_pcpu()->id)
		pcpu_kick(target);
}

bool run_is_here(const struct runnable *r)
{
	return this_pcpu()->current == r;
}

rare bool run_yield(struct runnable *r)
{
	bool gives_way;

	if (!rq.sched.policy->yield)
		return false;
	lock();
	gives_way = rq.sched.policy->yield(&rq.sched, &r->ent, now_locked());
	unlock();
	return gives_way;
}

/* `r`, which has run since p->since, goes on wanting. */
static void make_wait(struct pcpu *p, struct runnable *r, u64 now)
{
	r->times.ns[RUN_STATE_RUNNING] += now - p->since;
	r->state = RUN_STATE_READY;
	r->changed = now;
	r->where = RUN_NOWHERE;
}

/* That, and what shall run instead: itself, perhaps. */
static struct sched_pick take_turns(struct pcpu *p, struct runnable *r, u64 now)
{
	u64 ran = now - p->since;
	struct sched_pick got;

	make_wait(p, r, now);
	got = rq.sched.policy->turn_alone(&rq.sched, p->id, &r->ent, ran, now, &r->times.lag);
	note_lag(&r->times);
	return got;
}

/* The same beside what other pCPUs do; false: not this time. */
static bool turn(struct pcpu *p, struct runnable *r, u64 *now, struct sched_pick *got)
{
	const struct sched_policy *policy = rq.sched.policy;

	if (!policy->turn || !turn_begin(&rq.lock, p->id))
		return false;
	*now = max_u64(*now, rq.lock.last);
	if (policy->turn(&rq.sched, p->id, &r->ent, *now - p->since, *now, &r->times.lag, got)) {
		note_lag(&r->times);
		make_wait(p, r, *now);
		return true;
	}
	turn_end(&rq.lock, p->id, *now);
	return false;
}

/* As next() below, of one that does not go on wanting; NULL: from idling. */
static rare struct sched_pick leave(struct pcpu *p, struct runnable *r, enum run_result result, u64 now)
{
	const struct sched_policy *policy = rq.sched.policy;

	if (!r) {
		p->idle_ns += now - p->since;
		p->idling = false;
		return policy->pick(&rq.sched, p->id, now);
	}
	r->where = RUN_NOWHERE;
	set_state(r, result == RUN_GONE ? RUN_STATE_GONE : RUN_STATE_BLOCKED, now);
	policy->charge(&rq.sched, p->id, &r->ent, now - p->since);
	policy->block(&rq.sched, &r->ent, now);
	return policy->pick(&rq.sched, p->id, now);
}

/* It would run on, or something came while it ran that it may not have seen. */
static bool wants_on(const struct runnable *r, enum run_result result)
{
	return result == RUN_AGAIN || (result == RUN_BLOCKED && r && r->notified);
}

/* From something else to `r`, which was ready. */
static void take_up(struct pcpu *p, struct runnable *r, u64 now)
{
	r->times.ns[RUN_STATE_READY] += now - r->changed;
	if (r->woken) {
		hist_add(&r->times.wake, (now - r->changed) / 1024);
		r->woken = false;
	}
	if (r->last != p->id) {
		r->times.migrations += r->last != RUN_NOWHERE;
		r->last = p->id;
	}
	r->times.switches++;
	r->changed = now;
}

/* Alone, and so for all else. */
static rare struct sched_pick next_alone(struct pcpu *p, struct runnable *r, enum run_result result, u64 *now)
{
	lock();
	*now = in_order(*now);
	return wants_on(r, result) ? take_turns(p, r, *now) : leave(p, r, result, *now);
}

/* From `r`, which left with `result` (NULL, RUN_BLOCKED: from idling), to what shall run now. All time is somebody's: there is no gap. */
static struct sched_pick next(struct pcpu *p, struct runnable *r, enum run_result result, u64 now)
{
	struct sched_pick got;
	bool turned = result == RUN_AGAIN && turn(p, r, &now, &got);

	if (!turned)
		got = next_alone(p, r, result, &now);
	p->since = now;
	if (got.ent) {
		struct runnable *n = container_of(got.ent, struct runnable, ent);

		if (n != r)
			take_up(p, n, now);
		n->state = RUN_STATE_RUNNING;
		n->notified = false;
		n->where = p->id;
	} else {
		p->idling = true;
	}
	if (turned)
		turn_end(&rq.lock, p->id, now);
	else
		unlock();
	return got;
}

static enum run_result run_one(struct pcpu *p, struct runnable *r, u64 until)
{
	enum run_result result;

	p->current = r;
	p->slice_end = until;
	timer_arm(p, until);
	result = r->run(r, until);
	p->current = NULL;
	return result;
}

static void idle(struct pcpu *p, u64 until)
{
	window_enter(NULL);
	p->slice_end = TIME_NEVER;
	timer_arm(p, until);
	cpu_idle();
}

/* What run_wanted() has looked at is not looked at again. */
static u64 look(struct pcpu *p)
{
	u64 now = p->looked;

	p->looked = 0;
	if (!now) {
		now = time_now();
		timer_run_due(p, now);
	}
	return now;
}

_Noreturn void run_loop(void)
{
	struct pcpu *p = this_pcpu();
	enum run_result result = RUN_BLOCKED;
	struct runnable *r = NULL;

	p->since = time_now();
	for (;;) {
		struct sched_pick got;
		u64 until, now = look(p);

		/* What is asked from now on comes with another kick; next() sees what was before: lock and turn_begin() are barriers. */
		atomic_store_explicit(&p->wanted, false, memory_order_relaxed);
		got = next(p, r, result, now);
		if (result == RUN_GONE) {
			window_enter(NULL);
			r->gone(r);
		}
		until = got.slice == SCHED_NEVER ? TIME_NEVER : p->since + got.slice;
		if (got.ent) {
			r = container_of(got.ent, struct runnable, ent);
			result = run_one(p, r, until);
		} else {
			r = NULL;
			result = RUN_BLOCKED;
			idle(p, until);
		}
	}
}

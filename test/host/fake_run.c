// SPDX-License-Identifier: BSD-2-Clause
#include "fake_run.h"

#include "fake_machine.h"
#include "fake_time.h"

#include <core/service/time.h>
#include <core/service/window.h>
#include <lib/assert.h>

#define EAGER_LIMIT 1000

static struct sched sched;
static struct runnable *running;

unsigned fake_run_notified;
bool fake_run_wanted, fake_run_eager, fake_run_yields, fake_run_here;
u64 fake_run_slice;

static void ignore(struct sched *s, u32 cpu)
{
}

void fake_run_reset(void)
{
	sched_init(&sched, &sched_rr, 0, SCHED_CPUS_MAX, NULL);
	sched.kick = ignore;
	running = NULL;
	fake_run_notified = 0;
	fake_run_wanted = true;
	fake_run_eager = fake_run_yields = fake_run_here = false;
	fake_run_slice = 0;
}

enum status run_group_init(struct sched_group *g, const struct sched_params *params)
{
	enum status st = sched_params_check(params, SCHED_CPUS_MAX);

	return st ? st : sched.policy->attach(&sched, g, params);
}

void run_group_fini(struct sched_group *g)
{
	sched.policy->detach(&sched, g, time_now());
}

void run_init(struct runnable *r, struct sched_group *g)
{
	static u32 ids;

	sched_ent_init(&r->ent, g, ids++);
	r->state = RUN_STATE_BLOCKED;
	r->notified = false;
	r->where = RUN_NOWHERE;
}

static void make_ready(struct runnable *r)
{
	r->state = RUN_STATE_READY;
	sched.policy->enqueue(&sched, &r->ent, time_now());
}

void run_notify(struct runnable *r)
{
	fake_run_notified++;
	if (r->state == RUN_STATE_BLOCKED)
		make_ready(r);
	else if (r->state == RUN_STATE_RUNNING)
		r->notified = true;
	if (fake_run_eager && !running)
		fake_run_all(EAGER_LIMIT);
}

enum status run_group_tune(struct sched_group *g, const struct sched_params *params)
{
	enum status st = sched_params_check(params, SCHED_CPUS_MAX);

	return st ? st : sched.policy->tune(&sched, g, params, time_now());
}

const char *run_policy(void)
{
	return sched.policy->name;
}

u64 run_slice(void)
{
	return sched.slice;
}

void run_times_of(struct runnable *r, struct run_times *out)
{
	*out = r->times;
	out->at = time_now();
}

void run_pcpu_of(u32 cpu, struct run_pcpu *out)
{
	*out = (struct run_pcpu){ 0 };
}

u64 run_stolen(const struct runnable *r)
{
	return r->times.ns[RUN_STATE_READY];
}

bool run_is_here(const struct runnable *r)
{
	return fake_run_here;
}

bool run_yield(struct runnable *r)
{
	return fake_run_yields;
}

bool run_wanted(u64 until)
{
	return fake_run_wanted || time_now() >= until;
}

/* As core/loop.c does it. */
static void put_back(struct runnable *r, u32 cpu, enum run_result result, u64 ran)
{
	sched.policy->charge(&sched, cpu, &r->ent, ran);
	r->where = RUN_NOWHERE;
	if (result == RUN_GONE) {
		r->state = RUN_STATE_GONE;
		sched.policy->block(&sched, &r->ent, time_now());
		r->gone(r);
	} else if (result == RUN_BLOCKED && !r->notified) {
		r->state = RUN_STATE_BLOCKED;
		sched.policy->block(&sched, &r->ent, time_now());
	} else {
		make_ready(r);
	}
}

bool fake_run_once(u32 cpu)
{
	struct sched_pick pick = sched.policy->pick(&sched, cpu, time_now());
	u64 start = time_now();
	enum run_result result;
	struct runnable *r;

	if (!pick.ent)
		return false;
	r = container_of(pick.ent, struct runnable, ent);
	r->state = RUN_STATE_RUNNING;
	r->notified = false;
	r->where = cpu;
	fake_machine_cpu = cpu;
	running = r;
	result = r->run(r, start + pick.slice);
	check(!fake_machine_loaded);
	window_enter(NULL);
	fake_time_advance(fake_run_slice);
	running = NULL;
	put_back(r, cpu, result, time_now() - start);
	return true;
}

unsigned fake_run_all(unsigned limit)
{
	unsigned n = 0;

	while (n < limit && fake_run_once(0))
		n++;
	return n;
}

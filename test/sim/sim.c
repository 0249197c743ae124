// SPDX-License-Identifier: BSD-2-Clause
#include "sim.h"

#include <sched/steps.h>
#include <stdlib.h>

/* --- Events ------------------------------------------------------------------------------------------------- */

static bool earlier(const struct sim_event *a, const struct sim_event *b)
{
	return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

void sim_post(struct sim *m, u64 at, u32 kind, u32 index)
{
	struct sim_event e = { at, m->seq++, kind, index };
	u32 i = m->heap_count++;

	if (i == m->heap_max) {
		m->heap_max = m->heap_max * 2 + 64;
		m->heap = realloc(m->heap, m->heap_max * sizeof(e));
	}
	for (; i && earlier(&e, &m->heap[(i - 1) / 2]); i = (i - 1) / 2)
		m->heap[i] = m->heap[(i - 1) / 2];
	m->heap[i] = e;
}

static struct sim_event next_event(struct sim *m)
{
	struct sim_event first = m->heap[0], last = m->heap[--m->heap_count];
	u32 i = 0, c;

	while ((c = 2 * i + 1) < m->heap_count) {
		if (c + 1 < m->heap_count && earlier(&m->heap[c + 1], &m->heap[c]))
			c++;
		if (!earlier(&m->heap[c], &last))
			break;
		m->heap[i] = m->heap[c];
		i = c;
	}
	m->heap[i] = last;
	return first;
}

/* --- The policy's side -------------------------------------------------------------------------------------- */

void sim_kick(struct sched *s, u32 cpu)
{
	struct sim *m = container_of(s, struct sim, sched);

	if (m->cpu[cpu].kicked)
		return;
	m->cpu[cpu].kicked = true;
	sim_post(m, m->now, SIM_KICK, cpu);
}

static void count(struct sim *m, u64 before)
{
	u64 steps = sched_steps - before;

	m->ops++;
	m->steps += steps;
	if (steps > m->steps_max)
		m->steps_max = steps;
}

#define CALL(m, call)                                                                              \
	do {                                                                                       \
		u64 before_ = sched_steps;                                                         \
		m->sched.policy->call;                                                             \
		count(m, before_);                                                                 \
	} while (0)

/* --- Lag ---------------------------------------------------------------------------------------------------- */

u64 sim_ran(struct sim *m, struct sim_vcpu *v)
{
	u64 ran = v->ent.ran;

	if (v->ent.state == SCHED_RUNNING)
		ran += m->now - m->cpu[v->ent.cpu].since;
	return ran;
}

double sim_lag(struct sim *m, struct sim_vcpu *v)
{
	return v->served + v->rate * (double)(m->now - m->ideal_at) - (double)sim_ran(m, v);
}

/* Between two changes of what a vCPU does, its lag only grows (it waits) or only falls (it runs). */
static void judge(struct sim *m, struct sim_vcpu *v)
{
	double lag = sim_lag(m, v);

	if (lag > v->behind) {
		v->behind = lag;
		v->behind_at = m->now;
	}
	if (-lag > v->ahead) {
		v->ahead = -lag;
		v->ahead_at = m->now;
	}
}

void sim_judge(struct sim *m)
{
	for (u32 i = 0; i < m->vcpu_count; i++)
		if (m->vcpu[i].runnable)
			judge(m, &m->vcpu[i]);
}

/* --- vCPUs -------------------------------------------------------------------------------------------------- */

static void wake(struct sim *m, struct sim_vcpu *v)
{
	if (v->gone || v->runnable || m->now < v->start)
		return;
	v->runnable = true;
	v->woke = m->now;
	m->wakes++;
	habit_ask(m, v);
	ideal_wake(m, v);
	m->waiting++;
	CALL(m, enqueue(&m->sched, &v->ent, m->now));
	judge(m, v);
}

static void fall_asleep(struct sim *m, struct sim_vcpu *v)
{
	v->runnable = false;
	v->slept = true;
	ideal_block(m, v);
	/* What the others are given makes their lags leap. */
	sim_judge(m);
	CALL(m, block(&m->sched, &v->ent, m->now));
	if (!v->gone)
		sim_post(m, habit_sleep(m, v), SIM_WAKE, v->id);
}

/* It ends for good; the ideal forgets it too. */
static void stop(struct sim *m, struct sim_vcpu *v)
{
	v->gone = m->shares_stale = true;
	if (v->ent.state == SCHED_RUNNING) {
		v->left = 0;
		sim_kick(&m->sched, v->ent.cpu);
	} else if (v->runnable) {
		m->waiting--;
		fall_asleep(m, v);
	}
}

/* How far the vCPU that has just run is ahead of its slowest sibling. */
static void judge_gang(struct sim *m, const struct sim_vcpu *v)
{
	double mine = sim_lag(m, (struct sim_vcpu *)v);

	for (u32 i = 0; v->ent.group->params.gang && i < m->vcpu_count; i++)
		if (m->vcpu[i].group == v->group && m->vcpu[i].runnable && sim_lag(m, &m->vcpu[i]) - mine > m->skew)
			m->skew = sim_lag(m, &m->vcpu[i]) - mine;
}

/* What runs there leaves. True: it goes on wanting, and the policy is to be told so by turn(). */
static bool put_back(struct sim *m, u32 cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];
	struct sim_vcpu *v = c->current;
	u64 ran = m->now - c->since;
	bool again;

	judge(m, v);
	judge_gang(m, v);
	if (v->ent.found && -sim_lag(m, v) > (double)m->sched.slice)
		ideal_forgive(m, v);
	c->current = NULL;
	if (v->left != SCHED_NEVER)
		v->left -= ran < v->left ? ran : v->left;
	habit_go_on(m, v);
	again = v->left && !v->gone;
	m->waiting += again;
	if (again && m->sched.policy->turn && !m->stepwise)
		return true;
	m->sched.policy->charge(&m->sched, cpu, &v->ent, ran);
	if (again)
		CALL(m, enqueue(&m->sched, &v->ent, m->now));
	else
		fall_asleep(m, v);
	return false;
}

/* The policy says that nobody who waits for this pCPU may begin, `v` neither: counts how much earlier one might have. */
static void audit(struct sim *m, u32 cpu, const struct sim_vcpu *v)
{
	ideal_advance(m);
	if (m->ideal_stale)
		ideal_rates(m);
	for (u32 i = 0; i < m->vcpu_count; i++) {
		struct sim_vcpu *o = &m->vcpu[i];
		double room;

		if (o != v && (o->ent.state != SCHED_QUEUED || !sched_mask_has(&o->ent.group->params.cpus, cpu)))
			continue;
		room = sim_lag(m, o) + o->rate * (double)m->sched.slice;
		if (room > m->not_found)
			m->not_found = room;
	}
}

static void begin(struct sim *m, u32 cpu, struct sim_vcpu *v)
{
	if (v->ent.found)
		audit(m, cpu, v);
	m->runs++;
	m->waiting--;
	judge(m, v);
	if (v->woke != SCHED_NEVER) {
		u64 slot = (m->now - v->woke) / (10 * NS_PER_US);

		m->latency[slot < SIM_LATENCIES ? slot : SIM_LATENCIES - 1] += v->within;
		v->woke = SCHED_NEVER;
	}
	v->migrations += v->last_cpu != cpu;
	v->last_cpu = cpu;
	v->switches++;
}

static void arm(struct sim *m, u32 cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];
	u64 at = c->end;

	if (c->current && c->current->habit == SIM_SPINNER && m->now + c->current->burst < at)
		at = m->now + c->current->burst;
	c->timer = at;
	if (at != SCHED_NEVER)
		sim_post(m, at, SIM_TIMER, cpu);
}

static void resched(struct sim *m, u32 cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];
	struct sim_vcpu *v = c->current;
	struct sched_pick p;
	bool was_idle = !v, turn = v && put_back(m, cpu);
	u64 at = SCHED_NEVER, before = sched_steps;
	s64 lag;

	if (!v)
		c->idle_ns += m->now - c->since;
	/* It counts as the two calls that it is instead of. */
	m->ops += turn;
	m->turns += turn;
	if (!turn)
		p = m->sched.policy->pick(&m->sched, cpu, m->now);
	else if (m->sched.policy->turn(&m->sched, cpu, &v->ent, m->now - c->since, m->now, &lag, &p))
		m->turns_beside++;
	else
		p = m->sched.policy->turn_alone(&m->sched, cpu, &v->ent, m->now - c->since, m->now, &lag);
	count(m, before);
	c->since = m->now;
	c->current = p.ent ? container_of(p.ent, struct sim_vcpu, ent) : NULL;
	m->idle += !c->current;
	m->idle -= was_idle;
	if (c->current) {
		begin(m, cpu, c->current);
		if (c->current->left != SCHED_NEVER)
			at = m->now + c->current->left;
	}
	if (p.slice != SCHED_NEVER && m->now + p.slice < at)
		at = m->now + p.slice;
	c->end = at;
	arm(m, cpu);
}

/* A spinner asks; true: its pCPU turns to the sibling. */
static bool gives_way(struct sim *m, u32 cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];
	bool way;

	if (!c->current || c->current->habit != SIM_SPINNER || m->now >= c->end)
		return true;
	way = m->sched.policy->yield && m->sched.policy->yield(&m->sched, &c->current->ent, m->now);
	if (!way)
		arm(m, cpu);
	m->yields += way;
	return way;
}

/* --- The machine -------------------------------------------------------------------------------------------- */

static void turn_knob(struct sim *m, const struct sim_knob *k)
{
	struct sim_group *g = &m->group[k->group];

	ideal_advance(m);
	if (m->sched.policy->tune(&m->sched, &g->sched, &k->params, m->now) == OK) {
		for (u32 i = 0; i < m->cpus; i++)
			if (sched_mask_has(&g->params.cpus, i) != sched_mask_has(&k->params.cpus, i))
				g->given_beside = 0;
		g->params = k->params;
		ideal_tune(m, k->group);
	}
	m->ideal_stale = m->shares_stale = true;
}

static void handle(struct sim *m, const struct sim_event *e)
{
	switch (e->kind) {
	case SIM_TIMER:
		if (m->cpu[e->index].timer == e->at && gives_way(m, e->index))
			resched(m, e->index);
		break;
	case SIM_KICK:
		m->cpu[e->index].kicked = false;
		resched(m, e->index);
		break;
	case SIM_WAKE:
		wake(m, &m->vcpu[e->index]);
		break;
	case SIM_STOP:
		stop(m, &m->vcpu[e->index]);
		break;
	default:
		turn_knob(m, &m->knob[e->index]);
		break;
	}
}

/* The time of the next event, of the machine or of the ideal. */
static u64 soonest(const struct sim *m)
{
	u64 at = m->heap_count ? m->heap[0].at : SCHED_NEVER;

	return at < m->ideal_next ? at : m->ideal_next;
}

static void pass_time(struct sim *m, u64 at)
{
	if (m->idle && m->waiting && !m->limits)
		m->unfair_idle += (at - m->now) * (m->idle < m->waiting ? m->idle : m->waiting);
	m->now = at;
}

void sim_run(struct sim *m, u64 until)
{
	u64 at;

	while ((at = soonest(m)) <= until) {
		pass_time(m, at);
		if (m->ideal_next == at) {
			ideal_advance(m);
			m->ideal_stale = true;
		}
		while (m->heap_count && m->heap[0].at == at) {
			struct sim_event e = next_event(m);

			handle(m, &e);
		}
		if (m->ideal_stale)
			ideal_rates(m);
		if (m->watch)
			m->watch(m, m->watch_ctx);
	}
	pass_time(m, until);
}

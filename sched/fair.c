// SPDX-License-Identifier: BSD-2-Clause
/*
 * Proportional shares with a bound: each entity asks for a slice at a time; a request may begin when the ideal will have
 * reached its beginning within one slice, and is due when the ideal has done it; of those that may begin, a pCPU takes the
 * one that is due first, here or elsewhere. docs/SCHEDULER.md says where this comes from and what it guarantees.
 */
#include <sched/fair_data.h>

#include <lib/assert.h>
#include <lib/bits.h>

/* --- Waking and sleeping ------------------------------------------------------------------------------------- */

static void join(struct sched *s, struct sched_ent *e, u64 now)
{
	struct fair *f = fair_of(s);
	struct sched_group *g = e->group;
	u64 rate;

	if (e->state == SCHED_LINGERING) {
		fair_linger_end(s, e);
		e->state = SCHED_BLOCKED;
		fluid_sync(g, now);
	} else {
		list_add_tail(&g->members, &e->sibling);
		fluid_change(&f->fluid, g, g->runnable + 1, &g->params, now);
		fluid_sync(g, now);
		e->served = g->clock;
	}
	/* The first request is what the ideal gives within one slice, so that it is due then. */
	rate = fluid_member_rate(g);
	e->due = e->served + max_u64(mul_div(request(s), rate, SCHED_ONE), 1);
}

static void wake(struct sched *s, struct sched_ent *e, u64 now)
{
	struct fair *f = fair_of(s);
	struct place p;
	bool begins;
	u64 due;

	fair_catch_up(s, now);
	join(s, e, now);
	fair_resort(s, now);
	fluid_sync(e->group, now);
	fair_place_keys(f, e);
	p = fair_find_place(s, e, now);
	due = fair_real_due(e->group->line, e->kind, e->sort.due, now);
	begins = !tree_before(fair_horizon(s, e->group->line, e->kind, now), e->sort.key);
	fair_queue_placed(s, e, p.cpu, now, false);
	if (p.idle || (begins && tree_before(due + fair_wake_margin(s), p.due)) ||
	    (f->current[p.cpu] && f->current[p.cpu]->endless)) {
		/* The next one to wake looks elsewhere. */
		fair_claim(f, p.cpu);
		s->kick(s, p.cpu);
	} else {
		fair_let_in(s, p.cpu);
	}
}

static void enqueue(struct sched *s, struct sched_ent *e, u64 now)
{
	assert(e->state != SCHED_QUEUED);
	if (e->state == SCHED_RUNNING)
		fair_put_back(s, e, now);
	else
		wake(s, e, now);
}

void fair_put_back(struct sched *s, struct sched_ent *e, u64 now)
{
	u32 cpu = e->cpu;

	fair_catch_up(s, now);
	fluid_sync(e->group, now);
	fair_forgive(s, e, (s64)(e->group->clock - e->served));
	e->found = false;
	if (!sched_mask_has(&e->group->line->cpus, cpu))
		/* It may not run here any longer. */
		cpu = fair_find_place(s, e, now).cpu;
	else if (e->invited)
		/* It goes where another makes room for it. */
		cpu = e->invited - 1;
	if (cpu != e->cpu) {
		e->came = now;
		s->kick(s, cpu);
	}
	fair_queue_in(s, e, cpu, now);
}

static void block(struct sched *s, struct sched_ent *e, u64 now)
{
	assert(e->state == SCHED_QUEUED || e->state == SCHED_RUNNING);
	if (e->state == SCHED_RUNNING) {
		e->since = now;
		e->counted = 0;
	}
	fair_catch_up(s, now);
	if (e->state == SCHED_QUEUED)
		fair_queue_out(s, e, now, false);
	fair_uninvite(fair_of(s), e);
	fluid_sync(e->group, now);
	fair_forgive(s, e, (s64)(e->group->clock - e->served));
	e->found = false;
	e->stopped = 0;
	if (tree_before(e->group->clock, e->served))
		fair_linger(s, e);
	else
		fair_leave(s, e, now);
	fair_resort(s, now);
}

/* --- VMs ----------------------------------------------------------------------------------------------------- */

static bool same_cpus(const struct sched *s, const struct sched_mask *a, const struct sched_mask *b)
{
	for (u32 cpu = 0; cpu < s->cpus; cpu++)
		if (sched_mask_has(a, cpu) != sched_mask_has(b, cpu))
			return false;
	return true;
}

/* Which pCPUs run what line. */
static void map_line(struct sched *s, const struct sched_line *l)
{
	struct fair *f = fair_of(s);

	for (u32 cpu = 0; cpu < s->cpus; cpu++)
		if (sched_mask_has(&l->cpus, cpu))
			f->lines[cpu] |= BIT(l->index);
		else
			f->lines[cpu] &= ~BIT(l->index);
}

static enum status attach(struct sched *s, struct sched_group *g, const struct sched_params *p)
{
	struct fair *f = fair_of(s);
	enum status st;

	*g = (struct sched_group){ .params = *p };
	st = fluid_attach(&f->fluid, g, f->ids);
	if (st)
		return st;
	f->ids++;
	map_line(s, g->line);
	if (g->within)
		map_line(s, g->within);
	return OK;
}

static void detach(struct sched *s, struct sched_group *g, u64 now)
{
	fair_catch_up(s, now);
	while (!list_empty(&g->members)) {
		struct sched_ent *e = container_of(g->members.next, struct sched_ent, sibling);

		fair_linger_end(s, e);
		fair_leave(s, e, now);
	}
	fair_resort(s, now);
	fluid_detach(&fair_of(s)->fluid, g);
}

/* Its members leave the queues, and come back on the pCPUs that are allowed now. */
static enum status move(struct sched *s, struct sched_group *g, const struct sched_params *p, u64 now)
{
	struct fair *f = fair_of(s);
	enum status st;

	list_for_each(it, &g->members) {
		struct sched_ent *e = container_of(it, struct sched_ent, sibling);

		if (e->state == SCHED_LINGERING)
			fair_linger_end(s, e);
		else if (e->state == SCHED_QUEUED)
			fair_queue_out(s, e, now, false);
		else if (f->current[e->cpu] == e)
			fair_stop(f, e);
		fair_uninvite(f, e);
	}
	st = fluid_move(&f->fluid, g, p, now);
	map_line(s, g->line);
	fluid_sync(g, now);
	list_for_each(it, &g->members) {
		struct sched_ent *e = container_of(it, struct sched_ent, sibling);

		if (e->state == SCHED_LINGERING) {
			fair_linger(s, e);
		} else if (e->state == SCHED_QUEUED) {
			u32 cpu = fair_find_place(s, e, now).cpu;

			fair_queue_in(s, e, cpu, now);
			s->kick(s, cpu);
		} else if (e->state == SCHED_RUNNING) {
			fair_serve(s, e, now - e->since - e->counted);
			fair_place_keys(f, e);
			fair_run(f, e);
			s->kick(s, e->cpu);
		}
	}
	return st;
}

static enum status tune(struct sched *s, struct sched_group *g, const struct sched_params *p, u64 now)
{
	struct fair *f = fair_of(s);
	enum status st = OK;

	fair_catch_up(s, now);
	if (!g->params.pool && !g->params.parent && !same_cpus(s, &p->cpus, &g->params.cpus))
		st = move(s, g, p, now);
	else if (fluid_admits(&f->fluid, g, p->reservation))
		fluid_change(&f->fluid, g, g->runnable, p, now);
	else
		st = E_FULL;
	fair_resort(s, now);
	return st;
}

/* --- Memory -------------------------------------------------------------------------------------------------- */

static size_t bytes(u32 cpus)
{
	size_t queues = FLUID_LINES * KINDS;

	return sizeof(struct fair) + (3 * queues + 2) * tour_bytes(cpus) + queues * cpus * sizeof(struct tree) +
	       cpus * (2 * sizeof(struct sched_ent *) + sizeof(u64) + sizeof(u32)) + 64;
}

static void init(struct sched *s, void *mem)
{
	struct fair *f = mem;
	char *at = (char *)(f + 1);

	s->data = f;
	fluid_init(&f->fluid, s->cpus, s->slice);
	f->current = (struct sched_ent **)at;
	f->invited = f->current + s->cpus;
	f->lines = (u64 *)(f->invited + s->cpus);
	at = (char *)(f->lines + s->cpus);
	for (u32 i = 0; i < FLUID_LINES; i++)
		for (u32 k = 0; k < KINDS; k++) {
			f->queue[i][k].on = (struct tree *)at;
			at += s->cpus * sizeof(struct tree);
			tour_init(&f->queue[i][k].due, s->cpus, &at);
			tour_init(&f->queue[i][k].begin, s->cpus, &at);
			tour_init(&f->queue[i][k].running, s->cpus, &at);
		}
	tour_init(&f->idle, s->cpus, &at);
	tour_init(&f->endless, s->cpus, &at);
	f->waiting = (u32 *)at;
	for (u32 cpu = 0; cpu < s->cpus; cpu++)
		fair_set_idle(f, cpu, true);
}

const struct sched_policy sched_fair = {
	.name = "fair",
	.bytes = bytes,
	.init = init,
	.attach = attach,
	.detach = detach,
	.tune = tune,
	.enqueue = enqueue,
	.block = block,
	.pick = fair_pick,
	.charge = fair_charge,
	.yield = fair_yield,
	.turn = fair_turn,
	.turn_alone = fair_turn_alone,
};

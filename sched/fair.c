// SPDX-License-Identifier: BSD-2-Clause
/*
 * Proportional shares with a bound: each entity asks for a slice at a time; a request may begin when the ideal will have
 * reached its beginning within one slice, and is due when the ideal has done it; of those that may begin, a pCPU takes the
 * one that is due first, here or elsewhere. docs/SCHEDULER.md says where this comes from and what it guarantees.
 */
#include <sched/sched.h>

#include <lib/assert.h>
#include <lib/bits.h>
#include <sched/share.h>
#include <sched/steps.h>
#include <sched/tour.h>

/* By which clock requests are sorted: the line's virtual time, or ns. */
#define REAL	1u
/* Of a VM with a limit: never run before the ideal allows it, as others may be when a pCPU would idle. */
#define LIMITED 2u
#define KINDS	4u

/* What one line has waiting. */
struct queue {
	struct tree *on;	/* [cpus]; sorted by the clock at which a request may begin */
	struct tour due, begin; /* the pCPUs' earliest request that may begin; and the first to begin */
	struct tree lingering;	/* sorted by the clock at which the ideal has caught up with them */
	struct tour running;	/* ~(when it is due) of what the pCPUs run: the last one due wins */
};

struct fair {
	struct fluid fluid;
	struct queue queue[FLUID_LINES][KINDS];
	struct tour idle, endless;  /* pCPUs that run nothing, or something without a timer */
	struct sched_ent **current; /* [cpus] */
	u64 *lines;		    /* [cpus] bit i: line i may run here */
	u32 *waiting;		    /* [cpus] */
	u64 last;		    /* ns, when something was last done */
	u32 ids, total;		    /* groups so far; entities that wait */
};

/* ns by which the request of another pCPU must be due earlier to be worth its cold cache. */
static u64 fetch_margin(const struct sched *s)
{
	return s->slice;
}

/* ns by which one that wakes must be due earlier to interrupt another. */
static u64 wake_margin(const struct sched *s)
{
	return s->slice / 8;
}

static struct fair *fair_of(struct sched *s)
{
	return s->data;
}

static u32 first_of(const struct sched_mask *m)
{
	u32 i = 0;

	while (!m->word[i])
		i++;
	return i * 64 + (u32)__builtin_ctzll(m->word[i]);
}

static u64 request(struct sched *s)
{
	return s->slice << 8;
}

static u32 index_of(struct fair *f, const struct sched_ent *e)
{
	return (u32)(e->group->line - f->fluid.line);
}

static struct queue *queue_of(struct fair *f, const struct sched_ent *e)
{
	return &f->queue[index_of(f, e)][e->kind];
}

static struct sched_ent *ent_of(struct tree_node *n)
{
	return n ? container_of(n, struct sched_ent, sort) : NULL;
}

/* --- Clocks -------------------------------------------------------------------------------------------------- */

/* ns, when what is due at `due` of this line's clock is due; at today's pace. */
static u64 real_due(struct sched_line *l, u32 kind, u64 due, u64 now)
{
	return kind & REAL ? due : now + (u64)fluid_to_ns(l, (s64)(due - l->clock));
}

/* The latest beginning that may begin now. */
static u64 horizon(struct sched *s, struct sched_line *l, u32 kind, u64 now)
{
	if (kind & REAL)
		return now + s->slice;
	return fluid_virtual(l, now) + (u64)fluid_to_virtual(l, s->slice);
}

/* Where it stands on the clock that drives its group. The group is in sync. */
static void place_keys(struct sched_ent *e)
{
	const struct sched_group *g = e->group;
	/* Who is entitled to a whole pCPU cannot catch up: he is always due. */
	u64 due = fluid_member_rate(g) >= SCHED_ONE ? e->served : e->due;

	e->kind = (fluid_sharing(g) ? 0 : REAL) | (fluid_limited(g) ? LIMITED : 0);
	e->sort.key = fluid_when(g, e->served);
	e->sort.due = fluid_when(g, due);
}

/* The winner among the pCPUs of `m`. */
static u32 best_in(const struct tour *t, const struct sched_mask *m, u32 cpus)
{
	u32 best = TOUR_NONE;

	if (tour_best(t) == TOUR_NONE || sched_mask_has(m, tour_best(t)))
		return tour_best(t);
	/* Run by run of set bits. */
	for (u32 lo = 0, hi; lo < cpus; lo = hi) {
		u32 got;

		while (lo < cpus && !sched_mask_has(m, lo))
			lo += m->word[lo / 64] ? 1 : 64 - lo % 64;
		for (hi = lo; hi < cpus && sched_mask_has(m, hi);)
			hi += hi % 64 == 0 && !~m->word[hi / 64] ? 64 : 1;
		hi = hi < cpus ? hi : cpus;
		got = lo < hi ? tour_best_of(t, lo, hi) : TOUR_NONE;
		if (got != TOUR_NONE && (best == TOUR_NONE || tree_before(t->key[got], t->key[best])))
			best = got;
	}
	return best;
}

/* --- Run queues ---------------------------------------------------------------------------------------------- */

static void publish(struct sched *s, struct sched_line *l, u32 kind, u32 cpu, u64 now)
{
	struct fair *f = fair_of(s);
	struct queue *q = &f->queue[l - f->fluid.line][kind];
	struct tree_node *first = tree_first(&q->on[cpu]), *next;

	next = first ? tree_earliest(&q->on[cpu], horizon(s, l, kind, now)) : NULL;
	if (next)
		tour_set(&q->due, cpu, next->due);
	else
		tour_clear(&q->due, cpu);
	if (first)
		tour_set(&q->begin, cpu, first->key);
	else
		tour_clear(&q->begin, cpu);
}

static void queue_in(struct sched *s, struct sched_ent *e, u32 cpu, u64 now)
{
	struct fair *f = fair_of(s);

	place_keys(e);
	e->cpu = cpu;
	e->state = SCHED_QUEUED;
	f->waiting[cpu]++;
	f->total++;
	tree_insert(&queue_of(f, e)->on[cpu], &e->sort);
	publish(s, e->group->line, e->kind, cpu, now);
}

static void queue_out(struct sched *s, struct sched_ent *e, u64 now)
{
	struct fair *f = fair_of(s);

	f->waiting[e->cpu]--;
	f->total--;
	tree_remove(&queue_of(f, e)->on[e->cpu], &e->sort);
	publish(s, e->group->line, e->kind, e->cpu, now);
}

/* Who waits on `cpu` and has few pCPUs to choose from is let in where somebody keeps one of them. */
static void let_in(struct sched *s, u32 cpu)
{
	struct fair *f = fair_of(s);

	for (u64 rest = f->waiting[cpu] ? f->lines[cpu] : 0; rest; rest &= rest - 1) {
		u32 i = (u32)__builtin_ctzll(rest), keeper;

		if (f->fluid.line[i].cpu_count == s->cpus)
			continue;
		if (!f->queue[i][0].on[cpu].root && !f->queue[i][REAL].on[cpu].root)
			continue;
		keeper = best_in(&f->endless, &f->fluid.line[i].cpus, s->cpus);
		if (keeper == TOUR_NONE)
			continue;
		tour_clear(&f->endless, keeper);
		s->kick(s, keeper);
	}
}

static void set_idle(struct fair *f, u32 cpu, bool idle)
{
	if (idle)
		tour_set(&f->idle, cpu, 0);
	else
		tour_clear(&f->idle, cpu);
}

static bool is_idle(const struct fair *f, u32 cpu)
{
	return f->idle.win[f->idle.size + cpu] == cpu;
}

/* Counts what `e` has got since it was last counted. */
static void serve(struct sched *s, struct sched_ent *e, u64 ran)
{
	e->served += ran << 8;
	e->counted += ran;
	if ((s64)(e->due - e->served) <= 0)
		e->due = e->served + request(s);
}

/* `e` runs on its pCPU: publishes when it is due. The group is in sync. */
static void run(struct fair *f, struct sched_ent *e)
{
	place_keys(e);
	tour_set(&queue_of(f, e)->running, e->cpu, ~e->sort.due);
	f->current[e->cpu] = e;
}

static void stop(struct fair *f, struct sched_ent *e)
{
	tour_clear(&queue_of(f, e)->running, e->cpu);
	tour_clear(&f->endless, e->cpu);
	f->current[e->cpu] = NULL;
}

/* A blocked one that is ahead stays until the ideal has caught up, so that it gains nothing by sleeping. */
static void linger(struct sched *s, struct sched_ent *e)
{
	e->state = SCHED_LINGERING;
	place_keys(e);
	tree_insert(&queue_of(fair_of(s), e)->lingering, &e->sort);
}

static void linger_end(struct sched *s, struct sched_ent *e)
{
	tree_remove(&queue_of(fair_of(s), e)->lingering, &e->sort);
}

/* Groups whose pace is another: their members that wait are sorted anew, endless ones get a timer if need be. */
static void resort(struct sched *s, u64 now)
{
	struct fair *f = fair_of(s);

	while (!list_empty(&f->fluid.moved)) {
		struct sched_group *g = container_of(f->fluid.moved.next, struct sched_group, moved);

		list_del(&g->moved);
		fluid_sync(g, now);
		list_for_each(it, &g->members) {
			struct sched_ent *e = container_of(it, struct sched_ent, sibling);
			u32 idle;

			sched_step();
			if (e->state == SCHED_LINGERING) {
				linger_end(s, e);
				linger(s, e);
			} else if (e->state == SCHED_QUEUED) {
				queue_out(s, e, now);
				queue_in(s, e, e->cpu, now);
				/* An idle pCPU may have to wake earlier for it. */
				idle = e->kind & LIMITED ? best_in(&f->idle, &g->line->cpus, s->cpus) : TOUR_NONE;
				if (idle != TOUR_NONE)
					s->kick(s, idle);
			} else if (f->current[e->cpu] == e) {
				stop(f, e);
				serve(s, e, now - e->since - e->counted);
				run(f, e);
				if (e->endless)
					tour_set(&f->endless, e->cpu, 0);
				if (e->endless && fluid_member_rate(g) < SCHED_ONE)
					s->kick(s, e->cpu);
			}
		}
	}
}

/* --- Leaving the ideal --------------------------------------------------------------------------------------- */

/* How far `e` is behind the ideal; its group is in sync. */
static s64 lag_of(const struct sched_ent *e, u64 now)
{
	s64 lag = (s64)(e->group->clock - e->served);

	return e->state == SCHED_RUNNING ? lag - (s64)((now - e->since - e->counted) << 8) : lag;
}

/* What each sibling of `e` can be given without being owed more than a slice. */
static s64 room_of(struct sched *s, const struct sched_ent *e, u64 now)
{
	s64 worst = -(s64)request(s);

	list_for_each(it, &e->group->members) {
		struct sched_ent *o = container_of(it, struct sched_ent, sibling);
		s64 lag = lag_of(o, now);

		sched_step();
		if (o != e && lag > worst)
			worst = lag;
	}
	return (s64)request(s) - worst;
}

/*
 * Takes `e` out of the ideal. What it is still owed is not its own, for it had all that it wanted: its siblings have it, who
 * divide what their VM gets; what they cannot be given soon, the others have.
 */
static void leave(struct sched *s, struct sched_ent *e, u64 now)
{
	struct fair *f = fair_of(s);
	struct sched_group *g = e->group;
	u32 others = g->runnable - 1;
	s64 rest;

	fluid_sync(g, now);
	rest = fluid_give_siblings(g, lag_of(e, now), room_of(s, e, now), now);
	e->state = SCHED_BLOCKED;
	list_del(&e->sibling);
	fluid_change(&f->fluid, g, others, &g->params, now);
	if (fluid_give_others(&f->fluid, g, rest, false, now))
		return;
	/* Without it everybody has all he can use. Then those have it who shared with it. */
	fluid_change(&f->fluid, g, others + 1, &g->params, now);
	fluid_give_others(&f->fluid, g, rest, true, now);
	fluid_change(&f->fluid, g, others, &g->params, now);
}

/* The one with whom the ideal catches up first, and when. */
static struct sched_ent *first_caught(struct fair *f, u64 *when)
{
	struct sched_ent *first = NULL;

	*when = SCHED_NEVER;
	for (u32 i = 0; i < f->fluid.line_count; i++)
		for (u32 k = 0; k < KINDS; k++) {
			struct tree_node *n = tree_first(&f->queue[i][k].lingering);
			u64 at = SCHED_NEVER;

			if (n)
				at = k & REAL ? n->key : fluid_time(&f->fluid.line[i], n->key);
			if (at < *when) {
				*when = at;
				first = ent_of(n);
			}
		}
	return first;
}

/*
 * Those with whom the ideal has caught up by now leave it, one after the other and each as of its own moment: the first thing
 * to do in every operation, while nothing is known of any later time.
 */
static void catch_up(struct sched *s, u64 now)
{
	struct fair *f = fair_of(s);
	struct sched_ent *e;
	u64 when;

	while ((e = first_caught(f, &when)) && when <= now) {
		when = max_u64(when, f->last);
		f->last = when;
		linger_end(s, e);
		leave(s, e, when);
		resort(s, when);
	}
	f->last = now;
}

/* --- Choosing ------------------------------------------------------------------------------------------------ */

struct choice {
	struct sched_ent *ent;
	u64 due; /* ns */
};

/* The earliest due that may begin: here, and elsewhere. */
static void look(struct sched *s, u32 i, u32 kind, u32 cpu, u64 now, struct choice *here, struct choice *there)
{
	struct fair *f = fair_of(s);
	struct sched_line *l = &f->fluid.line[i];
	struct queue *q = &f->queue[i][kind];
	u32 other;
	u64 due;

	publish(s, l, kind, cpu, now);
	/* Time alone lets requests begin: the queue that has waited longest may have one now. */
	other = tour_best(&q->begin);
	if (other != TOUR_NONE && q->due.win[q->due.size + other] == TOUR_NONE)
		publish(s, l, kind, other, now);
	if (q->due.win[q->due.size + cpu] == cpu) {
		due = real_due(l, kind, q->due.key[cpu], now);
		if (!here->ent || due < here->due)
			*here = (struct choice){ ent_of(tree_earliest(&q->on[cpu], horizon(s, l, kind, now))), due };
	}
	other = tour_best(&q->due);
	if (other == TOUR_NONE || other == cpu)
		return;
	due = real_due(l, kind, q->due.key[other], now);
	if (!there->ent || due < there->due)
		*there = (struct choice){ ent_of(tree_earliest(&q->on[other], horizon(s, l, kind, now))), due };
}

/*
 * All that wait are ahead of the ideal by as much as they may be, while it serves some that linger. The first of them that may
 * begin runs nevertheless, unless it is limited: no pCPU idles that somebody could use.
 */
static struct sched_ent *first_to_begin(struct sched *s, u32 cpu)
{
	struct fair *f = fair_of(s);

	for (u64 rest = f->lines[cpu]; rest; rest &= rest - 1)
		for (u32 kind = 0; kind < LIMITED; kind++) {
			struct queue *q = &f->queue[__builtin_ctzll(rest)][kind];
			u32 at = tour_best(&q->begin);

			if (at == TOUR_NONE)
				continue;
			if (q->begin.win[q->begin.size + cpu] == cpu && q->begin.key[cpu] == q->begin.key[at])
				at = cpu;
			return ent_of(tree_first(&q->on[at]));
		}
	return NULL;
}

static struct choice choose(struct sched *s, u32 cpu, u64 now)
{
	struct fair *f = fair_of(s);
	struct choice here = { 0 }, there = { 0 };

	for (u64 rest = f->lines[cpu]; f->total && rest; rest &= rest - 1) {
		for (u32 kind = 0; kind < KINDS; kind++)
			look(s, (u32)__builtin_ctzll(rest), kind, cpu, now, &here, &there);
	}
	if (there.ent && (!here.ent || there.due + fetch_margin(s) < here.due))
		here = there;
	if (!here.ent && f->total) {
		here.ent = first_to_begin(s, cpu);
		here.due = now;
	}
	return here;
}

/* ns until a limited entity may begin that waits for nothing else. */
static u64 next_begin(struct sched *s, u32 cpu, u64 now)
{
	struct fair *f = fair_of(s);
	u64 next = SCHED_NEVER;

	for (u64 rest = f->lines[cpu]; f->total && rest; rest &= rest - 1)
		for (u32 kind = LIMITED; kind < KINDS; kind++) {
			u32 i = (u32)__builtin_ctzll(rest);
			struct tour *t = &f->queue[i][kind].begin;
			u32 at = tour_best(t);
			s64 wait;

			if (at == TOUR_NONE)
				continue;
			wait = (s64)(t->key[at] - horizon(s, &f->fluid.line[i], kind, now));
			if (!(kind & REAL))
				wait = fluid_to_ns(&f->fluid.line[i], wait);
			next = min_u64(next, wait > 0 ? (u64)wait + 1 : 1);
		}
	return next;
}

/* Does anybody wait who has few pCPUs to choose from, this one among them? */
static bool awaited(struct sched *s, u32 cpu)
{
	struct fair *f = fair_of(s);

	for (u64 rest = f->lines[cpu]; f->total && rest; rest &= rest - 1) {
		u32 i = (u32)__builtin_ctzll(rest);

		for (u32 k = 0; f->fluid.line[i].cpu_count < s->cpus && k < KINDS; k++)
			if (tour_best(&f->queue[i][k].begin) != TOUR_NONE)
				return true;
	}
	return false;
}

static u64 slice_of(struct sched *s, u32 cpu, struct sched_ent *e)
{
	struct fair *f = fair_of(s);
	u64 left = (e->due - e->served + 255) >> 8;

	/* Who is entitled to a whole pCPU keeps it. */
	e->endless = !f->waiting[cpu] && fluid_member_rate(e->group) >= SCHED_ONE && !awaited(s, cpu);
	if (e->endless) {
		tour_set(&f->endless, cpu, 0);
		return SCHED_NEVER;
	}
	return min_u64(max_u64(left, s->slice / 8), s->slice);
}

static struct sched_pick pick(struct sched *s, u32 cpu, u64 now)
{
	struct fair *f = fair_of(s);
	struct choice c;
	u32 idle;

	catch_up(s, now);
	c = choose(s, cpu, now);

	set_idle(f, cpu, !c.ent);
	if (!c.ent)
		return (struct sched_pick){ .slice = next_begin(s, cpu, now) };
	queue_out(s, c.ent, now);
	c.ent->state = SCHED_RUNNING;
	c.ent->cpu = cpu;
	c.ent->since = now;
	c.ent->counted = 0;
	fluid_sync(c.ent->group, now);
	run(f, c.ent);
	idle = tour_best(&f->idle);
	if (f->waiting[cpu] && idle != TOUR_NONE)
		s->kick(s, idle);
	let_in(s, cpu);
	return (struct sched_pick){ .ent = c.ent, .slice = slice_of(s, cpu, c.ent) };
}

static void charge(struct sched *s, u32 cpu, struct sched_ent *e, u64 ran)
{
	stop(fair_of(s), e);
	e->ran += ran;
	/* Some of it may have been counted already. */
	serve(s, e, e->counted < ran ? ran - e->counted : 0);
}

/* --- Waking and sleeping ------------------------------------------------------------------------------------- */

struct place {
	u32 cpu;
	bool idle;
	u64 due; /* ns, of what runs there */
};

/* Where `e` may run and least is lost: an idle pCPU, best the last one it ran on; else the one whose vCPU is due last. */
static struct place find_place(struct sched *s, const struct sched_ent *e, u64 now)
{
	struct fair *f = fair_of(s);
	const struct sched_mask *m = &e->group->line->cpus;
	struct place best = { .cpu = e->cpu, .idle = true, .due = now };

	if (sched_mask_has(m, e->cpu) && is_idle(f, e->cpu))
		return best;
	best.cpu = best_in(&f->idle, m, s->cpus);
	if (best.cpu != TOUR_NONE)
		return best;
	best.idle = false;
	for (u32 i = 0; i < f->fluid.line_count; i++)
		for (u32 k = 0; k < KINDS; k++) {
			struct tour *t = &f->queue[i][k].running;
			u32 cpu = best_in(t, m, s->cpus);
			u64 due;

			if (cpu == TOUR_NONE)
				continue;
			fluid_virtual(&f->fluid.line[i], now);
			due = real_due(&f->fluid.line[i], k, ~t->key[cpu], now);
			if (best.cpu == TOUR_NONE || tree_before(best.due, due))
				best = (struct place){ cpu, false, due };
		}
	/* All of them between two vCPUs. */
	if (best.cpu == TOUR_NONE)
		best.cpu = sched_mask_has(m, e->cpu) ? e->cpu : first_of(m);
	return best;
}

static void join(struct sched *s, struct sched_ent *e, u64 now)
{
	struct fair *f = fair_of(s);
	struct sched_group *g = e->group;
	u64 rate;

	if (e->state == SCHED_LINGERING) {
		linger_end(s, e);
		fluid_sync(g, now);
	} else {
		list_add_tail(&g->members, &e->sibling);
		fluid_change(&f->fluid, g, g->runnable + 1, &g->params, now);
		fluid_sync(g, now);
		e->served = g->clock;
	}
	/* The first request is what the ideal gives within one slice, so that it is due then. */
	rate = fluid_member_rate(g);
	e->due = e->served + max_u64(mul_div(request(s), rate, SCHED_ONE), request(s) / 8);
}

static void wake(struct sched *s, struct sched_ent *e, u64 now)
{
	struct fair *f = fair_of(s);
	struct place p;
	bool begins;
	u64 due;

	catch_up(s, now);
	join(s, e, now);
	resort(s, now);
	fluid_sync(e->group, now);
	place_keys(e);
	p = find_place(s, e, now);
	due = real_due(e->group->line, e->kind, e->sort.due, now);
	begins = !tree_before(horizon(s, e->group->line, e->kind, now), e->sort.key);
	queue_in(s, e, p.cpu, now);
	if (p.idle || (begins && tree_before(due + wake_margin(s), p.due)) ||
	    (f->current[p.cpu] && f->current[p.cpu]->endless)) {
		/* The next one to wake looks elsewhere. */
		set_idle(f, p.cpu, false);
		if (f->current[p.cpu])
			tour_clear(&queue_of(f, f->current[p.cpu])->running, p.cpu);
		s->kick(s, p.cpu);
	} else {
		let_in(s, p.cpu);
	}
}

static void enqueue(struct sched *s, struct sched_ent *e, u64 now)
{
	struct sched_group *g = e->group;

	assert(e->state != SCHED_QUEUED);
	if (e->state != SCHED_RUNNING) {
		wake(s, e, now);
		return;
	}
	catch_up(s, now);
	fluid_sync(g, now);
	/* What no schedule can give back is not owed. */
	if ((s64)(g->clock - e->served) > (s64)(2 * request(s))) {
		u64 over = g->clock - e->served - 2 * request(s);

		e->served += over;
		e->due += over;
	}
	queue_in(s, e, e->cpu, now);
}

static void block(struct sched *s, struct sched_ent *e, u64 now)
{
	assert(e->state == SCHED_QUEUED || e->state == SCHED_RUNNING);
	if (e->state == SCHED_RUNNING) {
		e->since = now;
		e->counted = 0;
	}
	catch_up(s, now);
	if (e->state == SCHED_QUEUED)
		queue_out(s, e, now);
	fluid_sync(e->group, now);
	if (tree_before(e->group->clock, e->served))
		linger(s, e);
	else
		leave(s, e, now);
	resort(s, now);
}

/* --- VMs ----------------------------------------------------------------------------------------------------- */

static enum status attach(struct sched *s, struct sched_group *g, const struct sched_params *p)
{
	struct fair *f = fair_of(s);
	enum status st;
	u32 line;

	*g = (struct sched_group){ .params = *p };
	st = fluid_attach(&f->fluid, g, f->ids);
	if (st)
		return st;
	f->ids++;
	line = (u32)(g->line - f->fluid.line);
	for (u32 cpu = 0; cpu < s->cpus; cpu++)
		if (sched_mask_has(&g->line->cpus, cpu))
			f->lines[cpu] |= BIT(line);
		else
			f->lines[cpu] &= ~BIT(line);
	return OK;
}

static void detach(struct sched *s, struct sched_group *g, u64 now)
{
	catch_up(s, now);
	while (!list_empty(&g->members)) {
		struct sched_ent *e = container_of(g->members.next, struct sched_ent, sibling);

		linger_end(s, e);
		leave(s, e, now);
	}
	resort(s, now);
	fluid_detach(&fair_of(s)->fluid, g);
}

static enum status tune(struct sched *s, struct sched_group *g, const struct sched_params *p, u64 now)
{
	struct fair *f = fair_of(s);
	struct sched_params next = *p;

	next.cpus = g->params.cpus;
	catch_up(s, now);
	if (p->reservation > g->params.reservation &&
	    !share_admits(&f->fluid, g->line, p->reservation - g->params.reservation))
		return E_FULL;
	fluid_change(&f->fluid, g, g->runnable, &next, now);
	resort(s, now);
	return OK;
}

/* --- Memory -------------------------------------------------------------------------------------------------- */

static size_t bytes(u32 cpus)
{
	size_t queues = FLUID_LINES * KINDS;

	return sizeof(struct fair) + (3 * queues + 2) * tour_bytes(cpus) + queues * cpus * sizeof(struct tree) +
	       cpus * (sizeof(struct sched_ent *) + sizeof(u64) + sizeof(u32)) + 64;
}

static void init(struct sched *s, void *mem)
{
	struct fair *f = mem;
	char *at = (char *)(f + 1);

	s->data = f;
	fluid_init(&f->fluid, s->cpus);
	f->current = (struct sched_ent **)at;
	f->lines = (u64 *)(f->current + s->cpus);
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
		set_idle(f, cpu, true);
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
	.pick = pick,
	.charge = charge,
};

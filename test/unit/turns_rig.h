// SPDX-License-Identifier: BSD-2-Clause
/* For test_turns.c: a machine of few pCPUs, each a thread's, that runs `fair`, and what must hold of it whenever all stand still. */
#pragma once

#include <lib/turnlock.h>
#include <sched/fair_data.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CPUS   4
#define GROUPS 6
#define POOLS  3
#define ENTS   14

/* A plain failure: cmocka's jump out of the thread that called it. */
#define must(x)                                                                                    \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* The winner among the leaves below node `i`. */
static u32 brute(const struct tour *t, u32 i)
{
	u32 lo = i, hi = i, best = TOUR_NONE;

	while (lo < t->size) {
		lo *= 2;
		hi = hi * 2 + 1;
	}
	for (u32 leaf = lo; leaf <= hi; leaf++) {
		u32 cpu = leaf - t->size;

		if (t->win[leaf] == cpu && (best == TOUR_NONE || tree_before(t->key[cpu], t->key[best])))
			best = cpu;
	}
	return best;
}

static void check_tour(const struct tour *t)
{
	for (u32 i = 1; i < t->size; i++)
		must(t->win[i] == brute(t, i));
}

struct cpu {
	struct sched_ent *current; /* [o], as `since` and what follows */
	u64 since, idle;
	_Atomic u64 end;
	atomic_bool kicked;
};

static struct {
	struct turnlock lock;
	struct turn_slot slot[CPUS];
	struct sched sched;
	struct sched_group group[GROUPS + POOLS];
	struct sched_ent ent[ENTS];
	bool awake[ENTS]; /* [lock, alone] */
	struct cpu cpu[CPUS];
	_Atomic u64 clock;
	atomic_uint turns, beside, stops;
	time_t until;
	s64 bound; /* of lags */
} m;

static void kick(struct sched *s, u32 cpu)
{
	m.cpu[cpu].kicked = true;
}

static u64 alone(void)
{
	u64 now = m.clock;

	turn_lock(&m.lock);
	if (now > m.lock.last)
		m.lock.last = now;
	return m.lock.last;
}

static void count_tree(const struct tree_node *n, u32 *count, u32 cpu)
{
	if (!n)
		return;
	must(container_of(n, const struct sched_ent, sort)->state == SCHED_QUEUED);
	must(container_of(n, const struct sched_ent, sort)->cpu == cpu);
	++*count;
	count_tree(n->left, count, cpu);
	count_tree(n->right, count, cpu);
}

static void check_queue(struct fair *f, u32 line, u32 kind, u32 *total)
{
	struct queue *q = &f->queue[line][kind];
	u32 waiting = 0;

	for (u32 cpu = 0; cpu < CPUS; cpu++) {
		u32 here = 0;

		count_tree(q->on[cpu].root, &here, cpu);
		waiting += here;
		must(tour_has(&q->begin, cpu) == (here > 0));
		must(!here || tour_key(&q->begin, cpu) == tree_first(&q->on[cpu])->key);
	}
	must(waiting == q->waiting);
	must(!waiting || f->busy[kind] >> line & 1);
	*total += waiting;
	check_tour(&q->due);
	check_tour(&q->begin);
	check_tour(&q->running);
}

/* Everybody is in one place, tournaments are right, service adds up, and nobody is out of bounds. Alone. */
static void check_all(u64 now)
{
	struct fair *f = fair_of(&m.sched);
	u64 ran = 0, time = 0;
	u32 total = 0, queued = 0;

	for (u32 i = 0; i < f->fluid.line_count; i++)
		for (u32 k = 0; k < KINDS; k++)
			check_queue(f, i, k, &total);
	must(total == f->total);
	for (u32 i = 0; i < ENTS; i++) {
		struct sched_ent *e = &m.ent[i];
		u64 more = e->state == SCHED_RUNNING ? now - e->since - e->counted : 0;
		s64 lag;

		queued += e->state == SCHED_QUEUED;
		must(m.awake[i] == (e->state == SCHED_QUEUED || e->state == SCHED_RUNNING));
		must(e->state != SCHED_RUNNING || m.cpu[e->cpu].current == e);
		ran += e->ran;
		if (!m.awake[i])
			continue;
		fluid_sync(e->group, now);
		lag = (s64)(e->group->clock - e->served - (more << 8)) / 256;
		must(lag < m.bound && -lag < m.bound);
	}
	must(queued == total);
	for (u32 cpu = 0; cpu < CPUS; cpu++) {
		must(!m.cpu[cpu].current || (f->current[cpu] == m.cpu[cpu].current && m.cpu[cpu].current->cpu == cpu));
		ran += m.cpu[cpu].idle;
		time += m.cpu[cpu].since;
	}
	must(ran == time);
	m.stops++;
}

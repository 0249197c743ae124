// SPDX-License-Identifier: BSD-2-Clause
/* Turns of several pCPUs at once: threads, under ThreadSanitizer (see the Makefile). */
#include "unit.h"

#include <lib/turnlock.h>
#include <pthread.h>
#include <sched.h>
#include <sched/fair_data.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CPUS   4
#define GROUPS 6
#define ENTS   14
#define SLACK  (SCHED_SLICE_DEFAULT / 4) /* how late a pCPU may be */
#define TURNS  12000
#define SECONDS 4 /* at most, of the host's time */

static _Thread_local u64 seed;

static u64 dice(u64 below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

static void run_threads(void *(*fn)(void *), u32 count)
{
	pthread_t thread[8];

	for (u32 i = 0; i < count; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, fn, (void *)(size_t)i), 0);
	for (u32 i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
}

/* A plain failure: cmocka's jump out of the thread that called it. */
#define must(x)                                                                                    \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* --- The tournament ------------------------------------------------------------------------------------------- */

#define LEAVES 16
#define PLAYERS 4
#define ROUNDS 1500

static struct tour tour;
static pthread_barrier_t gate;

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

/* Few keys, so that winners change often; four leaves each, far from each other. */
static void *play(void *arg)
{
	u32 self = (u32)(size_t)arg;

	seed = self + 1;
	for (u32 round = 0; round < ROUNDS; round++) {
		for (u32 i = dice(8); i < 12; i++) {
			u32 leaf = self + PLAYERS * (u32)dice(LEAVES / PLAYERS);

			if (dice(5))
				tour_set_among(&tour, leaf, dice(6));
			else
				tour_clear_among(&tour, leaf);
		}
		pthread_barrier_wait(&gate);
		if (!self)
			check_tour(&tour);
		pthread_barrier_wait(&gate);
	}
	return NULL;
}

static void test_tournament(void **state)
{
	char *mem = calloc(1, tour_bytes(LEAVES)), *at = mem;

	tour_init(&tour, LEAVES, &at);
	pthread_barrier_init(&gate, NULL, PLAYERS);
	run_threads(play, PLAYERS);
	pthread_barrier_destroy(&gate);
	free(mem);
}

/* --- A machine ------------------------------------------------------------------------------------------------ */

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
	struct sched_group group[GROUPS];
	struct sched_ent ent[ENTS];
	bool awake[ENTS]; /* [lock, alone] */
	struct cpu cpu[CPUS];
	_Atomic u64 clock;
	atomic_uint turns, beside, stops;
	time_t until;
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

static void check_queue(struct fair *f, struct queue *q, u32 *total)
{
	u32 waiting = 0;

	for (u32 cpu = 0; cpu < CPUS; cpu++) {
		u32 here = 0;

		count_tree(q->on[cpu].root, &here, cpu);
		waiting += here;
		must(tour_has(&q->begin, cpu) == (here > 0));
		must(!here || tour_key(&q->begin, cpu) == tree_first(&q->on[cpu])->key);
	}
	must(waiting == q->waiting);
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
			check_queue(f, &f->queue[i][k], &total);
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
		must(lag < (s64)(3 * m.sched.slice) && -lag < (s64)(3 * m.sched.slice));
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

/* As core/loop.c's next(). */
static void next(u32 self, bool block)
{
	const struct sched_policy *policy = m.sched.policy;
	struct cpu *c = &m.cpu[self];
	struct sched_ent *e = c->current;
	struct sched_pick got;
	u64 now = m.clock;
	bool turned = false;
	s64 lag;

	c->kicked = false;
	if (e && !block && turn_begin(&m.lock, self)) {
		if (m.lock.last > now)
			now = m.lock.last;
		turned = policy->turn(&m.sched, self, e, now - c->since, now, &lag, &got);
		m.beside += turned;
		if (!turned)
			turn_end(&m.lock, self, now);
	}
	m.turns += e && !block;
	if (!turned) {
		now = alone();
		if (!e) {
			c->idle += now - c->since;
			got = policy->pick(&m.sched, self, now);
		} else if (block) {
			policy->charge(&m.sched, self, e, now - c->since);
			policy->block(&m.sched, e, now);
			m.awake[e - m.ent] = false;
			got = policy->pick(&m.sched, self, now);
		} else {
			got = policy->turn_alone(&m.sched, self, e, now - c->since, now, &lag);
		}
	}
	c->current = got.ent;
	c->since = now;
	c->end = got.slice == SCHED_NEVER ? SCHED_NEVER : now + got.slice;
	if (turned)
		turn_end(&m.lock, self, now);
	else
		turn_unlock(&m.lock);
}

/* Somebody wakes, a VM is tuned, or all stop for a check. */
static void disturb(void)
{
	u32 i = (u32)dice(ENTS);
	struct sched_params p;
	u64 now = alone();

	switch (dice(4)) {
	case 0:
		check_all(now);
		break;
	case 1:
		p = m.group[i % GROUPS].params;
		p.shares = 200 + (u32)dice(1000);
		must(m.sched.policy->tune(&m.sched, &m.group[i % GROUPS], &p, now) == OK);
		break;
	default:
		if (!m.awake[i])
			m.sched.policy->enqueue(&m.sched, &m.ent[i], now);
		m.awake[i] = true;
		break;
	}
	turn_unlock(&m.lock);
}

/* Time goes on, as long as nobody is late. */
static void tick(void)
{
	u64 now = m.clock, end = SCHED_NEVER;

	for (u32 i = 0; i < CPUS; i++) {
		u64 its = m.cpu[i].kicked ? 0 : m.cpu[i].end;

		end = its < end ? its : end;
	}
	if (end == SCHED_NEVER || now < end + SLACK)
		atomic_compare_exchange_strong(&m.clock, &now, now + 1000 + dice(20000));
	else
		sched_yield();
}

static void *drive(void *arg)
{
	u32 self = (u32)(size_t)arg;
	struct cpu *c = &m.cpu[self];

	seed = self + 100;
	next(self, false);
	while (m.turns < TURNS && time(NULL) < m.until) {
		if (m.clock >= c->end || c->kicked) {
			next(self, c->current && !dice(40));
			if (!dice(8))
				disturb();
		} else {
			if (!c->current && !dice(20))
				disturb();
			tick();
		}
	}
	return NULL;
}

static void test_machine(void **state)
{
	static const struct sched_policy *const fair = &sched_fair;
	void *mem = calloc(1, fair->bytes(CPUS));
	struct sched_params p;

	m.lock = (struct turnlock){ .slot = m.slot, .parties = CPUS };
	m.until = time(NULL) + SECONDS;
	sched_init(&m.sched, fair, 0, CPUS, mem);
	m.sched.kick = kick;
	for (u32 i = 0; i < GROUPS; i++) {
		sched_params_init(&p, 2);
		p.shares = 300 * (i + 1);
		assert_int_equal(fair->attach(&m.sched, &m.group[i], &p), OK);
	}
	for (u32 i = 0; i < ENTS; i++) {
		sched_ent_init(&m.ent[i], &m.group[i % GROUPS], i);
		m.awake[i] = true;
		fair->enqueue(&m.sched, &m.ent[i], 0);
	}
	run_threads(drive, CPUS);
	check_all(alone());
	turn_unlock(&m.lock);
	print_message("%u turns, %u beside others, %u checks\n", m.turns, m.beside, m.stops);
	/* Most turns need nothing else. */
	assert_true(m.beside > m.turns / 2);
	assert_true(m.stops > 3);
	free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tournament),
		cmocka_unit_test(test_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

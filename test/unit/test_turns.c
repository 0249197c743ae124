// SPDX-License-Identifier: BSD-2-Clause
/* Turns of several pCPUs at once: threads, under ThreadSanitizer (see the Makefile). */
#include "unit.h"

#include "turns_rig.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#define SLACK  (SCHED_SLICE_DEFAULT / 4) /* how late a pCPU may be */
#define TURNS  6000
#define SECONDS 2 /* at most, of the host's time */

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

/* --- The tournament ------------------------------------------------------------------------------------------- */

#define LEAVES 16
#define PLAYERS 4
#define ROUNDS 1500

static struct tour tour;
static pthread_barrier_t gate;

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
			/* Nobody here goes by time: others may sleep, all of them. */
			if ((!c->current || c->end == SCHED_NEVER) && !dice(20))
				disturb();
			tick();
		}
	}
	return NULL;
}

/* What the VMs have: several lines, and several clocks. */
struct shape {
	const char *name;
	u32 pools;
	bool limits, halves;
};

static void attach(u32 i, const struct sched_params *p)
{
	assert_int_equal(sched_fair.attach(&m.sched, &m.group[i], p), OK);
}

/* Pools in a row, the last one in the first. */
static void build_pools(const struct shape *shape)
{
	struct sched_params p;

	for (u32 i = 0; i < shape->pools; i++) {
		sched_params_init(&p, 4);
		p.pool = true;
		p.shares = 1000 * (i + 1);
		p.limit = shape->limits && i == 1 ? 150 * SCHED_PERCENT : 0;
		p.parent = i && i == shape->pools - 1 ? &m.group[GROUPS] : NULL;
		attach(GROUPS + i, &p);
	}
}

static void build(const struct shape *shape)
{
	struct sched_params p;

	build_pools(shape);
	for (u32 i = 0; i < GROUPS; i++) {
		sched_params_init(&p, 2);
		p.shares = 300 * (i + 1);
		p.limit = shape->limits && i % 3 == 1 ? 60 * SCHED_PERCENT : 0;
		p.reservation = shape->limits && !shape->pools && i % 3 == 2 ? 50 * SCHED_PERCENT : 0;
		p.parent = shape->pools && i ? &m.group[GROUPS + i % shape->pools] : NULL;
		if (shape->halves)
			p.cpus.word[0] = (const u64[]){ 3, 12, 15 }[i % 3];
		attach(i, &p);
	}
	for (u32 i = 0; i < ENTS; i++) {
		sched_ent_init(&m.ent[i], &m.group[i % GROUPS], i);
		m.awake[i] = true;
		sched_fair.enqueue(&m.sched, &m.ent[i], 0);
	}
}

static void run_machine(const struct shape *shape)
{
	void *mem = calloc(1, sched_fair.bytes(CPUS));

	memset(&m, 0, sizeof(m));
	m.lock = (struct turnlock){ .slot = m.slot, .parties = CPUS };
	m.until = time(NULL) + SECONDS;
	sched_init(&m.sched, &sched_fair, 0, CPUS, mem);
	m.sched.kick = kick;
	/* pCPUs are late here: with pools or limits lags are longer then, also without turns. There the simulator judges alone. */
	m.bound = shape->pools || shape->limits ? (s64)NS_PER_S << 20 : (s64)(3 * m.sched.slice);
	build(shape);
	run_threads(drive, CPUS);
	check_all(alone());
	turn_unlock(&m.lock);
	print_message("%s: %u turns, %u beside others, %u checks\n", shape->name, m.turns, m.beside, m.stops);
	/* Most turns need nothing else. */
	assert_true(m.beside > m.turns * 2 / 5);
	assert_true(m.stops > 3);
	free(mem);
}

static void test_machine(void **state)
{
	static const struct shape shapes[] = {
		{ .name = "shares" },
		{ .name = "pools", .pools = POOLS },
		{ .name = "limits and reservations", .limits = true },
		{ .name = "affinities", .halves = true },
		{ .name = "pools and limits", .pools = POOLS, .limits = true },
	};

	for (u32 i = 0; i < ARRAY_LEN(shapes); i++)
		run_machine(&shapes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tournament),
		cmocka_unit_test(test_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
/* The policy `fair` against the ideal, in the simulator: the scenes of `make sim`, shortened. */
#include "unit.h"

#include <sched/tour.h>
#include <sched/tree.h>
#include <stdlib.h>
#include <string.h>
#include <test/sim/scenes.h>

#define MS NS_PER_MS
#define US NS_PER_US

/* docs/SCHEDULER.md, "The bound": two slices. */
#define BOUND_MS 4.0

/* --- The bound ---------------------------------------------------------------------------------------------- */

static void scene_within_bound(const struct scene *s, u64 seed)
{
	u64 length = s->cpus > 16 ? 100 * MS : 1000 * MS;
	struct sim *m = scene_start(s, "fair", length, seed);
	struct verdict v;

	sim_run(m, length);
	v = scene_judge(m);
	if (v.behind > BOUND_MS || v.ahead > BOUND_MS || !v.adds_up || m->unfair_idle)
		fail_msg("%s on %u: behind %f ms, ahead %f ms, adds up: %d, idle unfairly: %llu ns", s->name, s->cpus, v.behind,
			 v.ahead, v.adds_up, (unsigned long long)m->unfair_idle);
	/* Nobody starves: whoever waits has waited for no longer than what he is owed allows. */
	for (u32 i = 0; i < m->vcpu_count; i++)
		if (m->vcpu[i].habit == SIM_HOG && !m->vcpu[i].start && m->vcpu[i].served > 2 * BOUND_MS * 1e6)
			assert_true(m->vcpu[i].ent.ran || m->vcpu[i].ent.state == SCHED_RUNNING);
	sim_free(m);
}

static void test_every_scene(void **state)
{
	for (u32 i = 0; i < scene_count; i++)
		for (u64 seed = 1; seed <= 3 && scenes[i].cpus <= SCHED_CPUS_MAX; seed++)
			scene_within_bound(&scenes[i], seed);
}

static void seed_within_bound(u32 what, u64 seed, u64 length)
{
	struct sim *m = scene_random(seed, what, length);
	struct verdict v;

	sim_run(m, length);
	v = scene_judge(m);
	if (v.behind > BOUND_MS || v.ahead > BOUND_MS || !v.adds_up || m->unfair_idle)
		fail_msg("seed %llu of %u: behind %f ms, ahead %f ms", (unsigned long long)seed, what, v.behind, v.ahead);
	/* What it says to have found it has not taken from anybody. */
	assert_true(m->not_found < BOUND_MS * 1e6 / 2);
	sim_free(m);
}

static void random_within_bound(u32 what, u64 seeds)
{
	for (u64 seed = 1; seed <= seeds; seed++)
		seed_within_bound(what, seed, 300 * MS);
}

/* A limited vCPU waits for its time on an idle pCPU, and its pace rises when one that lingers leaves the ideal. */
static void test_idle_while_pace_rises(void **state)
{
	seed_within_bound(RANDOM_LIMITED | RANDOM_RESERVED, 2152, 500 * MS);
	seed_within_bound(RANDOM_LIMITED | RANDOM_RESERVED, 4736, 500 * MS);
	seed_within_bound(RANDOM_LIMITED | RANDOM_POOLS, 3659, 500 * MS);
}

/* One must go elsewhere so that another can run who has no other pCPU. */
static void test_chains_of_moves(void **state)
{
	static const u64 nested[] = { 135, 140, 150, 431, 483, 711, 828, 892 }, any[] = { 29, 37, 108, 255, 607, 636, 1965 };

	for (u32 i = 0; i < ARRAY_LEN(nested); i++)
		seed_within_bound(RANDOM_NESTED, nested[i], 500 * MS);
	for (u32 i = 0; i < ARRAY_LEN(any); i++)
		seed_within_bound(RANDOM_OVERLAP, any[i], 500 * MS);
}

struct seed {
	u32 what;
	u64 seed;
};

static void seeds_within_bound(const struct seed *s, u32 count)
{
	for (u32 i = 0; i < count; i++)
		seed_within_bound(s[i].what, s[i].seed, 500 * MS);
}

#define POOLS_ALL (RANDOM_POOLS | RANDOM_LIMITED | RANDOM_RESERVED)

/* Who waits for a move is seen when time alone has let him begin; and he who is in his way has come long ago, or will have soon. */
static void test_chains_in_time(void **state)
{
	static const struct seed seeds[] = {
		{ RANDOM_OVERLAP, 1076 }, { RANDOM_OVERLAP | RANDOM_POOLS, 59 }, { RANDOM_NESTED | RANDOM_POOLS, 105 },
		{ RANDOM_NESTED | POOLS_ALL, 463 }, { RANDOM_NESTED | RANDOM_LIMITED | RANDOM_RESERVED, 882 },
	};

	seeds_within_bound(seeds, ARRAY_LEN(seeds));
}

/* Several block one after the other while they are behind: what they are owed must not all come upon the last of them. */
static void test_gifts_that_nobody_could_use(void **state)
{
	static const struct seed seeds[] = {
		{ RANDOM_POOLS | RANDOM_LIMITED, 1582 }, { RANDOM_POOLS | RANDOM_RESERVED, 799 },
		{ RANDOM_POOLS | RANDOM_RESERVED, 1719 }, { RANDOM_POOLS | RANDOM_RESERVED, 1822 },
		{ POOLS_ALL, 1181 }, { POOLS_ALL, 2382 },
	};

	seeds_within_bound(seeds, ARRAY_LEN(seeds));
}

/* Two vCPUs of one VM on one pCPU, and one blocks: it is a matter of rounding whether the other could get more than it has. */
static void test_gifts_to_one_with_a_pcpu(void **state)
{
	static const struct seed seeds[] = {
		{ RANDOM_NESTED | RANDOM_LIMITED | RANDOM_RESERVED, 669 }, { RANDOM_POOLS | RANDOM_LIMITED, 1975 }, { POOLS_ALL, 2329 },
	};

	seeds_within_bound(seeds, ARRAY_LEN(seeds));
}

/* Who waits where others come first, and may begin, is seen by the pCPUs that could take him; and who goes on may be sent on. */
static void test_waiting_at_a_full_pcpu(void **state)
{
	static const struct seed seeds[] = {
		{ RANDOM_NESTED, 1286 }, { RANDOM_NESTED | RANDOM_POOLS, 1373 }, { RANDOM_NESTED | POOLS_ALL, 665 },
		{ RANDOM_NESTED | POOLS_ALL, 1356 }, { RANDOM_NESTED | POOLS_ALL, 1381 }, { RANDOM_OVERLAP | RANDOM_POOLS, 327 },
		{ RANDOM_OVERLAP | RANDOM_POOLS, 1315 },
	};

	seeds_within_bound(seeds, ARRAY_LEN(seeds));
}

static void test_random_scenes(void **state)
{
	random_within_bound(0, 30);
}

/* On 4 to 8 pCPUs. */
static void test_random_ranges(void **state)
{
	static const u64 seeds[] = { 7, 23, 35, 53, 54 };

	random_within_bound(RANDOM_RANGES, 5);
	for (u32 i = 0; i < ARRAY_LEN(seeds); i++)
		seed_within_bound(RANDOM_RANGES, seeds[i], 500 * MS);
}

static void test_random_limits_and_reservations(void **state)
{
	random_within_bound(RANDOM_LIMITED, 20);
	random_within_bound(RANDOM_RESERVED, 20);
	random_within_bound(RANDOM_LIMITED | RANDOM_RESERVED, 20);
}

static void test_random_pools(void **state)
{
	random_within_bound(RANDOM_POOLS, 20);
	random_within_bound(RANDOM_POOLS | RANDOM_LIMITED | RANDOM_RESERVED, 20);
}

static void test_shares_over_a_minute(void **state)
{
	for (u32 i = 1; i <= 4; i++) {
		struct sim *m = scene_start(&scenes[i], "fair", 60 * NS_PER_S, 1);

		sim_run(m, 60 * NS_PER_S);
		assert_true(scene_judge(m).error < 0.1);
		sim_free(m);
	}
}

/* Can this test fail at all? Round robin knows no shares. */
static void test_rr_leaves_the_bound(void **state)
{
	struct sim *m = scene_start(&scenes[2], "rr", NS_PER_S, 1);

	sim_run(m, NS_PER_S);
	assert_true(scene_judge(m).behind > 100);
	sim_free(m);
}

/* --- Cost --------------------------------------------------------------------------------------------------- */

static void test_cost_grows_like_log_n(void **state)
{
	double mean[2];

	for (u32 i = 0; i < 2; i++) {
		struct sim *m = sim_new(4, "fair", 0, 1);

		for (u32 n = 0; n < (i ? 16384 : 64); n++)
			scene_vm(m, 1000, SIM_HOG, 0, 0);
		sim_run(m, MS);
		m->ops = m->steps = m->steps_max = 0;
		sim_run(m, 200 * MS);
		mean[i] = (double)m->steps / (double)m->ops;
		/* 14 levels of a treap, up to twice as deep, in four trees' operations. */
		assert_true(m->steps_max < 300);
		sim_free(m);
	}
	/* Each of the four pCPUs has a tree of its own: log2 4096 / log2 16 is 3, a tree of 16 is shallow, and with few most turns need not
	 * look twice. */
	assert_true(mean[1] < 3.8 * mean[0]);
	assert_true(mean[1] < 60);
}

/* One vCPU comes and goes, and all others lose and get a whole pCPU: no call pays for all of them. */
static void test_no_call_turns_all(void **state)
{
	u64 worst[2];

	for (u32 i = 0; i < 2; i++) {
		struct sim *m = sim_new(i ? 256 : 16, "fair", 0, 1);

		for (u32 n = 0; n < m->cpus; n++)
			scene_vm(m, 1000, SIM_HOG, 0, 0);
		scene_vm(m, 1000, SIM_PERIODIC, 700 * US, 900 * US);
		sim_run(m, 100 * MS);
		worst[i] = m->steps_max;
		assert_true(scene_judge(m).behind <= BOUND_MS && scene_judge(m).ahead <= BOUND_MS);
		sim_free(m);
	}
	/* log2 256 / log2 16 is 2; there are 16 times as many. */
	assert_true(worst[1] < 3 * worst[0]);
}

/* A pCPU with one vCPU takes no timer interrupt, nor one whose vCPU is entitled to all of it. */
static void test_no_timer_alone(void **state)
{
	struct sim *m = sim_new(2, "fair", 0, 1);
	u64 runs;

	scene_vm(m, 8000, SIM_HOG, 0, 0);
	scene_vm(m, 1000, SIM_HOG, 0, 0);
	scene_vm(m, 1000, SIM_HOG, 0, 0);
	sim_run(m, 100 * MS);
	runs = m->vcpu[0].switches;
	sim_run(m, 10 * NS_PER_S);
	assert_int_equal(m->vcpu[0].switches, runs);
	sim_free(m);
}

/* --- Wake-up ------------------------------------------------------------------------------------------------ */

static void test_wake_within_a_slice(void **state)
{
	struct sim *m = sim_new(4, "fair", 0, 1);

	for (u32 i = 0; i < 8; i++)
		scene_vm(m, 1000, SIM_HOG, 0, 0);
	for (u32 i = 0; i < 8; i++)
		scene_vm(m, 1000, SIM_RANDOM, 100 * US, 10 * MS);
	sim_run(m, 5 * NS_PER_S);
	assert_true(sim_latency(m, 990) <= 2 * MS);
	sim_free(m);
}

static u64 modest_latency(const char *policy, const struct scene *s, u64 seed)
{
	struct sim *m = scene_start(s, policy, 2 * NS_PER_S, seed);
	u64 within = 0, p99;

	sim_run(m, 2 * NS_PER_S);
	p99 = sim_latency(m, 990);
	for (u32 i = 0; i < SIM_LATENCIES; i++)
		within += m->latency[i];
	assert_true(within > 200);
	sim_free(m);
	return p99;
}

/* Whoever asks for no more than his share need not wait for longer than a slice, whatever others ask for. */
static void test_modest_wake_within_a_slice(void **state)
{
	u32 seen = 0;

	for (u32 i = 0; i < scene_count; i++) {
		const struct scene *s = &scenes[i];

		if (strncmp(s->name, "modest", 6) || s->cpus > 8)
			continue;
		seen++;
		for (u64 seed = 1; seed <= 3; seed++)
			if (modest_latency("fair", s, seed) > 2 * MS)
				fail_msg("%s on %u, seed %llu", s->name, s->cpus, (unsigned long long)seed);
		/* Round robin has them wait for all the others. */
		assert_true(!strcmp(s->name, "modest") || modest_latency("rr", s, 1) > 4 * MS);
	}
	assert_int_equal(seen, 6);
}

/* --- fixed -------------------------------------------------------------------------------------------------- */

static void test_fixed(void **state)
{
	struct sim *m = sim_new(1, "fixed", 0, 1);
	struct sched_params p;

	sched_params_init(&p, 1);
	p.prio = 1;
	p.limit = 30 * SCHED_PERCENT;
	sim_vcpu(m, sim_group(m, &p), SIM_HOG, 0, 0);
	p.prio = 2;
	p.limit = 0;
	sim_vcpu(m, sim_group(m, &p), SIM_PERIODIC, MS, 3 * MS);
	p.prio = 3;
	sim_vcpu(m, sim_group(m, &p), SIM_HOG, 0, 0);
	sim_run(m, NS_PER_S);
	assert_in_range(sim_ran(m, &m->vcpu[0]), 299 * MS, 306 * MS);
	assert_true(sim_ran(m, &m->vcpu[1]) > 150 * MS);
	assert_true(scene_judge(m).adds_up);
	sim_free(m);
}

/* --- Tree and tournament ------------------------------------------------------------------------------------ */

static void test_tree_against_search(void **state)
{
	static struct tree_node node[200];
	struct tree t = { 0 };
	bool in[200] = { 0 };

	srand(1);
	for (u32 i = 0; i < 200; i++)
		tree_node_init(&node[i], i);
	for (u32 round = 0; round < 20000; round++) {
		u32 i = (u32)rand() % 200;
		u64 base = ~0ull - 500, bound = base + (u64)rand() % 1000;
		struct tree_node *got, *best = NULL;

		if (in[i]) {
			tree_remove(&t, &node[i]);
		} else {
			node[i].key = base + (u64)rand() % 1000; /* wraps */
			node[i].due = base + (u64)rand() % 1000;
			tree_insert(&t, &node[i]);
		}
		in[i] = !in[i];
		got = tree_earliest(&t, bound);
		for (u32 k = 0; k < 200; k++)
			if (in[k] && !tree_before(bound, node[k].key) && (!best || tree_before(node[k].due, best->due)))
				best = &node[k];
		assert_int_equal(got ? got->due : 1, best ? best->due : 1);
		assert_true(!got || (in[got->id] && !tree_before(bound, got->key)));
	}
}

static void test_tour_against_search(void **state)
{
	char *mem = calloc(1, tour_bytes(37)), *at = mem;
	u64 key[37] = { 0 };
	bool in[37] = { 0 };
	struct tour t;

	srand(2);
	tour_init(&t, 37, &at);
	for (u32 round = 0; round < 20000; round++) {
		u32 i = (u32)rand() % 37, lo = (u32)rand() % 38, hi = lo + (u32)rand() % (38 - lo), best = TOUR_NONE;

		in[i] = rand() % 3;
		key[i] = (u64)rand() % 50 - 25;
		if (in[i])
			tour_set(&t, i, key[i]);
		else
			tour_clear(&t, i);
		for (u32 k = lo; k < hi; k++)
			if (in[k] && (best == TOUR_NONE || tree_before(key[k], key[best])))
				best = k;
		i = tour_best_of(&t, lo, hi);
		assert_int_equal(i == TOUR_NONE, best == TOUR_NONE);
		assert_true(i == TOUR_NONE || (i >= lo && i < hi && in[i] && key[i] == key[best]));
	}
	free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_scene),
		cmocka_unit_test(test_random_scenes),
		cmocka_unit_test(test_random_ranges),
		cmocka_unit_test(test_random_limits_and_reservations),
		cmocka_unit_test(test_random_pools),
		cmocka_unit_test(test_idle_while_pace_rises),
		cmocka_unit_test(test_chains_of_moves),
		cmocka_unit_test(test_chains_in_time),
		cmocka_unit_test(test_gifts_that_nobody_could_use),
		cmocka_unit_test(test_gifts_to_one_with_a_pcpu),
		cmocka_unit_test(test_waiting_at_a_full_pcpu),
		cmocka_unit_test(test_shares_over_a_minute),
		cmocka_unit_test(test_rr_leaves_the_bound),
		cmocka_unit_test(test_cost_grows_like_log_n),
		cmocka_unit_test(test_no_call_turns_all),
		cmocka_unit_test(test_no_timer_alone),
		cmocka_unit_test(test_wake_within_a_slice),
		cmocka_unit_test(test_modest_wake_within_a_slice),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_tree_against_search),
		cmocka_unit_test(test_tour_against_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

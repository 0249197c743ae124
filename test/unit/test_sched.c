// SPDX-License-Identifier: BSD-2-Clause
/* sched/sched.c and the round-robin policy. */
#include "unit.h"

#include <sched/sched.h>

#include <string.h>

#define N 5

static struct sched s;
static struct sched_group group[N];
static struct sched_ent e[N];
static u32 kicked;

static void kick(struct sched *sched, u32 cpu)
{
	kicked = cpu;
}

static struct sched_mask mask(u32 first, u32 last)
{
	struct sched_mask m = { { 0 } };

	for (u32 i = first; i <= last; i++)
		m.word[i / 64] |= 1ull << (i % 64);
	return m;
}

static int setup(void **state)
{
	struct sched_params p;

	memset(&s, 0, sizeof(s));
	s.kick = kick;
	sched_init(&s, &sched_rr, 1000, SCHED_CPUS_MAX, NULL);
	sched_params_init(&p, 1);
	for (u32 i = 0; i < N; i++) {
		assert_int_equal(s.policy->attach(&s, &group[i], &p), OK);
		sched_ent_init(&e[i], &group[i], i);
	}
	return 0;
}

static void enqueue(int i)
{
	s.policy->enqueue(&s, &e[i], 0);
}

/* The number of the entity that runs next on `cpu`, or -1. */
static int pick(u32 cpu)
{
	struct sched_pick p = s.policy->pick(&s, cpu, 0);

	if (!p.ent)
		return -1;
	assert_int_equal(p.ent->state, SCHED_RUNNING);
	assert_int_equal(p.ent->cpu, cpu);
	assert_int_equal(p.slice, 1000);
	return (int)(p.ent - e);
}

static void masks(void **state)
{
	struct sched_mask m = mask(63, 64);

	assert_false(sched_mask_has(&m, 0));
	assert_false(sched_mask_has(&m, 62));
	assert_true(sched_mask_has(&m, 63));
	assert_true(sched_mask_has(&m, 64));
	assert_false(sched_mask_has(&m, 65));
	m = mask(255, 255);
	assert_true(sched_mask_has(&m, 255));
}

static void policies_by_name(void **state)
{
	assert_ptr_equal(sched_policy_find("rr"), &sched_rr);
	assert_ptr_equal(sched_policy_find("fair"), &sched_fair);
	assert_ptr_equal(sched_policy_find("fixed"), &sched_fixed);
	assert_null(sched_policy_find("RR"));
	assert_null(sched_policy_find(""));
}

static void default_slice(void **state)
{
	sched_init(&s, &sched_rr, 0, 1, NULL);
	assert_int_equal(s.slice, SCHED_SLICE_DEFAULT);
}

static void nothing_to_run(void **state)
{
	assert_int_equal(pick(0), -1);
	enqueue(0);
	s.policy->block(&s, &e[0], 0);
	assert_int_equal(e[0].state, SCHED_BLOCKED);
	assert_int_equal(pick(0), -1);
}

static void in_turn(void **state)
{
	enqueue(2);
	enqueue(0);
	enqueue(1);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 3; i++) {
			int got = pick((u32)i);

			assert_int_equal(got, (i + 2) % 3);
			enqueue(got);
		}
}

/* Taken out of the middle, the others keep their order. */
static void dequeue_from_the_middle(void **state)
{
	for (int i = 0; i < N; i++)
		enqueue(i);
	s.policy->block(&s, &e[2], 0);
	s.policy->block(&s, &e[0], 0);
	assert_int_equal(pick(0), 1);
	assert_int_equal(pick(0), 3);
	assert_int_equal(pick(0), 4);
	assert_int_equal(pick(0), -1);
}

/* An entity that may not run here neither runs nor blocks those behind it. */
static void only_where_allowed(void **state)
{
	group[0].params.cpus = mask(1, 1);
	group[1].params.cpus = mask(0, 0);
	group[2].params.cpus = mask(200, 255);
	group[3].params.cpus = (struct sched_mask){ { 0 } };
	for (int i = 0; i < N; i++)
		enqueue(i);
	assert_int_equal(pick(0), 1);
	assert_int_equal(pick(255), 2);
	assert_int_equal(pick(0), 4);
	assert_int_equal(pick(0), -1);
	assert_int_equal(pick(1), 0);
	assert_int_equal(pick(1), -1);
	assert_int_equal(e[3].state, SCHED_QUEUED);
}

/* A pCPU that found nothing is told of the next one that it may run. */
static void idle_is_kicked(void **state)
{
	group[0].params.cpus = mask(7, 9);
	assert_int_equal(pick(3), -1);
	assert_int_equal(pick(8), -1);
	kicked = 0;
	enqueue(0);
	assert_int_equal(kicked, 8);
}

static void parameters_are_checked(void **state)
{
	struct sched_params p;

	sched_params_init(&p, 4);
	assert_int_equal(p.shares, 4000);
	assert_int_equal(sched_params_check(&p, 2), OK);
	p.limit = 50 * SCHED_PERCENT;
	p.reservation = 51 * SCHED_PERCENT;
	assert_int_equal(sched_params_check(&p, 2), E_RANGE);
	p.limit = 0;
	p.reservation = 3 * SCHED_ONE;
	assert_int_equal(sched_params_check(&p, 2), E_RANGE);
	p.reservation = 0;
	p.shares = 0;
	assert_int_equal(sched_params_check(&p, 2), E_RANGE);
	p.shares = SCHED_SHARES_MAX + 1;
	assert_int_equal(sched_params_check(&p, 2), E_RANGE);
	p.shares = 1;
	p.cpus = mask(2, 5);
	assert_int_equal(sched_params_check(&p, 2), E_INVAL);
}

static void time_is_charged(void **state)
{
	enqueue(0);
	assert_int_equal(pick(0), 0);
	s.policy->charge(&s, 0, &e[0], 700);
	s.policy->charge(&s, 3, &e[0], 5);
	assert_int_equal(e[0].ran, 705);
	assert_int_equal(e[1].ran, 0);
}

/* Nobody waits for more than one turn of the others, whoever comes and goes. */
static void nobody_starves(void **state)
{
	unsigned last[N] = { 0 };
	u32 seed = 1;

	enqueue(0);
	for (unsigned now = 1; now < 5000; now++) {
		int got;

		seed = seed * 1103515245 + 12345;
		if (e[1 + seed / 65536 % (N - 1)].state != SCHED_QUEUED) {
			last[1 + seed / 65536 % (N - 1)] = now;
			enqueue(1 + (int)(seed / 65536 % (N - 1)));
		}
		got = pick(0);
		assert_in_range(now - last[got], 0, N);
		last[got] = now;
		if (!got)
			enqueue(0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks),
		cmocka_unit_test(policies_by_name),
		cmocka_unit_test(default_slice),
		cmocka_unit_test_setup(nothing_to_run, setup),
		cmocka_unit_test_setup(in_turn, setup),
		cmocka_unit_test_setup(dequeue_from_the_middle, setup),
		cmocka_unit_test_setup(only_where_allowed, setup),
		cmocka_unit_test_setup(idle_is_kicked, setup),
		cmocka_unit_test(parameters_are_checked),
		cmocka_unit_test_setup(time_is_charged, setup),
		cmocka_unit_test_setup(nobody_starves, setup),
	};

	return cmocka_run_group_tests_name("sched", tests, NULL, NULL);
}

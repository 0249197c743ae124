// SPDX-License-Identifier: BSD-2-Clause
/* sched/sched.c and the round-robin policy. */
#include "unit.h"

#include <sched/sched.h>

#include <string.h>

#define N 5

static struct sched s;
static struct sched_ent e[N];

static struct sched_mask mask(u32 first, u32 last)
{
	struct sched_mask m = { { 0 } };

	for (u32 i = first; i <= last; i++)
		m.word[i / 64] |= 1ull << (i % 64);
	return m;
}

static int setup(void **state)
{
	struct sched_mask all = mask(0, SCHED_CPUS_MAX - 1);

	sched_init(&s, &sched_rr, 1000);
	for (int i = 0; i < N; i++)
		sched_ent_init(&e[i], &all);
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
	assert_false(p.ent->queued);
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
	assert_null(sched_policy_find("RR"));
	assert_null(sched_policy_find(""));
}

static void default_slice(void **state)
{
	sched_init(&s, &sched_rr, 0);
	assert_int_equal(s.slice, SCHED_SLICE_DEFAULT);
}

static void nothing_to_run(void **state)
{
	assert_int_equal(pick(0), -1);
	enqueue(0);
	s.policy->dequeue(&s, &e[0]);
	assert_false(e[0].queued);
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
	s.policy->dequeue(&s, &e[2]);
	s.policy->dequeue(&s, &e[0]);
	assert_int_equal(pick(0), 1);
	assert_int_equal(pick(0), 3);
	assert_int_equal(pick(0), 4);
	assert_int_equal(pick(0), -1);
}

/* An entity that may not run here neither runs nor blocks those behind it. */
static void only_where_allowed(void **state)
{
	e[0].cpus = mask(1, 1);
	e[1].cpus = mask(0, 0);
	e[2].cpus = mask(200, 255);
	e[3].cpus = (struct sched_mask){ { 0 } };
	for (int i = 0; i < N; i++)
		enqueue(i);
	assert_int_equal(pick(0), 1);
	assert_int_equal(pick(255), 2);
	assert_int_equal(pick(0), 4);
	assert_int_equal(pick(0), -1);
	assert_int_equal(pick(1), 0);
	assert_int_equal(pick(1), -1);
	assert_true(e[3].queued);
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
		if (!e[1 + seed / 65536 % (N - 1)].queued) {
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
		cmocka_unit_test_setup(time_is_charged, setup),
		cmocka_unit_test_setup(nobody_starves, setup),
	};

	return cmocka_run_group_tests_name("sched", tests, NULL, NULL);
}

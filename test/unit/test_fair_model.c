// SPDX-License-Identifier: BSD-2-Clause
/* Pools, shares of vCPUs, affinity by command, yielding and gangs under the policy `fair`. */
#include "unit.h"

#include <string.h>
#include <test/sim/scenes.h>

#define MS NS_PER_MS
#define US NS_PER_US

#define BOUND_MS 4.0

static u32 group(struct sim *m, u32 parent, bool pool, u32 shares, u32 reservation, u32 limit)
{
	struct sched_params p;

	sched_params_init(&p, 1);
	p.parent = parent == SCHED_NOWHERE ? NULL : &m->group[parent].sched;
	p.pool = pool;
	p.shares = shares;
	p.reservation = reservation * SCHED_PERCENT;
	p.limit = limit * SCHED_PERCENT;
	return sim_group(m, &p);
}

static struct sim_vcpu *hog(struct sim *m, u32 parent, u32 shares)
{
	return sim_vcpu(m, group(m, parent, false, shares, 0, 0), SIM_HOG, 0, 0);
}

static void got(struct sim *m, const struct sim_vcpu *v, double share)
{
	double ms = (double)sim_ran(m, (struct sim_vcpu *)v) / 1e6, want = share * (double)m->now / 1e6;

	if (ms < want - BOUND_MS || ms > want + BOUND_MS)
		fail_msg("vCPU %u has had %f ms, not %f", v->id, ms, want);
}

/* Each level divides what it gets: 3:1 outside, 1:1 and 2:1 inside; a VM alone in its pool has all of it. */
static void test_each_level_divides(void **state)
{
	struct sim *m = sim_new(1, "fair", 0, 1);
	u32 a = group(m, SCHED_NOWHERE, true, 3000, 0, 0), b = group(m, SCHED_NOWHERE, true, 1000, 0, 0);
	u32 in = group(m, a, true, 500, 0, 0);
	struct sim_vcpu *v[5] = { hog(m, a, 500), hog(m, in, 2000), hog(m, in, 1000), hog(m, b, 7), NULL };

	v[4] = hog(m, SCHED_NOWHERE, 1000);
	sim_run(m, 10 * NS_PER_S);
	got(m, v[0], 0.3);
	got(m, v[1], 0.2);
	got(m, v[2], 0.1);
	got(m, v[3], 0.2);
	got(m, v[4], 0.2);
	sim_free(m);
}

/* What one in a pool leaves, the others in the pool have, not those outside. */
static void test_left_in_the_pool(void **state)
{
	struct sim *m = sim_new(1, "fair", 0, 1);
	u32 a = group(m, SCHED_NOWHERE, true, 1000, 0, 0);
	struct sim_vcpu *sleeper, *in = hog(m, a, 1000), *out = hog(m, SCHED_NOWHERE, 1000);

	sleeper = sim_vcpu(m, group(m, a, false, 1000, 0, 0), SIM_PERIODIC, MS, 9 * MS);
	sim_run(m, 10 * NS_PER_S);
	assert_true(sim_ran(m, sleeper) > 600 * MS);
	got(m, out, 0.5);
	got(m, in, 0.5 - (double)sim_ran(m, sleeper) / (double)m->now);
	sim_free(m);
}

/* Who sleeps all the time leaves much to the others in the pool: all of it, so pools have what they are entitled to. */
static void test_all_left_in_the_pool(void **state)
{
	struct sim *m = sim_new(2, "fair", 0, 3);
	u32 pool[2] = { group(m, SCHED_NOWHERE, true, 3000, 0, 0), group(m, SCHED_NOWHERE, true, 1000, 0, 0) };
	u64 ran[2] = { 0 };

	for (u32 i = 0; i < 4; i++)
		hog(m, pool[i % 2], 1000);
	for (u32 i = 0; i < 20; i++)
		sim_vcpu(m, group(m, pool[i % 2], false, 1000, 0, 0), SIM_RANDOM, 300 * US, 10 * MS);
	sim_run(m, 10 * NS_PER_S);
	for (u32 i = 0; i < m->vcpu_count; i++)
		ran[i % 2] += sim_ran(m, &m->vcpu[i]);
	assert_in_range(ran[0], 14980 * MS, 15020 * MS);
	assert_in_range(ran[1], 4980 * MS, 5020 * MS);
	sim_free(m);
}

static void test_limit_of_a_pool(void **state)
{
	struct sim *m = sim_new(2, "fair", 0, 1);
	u32 a = group(m, SCHED_NOWHERE, true, 1000, 0, 50);
	struct sim_vcpu *x = hog(m, a, 3000), *y = hog(m, a, 1000);

	sim_run(m, 10 * NS_PER_S);
	got(m, x, 0.375);
	got(m, y, 0.125);
	sim_free(m);
}

/* A pool's reservation holds for whoever runs in it, and what its members reserve comes out of it. */
static void test_reservation_of_a_pool(void **state)
{
	struct sim *m = sim_new(1, "fair", 0, 1);
	u32 a = group(m, SCHED_NOWHERE, true, 10, 60, 0);
	struct sim_vcpu *x = sim_vcpu(m, group(m, a, false, 10, 40, 0), SIM_HOG, 0, 0), *y = hog(m, a, 1000);

	for (u32 i = 0; i < 5; i++)
		hog(m, SCHED_NOWHERE, 10000);
	assert_int_equal(group(m, a, false, 10, 21, 0), SCHED_NOWHERE);
	assert_int_equal(group(m, SCHED_NOWHERE, false, 10, 41, 0), SCHED_NOWHERE);
	sim_run(m, 10 * NS_PER_S);
	got(m, x, 0.4);
	got(m, y, 0.2);
	sim_free(m);
}

static void test_knobs_of_a_pool(void **state)
{
	struct sim *m = sim_new(1, "fair", 0, 1);
	u32 a = group(m, SCHED_NOWHERE, true, 1000, 0, 0);
	struct sim_vcpu *x = hog(m, a, 1000), *y = hog(m, SCHED_NOWHERE, 1000);
	struct sched_params p = m->group[a].params;

	p.shares = 3000;
	sim_knob(m, NS_PER_S, a, &p);
	sim_run(m, 2 * NS_PER_S);
	assert_in_range(sim_ran(m, x), 1245 * MS, 1255 * MS);
	assert_in_range(sim_ran(m, y), 745 * MS, 755 * MS);
	sim_free(m);
}

/* The limit that it waits for is lifted, its own or its pool's, or a sibling leaves the pool: at once it has what it may. */
static void test_idle_pcpus_hear_of_it(void **state)
{
	struct sim *m = sim_new(4, "fair", 0, 1);
	u32 a = group(m, SCHED_NOWHERE, true, 1000, 0, 30), own = group(m, SCHED_NOWHERE, false, 1000, 0, 2);
	struct sched_params p = m->group[own].params;
	struct sim_vcpu *x = sim_vcpu(m, own, SIM_HOG, 0, 0), *y = hog(m, a, 1000);

	for (u32 i = 0; i < 9; i++)
		sim_life(m, hog(m, a, 1000), 1, 100 * MS);
	p.limit = 0;
	sim_knob(m, 4 * MS, own, &p);
	sim_run(m, 50 * MS);
	assert_true(sim_ran(m, x) > 45 * MS);
	p = m->group[a].params;
	p.limit = 0;
	sim_knob(m, 200 * MS, a, &p);
	sim_run(m, 300 * MS);
	assert_true(sim_ran(m, y) > 120 * MS);
	assert_true(scene_judge(m).behind <= BOUND_MS && scene_judge(m).ahead <= BOUND_MS);
	sim_free(m);
}

static void test_what_no_policy_can_obey(void **state)
{
	struct sim *m = sim_new(4, "fair", 0, 1);
	u32 a = group(m, SCHED_NOWHERE, true, 1000, 0, 0), vm = group(m, SCHED_NOWHERE, false, 1000, 0, 0), deep = a;
	struct sched_params p;

	/* In a VM, or elsewhere than its pool. */
	sched_params_init(&p, 1);
	p.parent = &m->group[vm].sched;
	assert_int_equal(sched_params_check(&p, 4), E_INVAL);
	p.parent = &m->group[a].sched;
	assert_int_equal(sched_params_check(&p, 4), OK);
	memset(&p.cpus, 0, sizeof(p.cpus));
	p.cpus.word[0] = 1;
	assert_int_equal(sched_params_check(&p, 4), E_INVAL);
	for (u32 i = 1; i < SCHED_POOL_DEPTH; i++)
		deep = group(m, deep, true, 1000, 0, 0);
	assert_int_not_equal(deep, SCHED_NOWHERE);
	assert_int_equal(group(m, deep, true, 1000, 0, 0) == SCHED_NOWHERE, false);
	assert_int_equal(group(m, m->group_count - 1, true, 1000, 0, 0), SCHED_NOWHERE);
	sim_free(m);
}

/* By default each vCPU of the machine gets the same, so a VM of two gets twice what a VM of one gets. */
static void test_equal_vcpus(void **state)
{
	struct sim *m = sim_new(2, "fair", 0, 1);
	struct sched_params p;

	for (u32 n = 1; n <= 3; n++) {
		sched_params_init(&p, n);
		for (u32 g = sim_group(m, &p), i = 0; i < n; i++)
			sim_vcpu(m, g, SIM_HOG, 0, 0);
	}
	sim_run(m, 10 * NS_PER_S);
	for (u32 i = 0; i < m->vcpu_count; i++)
		got(m, &m->vcpu[i], 2 / 6.0);
	sim_free(m);
}

/* Refused affinities and reservations leave all as it was. */
static void test_affinity_by_command(void **state)
{
	struct sim *m = sim_new(2, "fair", 0, 1);
	struct sim_vcpu *x = hog(m, SCHED_NOWHERE, 1000), *y = hog(m, SCHED_NOWHERE, 1000);
	struct sched_params p = m->group[0].params;

	memset(&p.cpus, 0, sizeof(p.cpus));
	p.cpus.word[0] = 2;
	sim_knob(m, NS_PER_S, 0, &p);
	sim_knob(m, NS_PER_S, 1, &p);
	p.reservation = 101 * SCHED_PERCENT;
	sim_knob(m, NS_PER_S + MS, 1, &p);
	sim_run(m, 3 * NS_PER_S);
	assert_in_range(sim_ran(m, x), 1996 * MS, 2004 * MS);
	assert_in_range(sim_ran(m, y), 1996 * MS, 2004 * MS);
	assert_int_equal(x->ent.cpu, 1);
	sim_free(m);
}

/* A hog on these pCPUs. */
static struct sim_vcpu *hog_on(struct sim *m, u64 cpus, u32 shares, u32 reservation)
{
	struct sched_params p;
	u32 g;

	sched_params_init(&p, 1);
	memset(&p.cpus, 0, sizeof(p.cpus));
	p.cpus.word[0] = cpus;
	p.shares = shares;
	p.reservation = reservation * SCHED_PERCENT;
	g = sim_group(m, &p);
	return g == SCHED_NOWHERE ? NULL : sim_vcpu(m, g, SIM_HOG, 0, 0);
}

/* Three on pCPUs 0 and 1 and three on 1 and 2 have three pCPUs together, which is less than either may use at its shares' level. */
static void test_affinities_that_overlap(void **state)
{
	struct sim *m = sim_new(4, "fair", 0, 1);
	struct sim_vcpu *a[3], *b[3], *c[3];

	for (u32 i = 0; i < 3; i++) {
		a[i] = hog_on(m, 3, 1000, 0);
		b[i] = hog_on(m, 6, 1500, 0);
		c[i] = hog_on(m, 15, 300, 0);
	}
	sim_run(m, 2 * NS_PER_S);
	for (u32 i = 0; i < 3; i++) {
		got(m, a[i], 0.4);
		got(m, b[i], 0.6);
		got(m, c[i], 1 / 3.0);
	}
	sim_free(m);
}

/* Nor can they reserve more than three, even where two of the pCPUs have room. */
static void test_reservations_that_overlap(void **state)
{
	struct sim *m = sim_new(4, "fair", 0, 1);

	assert_non_null(hog_on(m, 3, 1000, 150));
	assert_non_null(hog_on(m, 6, 1000, 140));
	assert_null(hog_on(m, 3, 1000, 11));
	assert_non_null(hog_on(m, 3, 1000, 10));
	assert_non_null(hog_on(m, 12, 1000, 100));
	sim_free(m);
}

/* A spinner gives way to a sibling that waits, and to nobody else; the lag stays within the bound. */
static void test_yield(void **state)
{
	struct sim *m = sim_new(2, "fair", 0, 1);
	struct sched_params p;

	sched_params_init(&p, 3);
	for (u32 g = sim_group(m, &p), i = 0; i < 3; i++)
		sim_vcpu(m, g, SIM_SPINNER, 50 * US, 0);
	for (u32 i = 0; i < 3; i++)
		scene_vm(m, 1000, i ? SIM_HOG : SIM_SPINNER, 50 * US, 0);
	sim_run(m, 2 * NS_PER_S);
	assert_true(m->yields > 1000);
	assert_true(scene_judge(m).behind <= BOUND_MS && scene_judge(m).ahead <= BOUND_MS);
	for (u32 i = 0; i < m->vcpu_count; i++)
		got(m, &m->vcpu[i], 2 / 6.0);
	sim_free(m);
}

/* Two spinners on two pCPUs before either has picked again: the sibling that waits takes the place of one. */
static void test_yield_at_once(void **state)
{
	struct sim *m = sim_new(2, "fair", 0, 1);
	struct sched_ent *waits = NULL, *runs[2] = { NULL };
	struct sched_params p;
	u32 n = 0;

	sched_params_init(&p, 3);
	for (u32 g = sim_group(m, &p), i = 0; i < 3; i++)
		sim_vcpu(m, g, SIM_HOG, 0, 0);
	sim_run(m, 5 * MS);
	for (u32 i = 0; i < 3; i++)
		if (m->vcpu[i].ent.state == SCHED_QUEUED)
			waits = &m->vcpu[i].ent;
		else
			runs[n++ % 2] = &m->vcpu[i].ent;
	assert_true(waits && n == 2);
	assert_true(m->sched.policy->yield(&m->sched, runs[0], m->now));
	assert_false(m->sched.policy->yield(&m->sched, runs[1], m->now));
	assert_int_equal(waits->invited, runs[0]->cpu + 1);
	sim_run(m, NS_PER_S);
	assert_true(scene_judge(m).behind <= BOUND_MS && scene_judge(m).ahead <= BOUND_MS);
	sim_free(m);
}

/* In a large VM somebody wakes or sleeps all the time. That changes the pace of all its vCPUs, and yet costs no step for each. */
static void test_many_vcpus(void **state)
{
	struct sim *m = sim_new(4, "fair", 0, 1);
	struct sched_params p;

	sched_params_init(&p, 128);
	for (u32 g = sim_group(m, &p), i = 0; i < 128; i++)
		sim_vcpu(m, g, SIM_RANDOM, 600 * US, 3800 * US);
	scene_vm(m, 60000, SIM_HOG, 0, 0);
	scene_vm(m, 20000, SIM_RANDOM, 3 * MS, 2 * MS);
	sim_run(m, NS_PER_S);
	assert_true(m->steps < 80 * m->ops);
	assert_true(scene_judge(m).behind <= BOUND_MS && scene_judge(m).ahead <= BOUND_MS);
	assert_true(scene_judge(m).adds_up);
	sim_free(m);
}

static void test_gang(void **state)
{
	u64 costop = 0;

	for (u64 seed = 1; seed <= 3; seed++) {
		struct sim *m = sim_new(4, "fair", 0, seed);
		struct sched_params p;

		for (u32 n = 0; n < 5; n++) {
			u32 g;

			sched_params_init(&p, 4);
			p.shares = 500 + (u32)sim_random(m, 4000);
			p.gang = true;
			g = sim_group(m, &p);
			for (u32 k = 0; k < 4; k++)
				sim_vcpu(m, g, k % 2 ? SIM_RANDOM : SIM_HOG, MS, 2 * MS);
		}
		sim_run(m, 2 * NS_PER_S);
		assert_true(m->skew <= (double)(SCHED_SKEW * m->sched.slice));
		assert_true(scene_judge(m).behind <= BOUND_MS && scene_judge(m).ahead <= BOUND_MS);
		for (u32 i = 0; i < m->vcpu_count; i++)
			costop += m->vcpu[i].ent.costop;
		sim_free(m);
	}
	assert_true(costop > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_level_divides),
		cmocka_unit_test(test_left_in_the_pool),
		cmocka_unit_test(test_all_left_in_the_pool),
		cmocka_unit_test(test_limit_of_a_pool),
		cmocka_unit_test(test_reservation_of_a_pool),
		cmocka_unit_test(test_knobs_of_a_pool),
		cmocka_unit_test(test_idle_pcpus_hear_of_it),
		cmocka_unit_test(test_what_no_policy_can_obey),
		cmocka_unit_test(test_equal_vcpus),
		cmocka_unit_test(test_affinity_by_command),
		cmocka_unit_test(test_affinities_that_overlap),
		cmocka_unit_test(test_reservations_that_overlap),
		cmocka_unit_test(test_yield),
		cmocka_unit_test(test_yield_at_once),
		cmocka_unit_test(test_many_vcpus),
		cmocka_unit_test(test_gang),
	};

	return cmocka_run_group_tests_name("fair_model", tests, NULL, NULL);
}

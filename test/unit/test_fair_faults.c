// SPDX-License-Identifier: BSD-2-Clause
/* Faults of other schedulers, BUG-CLASSES.md number 18, in the simulator: the policy `fair` has none of them. */
#include "unit.h"

#include <string.h>
#include <test/sim/scenes.h>

#define MS NS_PER_MS
#define US NS_PER_US

#define BOUND_MS 4.0

/* arXiv 1103.0759: Xen's credit1 charged whom the tick met. Xen's and ACRN's I/O boosts were gamed likewise. */
static void test_theft_by_sleeping(void **state)
{
	static const struct {
		u64 burst, sleep;
	} trick[] = { { 1950 * US, 10 * US }, { 1999 * US, 1 * US }, { 20 * US, 1 * US }, { 5 * US, 5 * US }, { 240 * US, 3 * US } };

	for (u32 i = 0; i < ARRAY_LEN(trick); i++) {
		struct sim *m = sim_new(1, "fair", 0, 1);
		struct sim_vcpu *thief = scene_vm(m, 1000, SIM_PERIODIC, trick[i].burst, trick[i].sleep);

		scene_vm(m, 1000, SIM_HOG, 0, 0);
		scene_vm(m, 1000, SIM_HOG, 0, 0);
		sim_run(m, 2 * NS_PER_S);
		/* A third, and the bound. */
		assert_true(sim_ran(m, thief) < 2 * NS_PER_S / 3 + 4 * MS);
		sim_free(m);
	}
}

/* ACRN 7946: a new vCPU's virtual time began at 0. */
static void test_newcomer_starves_nobody(void **state)
{
	struct sim *m = sim_new(1, "fair", 0, 1);
	struct sim_vcpu *old = scene_vm(m, 1000, SIM_HOG, 0, 0), *late = scene_vm(m, 1000, SIM_HOG, 0, 0);
	u64 before;

	sim_life(m, late, 1000 * NS_PER_S, 0);
	sim_run(m, 1000 * NS_PER_S);
	before = sim_ran(m, old);
	sim_run(m, 1000 * NS_PER_S + 100 * MS);
	assert_in_range(sim_ran(m, old) - before, 48 * MS, 52 * MS);
	sim_free(m);
}

/* Xen 410d44fc, dae7b62e, 36f3662f: priorities that wrap, credits that are reset too seldom or sink below the idle one's. */
static void test_half_a_year(void **state)
{
	struct sim *m = sim_new(1, "fair", 0, 1);
	struct sim_vcpu *small = scene_vm(m, 1, SIM_HOG, 0, 0), *big = scene_vm(m, SCHED_SHARES_MAX, SIM_PERIODIC, 1, 3600 * NS_PER_S);
	u64 ran;

	sim_run(m, 180ull * 86400 * NS_PER_S);
	scene_vm(m, 1, SIM_HOG, 0, 0);
	m->vcpu[2].start = m->now;
	sim_run(m, m->now + MS);
	ran = sim_ran(m, small);
	sim_life(m, &m->vcpu[2], m->now, 0);
	sim_run(m, m->now + 1000 * MS);
	assert_in_range(sim_ran(m, small) - ran, 495 * MS, 505 * MS);
	assert_true(big->behind < BOUND_MS * 1e6);
	sim_free(m);
}

/* Xen 5c8c0ae7: a capped vCPU was boosted; and one that waits for its budget must hide nobody (07b0eb5d). */
static void test_limit_holds_for_sleepers(void **state)
{
	struct sim *m = sim_new(2, "fair", 0, 1);
	struct sched_params p;

	sched_params_init(&p, 1);
	p.limit = 25 * SCHED_PERCENT;
	sim_vcpu(m, sim_group(m, &p), SIM_PERIODIC, 300 * US, 10 * US);
	sim_vcpu(m, sim_group(m, &p), SIM_HOG, 0, 0);
	scene_vm(m, 10, SIM_RANDOM, MS, 2 * MS);
	sim_run(m, 4 * NS_PER_S);
	assert_true(sim_ran(m, &m->vcpu[0]) <= NS_PER_S + 4 * MS);
	assert_in_range(sim_ran(m, &m->vcpu[1]), NS_PER_S - 4 * MS, NS_PER_S + 4 * MS);
	/* Two pCPUs, three vCPUs, two of them at 25 %: the third never waits for long. */
	assert_true(m->vcpu[2].behind < 2.1e6);
	sim_free(m);
}

static void test_reservation_is_met(void **state)
{
	struct sim *m = sim_new(1, "fair", 0, 1);
	struct sched_params p;

	sched_params_init(&p, 1);
	p.shares = 10;
	p.reservation = 40 * SCHED_PERCENT;
	sim_vcpu(m, sim_group(m, &p), SIM_HOG, 0, 0);
	for (u32 i = 0; i < 9; i++)
		scene_vm(m, 10000, SIM_HOG, 0, 0);
	sim_run(m, 10 * NS_PER_S);
	assert_in_range(sim_ran(m, &m->vcpu[0]), 4 * NS_PER_S - 4 * MS, 4 * NS_PER_S + 4 * MS);
	/* Admission: 60 % are left. */
	p.reservation = 61 * SCHED_PERCENT;
	assert_int_equal(sim_group(m, &p), SCHED_NOWHERE);
	sim_free(m);
}

/* Xen 37b49cb4: a knob was turned while the budget was used up. */
static void test_knob_while_depleted(void **state)
{
	struct sim *m = sim_new(1, "fair", 0, 1);
	struct sched_params p;
	u64 ran;

	sched_params_init(&p, 1);
	p.limit = 1 * SCHED_PERCENT;
	sim_vcpu(m, sim_group(m, &p), SIM_HOG, 0, 0);
	p.limit = 50 * SCHED_PERCENT;
	for (u64 at = 100; at < 110; at++)
		sim_knob(m, at * MS + 7 * US, 0, &p);
	sim_run(m, 110 * MS);
	ran = sim_ran(m, &m->vcpu[0]);
	sim_run(m, 1110 * MS);
	assert_in_range(sim_ran(m, &m->vcpu[0]) - ran, 496 * MS, 504 * MS);
	sim_free(m);
}

/* Both or neither: what does not fit changes nothing. */
static void test_refused_knob_changes_nothing(void **state)
{
	struct sim *m = sim_new(1, "fair", 0, 1);
	struct sched_params p;

	sched_params_init(&p, 1);
	scene_vm(m, 1000, SIM_HOG, 0, 0);
	scene_vm(m, 1000, SIM_HOG, 0, 0);
	p.shares = 9000;
	p.reservation = 200 * SCHED_PERCENT;
	sim_knob(m, 10 * MS, 0, &p);
	sim_run(m, NS_PER_S);
	assert_in_range(sim_ran(m, &m->vcpu[0]), 498 * MS, 502 * MS);
	sim_free(m);
}

/* Xen 07b0eb5d: vCPUs that may not run now hid one behind them that might. */
static void test_depleted_hide_nobody(void **state)
{
	struct sim *m = sim_new(1, "fair", 0, 1);
	struct sim_vcpu *v;
	struct sched_params p;

	sched_params_init(&p, 8);
	p.shares = SCHED_SHARES_MAX;
	p.limit = 1 * SCHED_PERCENT;
	for (u32 g = sim_group(m, &p), i = 0; i < 8; i++)
		sim_vcpu(m, g, SIM_HOG, 0, 0);
	v = scene_vm(m, 1, SIM_PERIODIC, 5 * MS, 5 * MS);
	sim_run(m, NS_PER_S);
	assert_in_range(sim_ran(m, v), 480 * MS, 505 * MS);
	sim_free(m);
}

/* Xen 109e8177, 76023046: a wake-up was lost between two states. Here sleeping, waking and the slice's end fall together. */
static void test_no_wakeup_is_lost(void **state)
{
	struct sim *m = sim_new(3, "fair", 0, 1);

	for (u32 i = 0; i < 9; i++)
		scene_vm(m, 1000, SIM_PERIODIC, 2 * MS, i % 3 ? 2 * MS : 1);
	sim_run(m, 2 * NS_PER_S);
	for (u32 i = 0; i < m->vcpu_count; i++)
		assert_true(sim_ran(m, &m->vcpu[i]) > 300 * MS);
	assert_int_equal(m->unfair_idle, 0);
	assert_true(scene_judge(m).adds_up);
	sim_free(m);
}

/* Xen d531e84d: one that sleeps again at the moment it wakes. */
static void test_sleeps_as_it_wakes(void **state)
{
	struct sim *m = sim_new(1, "fair", 0, 1);

	scene_vm(m, 1000, SIM_PERIODIC, 1, 1);
	scene_vm(m, 1000, SIM_PERIODIC, 1, 3);
	scene_vm(m, 1000, SIM_HOG, 0, 0);
	sim_run(m, 200 * US);
	assert_true(sim_ran(m, &m->vcpu[2]) > 40 * US);
	assert_true(scene_judge(m).adds_up);
	sim_free(m);
}

static void only_on(struct sim *m, void *ctx)
{
	struct sim_vcpu *v = &m->vcpu[0];

	if (m->now > 101 * MS && v->ent.state == SCHED_RUNNING)
		assert_true(sched_mask_has(&v->ent.group->params.cpus, v->ent.cpu));
}

/* Xen 9a36de17: migration raced with running. The affinity changes while it runs, waits and sleeps. */
static void test_affinity_changes_under_it(void **state)
{
	struct sim *m = sim_new(4, "fair", 0, 1);
	struct sched_params p;

	sched_params_init(&p, 4);
	for (u32 g = sim_group(m, &p), i = 0; i < 4; i++)
		sim_vcpu(m, g, i % 2 ? SIM_RANDOM : SIM_HOG, 700 * US, 900 * US);
	for (u32 i = 0; i < 6; i++)
		scene_vm(m, 1000, SIM_HOG, 0, 0);
	for (u32 i = 0; i < 200; i++) {
		memset(&p.cpus, 0, sizeof(p.cpus));
		p.cpus.word[0] = 1 + sim_random(m, 15);
		sim_knob(m, 100 * MS + i * 1300 * US, 0, &p);
	}
	m->watch = only_on;
	sim_run(m, 500 * MS);
	assert_true(scene_judge(m).adds_up);
	/* Pinned to the last of them, it still has all it is entitled to there. */
	assert_true(sim_ran(m, &m->vcpu[0]) > 20 * MS);
	sim_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_theft_by_sleeping),
		cmocka_unit_test(test_newcomer_starves_nobody),
		cmocka_unit_test(test_half_a_year),
		cmocka_unit_test(test_limit_holds_for_sleepers),
		cmocka_unit_test(test_reservation_is_met),
		cmocka_unit_test(test_knob_while_depleted),
		cmocka_unit_test(test_refused_knob_changes_nothing),
		cmocka_unit_test(test_depleted_hide_nobody),
		cmocka_unit_test(test_no_wakeup_is_lost),
		cmocka_unit_test(test_sleeps_as_it_wakes),
		cmocka_unit_test(test_affinity_changes_under_it),
	};

	return cmocka_run_group_tests_name("fair_faults", tests, NULL, NULL);
}

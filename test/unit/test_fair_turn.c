// SPDX-License-Identifier: BSD-2-Clause
/* A turn in one call (sched/fair_turn.c) is what charge, enqueue and pick are one after the other: the same schedule, to the ns. */
#include "unit.h"

#include <test/sim/scenes.h>

#define MS NS_PER_MS

static void same(const struct sim *a, const struct sim *b, const char *name)
{
	for (u32 i = 0; i < a->vcpu_count; i++) {
		const struct sim_vcpu *v = &a->vcpu[i], *w = &b->vcpu[i];

		if (v->ent.ran != w->ent.ran || v->switches != w->switches || v->last_cpu != w->last_cpu ||
		    v->ent.served != w->ent.served || v->ent.due != w->ent.due || v->ent.state != w->ent.state)
			fail_msg("%s at %llu: vCPU %u ran %llu and %llu ns", name, (unsigned long long)a->now, i,
				 (unsigned long long)v->ent.ran, (unsigned long long)w->ent.ran);
	}
}

static void run_both(struct sim *turns, struct sim *steps, u64 length, const char *name)
{
	steps->stepwise = true;
	for (u64 at = length / 20; at <= length; at += length / 20) {
		sim_run(turns, at);
		sim_run(steps, at);
		same(turns, steps, name);
	}
	sim_free(turns);
	sim_free(steps);
}

static void test_every_scene(void **state)
{
	for (u32 i = 0; i < scene_count; i++) {
		const struct scene *s = &scenes[i];

		if (s->cpus <= 64)
			run_both(scene_start(s, "fair", 120 * MS, 1), scene_start(s, "fair", 120 * MS, 1), 120 * MS, s->name);
	}
}

static void test_random_scenes(void **state)
{
	static const u32 what[] = { 0, RANDOM_LIMITED, RANDOM_RESERVED, RANDOM_POOLS | RANDOM_LIMITED, RANDOM_NESTED, RANDOM_OVERLAP,
				    RANDOM_RANGES };

	for (u32 i = 0; i < ARRAY_LEN(what); i++)
		for (u64 seed = 1; seed <= 5; seed++)
			run_both(scene_random(seed, what[i], 200 * MS), scene_random(seed, what[i], 200 * MS), 200 * MS, "random");
}

/* The short way is taken at all: two hogs change places in a few steps. */
static void test_it_is_short(void **state)
{
	u64 steps[2];

	for (u32 i = 0; i < 2; i++) {
		struct sim *m = sim_new(1, "fair", 0, 1);

		m->stepwise = i;
		scene_vm(m, 1000, SIM_HOG, 0, 0);
		scene_vm(m, 1001, SIM_HOG, 0, 0);
		sim_run(m, 100 * MS);
		m->steps = 0;
		sim_run(m, 1000 * MS);
		steps[i] = m->steps;
		/* Nor does it need the machine for itself. */
		assert_true(i || m->turns_beside * 100 > m->turns * 97);
		sim_free(m);
	}
	assert_true(steps[0] * 3 < steps[1] * 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_scene),
		cmocka_unit_test(test_random_scenes),
		cmocka_unit_test(test_it_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

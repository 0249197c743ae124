// SPDX-License-Identifier: BSD-2-Clause
/* A turn in one call (sched/fair_turn.c) is what charge, enqueue and pick are one after the other: the same schedule, to the ns. */
#include "unit.h"

#include <sched/fluid.h>
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

/* At least `percent` of the turns are to go beside those of other pCPUs. */
static void run_both(struct sim *turns, struct sim *steps, u64 length, const char *name, u32 percent)
{
	steps->stepwise = true;
	for (u64 at = length / 20; at <= length; at += length / 20) {
		sim_run(turns, at);
		sim_run(steps, at);
		same(turns, steps, name);
	}
	if (turns->turns_beside * 100 < turns->turns * percent)
		fail_msg("%s on %u: %llu of %llu turns", name, turns->cpus, (unsigned long long)turns->turns_beside,
			 (unsigned long long)turns->turns);
	sim_free(turns);
	sim_free(steps);
}

static void test_every_scene(void **state)
{
	for (u32 i = 0; i < scene_count; i++) {
		const struct scene *s = &scenes[i];

		if (s->cpus <= 64)
			run_both(scene_start(s, "fair", 120 * MS, 1), scene_start(s, "fair", 120 * MS, 1), 120 * MS, s->name, 0);
	}
}

static void test_random_scenes(void **state)
{
	/* Each has shown a mistake: in when they leave who linger, in a turn that is undone, in where it has looked, in what it leaves behind. */
	static const struct {
		u64 seed;
		u32 what;
	} odd[] = { { 2676, 20 }, { 2781, 29 }, { 2982, 6 }, { 3095, 23 }, { 5254, 6 }, { 7622, 6 },
		    { 1045, 21 }, { 1284, 4 }, { 1286, 6 }, { 10071, 23 }, { 10293, 53 }, { 11239, 39 } };

	/* All that they may have, in all ways. */
	for (u32 what = 0; what < 2 * RANDOM_RANGES; what++)
		for (u64 seed = 1; seed <= 2; seed++)
			run_both(scene_random(seed, what, 200 * MS), scene_random(seed, what, 200 * MS), 200 * MS, "random", 0);
	for (u32 i = 0; i < ARRAY_LEN(odd); i++)
		run_both(scene_random(odd[i].seed, odd[i].what, 300 * MS), scene_random(odd[i].seed, odd[i].what, 300 * MS), 300 * MS,
			 "odd", 0);
}

/* When virtual time will be so far does not depend on how often somebody has asked how far it is. */
static void test_time_of_virtual_time(void **state)
{
	for (u32 i = 1; i < 500; i++) {
		struct sched_line l = { .rate = i * 7919 * SCHED_PERCENT / 1000, .weight = 1 + i * i % 9973, .clock = i, .at = 1000 * i };
		u64 virt = l.clock + 1 + i * 104729 % 20000000, when = fluid_time(&l, virt);

		assert_true(fluid_virtual_at(&l, when) >= virt && fluid_virtual_at(&l, when - 1) < virt);
		for (u32 k = 0; k < 20 && l.at + 1 < when; k++) {
			fluid_virtual(&l, l.at + (when - l.at) / 3);
			assert_true(l.clock >= virt || fluid_time(&l, virt) == when);
		}
	}
}

/* Four VMs for each pCPU, that differ from those of "shares" in one way. */
struct shape {
	const char *name;
	u32 pools;
	bool nested, limits, reservations, sleepers;
	u32 sets; /* of pCPUs: two halves, and all */
	u32 percent;
};

static void choose_cpus(struct sched_params *p, u32 set, u32 cpus)
{
	for (u32 cpu = 0; set < 2 && cpu < cpus; cpu++)
		if (cpu / (cpus / 2) != set)
			p->cpus.word[cpu / 64] &= ~(1ull << cpu % 64);
}

static struct sim *start(const struct shape *shape, u32 cpus)
{
	struct sim *m = sim_new(cpus, "fair", 0, 1);
	struct sched_params p;

	for (u32 i = 0; i < shape->pools; i++) {
		sched_params_init(&p, 4);
		p.pool = true;
		p.shares = 1000 * (i + 1);
		p.parent = shape->nested && i ? &m->group[i / 2].sched : NULL;
		p.limit = shape->limits && i == 1 ? 20 * cpus * SCHED_PERCENT : 0;
		if (shape->sets)
			choose_cpus(&p, i % shape->sets, cpus);
		sim_group(m, &p);
	}
	for (u32 i = 0; i < 4 * cpus; i++) {
		sched_params_init(&p, 1);
		p.shares = 1000 + 100 * (i % 7);
		p.parent = shape->pools ? &m->group[i % shape->pools].sched : NULL;
		p.limit = shape->limits && i % 3 == 0 ? 10 * SCHED_PERCENT : 0;
		p.reservation = shape->reservations && i % 3 == 1 ? 40 * SCHED_PERCENT : 0;
		if (shape->sets)
			choose_cpus(&p, i % shape->sets, cpus);
		sim_vcpu(m, sim_group(m, &p), shape->sleepers && i % 4 == 3 ? SIM_RANDOM : SIM_HOG, MS, 2 * MS);
	}
	return m;
}

/* Most turns need nobody else, whatever the VMs have. */
static void test_most_are_beside(void **state)
{
	static const struct shape shapes[] = {
		{ .name = "shares", .percent = 65 },
		{ .name = "pools", .pools = 4, .percent = 55 },
		{ .name = "pools in pools", .pools = 4, .nested = true, .percent = 20 },
		{ .name = "limits", .limits = true, .percent = 65 },
		{ .name = "reservations", .reservations = true, .percent = 60 },
		{ .name = "both", .limits = true, .reservations = true, .percent = 65 },
		{ .name = "limits and pools", .pools = 4, .limits = true, .percent = 35 },
		{ .name = "halves", .sets = 2, .percent = 65 },
		{ .name = "halves and all", .sets = 3, .percent = 65 },
		{ .name = "pools in halves", .pools = 4, .sets = 2, .percent = 60 },
		{ .name = "sleepers", .sleepers = true, .percent = 70 },
		{ .name = "sleepers in pools", .pools = 4, .sleepers = true, .percent = 50 },
	};

	for (u32 i = 0; i < ARRAY_LEN(shapes); i++)
		for (u32 cpus = 2; cpus <= 32; cpus *= 4)
			run_both(start(&shapes[i], cpus), start(&shapes[i], cpus), 400 * MS, shapes[i].name, shapes[i].percent);
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
		cmocka_unit_test(test_time_of_virtual_time),
		cmocka_unit_test(test_most_are_beside),
		cmocka_unit_test(test_it_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

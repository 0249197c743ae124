// SPDX-License-Identifier: BSD-2-Clause
/* monitor/: what VMs are promised, and what they get. */
#include "monitor_rig.h"

#define HEAD "VM                 shares reservation     limit  cpus\r\n"

static void shows_what_is_promised(void **state)
{
	expect("sched", "policy rr, slice 2000 us\r\n" HEAD "guest                1000         0 %      none  0-3\r\n");
	expect("sched guest", "guest                1000         0 %      none  0-3\r\n");
}

static void changes_it(void **state)
{
	expect("sched guest shares=high limit=150% reservation=20", "guest                4000        20 %     150 %  0-3\r\n");
	assert_int_equal(vm->sched.params.shares, 4000);
	assert_int_equal(vm->sched.params.limit, 150 * SCHED_PERCENT);
	assert_int_equal(vm->sched.params.reservation, 20 * SCHED_PERCENT);
	expect("sched guest limit=none reservation=none cpus=0,2-3 priority=3", "guest                4000         0 %      none  0,2-3\r\n");
	assert_int_equal(vm->sched.params.limit, 0);
	assert_int_equal(vm->sched.params.prio, 3);
}

/* One word is wrong: none of the line is done. */
static void all_or_nothing(void **state)
{
	struct sched_params before = vm->sched.params;

	expect("sched guest shares=5 limit=x", "sched: bad number 'x' for 'limit'\r\n");
	expect("sched guest shares=5 cpus=", "sched: bad CPU range ''\r\n");
	expect("sched guest shares=5 weight=1", "sched: no 'weight' can be set: only shares, reservation, limit, cpus and priority\r\n");
	expect("sched guest shares=0", "sched: shares '0' is out of range; it may be 1 to 1000000\r\n");
	expect("sched guest limit=20 reservation=30", "sched: out of range; nothing was changed\r\n");
	expect("sched guest limit", "sched: bad number '' for 'limit'\r\n");
	expect("sched nobody shares=5", "there is no VM \"nobody\"; `list` shows them\r\n");
	assert_memory_equal(&vm->sched.params, &before, sizeof(before));
}

static void add(struct vcpu *of, u64 used, u64 ready)
{
	of->run.times.ns[RUN_STATE_RUNNING] += used;
	of->run.times.ns[RUN_STATE_READY] += ready;
}

static const char *second_of_top(void)
{
	clear();
	fake_time_advance(NS_PER_S);
	return screen;
}

static void has(const char *text)
{
	if (!strstr(screen, text))
		fail_msg("\"%s\" is not in: %s", text, screen);
}

static void top_shows_the_last_second(void **state)
{
	type("\001mtop\r");
	has("VM               vcpus   %used  %ready");
	add(v, 250 * NS_PER_MS, 500 * NS_PER_MS);
	add(vm->vcpu[1], 125 * NS_PER_MS, 0);
	second_of_top();
	has("guest                2    37.5    50.0     0.0     0.0    37.5");
	/* And not what was before. */
	second_of_top();
	has("guest                2     0.0     0.0     0.0     0.0     0.0");
	has("      375000000      375000000");
	type("q");
	clear();
	fake_time_advance(5 * NS_PER_S);
	assert_string_equal(screen, "");
	type("list\r");
	has("guest            running");
}

static void top_sorts_and_shows_vcpus(void **state)
{
	const char *first, *second;

	type("\001mtop guest\r");
	add(vm->vcpu[1], 700 * NS_PER_MS, 0);
	add(v, 100 * NS_PER_MS, 0);
	second_of_top();
	first = strstr(screen, "guest/1              1    70.0");
	second = strstr(screen, "guest/0              1    10.0");
	assert_true(first && second && first < second);
	type("q");
	expect("top nobody", "there is no VM \"nobody\"; `list` shows them\r\n");
}

static void top_survives_the_end_of_a_vm(void **state)
{
	type("\001mtop\r");
	vm_end(vm, VM_STOP, "test");
	fake_run_all(1000);
	second_of_top();
	has("VM               vcpus");
	assert_null(strstr(screen, "guest  "));
	type("q");
}

/* A VM that is started anew begins to count again. */
static void top_counts_no_less_than_nothing(void **state)
{
	v->run.times.switches = 1000;
	type("\001mtop\r");
	v->run.times.switches = 7;
	second_of_top();
	has("      0      0              0              0"); /* moves, turns; CPU time, due */
	type("q");
}

static void processors(void **state)
{
	expect_has("pcpus", "timer interrupts, after");
	expect_has("pcpus", "   3                0                 0\r\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(shows_what_is_promised),
		TEST(changes_it),
		TEST(all_or_nothing),
		TEST(top_shows_the_last_second),
		TEST(top_sorts_and_shows_vcpus),
		TEST(top_survives_the_end_of_a_vm),
		TEST(top_counts_no_less_than_nothing),
		TEST(processors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
/* The emulated LAPIC's timer: one tick is 1 ns before the divider. */
#include "lapic_rig.h"

static struct lapic *const l = &rig.cpu[0];

static u64 deadline(void)
{
	u64 val;

	assert_true(lapic_msr_read(l, MSR_TSC_DEADLINE, &val));
	return val;
}

static void set_deadline(u64 tsc)
{
	assert_true(lapic_msr_write(l, MSR_TSC_DEADLINE, tsc));
}

static bool in_two_steps;

/* Takes the timer's interrupt, 40h, if it is there. */
static bool tick(void)
{
	if ((in_two_steps ? lapic_pending(l) : lapic_take(l)) != 0x40)
		return false;
	if (in_two_steps)
		lapic_accept(l, 0x40);
	wr(l, EOI, 0);
	return true;
}

static void start(u32 lvt)
{
	rig_start(1);
	wr(l, DIVIDE, DIVIDE_BY_1);
	wr(l, TIMER, 0x40 | lvt);
}

static void one_shot(void **state)
{
	start(0);
	wr(l, INITIAL, 100000);
	assert_int_equal(rd(l, COUNT), 100000);
	fake_time_advance(40000);
	assert_int_equal(rd(l, COUNT), 60000);
	fake_time_advance(59999);
	assert_int_equal(rd(l, COUNT), 1);
	assert_false(lapic_has_work(l, true));
	fake_time_advance(1);
	assert_int_equal(rig.kicks[0], 1);
	assert_true(lapic_has_work(l, true));
	assert_false(lapic_has_work(l, false));
	assert_true(tick());
	assert_int_equal(rd(l, COUNT), 0);
	assert_int_equal(rd(l, INITIAL), 100000);
	fake_time_advance(NS_PER_S);
	assert_false(tick());
	assert_int_equal(rig.kicks[0], 1);
}

static void stopped_by_initial_count_0(void **state)
{
	start(0);
	wr(l, INITIAL, 100000);
	wr(l, INITIAL, 0);
	assert_int_equal(rd(l, COUNT), 0);
	assert_int_equal(fake_time_next(), TIME_NEVER);
}

static void dividers(void **state)
{
	static const struct {
		u32 code, divide;
	} rows[] = { { 0x0, 2 },  { 0x1, 4 },  { 0x2, 8 },   { 0x3, 16 },
		     { 0x8, 32 }, { 0x9, 64 }, { 0xa, 128 }, { 0xb, 1 } };

	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		start(0);
		wr(l, DIVIDE, rows[i].code);
		wr(l, INITIAL, 0xffffffff);
		assert_int_equal(fake_time_next(), 0xffffffffull * rows[i].divide);
		fake_time_advance(1000 * rows[i].divide);
		assert_int_equal(rd(l, COUNT), 0xffffffff - 1000);
	}
	/* The count goes on from where it is when the divider changes. */
	wr(l, DIVIDE, 0xa);
	assert_int_equal(rd(l, COUNT), 0xffffffff - 1000);
	fake_time_advance(1280);
	assert_int_equal(rd(l, COUNT), 0xffffffff - 1010);
}

static void periodic(void **state)
{
	start(PERIODIC);
	wr(l, INITIAL, 1000000);
	for (u32 i = 1; i <= 10; i++) {
		fake_time_advance(999999);
		assert_false(tick());
		fake_time_advance(1);
		assert_true(tick());
		assert_int_equal(rig.kicks[0], i);
	}
	assert_int_equal(rd(l, COUNT), 1000000);
	/* A vCPU that does not run costs one host timer, and gets one interrupt in the old
	 * phase. */
	fake_time_advance(5500000);
	assert_int_equal(rig.kicks[0], 11);
	assert_true(tick());
	assert_false(tick());
	assert_int_equal(rd(l, COUNT), 500000);
	assert_int_equal(fake_time_next(), 16 * NS_PER_MS);
}

/* 1 tick a period: 1 interrupt a ns, if the host let it. */
static void tiny_period_does_not_starve_the_host(void **state)
{
	u32 ticks = 0;

	start(PERIODIC);
	wr(l, INITIAL, 1);
	for (u32 i = 0; i < 1000; i++) {
		fake_time_advance(10000);
		ticks += tick();
	}
	assert_in_range(rig.kicks[0], 40, 51); /* 10 ms / 200 us */
	assert_in_range(ticks, 40, 51);
	assert_int_equal(rd(l, COUNT), 1);
	/* The count of a stretched period shows the period. */
	wr(l, INITIAL, 700);
	fake_time_advance(700);
	assert_true(tick());
	for (u32 i = 1; i < 700; i++) {
		fake_time_advance(1);
		assert_int_equal(rd(l, COUNT), 700 - i);
	}
	fake_time_advance(1);
	assert_int_equal(rd(l, COUNT), 700);
}

static void masked(void **state)
{
	start(MASKED);
	wr(l, INITIAL, 50000);
	assert_int_equal(fake_time_next(), TIME_NEVER);
	fake_time_advance(10000);
	assert_int_equal(rd(l, COUNT), 40000);
	wr(l, TIMER, 0x40);
	assert_int_equal(fake_time_next(), 50000);
	wr(l, TIMER, 0x40 | MASKED);
	assert_int_equal(fake_time_next(), TIME_NEVER);
	/* It ran out while masked: that interrupt never comes. */
	fake_time_advance(50000);
	wr(l, TIMER, 0x40);
	fake_time_advance(50000);
	assert_false(tick());
}

/* The LVT in force when the count ended decides, not the one at the time the owner looks. */
static void masked_after_expiry(void **state)
{
	start(0);
	wr(l, INITIAL, 50000);
	fake_time_advance(50000);
	wr(l, TIMER, 0x41 | MASKED);
	assert_true(tick());
}

static void software_disable_masks(void **state)
{
	start(PERIODIC);
	wr(l, INITIAL, 50000);
	wr(l, SVR, 0xff);
	assert_int_equal(fake_time_next(), TIME_NEVER);
	fake_time_advance(500000);
	assert_false(tick());
}

static void tsc_deadline(void **state)
{
	/* In the other modes the MSR is not there to be armed. */
	start(0);
	set_deadline(1000);
	assert_int_equal(deadline(), 0);

	start(DEADLINE);
	rig.tsc_offset = 5000;
	set_deadline(45000);
	assert_int_equal(deadline(), 45000);
	assert_int_equal(fake_time_next(), 40000);
	wr(l, INITIAL, 1000); /* ignored */
	assert_int_equal(rd(l, COUNT), 0);
	fake_time_advance(39999);
	assert_false(tick());
	fake_time_advance(1);
	assert_true(tick());
	assert_int_equal(deadline(), 0);
	/* A deadline in the past is due at once. */
	set_deadline(45000);
	assert_true(tick());
	assert_int_equal(deadline(), 0);
	set_deadline(1);
	assert_true(tick());
	/* 0 disarms. */
	set_deadline(50000);
	set_deadline(0);
	assert_int_equal(fake_time_next(), TIME_NEVER);
	/* One that never comes. */
	set_deadline(~0ull);
	fake_time_advance(NS_PER_S);
	assert_false(tick());
	assert_int_equal(deadline(), ~0ull);
	/* Another mode forgets it. */
	wr(l, TIMER, 0x40);
	wr(l, TIMER, 0x40 | DEADLINE);
	assert_int_equal(deadline(), 0);
	assert_int_equal(fake_time_next(), TIME_NEVER);
}

static void deadline_follows_the_tsc(void **state)
{
	start(DEADLINE);
	set_deadline(100000);
	rig.tsc_offset = 60000;
	lapic_tsc_moved(l);
	assert_int_equal(fake_time_next(), 40000);
	rig.tsc_offset = 200000;
	lapic_tsc_moved(l);
	assert_true(tick());
	/* Nothing armed: nothing happens. */
	lapic_tsc_moved(l);
	assert_false(tick());
}

static void mode_changes(void **state)
{
	/* One-shot to periodic in flight: the count goes on and then repeats. */
	start(0);
	wr(l, INITIAL, 1000000);
	fake_time_advance(300000);
	wr(l, TIMER, 0x40 | PERIODIC);
	assert_int_equal(rd(l, COUNT), 700000);
	fake_time_advance(700000);
	assert_true(tick());
	fake_time_advance(1000000);
	assert_true(tick());
	/* To the deadline mode: disarmed. */
	wr(l, TIMER, 0x40 | DEADLINE);
	assert_int_equal(fake_time_next(), TIME_NEVER);
	assert_int_equal(rd(l, INITIAL), 0);
	/* The reserved mode stands still. */
	wr(l, TIMER, 0x40 | DEADLINE | PERIODIC);
	wr(l, INITIAL, 100);
	set_deadline(100);
	fake_time_advance(1000000);
	assert_false(tick());
	assert_int_equal(rd(l, COUNT), 0);
}

/* The callback ran late, on another pCPU, after the owner had set the timer anew: a hint without an
 * expiry. */
static void stale_callback(void **state)
{
	start(0);
	wr(l, INITIAL, 50000);
	l->timer.fn(l->timer.ctx);
	assert_true(lapic_has_work(l, true));
	assert_false(tick());
	assert_false(lapic_has_work(l, true));
	assert_int_equal(fake_time_next(), 50000);
	fake_time_advance(50000);
	assert_true(tick());
}

static void illegal_vector(void **state)
{
	start(0);
	wr(l, TIMER, 3);
	wr(l, INITIAL, 30000);
	fake_time_advance(30000);
	assert_int_equal(lapic_pending(l), -1);
	wr(l, ESR, 0);
	assert_int_equal(rd(l, ESR), 0x40);
}

static void reset_cancels(void **state)
{
	start(PERIODIC);
	wr(l, INITIAL, 30000);
	lapic_reset(l, true);
	assert_int_equal(fake_time_next(), TIME_NEVER);
	assert_int_equal(rd(l, COUNT), 0);
	start(DEADLINE);
	set_deadline(1000000);
	assert_true(lapic_msr_write(l, MSR_APIC_BASE, LAPIC_BASE_DEFAULT));
	assert_int_equal(fake_time_next(), TIME_NEVER);
	assert_int_equal(deadline(), 0);
}

static int one_step(void **state)
{
	in_two_steps = false;
	return 0;
}

static int two_steps(void **state)
{
	in_two_steps = true;
	return 0;
}

#define BOTH(test) cmocka_unit_test_setup(test, one_step), cmocka_unit_test_setup(test, two_steps)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(one_shot),
		BOTH(stopped_by_initial_count_0),
		BOTH(dividers),
		BOTH(periodic),
		BOTH(tiny_period_does_not_starve_the_host),
		BOTH(masked),
		BOTH(masked_after_expiry),
		BOTH(software_disable_masks),
		BOTH(tsc_deadline),
		BOTH(deadline_follows_the_tsc),
		BOTH(mode_changes),
		BOTH(stale_callback),
		BOTH(illegal_vector),
		BOTH(reset_cancels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

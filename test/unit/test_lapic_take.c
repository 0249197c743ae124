// SPDX-License-Identifier: BSD-2-Clause
/*
 * lapic_take() against lapic_pending() and lapic_accept(): two LAPICs that the same happens to, of which one takes its interrupts in one
 * step and the other in two, never differ. What both keep besides the page is compared with it.
 */
#include "lapic_rig.h"

#define STEPS 200000

static struct lapic *const one = &rig.cpu[0], *const two = &rig.cpu[1];
static u64 seed;

static u32 random_below(u32 n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(seed >> 33) % n;
}

static void both_write(u32 off, u32 val)
{
	wr(one, off, val);
	wr(two, off, val);
}

static void both_get(u8 vector, bool level)
{
	for (u32 id = 0; id < 2; id++) {
		const struct apic_msg msg = { .dest = id, .vector = vector, .level = level };

		lapic_bus_send(&rig.bus, &msg);
	}
}

/* In the three modes, sometimes masked, sometimes with a vector that an APIC refuses. */
static void set_timer(void)
{
	static const u32 modes[] = { 0, PERIODIC, DEADLINE };
	u32 mode = modes[random_below(3)], due = random_below(500000);

	both_write(TIMER, mode | (random_below(8) ? 0 : MASKED) | (random_below(16) ? 0x40 + random_below(4) * 0x20 : 5));
	if (mode != DEADLINE) {
		both_write(INITIAL, due);
		return;
	}
	assert_true(lapic_msr_write(one, MSR_TSC_DEADLINE, time_now() + due));
	assert_true(lapic_msr_write(two, MSR_TSC_DEADLINE, time_now() + due));
}

static void something_happens(void)
{
	switch (random_below(6)) {
	case 0:
		both_get((u8)(0x20 + random_below(0xe0)), random_below(2));
		break;
	case 1:
		both_write(EOI, 0);
		break;
	case 2:
		both_write(TPR, random_below(4) ? 0 : random_below(0x100));
		break;
	case 3:
		set_timer();
		break;
	case 4:
		both_write(ESR, 0);
		break;
	default:
		fake_time_advance(random_below(300000));
	}
}

static void assert_words(struct lapic *l)
{
	for (u32 i = 0; i < APIC_VECTOR_REGS; i++) {
		assert_int_equal(l->requested >> i & 1, apic_page_get(l->page, APIC_REG_IRR + i) != 0);
		assert_int_equal(l->in_service >> i & 1, apic_page_get(l->page, APIC_REG_ISR + i) != 0);
	}
}

static void same_in_one_step_and_in_two(void **state)
{
	unsigned taken = 0;

	rig_start(2);
	both_write(DIVIDE, DIVIDE_BY_1);
	both_write(ERROR, 0x33);
	for (u32 i = 0; i < STEPS; i++) {
		int want;

		for (u32 things = random_below(4); things; things--)
			something_happens();
		want = lapic_pending(two);
		if (want >= 0)
			lapic_accept(two, (u8)want);
		assert_int_equal(lapic_take(one), want);
		taken += want >= 0;
		for (u32 reg = APIC_REG_TPR; reg < APIC_REGS; reg++)
			if (reg != APIC_REG_LDR)
				assert_int_equal(apic_page_get(one->page, reg), apic_page_get(two->page, reg));
		assert_words(one);
		assert_words(two);
	}
	assert_true(taken > STEPS / 20);
}

/* The timer's vector is 51h, and the vCPU handles an interrupt. */
static void busy_with(u8 vector, bool level)
{
	rig_start(1);
	wr(one, DIVIDE, DIVIDE_BY_1);
	wr(one, TIMER, 0x51);
	interrupt(vector, level);
	assert_int_equal(lapic_take(one), vector);
}

/* It goes past the IRR, but a level-triggered one of its vector that came before has left its mark in the TMR. */
static void the_timer_is_an_edge(void **state)
{
	busy_with(0x51, true);
	wr(one, EOI, 0);
	assert_int_equal(rig.eois, 1);
	wr(one, INITIAL, 1000);
	fake_time_advance(1000);
	assert_int_equal(lapic_take(one), 0x51);
	wr(one, EOI, 0);
	assert_int_equal(rig.eois, 1);
}

static void the_timer_waits_for_its_betters(void **state)
{
	busy_with(0x61, false);
	wr(one, INITIAL, 1000);
	fake_time_advance(1000);
	assert_int_equal(lapic_take(one), -1);
	assert_true(requested(one, 0x51));
	wr(one, EOI, 0);
	wr(one, INITIAL, 1000);
	interrupt(0x71, false);
	fake_time_advance(1000);
	assert_int_equal(lapic_take(one), 0x71);
	wr(one, EOI, 0);
	assert_int_equal(lapic_take(one), 0x51);
	assert_int_equal(lapic_take(one), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_in_one_step_and_in_two),
		cmocka_unit_test(the_timer_is_an_edge),
		cmocka_unit_test(the_timer_waits_for_its_betters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The emulated LAPIC's page, as a CPU uses it that serves x2APIC mode by itself: the test plays
 * that CPU.
 */
#include "lapic_rig.h"

#include <pthread.h>

static struct lapic *const l = &rig.cpu[0];
static struct apic_page *const page = &rig.page[0];

static int setup(void **state)
{
	rig_start(2);
	rig.by_cpu = true;
	to_x2apic(l);
	assert_true(lapic_msr_write(l, 0x80f, 0x1ff));
	return 0;
}

static u64 rdmsr(u32 msr)
{
	u64 val = 0;

	assert_true(lapic_msr_read(l, msr, &val));
	return val;
}

static void set_bit(u32 first, u8 vector, bool on)
{
	u32 reg = first + vector / 32u, bit = 1u << vector % 32, word = apic_page_get(page, reg);

	apic_page_set(page, reg, on ? word | bit : word & ~bit);
}

/* "Virtual-Interrupt Delivery". */
static void cpu_delivers(u8 vector)
{
	set_bit(APIC_REG_IRR, vector, false);
	set_bit(APIC_REG_ISR, vector, true);
	apic_page_set(page, APIC_REG_PPR, vector & 0xf0);
}

static void cpu_ends(u8 vector)
{
	set_bit(APIC_REG_ISR, vector, false);
	apic_page_set(page, APIC_REG_PPR, 0);
}

/* RDMSR of the page gives what an exit would have given. */
static void assert_page_is_complete(void)
{
	for (u32 reg = 0; reg < APIC_REGS; reg++) {
		u64 val;

		if (reg == APIC_REG_TIMER_COUNT || !lapic_msr_read(l, 0x800 + reg, &val))
			continue;
		assert_int_equal(apic_page_get(page, reg), (u32)val);
		assert_int_equal(page->reg[reg].high, val >> 32);
	}
}

static void every_register_is_in_the_page(void **state)
{
	assert_page_is_complete();
	for (u32 reg = 0; reg < APIC_REGS; reg++)
		for (u32 bit = 0; bit < 64; bit++)
			lapic_msr_write(l, 0x800 + reg, BIT(bit));
	assert_true(lapic_msr_write(l, 0x830, 0x12345678000c4051));
	assert_page_is_complete();
	assert_true(lapic_msr_write(l, 0x80f, 0x1ff));
	assert_true(lapic_msr_write(l, 0x808, 0));
	interrupt(0x51, true);
	assert_int_equal(lapic_pending(l), 0x51);
	lapic_accept(l, 0x51);
	assert_page_is_complete();
	lapic_reset(l, true);
	assert_page_is_complete();
	assert_int_equal(apic_page_get(page, APIC_REG_LDR), 1);
}

static void the_mode_is_told(void **state)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	assert_true(rig.x2apic[0]);
	assert_false(rig.x2apic[1]);
	lapic_reset(l, true);
	assert_true(rig.x2apic[0]);
	assert_true(
	    lapic_msr_write(l, MSR_APIC_BASE, base & ~(APIC_BASE_ENABLE | APIC_BASE_X2APIC)));
	assert_false(rig.x2apic[0]);
	assert_true(lapic_msr_write(l, MSR_APIC_BASE, base & ~APIC_BASE_X2APIC));
	assert_false(rig.x2apic[0]);
	to_x2apic(l);
	assert_true(rig.x2apic[0]);
	lapic_reset(l, false);
	assert_false(rig.x2apic[0]);
}

/* What is posted while the CPU has the page stays out of it until the owner looks. */
static void posts_stay_out_of_the_page(void **state)
{
	interrupt(0x51, false);
	interrupt(0x92, true);
	assert_int_equal(apic_page_highest(page, APIC_REG_IRR), -1);
	assert_int_equal(apic_page_highest(page, APIC_REG_TMR), -1);
	assert_true(lapic_has_work(l, true));
	assert_false(lapic_has_work(l, false));
	assert_int_equal(lapic_pending(l), 0x92);
	assert_int_equal(apic_page_highest(page, APIC_REG_IRR), 0x92);
	assert_int_equal(apic_page_highest(page, APIC_REG_TMR), 0x92);
	assert_true(lapic_has_work(l, true));
	/* What the CPU knows of priorities counts. */
	cpu_delivers(0x92);
	assert_int_equal(lapic_pending(l), -1);
	assert_false(lapic_has_work(l, true));
	interrupt(0x9f, false);
	assert_false(lapic_has_work(l, true));
	interrupt(0xa0, false);
	assert_true(lapic_has_work(l, true));
}

static void eoi_of_a_level_interrupt_is_broadcast(void **state)
{
	interrupt(0x51, true);
	assert_int_equal(lapic_pending(l), 0x51);
	cpu_delivers(0x51);
	cpu_ends(0x51);
	lapic_written(l, APIC_REG_EOI, 0x51);
	assert_int_equal(rig.eois, 1);
	assert_int_equal(rig.eoi_vector, 0x51);
	/* The next one is an edge; the exit was prepared for the last. */
	interrupt(0x51, false);
	assert_int_equal(lapic_pending(l), 0x51);
	cpu_delivers(0x51);
	cpu_ends(0x51);
	lapic_written(l, APIC_REG_EOI, 0x51);
	assert_int_equal(rig.eois, 1);
}

/* What it has done to the page is known when the CPU leaves it: the reset that this takes forgets it. */
static void no_longer_by_the_cpu(void **state)
{
	interrupt(0x51, false);
	assert_int_equal(lapic_pending(l), 0x51);
	cpu_delivers(0x51);
	lapic_reset(l, false);
	wr(l, SVR, 0x1ff);
	wr(l, EOI, 0);
	assert_int_equal(lapic_take(l), -1);
	interrupt(0x31, false);
	assert_int_equal(lapic_take(l), 0x31);
	assert_int_equal(rd(l, PPR), 0x30);
}

static void level_wins_over_edge(void **state)
{
	interrupt(0x51, true);
	interrupt(0x51, false);
	assert_int_equal(lapic_pending(l), 0x51);
	assert_int_equal(apic_page_highest(page, APIC_REG_TMR), 0x51);
}

static void self_ipi_that_the_cpu_refuses(void **state)
{
	lapic_written(l, APIC_REG_SELF_IPI, 5);
	assert_int_equal(lapic_pending(l), -1);
	assert_true(lapic_msr_write(l, 0x828, 0));
	assert_int_equal(rdmsr(0x828), 0x60);
}

static void task_priority_is_the_page_s(void **state)
{
	apic_page_set(page, APIC_REG_TPR, 0x5f);
	assert_int_equal(apic_page_cr8(l->page), 5);
	lapic_set_cr8(l, 3);
	assert_int_equal(apic_page_get(page, APIC_REG_TPR), 0x30);
	assert_int_equal(apic_page_get(page, APIC_REG_PPR), 0x30);
}

/* A CPU with a TPR shadow lets the guest write CR8 without telling: then the PPR is behind. */
static void task_priority_written_by_the_guest(void **state)
{
	lapic_set_cr8(l, 7);
	assert_true(lapic_msr_write(l, 0x83f, 0x52)); /* to itself */
	assert_int_equal(lapic_pending(l), -1);
	assert_true(lapic_held(l));
	apic_page_set(page, APIC_REG_TPR, 0x40);
	assert_true(lapic_has_work(l, true));
	assert_int_equal(lapic_pending(l), 0x52);
	assert_int_equal(apic_page_get(page, APIC_REG_PPR), 0x40);
	apic_page_set(page, APIC_REG_TPR, 0x50);
	assert_false(lapic_has_work(l, true));
	assert_int_equal(rdmsr(0x80a), 0x50);
}

#define THREADS 3
#define POSTS   20000

static atomic_uint running;

static void *post(void *arg)
{
	const u8 first = (u8)(uintptr_t)arg;

	for (unsigned i = 0; i < POSTS; i++)
		interrupt((u8)(first + i % 60), i & 1);
	atomic_fetch_sub(&running, 1);
	return NULL;
}

/* Whatever was posted last of a vector is delivered after it. */
static void none_is_lost(void **state)
{
	pthread_t threads[THREADS];
	bool seen[256] = { false };
	int vector;

	atomic_store(&running, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, post, (void *)(0x20 + i * 60)),
				 0);
	for (bool last = false; !last;) {
		last = !atomic_load(&running);
		while ((vector = lapic_pending(l)) >= 0) {
			lapic_accept(l, (u8)vector);
			assert_true(lapic_msr_write(l, 0x80b, 0));
			seen[vector] = true;
		}
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0x20; i < 0x20 + THREADS * 60; i++)
		assert_true(seen[i]);
	assert_false(lapic_has_work(l, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_register_is_in_the_page, setup),
		cmocka_unit_test_setup(the_mode_is_told, setup),
		cmocka_unit_test_setup(posts_stay_out_of_the_page, setup),
		cmocka_unit_test_setup(eoi_of_a_level_interrupt_is_broadcast, setup),
		cmocka_unit_test_setup(no_longer_by_the_cpu, setup),
		cmocka_unit_test_setup(level_wins_over_edge, setup),
		cmocka_unit_test_setup(self_ipi_that_the_cpu_refuses, setup),
		cmocka_unit_test_setup(task_priority_is_the_page_s, setup),
		cmocka_unit_test_setup(task_priority_written_by_the_guest, setup),
		cmocka_unit_test_setup(none_is_lost, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <devices/pm.h>
#include <devices/ticks.h>
#include <test/host/fake_time.h>

#include "device_rig.h"

enum { STS = 0x00, EN = 0x02, CNT = 0x04, TMR = 0x08, GPE0 = 0x20 };
enum { TMR_BIT = 0x0001, PWRBTN = 0x0100, SCI_EN = 0x0001, S5 = 5 << 10, SLP_EN = 0x2000 };

static struct spinlock lock = SPINLOCK_INIT;
static struct pm p;
static struct rig_line sci;
static unsigned offs;

static int power_on(void **state)
{
	(void)state;
	fake_time_reset();
	fake_time_advance(12345678);
	offs = 0;
	pm_init(&p, &lock, rig_line_to(&sci), rig_count, &offs);
	return 0;
}

static u64 in(u64 off, unsigned width)
{
	return p.dev.ops->read(&p.dev, off, width);
}

static void out(u64 off, unsigned width, u64 val)
{
	p.dev.ops->write(&p.dev, off, width, val);
}

static void after_reset(void **state)
{
	(void)state;
	assert_int_equal(in(STS, 2), 0);
	assert_int_equal(in(EN, 2), 0);
	assert_int_equal(in(CNT, 2), 0);
	assert_int_equal(in(TMR, 4), 0);
	assert_int_equal(in(GPE0, 4), 0);
	assert_int_equal(in(0x10, 4), 0xffffffff);
	assert_int_equal(fake_time_next(), TIME_NEVER);
}

static void timer_counts_exactly(void **state)
{
	(void)state;
	fake_time_advance(10 * NS_PER_S);
	assert_int_equal(in(TMR, 4), 35795450);
	assert_int_equal(in(TMR, 2), 35795450 & 0xffff);
	assert_int_equal(in(TMR + 1, 1), 35795450 >> 8 & 0xff);
	out(TMR, 4, 0); /* read only */
	assert_int_equal(in(TMR, 4), 35795450);
	fake_time_advance(1200 * NS_PER_S);
	assert_int_equal(in(TMR, 4), (u32)(1210ull * 3579545)); /* around 2^32 */
}

/* ACPI, "SMI command": the operating system takes over by ACPI_ENABLE and waits for SCI_EN. */
static void acpi_enable(void **state)
{
	(void)state;
	p.smi.ops->write(&p.smi, 0, 1, PM_ACPI_ENABLE);
	assert_int_equal(in(CNT, 2), SCI_EN);
	assert_int_equal(p.smi.ops->read(&p.smi, 0, 1), PM_ACPI_ENABLE);
	p.smi.ops->write(&p.smi, 1, 1, 0x42);
	assert_int_equal(p.smi.ops->read(&p.smi, 1, 1), 0x42);
	p.smi.ops->write(&p.smi, 0, 1, PM_ACPI_DISABLE);
	assert_int_equal(in(CNT, 2), 0);
	p.smi.ops->write(&p.smi, 0, 1, 0x00);
	assert_int_equal(in(CNT, 2), 0);
}

static void timer_overflow(void **state)
{
	u64 half = ticks_to_ns(1ull << 31, PM_TIMER_HZ);

	(void)state;
	out(CNT, 2, SCI_EN);
	out(EN, 2, TMR_BIT);
	fake_time_advance(half - 1);
	assert_false(sci.level);
	assert_int_equal(in(STS, 2), 0);
	fake_time_advance(1);
	assert_true(sci.level);
	assert_int_equal(in(STS, 2), TMR_BIT);
	out(STS, 2, TMR_BIT);
	assert_false(sci.level);
	fake_time_advance(half);
	assert_int_equal(sci.rises, 2); /* bit 31 falls: counts, too */
}

/* Without TMR_EN no host timer runs, and the status is found when somebody looks. */
static void overflow_is_polled(void **state)
{
	(void)state;
	fake_time_advance(700 * NS_PER_S);
	assert_int_equal(fake_time_next(), TIME_NEVER);
	assert_int_equal(in(STS, 2), TMR_BIT);
	out(STS, 1, TMR_BIT);
	assert_int_equal(in(STS, 2), 0);
}

static void status_is_cleared_by_ones(void **state)
{
	(void)state;
	pm_press_power(&p);
	out(STS, 2, 0);
	assert_int_equal(in(STS, 2), PWRBTN);
	out(STS, 2, TMR_BIT);
	assert_int_equal(in(STS, 2), PWRBTN);
	out(STS + 1, 1, 0x01);
	assert_int_equal(in(STS, 2), 0);
}

/* ACPICA writes an enable bit and reads it back; what is not implemented reads 0. */
static void enable_register(void **state)
{
	(void)state;
	out(EN, 2, 0xffff);
	assert_int_equal(in(EN, 2), 0x0721);
	out(EN + 1, 1, 0);
	assert_int_equal(in(EN, 2), 0x0021);
	assert_int_equal(in(STS, 4), 0x00210000);
	out(STS, 4, 0x01000000); /* one write over both */
	assert_int_equal(in(EN, 2), 0x0100);
}

static void power_button(void **state)
{
	(void)state;
	out(EN, 2, PWRBTN);
	pm_press_power(&p);
	assert_false(sci.level); /* not in ACPI mode */
	out(CNT, 2, SCI_EN);
	assert_true(sci.level);
	out(EN, 2, 0);
	assert_false(sci.level);
	out(EN, 2, PWRBTN);
	out(STS, 2, PWRBTN);
	assert_false(sci.level);
}

static void soft_off(void **state)
{
	(void)state;
	out(CNT, 2, S5 | SCI_EN); /* SLP_TYP alone: nothing yet */
	assert_int_equal(offs, 0);
	out(CNT, 2, S5 | SLP_EN | SCI_EN);
	assert_int_equal(offs, 1);
	assert_int_equal(in(CNT, 2), S5 | SCI_EN); /* SLP_EN reads as 0 */
	out(CNT + 1, 1, (S5 | SLP_EN) >> 8);
	assert_int_equal(offs, 2);
}

static void other_sleep_states_do_nothing(void **state)
{
	(void)state;
	for (unsigned typ = 0; typ < 8; typ++)
		if (typ != PM_SLP_TYP_S5)
			out(CNT, 2, typ << 10 | SLP_EN);
	assert_int_equal(offs, 0);
}

static void reset_starts_anew(void **state)
{
	(void)state;
	out(CNT, 2, SCI_EN);
	out(EN, 2, PWRBTN | TMR_BIT);
	pm_press_power(&p);
	fake_time_advance(NS_PER_S);
	p.dev.ops->reset(&p.dev);
	assert_false(sci.level);
	after_reset(state);
}

static void random_traffic(void **state)
{
	u32 seed = 13;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		u32 r = rig_random(&seed);
		unsigned width = 1u << (r % 3);
		u64 off = (r >> 2) % (0x24 - width + 1);

		if (r & 0x10000)
			out(off, width, r >> 8);
		else
			assert_true(in(off, width) <= (width == 4 ? ~0u : (1u << 8 * width) - 1));
		if (r & 0x20000)
			fake_time_advance((u64)r << 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(after_reset, power_on),
		cmocka_unit_test_setup(timer_counts_exactly, power_on),
		cmocka_unit_test_setup(acpi_enable, power_on),
		cmocka_unit_test_setup(timer_overflow, power_on),
		cmocka_unit_test_setup(overflow_is_polled, power_on),
		cmocka_unit_test_setup(status_is_cleared_by_ones, power_on),
		cmocka_unit_test_setup(enable_register, power_on),
		cmocka_unit_test_setup(power_button, power_on),
		cmocka_unit_test_setup(soft_off, power_on),
		cmocka_unit_test_setup(other_sleep_states_do_nothing, power_on),
		cmocka_unit_test_setup(reset_starts_anew, power_on),
		cmocka_unit_test_setup(random_traffic, power_on),
	};

	return cmocka_run_group_tests_name("pm", tests, NULL, NULL);
}

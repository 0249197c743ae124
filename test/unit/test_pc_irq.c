// SPDX-License-Identifier: BSD-2-Clause
/* devices/pc.c: how an interrupt gets from a pin, or another vCPU, to a vCPU. */
#include <test/host/fake_run.h>
#include "pc_rig.h"

#include <vm/apic_page.h>

#include <pthread.h>

/* --- By the 8259 ----------------------------------------------------------------------- */

/* INTR is LINT0 of vCPU 0, as a BIOS leaves it; the other vCPU has nothing to do with it. */
static void timer_by_pic(void **state)
{
	pic_on((u16)~BIT(0));
	pit_on();
	fake_time_advance(500000);
	assert_false(OPS->irq_ready(v));
	fake_run_notified = 0;
	fake_time_advance(600000);
	assert_true(fake_run_notified > 0);
	assert_true(OPS->irq_ready(v));
	assert_true(OPS->has_work(v, true));
	assert_false(OPS->has_work(v, false));
	assert_false(OPS->irq_ready(ap));
	assert_int_equal(pc_take(v), 0x20);
	assert_false(OPS->irq_ready(v));
	fake_time_advance(NS_PER_MS);
	assert_false(OPS->irq_ready(v)); /* no EOI yet */
	out8(0x20, 0x20);
	assert_int_equal(pc_take(v), 0x20);
}

static void lint0_masked(void **state)
{
	pic_on((u16)~BIT(0));
	pit_on();
	fake_time_advance(2 * NS_PER_MS);
	assert_true(OPS->irq_ready(v));
	apic_write(v, APIC_LINT0, 0x10700);
	assert_false(OPS->irq_ready(v));
	assert_false(OPS->has_work(v, true));
	assert_int_equal(pc_take(v), -1);
}

/* Through the guest's entries: the whole way from the counter to the event. */
static void timer_into_the_guest(void **state)
{
	pic_on((u16)~BIT(0));
	pit_on();
	v->regs.rflags |= RFLAGS_IF;
	fake_virt_exit(v, EXIT_HLT, 1);
	fake_run_all(10);
	assert_int_equal(v->mode, VCPU_HALTED);
	fake_time_advance(1100000);
	fake_run_once(0);
	assert_int_equal(rig_last_entry()->event.type, EVENT_INTR);
	assert_int_equal(rig_last_entry()->event.vector, 0x20);
}

static int taken;

static void *take(void *arg)
{
	taken = pc_take(v);
	return NULL;
}

/*
 * A sibling masks the line between the question and the acknowledge: nothing is taken, and the 8259
 * does not count an interrupt in service.
 */
static void masked_in_between(void **state)
{
	struct device *pic = bus_find(&vm->ports, 0x21, 1)->dev;
	unsigned tickets;
	pthread_t t;

	pic_on((u16)~BIT(0));
	pit_on();
	fake_time_advance(2 * NS_PER_MS);
	assert_true(OPS->irq_ready(v));
	spin_lock(&vm->lock);
	tickets = atomic_load(&vm->lock.next);
	assert_int_equal(pthread_create(&t, NULL, take, NULL), 0);
	/* It has asked, and waits for the lock. */
	while (atomic_load(&vm->lock.next) == tickets)
		sched_yield();
	pic->ops->write(pic, 0x21, 1, 0xff);
	spin_unlock(&vm->lock);
	pthread_join(t, NULL);
	assert_int_equal(taken, -1);
	out8(0x20, 0x0b);
	assert_int_equal(in(0x20, 1), 0); /* ISR */
}

/* --- By the IOAPIC --------------------------------------------------------------------- */

/* The timer sits at pin 2; its message goes to the LAPIC that the entry names. */
static void timer_by_ioapic(void **state)
{
	apic_write(v, APIC_LINT0, 0x10700);
	apic_write(ap, APIC_SVR, 0x1ff);
	ioapic_set(2, 1ull << 56 | 0x51);
	pit_on();
	fake_time_advance(1100000);
	assert_false(OPS->irq_ready(v));
	assert_true(OPS->irq_ready(ap));
	assert_true(OPS->has_work(ap, true));
	assert_int_equal(pc_take(ap), 0x51);
	assert_false(OPS->irq_ready(ap));
	fake_time_advance(NS_PER_MS);
	assert_false(OPS->irq_ready(ap)); /* waits behind the one in service */
	apic_write(ap, APIC_EOI, 0);
	assert_int_equal(pc_take(ap), 0x51);
}

/*
 * The 8259's INTR is at pin 0 of the IOAPIC too: as ExtINT it reaches whichever processor the entry
 * names (MultiProcessor Specification, "Virtual Wire Mode" via the I/O APIC), once for each INTR.
 */
static void extint_by_ioapic(void **state)
{
	apic_write(v, APIC_LINT0, 0x10700);
	apic_write(ap, APIC_SVR, 0x1ff);
	ioapic_set(0, 1ull << 56 | 0x700);
	pic_on((u16)~(BIT(0) | BIT(4)));
	pit_on();
	fake_run_notified = 0;
	fake_time_advance(1100000);
	assert_true(fake_run_notified > 0);
	assert_false(OPS->irq_ready(v));
	assert_true(OPS->has_work(ap, true));
	assert_int_equal(pc_take(ap), 0x20);
	assert_false(OPS->irq_ready(ap));
	fake_time_advance(NS_PER_MS);
	out8(0x20, 0x20);
	assert_int_equal(pc_take(ap), 0x20);
	/* Two at once: INTR falls and rises at the acknowledge of the first. */
	out8(0x20, 0x20);
	out8(0x3f9, 2); /* COM1: the transmitter is empty */
	out8(0x3fc, 0x0b);
	fake_time_advance(NS_PER_MS);
	assert_int_equal(pc_take(ap), 0x20);
	out8(0x20, 0x20);
	assert_int_equal(pc_take(ap), 0x24);
	out8(0x20, 0x20);
	/* Masked, it goes nowhere. */
	ioapic_set(0, 0x10700);
	fake_time_advance(NS_PER_MS);
	assert_false(OPS->irq_ready(ap));
	assert_false(OPS->irq_ready(v));
	assert_int_equal(pc_take(ap), -1);
}

/* A level stays until its device takes it back, through as many EOIs as there are. */
static void level_and_eoi(void **state)
{
	apic_write(v, APIC_SVR, 0x1ff);
	ioapic_set(9, 0x8000 | 0x61);
	out(0x604, 2, 1);      /* SCI_EN */
	out(0x602, 2, 0x0001); /* TMR_EN */
	fake_time_advance(700 * NS_PER_S);
	assert_int_equal(in(0x600, 2) & 1, 1);
	assert_int_equal(pc_take(v), 0x61);
	apic_write(v, APIC_EOI, 0);
	assert_int_equal(pc_take(v), 0x61);
	out(0x600, 2, 1); /* acknowledged */
	apic_write(v, APIC_EOI, 0);
	assert_false(OPS->irq_ready(v));
}

/* --- Between vCPUs --------------------------------------------------------------------- */

static void start_up_ipi(void **state)
{
	u8 vector;

	assert_int_equal(ap->mode, VCPU_WAIT_SIPI);
	apic_write(v, APIC_ICR_HIGH, 1u << 24);
	apic_write(v, APIC_ICR, 0x4500);
	apic_write(v, APIC_ICR, 0x4609);
	fake_run_all(10);
	assert_int_equal(ap->mode, VCPU_RUNNING);
	assert_int_equal(ap->hw->seg[SEG_CS].base, 0x9000);
	assert_int_equal(OPS->take_signals(ap, &vector), 0);
	apic_write(v, APIC_ICR, 0x4400);
	assert_int_equal(OPS->take_signals(ap, &vector), SIGNAL_NMI);
}

static void ipi_wakes(void **state)
{
	apic_write(ap, APIC_SVR, 0x1ff);
	apic_write(v, APIC_SVR, 0x1ff);
	fake_run_notified = 0;
	apic_write(v, APIC_ICR, 0xc4000 | 0x77); /* all but self */
	assert_true(fake_run_notified > 0);
	assert_int_equal(pc_take(ap), 0x77);
	assert_false(OPS->irq_ready(v));
}

/* --- Served by the CPU ------------------------------------------------------------------ */

static void apic_mode(struct vcpu *w, u64 bits)
{
	u64 base;

	assert_true(OPS->msr_read(w, MSR_APIC_BASE, &base));
	base &= ~(APIC_BASE_ENABLE | APIC_BASE_X2APIC);
	assert_true(OPS->msr_write(w, MSR_APIC_BASE, base | bits));
}

static void serve_by_cpu(void)
{
	fake_virt_apic = true;
	apic_mode(v, APIC_BASE_ENABLE | APIC_BASE_X2APIC);
	assert_true(OPS->msr_write(v, 0x80f, 0x1ff));
}

/* In x2APIC mode only, and only where the CPU can. */
static void who_serves_the_apic(void **state)
{
	apic_mode(v, APIC_BASE_ENABLE | APIC_BASE_X2APIC);
	assert_false(v->apic_by_cpu);
	fake_virt_apic = true;
	apic_mode(ap, APIC_BASE_ENABLE);
	assert_false(ap->apic_by_cpu);
	apic_mode(ap, APIC_BASE_ENABLE | APIC_BASE_X2APIC);
	assert_true(ap->apic_by_cpu);
	apic_mode(ap, 0);
	assert_false(ap->apic_by_cpu);
	apic_mode(ap, APIC_BASE_ENABLE);
	apic_mode(ap, APIC_BASE_ENABLE | APIC_BASE_X2APIC);
	OPS->vcpu_init(ap);
	assert_true(ap->apic_by_cpu);
	/* The next start begins anew. */
	vm_guest_reset(vm, "test");
	fake_run_all(10);
	assert_false(ap->apic_by_cpu);
}

/* The CPU takes it from the page; the 8259's is still injected. */
static void cpu_takes_from_the_page(void **state)
{
	serve_by_cpu();
	assert_true(OPS->msr_write(v, 0x83f, 0x55));
	assert_true(OPS->has_work(v, true));
	assert_false(OPS->irq_ready(v));
	assert_int_equal(pc_take(v), -1);
	assert_int_equal(apic_page_highest(v->apic, APIC_REG_IRR), 0x55);
	assert_true(OPS->msr_write(v, 0x835, 0x700));
	pic_on((u16)~BIT(0));
	pit_on();
	fake_time_advance(1100000);
	assert_true(OPS->irq_ready(v));
	assert_int_equal(pc_take(v), 0x20);
	assert_int_equal(apic_page_highest(v->apic, APIC_REG_IRR), 0x55);
}

/* The CPU has done the EOI; the IOAPIC sends the next as the line is still high. */
static void level_and_eoi_by_cpu(void **state)
{
	const struct fake_step eoi = {
		.exit = { .kind = EXIT_APIC, .apic = { APIC_REG_EOI, 0x61 } },
	};

	serve_by_cpu();
	ioapic_set(9, 0x8000 | 0x61);
	out(0x604, 2, 1);
	out(0x602, 2, 0x0001);
	fake_time_advance(700 * NS_PER_S);
	assert_false(OPS->irq_ready(v));
	assert_int_equal(apic_page_highest(v->apic, APIC_REG_IRR), 0x61);
	apic_page_set(v->apic, APIC_REG_IRR + 3, 0);
	fake_virt_add(v, &eoi);
	fake_run_once(0);
	OPS->irq_ready(v);
	assert_int_equal(apic_page_highest(v->apic, APIC_REG_IRR), 0x61);
}

/* --- The LAPIC as a vCPU sees it ------------------------------------------------------- */

static void lapic_page(void **state)
{
	u64 base;

	assert_true(OPS->lapic_page(v, 0xfee00000));
	assert_true(OPS->lapic_page(v, 0xfee00fff));
	assert_false(OPS->lapic_page(v, 0xfee01000));
	assert_false(OPS->lapic_page(v, 0xfedfffff));
	assert_true(OPS->msr_read(v, MSR_APIC_BASE, &base));
	assert_int_equal(base, 0xfee00900); /* bootstrap, enabled */
	assert_true(OPS->msr_write(v, MSR_APIC_BASE, base | APIC_BASE_X2APIC));
	assert_false(OPS->lapic_page(v, 0xfee00000));
	assert_true(OPS->msr_write(v, 0x80f, 0x1ff));
	assert_false(OPS->msr_write(v, 0x802, 0)); /* the id is read-only */
	assert_true(OPS->msr_read(ap, MSR_APIC_BASE, &base));
	assert_int_equal(base, 0xfee00800);
}

/* What comes while the vCPU is outside of the guest on this pCPU needs no run queue: it looks before it enters. */
static void own_interrupts_wake_nobody(void **state)
{
	unsigned notified = fake_run_notified;

	apic_write(v, APIC_SVR, 0x1ff);
	v->attention = false;
	fake_run_here = true;
	apic_write(v, APIC_ICR, 0x44000 | 0x72); /* to itself */
	assert_int_equal(fake_run_notified, notified);
	assert_true(v->attention);
}

static void task_priority(void **state)
{
	apic_write(v, APIC_SVR, 0x1ff);
	OPS->set_cr8(v, 7);
	assert_int_equal(OPS->lapic_read(v, 0x80, 4), 0x70);
	apic_write(v, 0x80, 0x35);
	assert_int_equal(apic_page_cr8(v->apic), 3);
	OPS->set_cr8(v, 7);
	apic_write(v, APIC_ICR, 0x44000 | 0x72); /* to itself */
	assert_false(OPS->irq_ready(v));
	assert_true(OPS->irq_held(v));
	OPS->set_cr8(v, 6);
	assert_true(OPS->irq_ready(v));
	assert_false(pc_take(v) != 0x72 || OPS->irq_ready(v) || OPS->irq_held(v));
}

/* A guest's TSC that counts at a third of the host's. */
static void scaled_tsc_deadline(void **state)
{
	fake_virt_tsc_scaling = true;
	vm->tsc = tsc_rate(time_tsc_khz() / 3);
	apic_write(v, APIC_SVR, 0x1ff);
	apic_write(v, 0x320, 0x40000 | 0x99);
	assert_true(OPS->msr_write(v, MSR_TSC_DEADLINE, vcpu_tsc(v) + 1000));
	fake_time_advance(2990);
	assert_false(OPS->irq_ready(v));
	fake_time_advance(20);
	assert_int_equal(pc_take(v), 0x99);
	/* Further away than the host's TSC can count. */
	apic_write(v, APIC_EOI, 0);
	assert_true(OPS->msr_write(v, MSR_TSC_DEADLINE, 1ull << 63));
	fake_time_advance(1000 * NS_PER_S);
	assert_false(OPS->irq_ready(v));
}

/* The deadline is a value of the guest's TSC, which may move. */
static void tsc_deadline(void **state)
{
	apic_write(v, APIC_SVR, 0x1ff);
	apic_write(v, 0x320, 0x40000 | 0x99);
	assert_true(OPS->msr_write(v, MSR_TSC_DEADLINE, vcpu_tsc(v) + 1000));
	fake_time_advance(998);
	assert_false(OPS->irq_ready(v));
	fake_time_advance(10);
	assert_int_equal(pc_take(v), 0x99);
	apic_write(v, APIC_EOI, 0);
	assert_true(OPS->msr_write(v, MSR_TSC_DEADLINE, vcpu_tsc(v) + NS_PER_S));
	v->tsc_offset += NS_PER_S / 2;
	OPS->tsc_moved(v);
	fake_time_advance(NS_PER_S / 2 + 10);
	assert_int_equal(pc_take(v), 0x99);
	/* In the past: at once. */
	apic_write(v, APIC_EOI, 0);
	assert_true(OPS->msr_write(v, MSR_TSC_DEADLINE, 1));
	fake_time_advance(1);
	assert_int_equal(pc_take(v), 0x99);
	/* Past the end of time: never. */
	assert_true(OPS->msr_write(v, MSR_TSC_DEADLINE, ~0ull));
	fake_time_advance(1000 * NS_PER_S);
	assert_false(OPS->irq_ready(v));
}

static void init_resets_the_lapic(void **state)
{
	apic_write(v, APIC_SVR, 0x1ff);
	OPS->set_cr8(v, 7);
	OPS->vcpu_init(v);
	assert_int_equal(apic_page_cr8(v->apic), 0);
	assert_int_equal(OPS->lapic_read(v, APIC_SVR, 4), 0xff);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pc_setup, pc_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(timer_by_pic),      TEST(lint0_masked),    TEST(timer_into_the_guest),
		TEST(masked_in_between), TEST(timer_by_ioapic), TEST(extint_by_ioapic), TEST(level_and_eoi),
		TEST(start_up_ipi),      TEST(ipi_wakes),       TEST(lapic_page),
		TEST(who_serves_the_apic), TEST(cpu_takes_from_the_page), TEST(level_and_eoi_by_cpu),
		TEST(own_interrupts_wake_nobody),
		TEST(task_priority),     TEST(tsc_deadline), TEST(scaled_tsc_deadline),   TEST(init_resets_the_lapic),
	};

	return cmocka_run_group_tests_name("pc_irq", tests, NULL, NULL);
}

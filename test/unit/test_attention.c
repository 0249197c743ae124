// SPDX-License-Identifier: BSD-2-Clause
/* vm/run.c: before which entries a vCPU looks around, and that nothing which comes in between is overlooked. */
#include "vm_rig.h"

static int setup(void **state)
{
	rig_reset();
	rig_vm(2);
	rig_leave();
	v->regs.rflags |= RFLAGS_IF;
	v->board->looks = 0;
	return 0;
}

static void exits(unsigned n, void (*guest)(struct vcpu *w))
{
	struct fake_step step = { { .kind = EXIT_CPUID, .insn_len = 2 }, guest };

	for (unsigned i = 0; i < n; i++)
		fake_virt_add(v, &step);
}

/* Of a turn that goes on as the last one ended, and of one that was told of something meanwhile. */
static void next_turn(void **state)
{
	exits(2, NULL);
	rig_run();
	assert_int_equal(v->board->looks, 1);
	exits(2, NULL);
	assert_int_equal(v->run.run(&v->run, 0), RUN_AGAIN);
	assert_int_equal(v->board->looks, 1);
	v->board->vector = 0x41;
	vcpu_notify(v);
	exits(2, NULL);
	assert_int_equal(v->run.run(&v->run, 0), RUN_AGAIN);
	assert_int_equal(v->board->looks, 2);
	assert_int_equal(v->hw->entry[6].event.vector, 0x41);
}

/* Who could not enter the guest looks again, told or not. */
static void sleeps_on(void **state)
{
	v->mode = VCPU_HALTED;
	assert_int_equal(rig_run(), RUN_BLOCKED);
	assert_int_equal(v->run.run(&v->run, 0), RUN_BLOCKED);
	assert_int_equal(v->hw->entries, 0);
}

/* Once when told so; then exits that concern the vCPU alone ask nobody. */
static void quiet(void **state)
{
	exits(5, NULL);
	rig_run();
	assert_int_equal(v->hw->entries, 6);
	assert_int_equal(v->board->looks, 1);
}

static void post(struct vcpu *w)
{
	w->board->vector = 0x41;
	vcpu_notify(w);
}

static void posted_meanwhile(void **state)
{
	exits(2, NULL);
	exits(1, post);
	exits(2, NULL);
	rig_run();
	assert_false(v->hw->entry[2].event.valid);
	assert_true(v->hw->entry[3].event.valid);
	assert_int_equal(v->hw->entry[3].event.vector, 0x41);
	assert_int_equal(v->board->looks, 2);
}

static void interrupts_on(struct vcpu *w)
{
	w->regs.rflags |= RFLAGS_IF;
}

/* What the guest cannot take yet waits with an open window, and is looked after at every entry; but for nothing else. */
static void waits(void **state)
{
	v->regs.rflags &= ~RFLAGS_IF;
	exits(1, post);
	exits(2, NULL);
	exits(1, interrupts_on);
	exits(2, NULL);
	rig_run();
	for (unsigned i = 1; i < 4; i++) {
		assert_false(v->hw->entry[i].event.valid);
		assert_true(v->hw->entry[i].window);
	}
	assert_int_equal(v->hw->entry[4].event.vector, 0x41);
	assert_false(v->hw->entry[5].window);
	assert_int_equal(v->board->looks, 2);
}

static void own_timer(struct vcpu *w)
{
	w->board->vector = 0x41;
	vcpu_attend_events(w);
}

/* An interrupt from here: nobody asks for signals. */
static void posted_here(void **state)
{
	exits(1, own_timer);
	exits(2, NULL);
	rig_run();
	assert_int_equal(v->hw->entry[1].event.vector, 0x41);
	assert_false(v->hw->entry[2].event.valid);
	assert_int_equal(v->board->looks, 1);
}

static void signal_and_timer(struct vcpu *w)
{
	w->board->signals = SIGNAL_NMI;
	vcpu_notify(w);
	vcpu_attend_events(w);
}

/* Nor is a signal overlooked that came before it. */
static void posted_here_and_there(void **state)
{
	exits(1, signal_and_timer);
	exits(1, NULL);
	rig_run();
	assert_int_equal(v->hw->entry[1].event.type, EVENT_NMI);
}

static void signal_nmi(struct vcpu *w)
{
	w->board->signals = SIGNAL_NMI;
	vcpu_notify(w);
}

static void iret(struct vcpu *w)
{
	w->nmi_blocked = false;
}

/* Nothing but an exit tells that the guest's NMI handler is over. */
static void blocked_nmi(void **state)
{
	exits(1, signal_nmi); /* entered with the next, and blocks */
	exits(1, signal_nmi);
	exits(2, NULL);
	exits(1, iret);
	rig_run();
	assert_int_equal(v->hw->entry[1].event.type, EVENT_NMI);
	for (unsigned i = 2; i < 5; i++)
		assert_false(v->hw->entry[i].event.valid);
	assert_true(v->hw->entry[5].event.valid);
	assert_int_equal(v->hw->entry[5].event.type, EVENT_NMI);
}

static void stop(struct vcpu *w)
{
	vm_end(w->vm, VM_STOP, "the test says so");
}

static void verdict(void **state)
{
	exits(1, NULL);
	exits(1, stop);
	exits(1, NULL);
	assert_int_equal(rig_run(), RUN_GONE);
	assert_int_equal(v->hw->entries, 2);
}

static void shrink(struct vcpu *w)
{
	assert_int_equal(aspace_unmap(w->vm, 0x100000, 0x1000), OK);
}

static void changed_space(void **state)
{
	exits(1, shrink);
	exits(2, NULL);
	rig_run();
	assert_int_equal(v->hw->entry[1].flushes, 1);
	assert_int_equal(v->hw->entry[2].flushes, 0);
}

/* --- The host's turn -------------------------------------------------------------------- */

static void a_millisecond(struct vcpu *w)
{
	fake_time_advance(NS_PER_MS);
}

/*
 * Delivered, it is raised again before an instruction of the guest completes: no interrupt of the host ever gets in between, so the
 * end of the slice is looked for at the exception itself.
 */
static void exceptions_without_end(void **state)
{
	static const struct fake_step step = {
		{ .kind = EXIT_EXCEPTION, .exception = { .vector = EXC_AC, .has_error = true } }, a_millisecond
	};

	fake_run_wanted = false;
	for (int i = 0; i < 5; i++)
		fake_virt_add(v, &step);
	assert_int_equal(v->run.run(&v->run, time_now() + 3 * NS_PER_MS), RUN_AGAIN);
	assert_int_equal(v->hw->entries, 3);
	fake_run_wanted = true;
	rig_run();
	assert_int_equal(v->hw->entry[3].event.vector, EXC_AC);
	assert_true(v->hw->entry[3].event.has_error);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(quiet),
		TEST(next_turn),
		TEST(sleeps_on),
		TEST(posted_meanwhile),
		TEST(posted_here),
		TEST(posted_here_and_there),
		TEST(waits),
		TEST(blocked_nmi),
		TEST(verdict),
		TEST(changed_space),
		TEST(exceptions_without_end),
	};

	return cmocka_run_group_tests_name("attention", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
/* Which event goes into the guest at an entry, what waits, and what two exceptions make. */
#include "vm_rig.h"

static int setup(void **state)
{
	rig_setup(state);
	rig_leave();
	v->regs.rflags |= RFLAGS_IF;
	return 0;
}

/* One entry; what was injected, or NULL. */
static const struct vcpu_event *enter(void)
{
	rig_run();
	return rig_last_entry()->event.valid ? &rig_last_entry()->event : NULL;
}

static bool window(void)
{
	return rig_last_entry()->window;
}

/* --- Interrupts ------------------------------------------------------------------------ */

static void nothing(void **state)
{
	assert_null(enter());
	assert_false(window());
}

static void interrupt(void **state)
{
	const struct vcpu_event *e;

	v->board->vector = 0xfe;
	e = enter();
	assert_int_equal(e->type, EVENT_INTR);
	assert_int_equal(e->vector, 0xfe);
	assert_false(e->has_error);
	assert_int_equal(v->board->taken, 1);
	assert_null(enter());
}

/* IF 0 or the shadow of STI and MOV SS: it stays where it is, and the CPU shall say when. */
static void interrupt_waits(void **state)
{
	v->board->vector = 0x30;
	v->regs.rflags &= ~RFLAGS_IF;
	assert_null(enter());
	assert_true(window());
	assert_int_equal(v->board->taken, 0);
	v->regs.rflags |= RFLAGS_IF;
	v->int_shadow = true;
	assert_null(enter());
	assert_true(window());
	v->int_shadow = false;
	assert_int_equal(enter()->vector, 0x30);
	assert_false(window());
}

/* It went away between the question and the acknowledge. */
static void interrupt_vanishes(void **state)
{
	v->board->vector = 0x30;
	v->board->spurious = true;
	assert_null(enter());
	assert_false(window());
}

static void task_priority_goes_along(void **state)
{
	apic_page_set(v->apic, APIC_REG_TPR, 0x90);
	enter();
	assert_int_equal(rig_last_entry()->cr8, 9);
}

/* --- NMI ------------------------------------------------------------------------------- */

/* NMI before interrupt; the interrupt follows at its window. */
static void nmi_first(void **state)
{
	v->board->vector = 0x30;
	v->board->signals = SIGNAL_NMI;
	assert_int_equal(enter()->type, EVENT_NMI);
	assert_true(window());
	assert_true(v->nmi_blocked);
	assert_int_equal(enter()->vector, 0x30);
}

/* IF does not hold an NMI, a shadow and another NMI do. */
static void nmi_waits(void **state)
{
	v->regs.rflags &= ~RFLAGS_IF;
	v->int_shadow = true;
	v->board->signals = SIGNAL_NMI;
	assert_null(enter());
	assert_true(window());
	v->int_shadow = false;
	assert_int_equal(enter()->type, EVENT_NMI);
	v->board->signals = SIGNAL_NMI;
	assert_null(enter());
	assert_false(window()); /* IRET exits by itself */
	v->board->signals = SIGNAL_NMI;
	assert_null(enter());
	v->nmi_blocked = false;
	assert_int_equal(enter()->type, EVENT_NMI);
	v->nmi_blocked = false;
	assert_null(enter()); /* of many only one is kept */
}

/* --- Events cut short ------------------------------------------------------------------ */

static struct vcpu_event cut;

static void cut_short(struct vcpu *w)
{
	w->event = cut;
	vcpu_attend(w);
}

static void script_cut(struct vcpu_event e)
{
	cut = e;
	fake_virt_add(v, &(struct fake_step){ { .kind = EXIT_NONE }, cut_short });
}

/* Delivery was interrupted by an exit: it is done again, before all others, and only once. */
static void again_first(void **state)
{
	static const struct vcpu_event rows[] = {
		{ true, EVENT_INTR, 0x77, false, 0 },
		{ true, EVENT_NMI, EXC_NMI, false, 0 },
		{ true, EVENT_EXCEPTION, EXC_GP, true, 0x18 },
		{ true, EVENT_SOFT, 0x80, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		script_cut(rows[i]);
		v->hw->entries = 0;
		rig_run();
		assert_int_equal(v->hw->entries, 2);
		assert_false(v->hw->entry[0].event.valid);
		assert_memory_equal(&v->hw->entry[1].event, &rows[i], sizeof(rows[i]));
		assert_null(enter());
	}
}

static void others_wait_for_it(void **state)
{
	v->event = (struct vcpu_event){ true, EVENT_EXCEPTION, EXC_PF, true, 2 };
	v->board->vector = 0x30;
	v->board->signals = SIGNAL_NMI;
	assert_int_equal(enter()->vector, EXC_PF);
	assert_true(window());
	assert_int_equal(v->board->taken, 0);
	assert_int_equal(enter()->type, EVENT_NMI);
	assert_int_equal(enter()->vector, 0x30);
}

/* An instruction that faults while an interrupt waits to be delivered again: it will fault again.
 */
static void fault_behind_an_interrupt(void **state)
{
	struct vcpu_event irq = { true, EVENT_INTR, 0x31, false, 0 };

	rig_enter();
	v->event = irq;
	vcpu_inject_error(v, EXC_GP, 0);
	assert_memory_equal(&v->event, &irq, sizeof(irq));
	rig_leave();
}

/* --- Two exceptions -------------------------------------------------------------------- */

enum outcome { SECOND, DOUBLE };

/* Intel SDM vol. 3, "Interrupt 8—Double Fault Exception (#DF)": benign, contributory, page fault.
 */
static void double_faults(void **state)
{
	static const u8 benign[] = { EXC_DB, EXC_BP, EXC_OF, EXC_BR, EXC_UD,
				     EXC_NM, EXC_MF, EXC_AC, EXC_XM };
	static const u8 contributory[] = { EXC_DE, EXC_TS, EXC_NP, EXC_SS, EXC_GP };
	static const u8 page[] = { EXC_PF };
	static const struct {
		const u8 *vectors;
		size_t count;
	} classes[] = { { benign, sizeof(benign) },
			{ contributory, sizeof(contributory) },
			{ page, 1 } };
	static const enum outcome table[3][3] = {
		/* then     benign  contributory  page fault */
		/* first */ { SECOND, SECOND, SECOND },
		{ SECOND, DOUBLE, SECOND },
		{ SECOND, DOUBLE, DOUBLE },
	};

	rig_enter();
	for (int a = 0; a < 3; a++)
		for (int b = 0; b < 3; b++)
			for (size_t i = 0; i < classes[a].count; i++)
				for (size_t k = 0; k < classes[b].count; k++) {
					u8 first = classes[a].vectors[i],
					   second = classes[b].vectors[k];

					v->event.valid = false;
					vcpu_inject(v, first);
					vcpu_inject_error(v, second, 4);
					if (table[a][b] == DOUBLE)
						expect_exception(EXC_DF, true, 0);
					else
						expect_exception(second, true, 4);
				}
}

static void expect_triple_fault(u8 third)
{
	v->event.valid = false;
	vcpu_inject_error(v, EXC_GP, 0);
	vcpu_inject_error(v, EXC_NP, 0x10);
	assert_int_equal(v->event.vector, EXC_DF);
	fake_virt_dumps = 0;
	vcpu_inject_error(v, third, 0);
	assert_int_equal(atomic_load(&vm->verdict), VM_STOP);
	assert_string_equal(vm->reason, "stopped: triple fault");
	assert_int_equal(fake_virt_dumps, 1);
	atomic_store(&vm->verdict, VM_RUN);
}

static void triple_fault(void **state)
{
	rig_enter();
	expect_triple_fault(EXC_GP);
	expect_triple_fault(EXC_PF);
	expect_triple_fault(EXC_TS);
}

/* It ends the VM and is not entered again. */
static void triple_fault_ends_the_run(void **state)
{
	enum run_result result;

	rig_enter();
	v->event = (struct vcpu_event){ true, EVENT_EXCEPTION, EXC_DF, true, 0 };
	cut = v->event;
	v->event.valid = false;
	rig_leave();
	fake_virt_add(v, &(struct fake_step){ { .kind = EXIT_FORBIDDEN }, cut_short });
	/* It scrubs the VM's RAM, part by part. */
	do
		result = rig_run();
	while (result == RUN_AGAIN);
	assert_int_equal(result, RUN_GONE);
	assert_int_equal(v->hw->entries, 1);
}

static void page_fault_sets_cr2(void **state)
{
	rig_enter();
	vcpu_inject_pf(v, 0xffff800012345678, 0x15);
	expect_exception(EXC_PF, true, 0x15);
	assert_int_equal(reg(REG_CR2), 0xffff800012345678);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing),
		TEST(interrupt),
		TEST(interrupt_waits),
		TEST(interrupt_vanishes),
		TEST(task_priority_goes_along),
		TEST(nmi_first),
		TEST(nmi_waits),
		TEST(again_first),
		TEST(others_wait_for_it),
		TEST(fault_behind_an_interrupt),
		TEST(double_faults),
		TEST(triple_fault),
		TEST(triple_fault_ends_the_run),
		TEST(page_fault_sets_cr2),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}

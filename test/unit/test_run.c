// SPDX-License-Identifier: BSD-2-Clause
/* vm/run.c: scripted exits through vcpu_run(): sleeping and waking, stepping, INIT and SIPI. */
#include "vm_rig.h"

static int setup(void **state)
{
	rig_reset();
	rig_vm(2);
	rig_leave();
	return 0;
}

static void script(enum exit_kind kind, u8 len)
{
	fake_virt_exit(v, kind, len);
}

/* Entries so far. */
static u32 entries(void)
{
	return v->hw->entries;
}

/* --- Slices ---------------------------------------------------------------------------- */

/* The guest runs until the host is wanted, and goes on where it was. */
static void until_wanted(void **state)
{
	for (int i = 0; i < 5; i++)
		script(EXIT_CPUID, 2);
	assert_int_equal(rig_run(), RUN_AGAIN);
	assert_int_equal(entries(), 6);
	assert_int_equal(v->regs.rip, RIG_CODE + 10);
	assert_int_equal(rig_run(), RUN_AGAIN);
	assert_int_equal(entries(), 7);
	assert_int_equal(v->regs.rip, RIG_CODE + 10);
}

static void a_millisecond(struct vcpu *w)
{
	fake_time_advance(NS_PER_MS);
}

/* An interrupt of the host in between is no reason to leave. */
static void until_the_slice_ends(void **state)
{
	static const struct fake_step host = { { .kind = EXIT_HOST }, a_millisecond };

	fake_run_wanted = false;
	for (int i = 0; i < 5; i++)
		fake_virt_add(v, &host);
	assert_int_equal(v->run.run(&v->run, time_now() + 3 * NS_PER_MS), RUN_AGAIN);
	assert_int_equal(entries(), 3);
}

/* Everything that a vCPU has is loaded while it runs, and saved when it leaves; the window is the loop's to leave. */
static void loaded_and_put(void **state)
{
	assert_int_equal(rig_run(), RUN_AGAIN);
	assert_false(v->hw->loaded);
	assert_null(fake_machine_loaded);
	assert_ptr_equal(window_current(), vm->window);
}

static void set_dr2(struct vcpu *w)
{
	w->cpu.dr[2] = 0x1234;
}

static void clear_dr2(struct vcpu *w)
{
	w->cpu.dr[2] = 0;
}

/* Debug registers exit until the guest uses them, and again when a turn has ended with all of them 0. */
static void debug_registers(void **state)
{
	static const struct fake_step setting = { { .kind = EXIT_HOST }, set_dr2 };
	static const struct fake_step clearing = { { .kind = EXIT_HOST }, clear_dr2 };

	assert_true(v->hw->dr_trapped);
	script(EXIT_DR, 0);
	assert_int_equal(rig_run(), RUN_AGAIN);
	assert_true(v->hw->dr_trapped && !v->cpu.dr_used);
	script(EXIT_DR, 0);
	fake_virt_add(v, &setting);
	assert_int_equal(rig_run(), RUN_AGAIN);
	assert_false(v->hw->dr_trapped || !v->cpu.dr_used);
	fake_virt_add(v, &clearing);
	assert_int_equal(rig_run(), RUN_AGAIN);
	assert_true(v->hw->dr_trapped && !v->cpu.dr_used);
	assert_int_equal(v->regs.rip, RIG_CODE);
	assert_int_equal(v->exits[EXIT_DR], 2);
}

/* --- Stepping -------------------------------------------------------------------------- */

static void set_bits(unsigned bits, u64 rip)
{
	rig_enter();
	rig_mode(bits);
	v->regs.rip = rip;
	rig_leave();
}

/* RIP counts modulo 4G in 32-bit code, and to the end in 64-bit code. */
static void wraps(void **state)
{
	set_bits(32, 0xfffffffe);
	script(EXIT_CPUID, 2);
	rig_run();
	assert_int_equal(v->regs.rip, 0);
	set_bits(64, 0xfffffffe);
	script(EXIT_CPUID, 2);
	rig_run();
	assert_int_equal(v->regs.rip, 0x100000000ull);
	set_bits(64, 0xfffffffffffffffeull);
	script(EXIT_CPUID, 2);
	rig_run();
	assert_int_equal(v->regs.rip, 0);
}

static void step_ends_shadow_and_rf(void **state)
{
	v->int_shadow = true;
	v->regs.rflags |= RFLAGS_RF;
	script(EXIT_CPUID, 2);
	rig_run();
	assert_true(v->hw->entry[0].shadow);
	assert_false(rig_last_entry()->shadow);
	assert_int_equal(v->regs.rflags & RFLAGS_RF, 0);
}

/* The CPU did not tell the length: the decoder does. */
static void length_by_decoder(void **state)
{
	rig_enter();
	RIG_INSN(0x66, 0x67, 0x0f, 0xa2); /* cpuid, with prefixes that do nothing */
	rig_leave();
	script(EXIT_CPUID, 0);
	rig_run();
	assert_int_equal(v->regs.rip, RIG_CODE + 4);
}

/* ... or finds that the code is gone by now: then the guest sees that. */
static void no_length_no_step(void **state)
{
	set_bits(64, RIG_CODE);
	rig_enter();
	rig_put64(RIG_PT + (RIG_CODE >> 12) * 8, 0);
	rig_leave();
	script(EXIT_CPUID, 0);
	rig_run();
	assert_int_equal(v->regs.rip, RIG_CODE);
	assert_true(rig_last_entry()->event.valid);
	assert_int_equal(rig_last_entry()->event.vector, EXC_PF);
	assert_int_equal(reg(REG_CR2), RIG_CODE);
}

static void resume_does_not_step(void **state)
{
	script(EXIT_UNDEFINED, 2);
	v->regs.rflags |= RFLAGS_RF | RFLAGS_TF;
	rig_run();
	assert_int_equal(v->regs.rip, RIG_CODE);
	assert_int_equal(v->regs.rflags & RFLAGS_RF, RFLAGS_RF);
	assert_int_equal(rig_last_entry()->event.vector, EXC_UD);
}

/* RFLAGS.TF: an instruction that the hypervisor finishes ends in #DB as others do. */
static void single_step(void **state)
{
	v->regs.rflags |= RFLAGS_TF;
	v->hw->reg[REG_DR7] = DR7_INIT | BIT(13);
	script(EXIT_CPUID, 2);
	rig_run();
	assert_int_equal(v->regs.rip, RIG_CODE + 2);
	assert_true(rig_last_entry()->event.valid);
	assert_int_equal(rig_last_entry()->event.type, EVENT_EXCEPTION);
	assert_int_equal(rig_last_entry()->event.vector, EXC_DB);
	assert_false(rig_last_entry()->event.has_error);
	assert_int_equal(reg(REG_DR6), DR6_INIT | BIT(14)); /* BS */
	/* Delivery ends general detection (Intel SDM vol. 3, "Debug Control Register"). */
	assert_int_equal(reg(REG_DR7), DR7_INIT);
	/* Once. */
	v->regs.rflags &= ~RFLAGS_TF;
	rig_run();
	assert_false(rig_last_entry()->event.valid);
}

/* --- HLT ------------------------------------------------------------------------------- */

static void halt(void)
{
	script(EXIT_HLT, 1);
	assert_int_equal(rig_run(), RUN_BLOCKED);
	assert_int_equal(v->mode, VCPU_HALTED);
}

static void hlt_sleeps_behind_itself(void **state)
{
	halt();
	assert_int_equal(v->regs.rip, RIG_CODE + 1);
	assert_int_equal(entries(), 1);
	/* Woken for nothing it sleeps on. */
	assert_int_equal(rig_run(), RUN_BLOCKED);
	assert_int_equal(entries(), 1);
}

static void interrupt_wakes(void **state)
{
	v->regs.rflags |= RFLAGS_IF;
	halt();
	v->board->vector = 0x41;
	assert_int_equal(rig_run(), RUN_AGAIN);
	assert_int_equal(v->mode, VCPU_RUNNING);
	assert_int_equal(rig_last_entry()->event.type, EVENT_INTR);
	assert_int_equal(rig_last_entry()->event.vector, 0x41);
	assert_int_equal(rig_last_entry()->rip, RIG_CODE + 1);
}

/* A waiter for a lock halts with interrupts off; the kick that comes first is not lost, and counts once. */
static void a_siblings_kick_wakes(void **state)
{
	halt();
	atomic_store(&v->pv_kicked, true);
	assert_int_equal(rig_run(), RUN_AGAIN);
	assert_int_equal(v->mode, VCPU_RUNNING);
	assert_false(v->pv_kicked);
	halt();
	assert_int_equal(rig_run(), RUN_BLOCKED);
}

/* The guest spins: its turn ends if somebody can use it. */
static void a_spinner_gives_way(void **state)
{
	fake_run_wanted = false;
	fake_run_yields = true;
	script(EXIT_PAUSE, 2);
	assert_int_equal(rig_run(), RUN_AGAIN);
	assert_int_equal(v->regs.rip, RIG_CODE + 2);
	assert_int_equal(entries(), 1);
}

static void interrupt_does_not_wake_if_off(void **state)
{
	halt();
	v->board->vector = 0x41;
	assert_int_equal(rig_run(), RUN_BLOCKED);
	assert_int_equal(v->board->taken, 0);
}

/* An interrupt that is there already: HLT ends at once. */
static void no_sleep_with_work(void **state)
{
	v->regs.rflags |= RFLAGS_IF;
	v->int_shadow = true; /* STI; HLT */
	v->board->vector = 0x55;
	script(EXIT_HLT, 1);
	assert_int_equal(rig_run(), RUN_AGAIN);
	assert_int_equal(entries(), 2);
	assert_false(v->hw->entry[0].event.valid);
	assert_int_equal(v->hw->entry[0].window, WINDOW_INTR);
	assert_int_equal(v->hw->entry[1].event.vector, 0x55);
}

/* CR8 is the guest's own, but while it holds an interrupt back. */
static void cr8_is_watched_when_it_matters(void **state)
{
	v->board->held = true;
	rig_run();
	assert_int_equal(v->hw->entry[0].window, WINDOW_CR8);
	v->board->held = false;
	rig_run();
	assert_int_equal(v->hw->entry[1].window, WINDOW_NONE);
}

static void nmi_wakes(void **state)
{
	halt();
	v->board->signals = SIGNAL_NMI;
	assert_int_equal(rig_run(), RUN_AGAIN);
	assert_int_equal(rig_last_entry()->event.type, EVENT_NMI);
	assert_int_equal(rig_last_entry()->event.vector, EXC_NMI);
}

/* A second NMI waits for the IRET of the first, and does not end a HLT in its handler. */
static void blocked_nmi_does_not_wake(void **state)
{
	v->nmi_blocked = true;
	halt();
	v->board->signals = SIGNAL_NMI;
	assert_int_equal(rig_run(), RUN_BLOCKED);
	assert_int_equal(entries(), 1);
	assert_true(v->nmi_pending);
}

/* The step over HLT failed, or trapped: that goes into the guest, and there is nothing to sleep
 * for. */
static void event_instead_of_sleep(void **state)
{
	v->regs.rflags |= RFLAGS_TF;
	script(EXIT_HLT, 1);
	assert_int_equal(rig_run(), RUN_AGAIN);
	assert_int_equal(rig_last_entry()->event.vector, EXC_DB);
	v->regs.rflags &= ~RFLAGS_TF;

	set_bits(64, RIG_CODE);
	rig_enter();
	rig_put64(RIG_PT + (RIG_CODE >> 12) * 8, 0);
	rig_leave();
	script(EXIT_HLT, 0);
	assert_int_equal(rig_run(), RUN_AGAIN);
	assert_int_equal(v->regs.rip, RIG_CODE);
	assert_int_equal(rig_last_entry()->event.vector, EXC_PF);
}

/* --- INIT and start-up ----------------------------------------------------------------- */

static void aps_wait_for_sipi(void **state)
{
	struct vcpu *ap = vm->vcpu[1];

	assert_int_equal(ap->mode, VCPU_WAIT_SIPI);
	ap->board->signals = SIGNAL_NMI; /* lost on a CPU that waits */
	assert_int_equal(ap->run.run(&ap->run, 0), RUN_BLOCKED);
	ap->board->signals = SIGNAL_SIPI;
	ap->board->sipi = 0x9f;
	assert_int_equal(ap->run.run(&ap->run, 0), RUN_AGAIN);
	assert_int_equal(ap->mode, VCPU_RUNNING);
	assert_int_equal(ap->hw->seg[SEG_CS].selector, 0x9f00);
	assert_int_equal(ap->hw->seg[SEG_CS].base, 0x9f000);
	assert_int_equal(ap->hw->entry[0].rip, 0);
	assert_false(ap->hw->entry[0].event.valid);
	/* One that runs takes no second one. */
	ap->board->signals = SIGNAL_SIPI;
	ap->board->sipi = 0x10;
	ap->regs.rip = 0x123;
	ap->run.run(&ap->run, 0);
	assert_int_equal(ap->hw->seg[SEG_CS].base, 0x9f000);
	assert_int_equal(ap->regs.rip, 0x123);
}

/* State after INIT: Intel SDM vol. 3, "Processor State After Reset, INIT". */
static void init_resets(void **state)
{
	rig_enter();
	rig_mode(64);
	v->hw->reg[REG_CR0] |= CR0_CD;
	v->hw->reg[REG_LSTAR] = 0x1234;
	v->hw->reg[REG_PAT] = 0x0606060606060606;
	v->msr.mtrr_def = 0x800;
	v->cpu.xcr0 = 7;
	v->cpu.dr[0] = v->cpu.dr[3] = 0x1234;
	v->regs.r[GPR_RBX] = 1;
	v->nmi_blocked = v->int_shadow = true;
	rig_leave();
	v->board->signals = SIGNAL_INIT;
	assert_int_equal(rig_run(), RUN_BLOCKED);
	assert_int_equal(v->mode, VCPU_WAIT_SIPI);
	assert_int_equal(entries(), 0);
	assert_int_equal(v->board->inits, 1);
	assert_int_equal(v->regs.rip, 0xfff0);
	assert_int_equal(v->regs.rflags, RFLAGS_ONE);
	assert_int_equal(v->regs.r[GPR_RBX], 0);
	assert_int_equal(v->regs.r[GPR_RDX], 0x00a20f10); /* the processor's signature */
	assert_int_equal(reg(REG_CR0), CR0_ET | CR0_CD);  /* CD and NW stay */
	assert_int_equal(reg(REG_CR3), 0);
	assert_int_equal(reg(REG_CR4), 0);
	assert_int_equal(reg(REG_EFER), 0);
	assert_int_equal(reg(REG_DR6), DR6_INIT);
	assert_int_equal(reg(REG_DR7), DR7_INIT);
	assert_int_equal(v->cpu.dr[0], 0);
	assert_int_equal(v->cpu.dr[3], 0);
	assert_int_equal(v->hw->seg[SEG_CS].base, 0xffff0000);
	assert_int_equal(v->hw->seg[SEG_DS].limit, 0xffff);
	assert_false(v->nmi_blocked || v->int_shadow);
	/* INIT leaves MSRs, MTRRs and the FPU alone. */
	assert_int_equal(reg(REG_LSTAR), 0x1234);
	assert_int_equal(reg(REG_PAT), 0x0606060606060606);
	assert_int_equal(v->msr.mtrr_def, 0x800);
	assert_int_equal(v->cpu.xcr0, 7);
}

static void init_and_sipi_together(void **state)
{
	halt();
	v->board->signals = SIGNAL_INIT | SIGNAL_SIPI | SIGNAL_NMI;
	v->board->sipi = 8;
	assert_int_equal(rig_run(), RUN_AGAIN);
	assert_int_equal(rig_last_entry()->rip, 0);
	assert_int_equal(v->hw->seg[SEG_CS].base, 0x8000);
	assert_int_equal(rig_last_entry()->event.type, EVENT_NMI);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(until_wanted),
		TEST(until_the_slice_ends),
		TEST(loaded_and_put),
		TEST(debug_registers),
		TEST(wraps),
		TEST(step_ends_shadow_and_rf),
		TEST(length_by_decoder),
		TEST(no_length_no_step),
		TEST(resume_does_not_step),
		TEST(single_step),
		TEST(hlt_sleeps_behind_itself),
		TEST(interrupt_wakes),
		TEST(a_siblings_kick_wakes),
		TEST(a_spinner_gives_way),
		TEST(interrupt_does_not_wake_if_off),
		TEST(no_sleep_with_work),
		TEST(cr8_is_watched_when_it_matters),
		TEST(nmi_wakes),
		TEST(blocked_nmi_does_not_wake),
		TEST(event_instead_of_sleep),
		TEST(aps_wait_for_sipi),
		TEST(init_resets),
		TEST(init_and_sipi_together),
	};

	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}

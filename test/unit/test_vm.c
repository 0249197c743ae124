// SPDX-License-Identifier: BSD-2-Clause
/* vm/vm.c: the life of a VM: started, restarted, stopped. */
#include "vm_life.h"

/* --- Start ----------------------------------------------------------------------------- */

static void starts(void **state)
{
	fake_time_advance(NS_PER_S);
	assert_int_equal(create(3, &fake_board), OK);
	assert_int_equal(vm_count(), 1);
	assert_string_equal(vm->name, "guest");
	assert_int_equal(rig_loads, 0);
	run();
	assert_int_equal(rig_loads, 1);
	assert_int_equal(fake_board_resets, 1);
	assert_int_equal(atomic_load(&vm->verdict), VM_RUN);
	assert_int_equal(v->mode, VCPU_RUNNING);
	assert_int_equal(vm->vcpu[1]->mode, VCPU_WAIT_SIPI);
	assert_int_equal(vm->vcpu[2]->mode, VCPU_WAIT_SIPI);
	assert_true(v->hw->entries > 1);
	assert_int_equal(vm->vcpu[1]->hw->entries, 0);
	/* The guest's time begins now. */
	assert_int_equal(vm->epoch, NS_PER_S);
	assert_int_equal(v->hw->tsc_offset, (u64)-NS_PER_S);
	assert_int_equal(vcpu_tsc(vm->vcpu[2]), 0);
}

static void flat_start(void **state)
{
	load_start.gdt = 0x500;
	load_start.gdt_limit = 31;
	load_start.rsi = 0x1234;
	load_start.rbx = 0x5678;
	assert_int_equal(create(1, &fake_board), OK);
	run();
	assert_int_equal(v->regs.rip, RIG_CODE);
	assert_int_equal(v->regs.r[GPR_RSP], 0x8000);
	assert_int_equal(v->regs.r[GPR_RSI], 0x1234);
	assert_int_equal(v->regs.r[GPR_RBX], 0x5678);
	assert_int_equal(v->regs.rflags, RFLAGS_ONE);
	assert_int_equal(reg(REG_CR0), CR0_PE | CR0_ET | CR0_NE);
	assert_int_equal(reg(REG_CR4), 0);
	assert_int_equal(reg(REG_EFER), 0);
	assert_int_equal(reg(REG_PAT), PAT_RESET);
	assert_int_equal(v->hw->seg[SEG_CS].selector, 8);
	assert_int_equal(v->hw->seg[SEG_CS].attr, 0xc9b);
	assert_int_equal(v->hw->seg[SEG_SS].selector, 16);
	assert_int_equal(v->hw->seg[SEG_SS].attr, 0xc93);
	assert_int_equal(v->hw->seg[SEG_GS].limit, 0xffffffff);
	assert_int_equal(v->hw->seg[SEG_GDTR].base, 0x500);
	assert_int_equal(v->hw->seg[SEG_GDTR].limit, 31);
	assert_int_equal(v->hw->seg[SEG_TR].attr, 0x8b);
}

static void long_mode_start(void **state)
{
	load_start.long_mode = true;
	load_start.cr3 = 0x9000;
	assert_int_equal(create(1, &fake_board), OK);
	run();
	assert_int_equal(reg(REG_CR0), CR0_PE | CR0_ET | CR0_NE | CR0_PG);
	assert_int_equal(reg(REG_CR3), 0x9000);
	assert_int_equal(reg(REG_CR4), CR4_PAE);
	assert_int_equal(reg(REG_EFER), EFER_LME | EFER_LMA);
	assert_int_equal(v->hw->seg[SEG_CS].attr, 0xa9b);
}

static void image_is_refused(void **state)
{
	load_answer = E_NOTFOUND;
	assert_int_equal(create(2, &fake_board), OK);
	run();
	assert_string_equal(fake_log_last, "vm \"guest\": cannot start: no such file: vmlinuz");
	assert_int_equal(gone, 1);
	nothing_left();
}

/* Other pCPUs are quick: the VM is gone before vm_create() returns. */
static void gone_at_once(void **state)
{
	load_answer = E_FORMAT;
	fake_run_eager = true;
	assert_int_equal(create(3, &fake_board), OK);
	nothing_left();
	vm = NULL;
}

/* --- Restart --------------------------------------------------------------------------- */

static void dirty_everything(void)
{
	rig_enter();
	v->hw->reg[REG_LSTAR] = 1;
	v->hw->reg[REG_PAT] = 0;
	v->msr.mtrr_def = 0x800;
	v->msr.kvm_time = 0x1001;
	v->cpu.xcr0 = 7;
	v->cpu.tsc_aux = 5;
	v->cpu.dr[0] = 0x1234;
	v->tsc_offset += 12345;
	v->nmi_pending = v->nmi_blocked = v->int_shadow = true;
	v->event = (struct vcpu_event){ true, EVENT_INTR, 0x20, false, 0 };
	assert_int_equal(gmem_write(&vm->gmem, RIG_RAM - 8, "secrets!", 8), OK);
	rig_leave();
}

/* As after power-on: nothing of the life before is left. */
static void restarts(void **state)
{
	assert_int_equal(create(2, &fake_board), OK);
	run();
	dirty_everything();
	fake_time_advance(NS_PER_S);
	vm_guest_reset(vm, "keyboard controller");
	run();
	assert_int_equal(rig_loads, 2);
	assert_int_equal(fake_board_resets, 2);
	assert_string_equal(fake_log_last, "vm \"guest\": restarted (keyboard controller)");
	assert_int_equal(v->mode, VCPU_RUNNING);
	assert_int_equal(vm->vcpu[1]->mode, VCPU_WAIT_SIPI);
	assert_int_equal(v->regs.rip, RIG_CODE);
	assert_int_equal(reg(REG_LSTAR), 0);
	assert_int_equal(reg(REG_PAT), PAT_RESET);
	assert_int_equal(v->msr.mtrr_def, 0);
	assert_int_equal(v->msr.kvm_time, 0);
	assert_int_equal(v->msr.misc_enable, 1);
	assert_int_equal(v->cpu.xcr0, XCR0_X87);
	assert_int_equal(v->cpu.tsc_aux, 0);
	assert_int_equal(v->cpu.dr[0], 0);
	assert_false(v->nmi_pending || v->nmi_blocked || v->int_shadow || v->event.valid);
	assert_int_equal(vm->epoch, NS_PER_S);
	assert_int_equal(vcpu_tsc(v), 0);
}

/* Wherever a vCPU is: running, asleep, waiting for a start-up IPI. */
static void restart_finds_all(void **state)
{
	assert_int_equal(create(4, &fake_board), OK);
	run();
	vm->vcpu[1]->board->signals = SIGNAL_SIPI;
	vm->vcpu[2]->board->signals = SIGNAL_SIPI;
	fake_virt_exit(vm->vcpu[2], EXIT_HLT, 1);
	run_notify(&vm->vcpu[1]->run);
	run_notify(&vm->vcpu[2]->run);
	run();
	assert_int_equal(vm->vcpu[1]->mode, VCPU_RUNNING);
	assert_int_equal(vm->vcpu[2]->mode, VCPU_HALTED);
	assert_int_equal(vm->vcpu[3]->mode, VCPU_WAIT_SIPI);
	vm_guest_reset(vm, "test");
	run();
	assert_int_equal(rig_loads, 2);
	for (u32 i = 1; i < 4; i++)
		assert_int_equal(vm->vcpu[i]->mode, VCPU_WAIT_SIPI);
}

static void reset_from_guest(struct vcpu *w)
{
	vm_guest_reset(w->vm, "from within");
}

/* The guest that asked does not run another instruction. */
static void verdict_before_next_entry(void **state)
{
	static const struct fake_step reset = { { .kind = EXIT_CPUID, .insn_len = 2 },
						reset_from_guest };
	u32 entries;

	assert_int_equal(create(2, &fake_board), OK);
	run();
	entries = v->hw->entries;
	fake_virt_add(v, &reset);
	fake_virt_exit(v, EXIT_CPUID, 2);
	rig_run();
	assert_int_equal(v->hw->entries, entries + 1);
	assert_int_equal(v->mode, VCPU_PARKED);
	run();
	assert_int_equal(rig_loads, 2);
}

/* Reset again as soon as vCPU 0 runs, with the others still in the park: 20 times. */
static void restart_storm(void **state)
{
	static const struct fake_step reset = { { .kind = EXIT_CPUID, .insn_len = 2 },
						reset_from_guest };

	assert_int_equal(create(5, &fake_board), OK);
	for (unsigned i = 0; i < 20; i++)
		fake_virt_add(v, &reset);
	fake_run_all(500);
	assert_int_equal(rig_loads, 21);
	assert_int_equal(atomic_load(&vm->verdict), VM_RUN);
	assert_int_equal(vm->parked, 0);
}

static void restart_fails(void **state)
{
	assert_int_equal(create(2, &fake_board), OK);
	run();
	load_answer = E_FORMAT;
	vm_guest_reset(vm, "test");
	run();
	assert_string_equal(fake_log_last, "vm \"guest\": cannot start: no such file: vmlinuz");
	nothing_left();
}

/* --- End ------------------------------------------------------------------------------- */

static void powers_off(void **state)
{
	assert_int_equal(create(3, &fake_board), OK);
	run();
	vm_guest_poweroff(vm);
	run();
	assert_string_equal(fake_log_last, "vm \"guest\": powered off");
	assert_int_equal(gone, 1);
	nothing_left();
}

static void reset_without_restart(void **state)
{
	struct vm_recipe r = rig_recipe(1);

	r.restart = false;
	assert_int_equal(vm_create(&r, &vm), OK);
	run();
	vm_guest_reset(vm, "triple fault");
	run();
	assert_string_equal(fake_log_last, "vm \"guest\": ended by a reset (triple fault)");
	nothing_left();
}

/* Power off and reset at once: who comes first has it. */
static void first_verdict_wins(void **state)
{
	assert_int_equal(create(2, &fake_board), OK);
	run();
	vm_guest_poweroff(vm);
	vm_guest_reset(vm, "too late");
	run();
	assert_string_equal(fake_log_last, "vm \"guest\": powered off");
	nothing_left();
}

static void by_a_triple_fault(void **state)
{
	assert_int_equal(create(2, &fake_board), OK);
	run();
	fake_virt_exit(v, EXIT_SHUTDOWN, 0);
	run();
	assert_string_equal(fake_log_last, "vm \"guest\": stopped: triple fault");
	assert_int_equal(fake_virt_dumps, 1);
	nothing_left();
}

/* --- Side by side ---------------------------------------------------------------------- */

/* Each sees its own RAM at the same place; one ends, the other does not notice. */
static void two_vms(void **state)
{
	struct vm *other;

	assert_int_equal(create(2, &fake_board), OK);
	run();
	other = vm;
	assert_int_equal(create(2, &fake_board), OK);
	run();
	assert_int_equal(vm_count(), 2);
	assert_int_not_equal(vm->id, other->id);
	rig_enter();
	assert_int_equal(rig_get64(0x1000), MARK);
	rig_put64(0x1000, 1);
	rig_leave();
	window_enter(other->window);
	assert_int_equal(rig_get64(0x1000), MARK);
	window_enter(NULL);
	vm_guest_poweroff(other);
	run();
	assert_int_equal(vm_count(), 1);
	assert_int_equal(gone, 0);
	rig_enter();
	assert_int_equal(rig_get64(0x1000), 1);
	rig_leave();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, life_setup, life_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(starts),
		TEST(flat_start),
		TEST(long_mode_start),
		TEST(image_is_refused),
		TEST(gone_at_once),
		TEST(restarts),
		TEST(restart_finds_all),
		TEST(verdict_before_next_entry),
		TEST(restart_storm),
		TEST(restart_fails),
		TEST(powers_off),
		TEST(reset_without_restart),
		TEST(first_verdict_wins),
		TEST(by_a_triple_fault),
		TEST(two_vms),
	};

	return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
/* vm/vm.c: what fails while a VM is made, and VMs that come and go for long. */
#include "vm_life.h"

#include <devices/pc.h>

#include "test/host/fake_console.h"
#include "test/host/fake_isolation.h"

#include <vm/isolation.h>

/*
 * Allocation number n fails, alone or with all that follow: either nothing is left, or the VM
 * needed no more than n, lives, and ends as it should.
 */
static void every_allocation(const struct board_ops *board, bool all)
{
	enum status st = E_NOMEM;
	unsigned n, refused = 0;

	for (n = 1; n < 200; n++) {
		life_setup(NULL);
		fake_console_reset();
		fake_mem_fail_at = n;
		fake_mem_fail_on = all;
		st = create(3, board);
		if (st) {
			assert_int_equal(st, E_NOMEM);
			refused++;
			nothing_left();
			continue;
		}
		run();
		assert_int_equal(rig_loads, 1);
		vm_guest_poweroff(vm);
		run();
		nothing_left();
		if (fake_mem_fail_at)
			break;
	}
	assert_true(n < 200);
	/* All but some for RAM, which is then taken in smaller pieces. */
	assert_true(refused > n / 2);
}

static void allocation_failures(void **state)
{
	every_allocation(&fake_board, false);
	every_allocation(&fake_board, true);
	every_allocation(&pc_board, false);
	every_allocation(&pc_board, true);
}

/* What the vendor half or the board answers is handed on. */
static void refusals(void **state)
{
	fake_virt_refusal = E_UNSUPPORTED;
	assert_int_equal(create(2, &fake_board), E_UNSUPPORTED);
	nothing_left();
	fake_virt_refusal = OK;
	fake_board_refusal = E_FULL;
	assert_int_equal(create(2, &fake_board), E_FULL);
	nothing_left();
	fake_console_reset();
	fake_console_ports = 0;
	assert_int_equal(create(2, &pc_board), E_FULL);
	nothing_left();
}

/* Random events, over and over: nothing is left in the end, and nobody is forgotten in between. */
static void long_life(void **state)
{
	u32 seed = 7;

	for (unsigned life = 0; life < 20; life++) {
		life_setup(NULL);
		fake_console_reset();
		assert_int_equal(create(1 + life % 6, life & 1 ? &pc_board : &fake_board), OK);
		for (unsigned i = 0; i < 60; i++) {
			seed = seed * 1103515245 + 12345;
			if (seed >> 16 & 1)
				fake_virt_exit(v, EXIT_HLT, 1);
			if ((seed >> 17 & 7) == 0)
				vm_guest_reset(vm, "random");
			fake_run_all(seed >> 20 & 15);
		}
		run();
		assert_int_equal(atomic_load(&vm->verdict), VM_RUN);
		assert_int_equal(vm->parked, 0);
		vm_guest_poweroff(vm);
		run();
		nothing_left();
	}
}

/* RAM that takes long to scrub, at the start, a restart and the end: others run in between. */
static void others_run_while_ram_is_scrubbed(void **state)
{
	struct vm_recipe r = rig_recipe(2);
	struct vm *large, *small;
	unsigned turns;

	r.ram[0].len = 20 * VM_SCRUB_STEP;
	assert_int_equal(vm_create(&r, &large), OK);
	r = rig_recipe(1);
	assert_int_equal(vm_create(&r, &small), OK);
	turns = fake_run_all(24);
	assert_int_equal(atomic_load(&small->verdict), VM_RUN);
	assert_int_equal(atomic_load(&large->verdict), VM_START);
	assert_int_equal(turns, 24);
	run();
	assert_int_equal(atomic_load(&large->verdict), VM_RUN);
	assert_int_equal(rig_loads, 2);
	vm_guest_reset(large, "test");
	fake_run_all(12);
	assert_int_equal(atomic_load(&large->verdict), VM_START);
	run();
	assert_int_equal(atomic_load(&large->verdict), VM_RUN);
	assert_int_equal(rig_loads, 3);
	vm_guest_poweroff(large);
	fake_run_all(12);
	assert_int_equal(vm_count(), 2);
	run();
	assert_int_equal(vm_count(), 1);
	vm_guest_poweroff(small);
	run();
	nothing_left();
}

static void no_report(void *ctx, const char *message)
{
	fail_msg("%s", message);
}

/* Each start and each end is followed by a check of all VMs that there are; one whose start fails leaves no trace. */
static void isolation_is_checked(void **state)
{
	struct vm_recipe second = rig_recipe(1);
	struct vm *other;
	u32 calls = fake_isolation_calls;

	assert_int_equal(create(2, &fake_board), OK);
	assert_int_equal(fake_isolation_calls, calls + 1);
	assert_int_equal(fake_isolation_guests, 1);
	assert_int_equal(fake_isolation_ram, RIG_RAM);
	assert_true(fake_isolation_all);
	assert_int_equal(vm_create(&second, &other), OK);
	assert_int_equal(fake_isolation_guests, 2);
	assert_int_equal(fake_isolation_ram, 2 * RIG_RAM);
	fake_mem_fail_at = 3;
	second.ram[0].len = 4 * RIG_RAM;
	assert_int_equal(vm_create(&second, &other), E_NOMEM);
	assert_int_equal(vm_check_isolation(no_report, NULL), OK);
	assert_int_equal(fake_isolation_guests, 2);
	assert_true(fake_isolation_all);
	run();
	vm_guest_poweroff(vm);
	run();
	assert_int_equal(fake_isolation_guests, 1);
	assert_true(fake_isolation_all);
	vm_end(other, VM_STOP, "end of the test");
	run();
	assert_int_equal(fake_isolation_guests, 0);
	nothing_left();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, life_setup, life_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(allocation_failures),
		TEST(refusals),
		TEST(long_life),
		TEST(isolation_is_checked),
		TEST(others_run_while_ram_is_scrubbed),
	};

	return cmocka_run_group_tests_name("vm_failures", tests, NULL, NULL);
}

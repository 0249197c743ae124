// SPDX-License-Identifier: BSD-2-Clause
/* vm/vm.c: what fails while a VM is made, and VMs that come and go for long. */
#include "vm_life.h"

#include <devices/pc.h>

#include "test/host/fake_console.h"

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, life_setup, life_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(allocation_failures),
		TEST(refusals),
		TEST(long_life),
	};

	return cmocka_run_group_tests_name("vm_failures", tests, NULL, NULL);
}

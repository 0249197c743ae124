// SPDX-License-Identifier: BSD-2-Clause
/*
 * For test_vm.c and test_vm_failures.c: VMs whose loader looks at what it gets, and an account of
 * what is left when they are gone. The test is the run loop.
 */
#pragma once

#include "vm_rig.h"

#define MARK 0x1122334455667788ull

static enum status load_answer;
static struct vm_start load_start;
static unsigned gone;

/* Finds RAM scrubbed, whatever it was used for before; leaves something in it. */
static enum status load(struct vm *m, void *ctx, struct vm_start *start, char *reason, size_t size)
{
	const u8 *ram = gmem_ptr(&m->gmem, 0, RIG_RAM);

	rig_loads++;
	assert_non_null(ram);
	assert_true(ram[0] == 0 && !memcmp(ram, ram + 1, RIG_RAM - 1));
	if (load_answer) {
		str_copy(reason, size, "no such file: vmlinuz");
		return load_answer;
	}
	rig_put64(0x1000, MARK);
	*start = load_start;
	return OK;
}

static void on_all_gone(void)
{
	gone++;
}

static inline int life_setup(void **state)
{
	rig_reset();
	load_answer = OK;
	load_start = (struct vm_start){ .rip = RIG_CODE, .rsp = 0x8000, .cs = 8, .ds = 16 };
	gone = 0;
	vm_on_all_gone(on_all_gone);
	return 0;
}

static inline enum status create(u32 vcpus, const struct board_ops *board)
{
	struct vm_recipe r = rig_recipe(vcpus);
	enum status st;

	r.load = load;
	r.board = board;
	st = vm_create(&r, &vm);
	/* Only the first vCPU of a VM that lives. */
	v = !st && vm_count() ? vm->vcpu[0] : NULL;
	return st;
}

static inline void nothing_left(void)
{
	assert_int_equal(vm_count(), 0);
	assert_int_equal(fake_mem_blocks, 0);
	assert_int_equal(fake_ram_used, 0);
}

static inline int life_teardown(void **state)
{
	vm_on_all_gone(NULL);
	if (vm_count()) {
		vm_end(vm, VM_STOP, "end of the test");
		fake_run_all(1000);
	}
	nothing_left();
	return 0;
}

/* Everybody runs a few times. vCPU 0 always has something to do. */
static inline void run(void)
{
	fake_run_all(50);
}

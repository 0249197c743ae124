// SPDX-License-Identifier: BSD-2-Clause
#include "pc_qemu.h"

#include <core/service/mem.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <vm/vm.h>

static void guest_exit(void *ctx, u32 code)
{
	vm_guest_exit(ctx, code);
}

/* Missing items read as zero, which is right for the others that QEMU has. */
static enum status fill(struct fwcfg *f, const struct vm *vm)
{
	const struct vm_recipe *r = &vm->recipe;
	const char *cmdline = r->cmdline ? r->cmdline : "";
	u32 size = (u32)strlen(cmdline) + 1;
	const struct {
		u16 key;
		u8 width;
		u64 val;
	} numbers[] = {
		{ FWCFG_RAM_SIZE, 8, gmem_size(&vm->gmem) },
		{ FWCFG_NOGRAPHIC, 2, 1 },
		{ FWCFG_NB_CPUS, 2, vm->vcpu_count },
		{ FWCFG_MAX_CPUS, 2, vm->vcpu_count },
		{ FWCFG_CMDLINE_SIZE, 4, size },
	};
	enum status st = OK;

	for (size_t i = 0; !st && i < ARRAY_LEN(numbers); i++)
		st = fwcfg_add_number(f, numbers[i].key, numbers[i].val, numbers[i].width);
	if (!st)
		st = fwcfg_add(f, FWCFG_CMDLINE_DATA, cmdline, size);
	if (!st)
		st = fwcfg_add(f, FWCFG_KERNEL_CMDLINE, cmdline, size);
	for (u32 i = 0; !st && i < r->fw_file_count; i++)
		st = fwcfg_add_file(f, r->fw_file[i].name, r->fw_file[i].data, r->fw_file[i].len);
	return st;
}

static enum status place_testdev(struct testdev *t, struct vm *vm)
{
	enum status st = bus_add(&vm->ports, TESTDEV_LOOP, 8, 0, &t->ports);

	if (!st)
		st = bus_add(&vm->ports, TESTDEV_EXIT, 4, 0, &t->ports);
	if (!st)
		st = bus_add(&vm->ports, TESTDEV_LINES, TESTDEV_LINE_COUNT, 0, &t->ports);
	if (!st)
		st = bus_add(&vm->mmio, TESTDEV_MEMORY, TESTDEV_MEMORY_LEN, TESTDEV_MEMORY,
			     &t->memory);
	return st;
}

enum status pc_qemu_build(struct pc_qemu *q, struct vm *vm, struct irq_line irq)
{
	enum status st;

	q->testdev = NULL;
	fwcfg_init(&q->fwcfg, &vm->lock);
	st = fill(&q->fwcfg, vm);
	check(!st); /* the items fit; a recipe's files are the hypervisor's own */
	st = bus_add(&vm->ports, FWCFG_PORT, 2, FWCFG_PORT, &q->fwcfg.dev);
	check(!st); /* the board has room, and nothing else is there */
	if (!vm->recipe.testdev)
		return OK;
	q->testdev = mem_alloc(sizeof(*q->testdev));
	if (!q->testdev)
		return E_NOMEM;
	testdev_init(q->testdev, &vm->lock, irq, guest_exit, vm);
	st = place_testdev(q->testdev, vm);
	check(!st);
	return OK;
}

void pc_qemu_reset(struct pc_qemu *q)
{
	struct testdev *t = q->testdev;

	q->fwcfg.dev.ops->reset(&q->fwcfg.dev);
	if (!t)
		return;
	t->ports.ops->reset(&t->ports);
	t->memory.ops->reset(&t->memory);
}

void pc_qemu_fini(struct pc_qemu *q)
{
	mem_free(q->testdev, sizeof(*q->testdev));
	q->testdev = NULL;
}

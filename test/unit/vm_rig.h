// SPDX-License-Identifier: BSD-2-Clause
/*
 * For the tests of vm/: a VM on the fake processor and the fake board, made and ended as in the
 * hypervisor. Guest RAM is 2 MiB at 0. After rig_vm() vCPU 0 is running in flat 32-bit code at
 * RIG_CODE and loaded, as if the test were one of its exit handlers.
 */
#pragma once

#include "unit.h"

#include <arch/x86_64/defs/msr.h>
#include <arch/x86_64/defs/regs.h>
#include <core/service/window.h>
#include <lib/string.h>
#include <vm/apic_page.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

#include "test/host/fake_board.h"
#include "test/host/fake_log.h"
#include "test/host/fake_machine.h"
#include "test/host/fake_mem.h"
#include "test/host/fake_run.h"
#include "test/host/fake_time.h"
#include "test/host/fake_virt.h"

#define RIG_RAM       (2 * MIB)
#define RIG_CODE      0x10000 /* where vCPU 0 starts */
#define RIG_TABLES    0x1000  /* page tables of rig_mode(64) */
#define RIG_PT        0x5000  /* 4 KiB pages of the first 2 MiB, one to one */
#define RIG_PT_IO     0x6000  /* ... and of the 2 MiB from RIG_IO on */
#define RIG_IO        0xfee00000ull
#define RIG_NO_DEVICE 0xfedff000ull

#define PTE_P  0x01ull
#define PTE_W  0x02ull
#define PTE_U  0x04ull
#define PTE_PS 0x80ull

static struct vm *vm;
static struct vcpu *v; /* vCPU 0 */
static unsigned rig_loads;

static enum status rig_load(struct vm *m, void *ctx, struct vm_start *start, char *reason,
			    size_t size)
{
	rig_loads++;
	*start = (struct vm_start){ .rip = RIG_CODE, .rsp = 0x8000, .cs = 8, .ds = 16 };
	return OK;
}

static inline struct vm_recipe rig_recipe(u32 vcpus)
{
	return (struct vm_recipe){
		.name = "guest",
		.ram = { { 0, RIG_RAM } },
		.ram_count = 1,
		.vcpus = vcpus,
		.sched = { .shares = 1000, .cpus = { { ~0ull, ~0ull, ~0ull, ~0ull } } },
		.virt = &fake_virt,
		.board = &fake_board,
		.load = rig_load,
		.restart = true,
		.hpet = true,
	};
}

static inline void rig_reset(void)
{
	fake_time_reset();
	fake_mem_reset();
	fake_machine_reset();
	fake_run_reset();
	fake_virt_reset();
	fake_board_reset();
	rig_loads = 0;
}

/* vCPU 0 is taken up from where its runnable left it, and put back. */
static inline void rig_enter(void)
{
	window_enter(vm->window);
	guest_cpu_load(&v->cpu);
	vm->virt->load(v);
}

static inline void rig_leave(void)
{
	vm->virt->put(v);
	guest_cpu_save(&v->cpu);
	window_enter(NULL);
}

static inline void rig_vm(u32 vcpus)
{
	struct vm_recipe r = rig_recipe(vcpus);

	assert_int_equal(vm_create(&r, &vm), OK);
	v = vm->vcpu[0];
	/* The other vCPUs sleep, vCPU 0 always runs on: once more, and it has started. */
	fake_run_all(3 * vcpus + RIG_RAM / VM_SCRUB_STEP);
	assert_int_equal(v->mode, VCPU_RUNNING);
	v->hw->entries = 0;
	v->hw->flushes = 0;
	rig_enter();
}

static inline int rig_setup(void **state)
{
	rig_reset();
	rig_vm(1);
	return 0;
}

/* Ends the VM: nothing may be left. */
static inline int rig_teardown(void **state)
{
	if (fake_machine_loaded)
		rig_leave();
	window_enter(NULL);
	vm_end(vm, VM_STOP, "end of the test");
	fake_run_all(1000);
	assert_int_equal(vm_count(), 0);
	assert_int_equal(fake_mem_blocks, 0);
	assert_int_equal(fake_ram_used, 0);
	return 0;
}

/* --- The guest's state ----------------------------------------------------------------- */

static inline u64 reg(enum virt_reg r)
{
	return v->hw->reg[r];
}

static inline void rig_put64(gpa_t gpa, u64 val)
{
	assert_int_equal(gmem_write(&vm->gmem, gpa, &val, 8), OK);
}

static inline u64 rig_get64(gpa_t gpa)
{
	u64 val;

	assert_int_equal(gmem_read(&vm->gmem, gpa, &val, 8), OK);
	return val;
}

/* PML4, PDPT and two page directories: the first 2 MiB, and 2 MiB from RIG_IO on, one to one. */
static inline void rig_tables(void)
{
	u64 flags = PTE_P | PTE_W | PTE_U;

	rig_put64(RIG_TABLES, (RIG_TABLES + 0x1000) | flags);
	rig_put64(RIG_TABLES + 0x1000, (RIG_TABLES + 0x2000) | flags);
	rig_put64(RIG_TABLES + 0x1000 + 3 * 8, (RIG_TABLES + 0x3000) | flags);
	rig_put64(RIG_TABLES + 0x2000, RIG_PT | flags);
	rig_put64(RIG_TABLES + 0x3000 + (RIG_IO >> 21 & 511) * 8, RIG_PT_IO | flags);
	for (u64 i = 0; i < 512; i++) {
		rig_put64(RIG_PT + i * 8, i * PAGE_SIZE | flags);
		rig_put64(RIG_PT_IO + i * 8, (RIG_IO + i * PAGE_SIZE) | flags);
	}
}

/* Real mode, flat 32-bit code without paging, or 64-bit code on rig_tables(). */
static inline void rig_mode(unsigned bits)
{
	struct segment cs = { .selector = 8, .attr = 0x89b, .limit = ~0u };
	struct segment data = { .selector = 16, .attr = 0xc93, .limit = ~0u };

	if (bits == 16) {
		cs = (struct segment){ .selector = 0x1000, .attr = 0x9b, .limit = 0xffff };
		data = (struct segment){ .attr = 0x93, .limit = 0xffff };
	} else {
		cs.attr |= bits == 64 ? SEG_ATTR_L : SEG_ATTR_DB;
	}
	for (enum seg_index s = SEG_ES; s <= SEG_GS; s++)
		v->hw->seg[s] = data;
	v->hw->seg[SEG_CS] = cs;
	v->hw->reg[REG_CR0] = CR0_ET | (bits == 16 ? 0 : CR0_PE);
	v->hw->reg[REG_CR4] = 0;
	v->hw->reg[REG_EFER] = 0;
	if (bits != 64)
		return;
	rig_tables();
	v->hw->reg[REG_CR0] |= CR0_PG | CR0_WP;
	v->hw->reg[REG_CR3] = RIG_TABLES;
	v->hw->reg[REG_CR4] = CR4_PAE;
	v->hw->reg[REG_EFER] = EFER_LME | EFER_LMA;
}

/* Puts instructions where RIP is. */
static inline void rig_code(const void *bytes, size_t len)
{
	assert_int_equal(gmem_write(&vm->gmem, v->regs.rip, bytes, len), OK);
}

#define RIG_INSN(...)                                          \
	do {                                                   \
		static const u8 rig_bytes[] = { __VA_ARGS__ }; \
                                                               \
		rig_code(rig_bytes, sizeof(rig_bytes));        \
	} while (0)

/* An exit as it comes from a vendor's decoder. */
static inline enum exit_action rig_dispatch(struct vm_exit *x)
{
	struct vm_exit *slot = exit_trace_next(&v->trace);
	enum exit_action action;

	*slot = *x;
	action = exit_dispatch(v, slot);
	*x = *slot;
	return action;
}

static inline enum exit_action rig_exit(enum exit_kind kind)
{
	struct vm_exit x = { .kind = kind, .insn_len = 2 };

	if (kind == EXIT_HYPERCALL) {
		x.hypercall.cpl = (u8)vcpu_cpl(v);
		x.hypercall.wide = vcpu_code_bits(v) == 64;
	}
	return rig_dispatch(&x);
}

/* vCPU 0 enters the guest once, through vcpu_run(), and comes back. Only from outside. Tests change what it is to look at. */
static inline enum run_result rig_run(void)
{
	vcpu_attend(v);
	return v->run.run(&v->run, 0);
}

static inline const struct fake_entry *rig_last_entry(void)
{
	assert_true(v->hw->entries > 0 && v->hw->entries <= FAKE_ENTRIES);
	return &v->hw->entry[v->hw->entries - 1];
}

/* --- Expectations ---------------------------------------------------------------------- */

/* The event queued for the next entry. */
static inline void expect_exception(u8 vector, bool has_error, u32 error)
{
	assert_true(v->event.valid);
	assert_int_equal(v->event.type, EVENT_EXCEPTION);
	assert_int_equal(v->event.vector, vector);
	assert_int_equal(v->event.has_error, has_error);
	assert_int_equal(v->event.error, error);
	v->event.valid = false;
}

static inline void expect_gp(void)
{
	expect_exception(EXC_GP, true, 0);
}

static inline void expect_no_event(void)
{
	assert_false(v->event.valid);
}

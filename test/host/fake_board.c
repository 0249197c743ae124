// SPDX-License-Identifier: BSD-2-Clause
#include "fake_board.h"

#include <arch/x86_64/defs/msr.h>
#include <core/service/mem.h>
#include <lib/assert.h>
#include <vm/apic_page.h>
#include <vm/vm.h>

struct board {
	struct board_vcpu vcpu[VM_VCPUS_MAX];
};

enum status fake_board_refusal;
unsigned fake_board_resets;
enum status (*fake_board_devices)(struct vm *vm);

void fake_board_reset(void)
{
	fake_board_refusal = OK;
	fake_board_resets = 0;
	fake_board_devices = NULL;
}

static enum status build(struct vm *vm)
{
	enum status st;

	if (fake_board_refusal)
		return fake_board_refusal;
	vm->board = mem_alloc(sizeof(*vm->board));
	if (!vm->board)
		return E_NOMEM;
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vm->vcpu[i]->board = &vm->board->vcpu[i];
	st = fake_board_devices ? fake_board_devices(vm) : OK;
	if (st)
		mem_free(vm->board, sizeof(*vm->board));
	return st;
}

static void fini(struct vm *vm)
{
	mem_free(vm->board, sizeof(*vm->board));
	vm->board = NULL;
}

static void reset(struct vm *vm)
{
	fake_board_resets++;
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		check(vm->vcpu[i]->mode == VCPU_PARKED);
		*vm->vcpu[i]->board = (struct board_vcpu){
			.vector = -1,
			.msr = { FAKE_PAGE | APIC_BASE_ENABLE | (i ? 0 : APIC_BASE_BSP) },
		};
	}
}

static void vcpu_init(struct vcpu *v)
{
	v->board->inits++;
}

static void tsc_moved(struct vcpu *v)
{
	v->board->tsc_moves++;
}

static bool irq_ready(struct vcpu *v)
{
	return v->board->vector >= 0;
}

static bool irq_held(struct vcpu *v)
{
	return v->board->held;
}

static int irq_take(struct vcpu *v)
{
	int vector = v->board->vector;

	if (vector < 0)
		return -1;
	v->board->vector = -1;
	v->board->taken++;
	return v->board->spurious ? -1 : vector | IRQ_MORE;
}

static u32 take_signals(struct vcpu *v, u8 *sipi_vector)
{
	u32 signals = v->board->signals;

	v->board->looks++;
	v->board->signals = 0;
	*sipi_vector = v->board->sipi;
	return signals;
}

static void set_cr8(struct vcpu *v, u8 val)
{
	apic_page_set(v->apic, APIC_REG_TPR, (u32)val << 4);
}

static u64 *msr_of(struct vcpu *v, u32 msr)
{
	switch (msr) {
	case MSR_APIC_BASE:
		return &v->board->msr[0];
	case MSR_TSC_DEADLINE:
		return &v->board->msr[1];
	case MSR_X2APIC_FIRST:
		return &v->board->msr[2];
	case MSR_X2APIC_LAST:
		return &v->board->msr[3];
	}
	return NULL;
}

static bool msr_read(struct vcpu *v, u32 msr, u64 *val)
{
	const u64 *at = msr_of(v, msr);

	if (at)
		*val = *at;
	return at;
}

static bool msr_write(struct vcpu *v, u32 msr, u64 val)
{
	u64 *at = msr_of(v, msr);

	if (at)
		*at = val;
	return at;
}

static bool lapic_page(struct vcpu *v, u64 gpa)
{
	return v->board->page && gpa >> PAGE_SHIFT == FAKE_PAGE >> PAGE_SHIFT;
}

static u64 lapic_read(struct vcpu *v, u32 off, unsigned width)
{
	v->board->reads++;
	v->board->off = off;
	v->board->width = width;
	return v->board->word;
}

static void lapic_write(struct vcpu *v, u32 off, unsigned width, u64 val)
{
	v->board->writes++;
	v->board->off = off;
	v->board->width = width;
	v->board->word = (u32)val;
}

static void apic_written(struct vcpu *v, u32 reg, u8 vector)
{
	v->board->apic_reg = reg;
	v->board->apic_vector = vector;
}

static bool has_work(struct vcpu *v, bool interrupts_on)
{
	return v->board->signals || (interrupts_on && v->board->vector >= 0);
}

const struct board_ops fake_board = {
	.build = build,
	.fini = fini,
	.reset = reset,
	.vcpu_init = vcpu_init,
	.tsc_moved = tsc_moved,
	.irq_ready = irq_ready,
	.irq_held = irq_held,
	.irq_take = irq_take,
	.take_signals = take_signals,
	.set_cr8 = set_cr8,
	.msr_read = msr_read,
	.msr_write = msr_write,
	.lapic_page = lapic_page,
	.lapic_read = lapic_read,
	.lapic_write = lapic_write,
	.apic_written = apic_written,
	.has_work = has_work,
};

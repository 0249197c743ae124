// SPDX-License-Identifier: BSD-2-Clause
/*
 * For test_pc.c and test_pc_irq.c: a VM of two vCPUs on the fake processor and the real board.
 */
#pragma once

#include "vm_rig.h"

#include <devices/ioapic.h>
#include <devices/pc.h>
#include <lib/bits.h>
#include <lib/range.h>

#include "test/host/fake_console.h"

#define OPS (vm->ops)

/* The vector alone. */
static inline int pc_take(struct vcpu *w)
{
	int got = OPS->irq_take(w);

	return got < 0 ? got : got & 0xff;
}

/* LAPIC registers, by offset in the page. */
#define APIC_EOI      0xb0
#define APIC_SVR      0xf0
#define APIC_ICR      0x300
#define APIC_ICR_HIGH 0x310
#define APIC_LINT0    0x350

static struct vcpu *ap; /* vCPU 1 */

static inline int pc_setup(void **state)
{
	struct vm_recipe r = rig_recipe(2);

	rig_reset();
	fake_console_reset();
	r.board = &pc_board;
	assert_int_equal(vm_create(&r, &vm), OK);
	v = vm->vcpu[0];
	ap = vm->vcpu[1];
	fake_run_all(10 + RIG_RAM / VM_SCRUB_STEP);
	return 0;
}

static inline void out(u16 port, unsigned width, u32 val)
{
	bus_write(&vm->ports, port, width, val);
}

static inline u32 in(u16 port, unsigned width)
{
	return (u32)bus_read(&vm->ports, port, width);
}

static inline void out8(u16 port, u8 val)
{
	out(port, 1, val);
}

static inline void apic_write(struct vcpu *w, u32 off, u32 val)
{
	OPS->lapic_write(w, off, 4, val);
}

static inline void ioapic_set(unsigned pin, u64 entry)
{
	bus_write(&vm->mmio, IOAPIC_BASE, 4, 0x10 + 2 * pin);
	bus_write(&vm->mmio, IOAPIC_BASE + 0x10, 4, (u32)entry);
	bus_write(&vm->mmio, IOAPIC_BASE, 4, 0x11 + 2 * pin);
	bus_write(&vm->mmio, IOAPIC_BASE + 0x10, 4, entry >> 32);
}

/* Both 8259, vectors 20h to 2Fh, `mask` for the sixteen lines. */
static inline void pic_on(u16 mask)
{
	out8(0x20, 0x11);
	out8(0x21, 0x20);
	out8(0x21, 4);
	out8(0x21, 1);
	out8(0xa0, 0x11);
	out8(0xa1, 0x28);
	out8(0xa1, 2);
	out8(0xa1, 1);
	out8(0x21, (u8)mask);
	out8(0xa1, (u8)(mask >> 8));
}

/* Counter 0 at 1000 Hz. */
static inline void pit_on(void)
{
	out8(0x43, 0x34);
	out8(0x40, 0xa9);
	out8(0x40, 0x04);
}

static inline int pc_teardown(void **state)
{
	if (vm_count())
		return rig_teardown(state);
	assert_int_equal(fake_mem_blocks, 0);
	assert_int_equal(fake_ram_used, 0);
	return 0;
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the neutral half needs of the board (devices/pc.c): devices on the buses, and the interrupt controllers as a vCPU
 * sees them.
 */
#pragma once

#include <lib/status.h>
#include <lib/types.h>

struct vm;
struct vcpu;

/* Signals from other vCPUs or devices: answer of take_signals. */
#define SIGNAL_NMI  0x1u
#define SIGNAL_INIT 0x2u
#define SIGNAL_SIPI 0x4u

/* In the answer of irq_take. */
#define IRQ_MORE 0x100

struct board_ops {
	/* Fills vm->ports and vm->mmio, and each vCPU's v->board. */
	enum status (*build)(struct vm *vm);
	void (*fini)(struct vm *vm);
	/* Power-on state of all devices and LAPICs; takes the device lock. All vCPUs are parked. */
	void (*reset)(struct vm *vm);

	/* The following run on the vCPU's own pCPU. */
	void (*vcpu_init)(struct vcpu *v); /* INIT came */
	void (*tsc_moved)(struct vcpu *v); /* the guest wrote its TSC */
	/* Would the CPU take an interrupt now if it could, one that must be injected? Brings v->apic up to date. */
	bool (*irq_ready)(struct vcpu *v);
	/* Is there one, not ready, that CR8 may hold back? */
	bool (*irq_held)(struct vcpu *v);
	/* Acknowledges one: the vector, with IRQ_MORE if irq_ready() may have another now; or -1 if none is ready, or it went away. */
	int (*irq_take)(struct vcpu *v);
	u32 (*take_signals)(struct vcpu *v, u8 *sipi_vector);
	void (*set_cr8)(struct vcpu *v, u8 cr8);
	/* APIC base, TSC deadline and x2APIC registers; false: #GP. */
	bool (*msr_read)(struct vcpu *v, u32 msr, u64 *val);
	bool (*msr_write)(struct vcpu *v, u32 msr, u64 val);
	/* Is gpa in this vCPU's LAPIC page? If so it is served there and not by the VM's bus. */
	bool (*lapic_page)(struct vcpu *v, u64 gpa);
	u64 (*lapic_read)(struct vcpu *v, u32 off, unsigned width);
	void (*lapic_write)(struct vcpu *v, u32 off, unsigned width, u64 val);

	/* The CPU has carried out a write of a LAPIC register (enum apic_reg) in v->apic, but for its effect outside of the
	 * vCPU: the EOI of a level-triggered `vector`, or what it cannot do itself. */
	void (*apic_written)(struct vcpu *v, u32 reg, u8 vector);

	/* Has anything come that ends a HLT (or a wait for SIPI)? */
	bool (*has_work)(struct vcpu *v, bool interrupts_on);
};

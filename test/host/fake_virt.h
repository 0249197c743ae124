// SPDX-License-Identifier: BSD-2-Clause
/*
 * A processor without hardware: vm/virt.h with the registers in a structure. What the guest does is
 * a script of exits; what the hypervisor wants of the processor is recorded at each entry.
 */
#pragma once

#include <vm/vcpu.h>
#include <vm/virt.h>

#define FAKE_STEPS   64
#define FAKE_ENTRIES 256

/* What the guest does from one entry to the next exit. */
struct fake_step {
	struct vm_exit exit;
	void (*guest)(struct vcpu *v); /* changes registers before the exit; may be NULL */
};

/* What the hypervisor had prepared at an entry. */
struct fake_entry {
	struct vcpu_event event; /* injected */
	enum virt_window window;
	bool shadow;
	u8 cr8;
	u64 rip;
	unsigned flushes; /* since the entry before */
};

struct virt_vcpu {
	u64 reg[VIRT_REGS];
	struct segment seg[SEG_COUNT];
	void *block;	      /* from vcpu_init() to vcpu_fini() */
	u64 tsc_offset;
	bool loaded, dr_trapped;
	enum virt_window window;
	unsigned flushes;
	struct vcpu_event event;
	struct fake_step step[FAKE_STEPS];
	u32 step_next, step_count;
	struct fake_entry entry[FAKE_ENTRIES]; /* the first ones */
	u32 entries;
};

struct virt_vm {
	u8 port_open[0x10000 / 8];
	struct fake_msr {
		u32 msr;
		bool read, write; /* trapped */
	} msr[32];
	u32 msr_count;
	bool ran;
};

extern const struct virt_ops fake_virt;
/* vm_init() and vcpu_init() answer this if it is not OK. */
extern enum status fake_virt_refusal;
/* Calls of dump(). */
extern unsigned fake_virt_dumps;
/* What max_leaf() answers; 1 GiB by default. */
extern u64 fake_virt_max_leaf;
/* Can it deliver interrupts from v->apic? */
extern bool fake_virt_apic;
/* Can it scale the TSC? */
extern bool fake_virt_tsc_scaling;

void fake_virt_reset(void);
/* Adds to the script of `v`. When it is at its end the guest computes until the next interrupt for
 * the host. */
void fake_virt_add(struct vcpu *v, const struct fake_step *s);
void fake_virt_exit(struct vcpu *v, enum exit_kind kind, u8 insn_len);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The vendor boundary: everything that the neutral half asks of VMX or SVM. Implemented by vmx/, svm/ and, for host tests, by
 * test/host/fake_virt.c. Vendor code decodes and injects; it decides no policy, touches no device and logs no guest's mistake.
 */
#pragma once

#include <lib/status.h>
#include <lib/types.h>
#include <vm/exit.h>
#include <vm/regs.h>

struct vm;
struct vcpu;
struct pt_format;

enum virt_reg {
	REG_CR0,
	REG_CR2,
	REG_CR3,
	REG_CR4,
	REG_CR8, /* bits 3:0; what the guest writes without an exit comes out by vcpu_note_cr8() */
	REG_EFER,
	REG_DR6,
	REG_DR7,
	REG_PAT,
	REG_SYSENTER_CS,
	REG_SYSENTER_ESP,
	REG_SYSENTER_EIP,
	REG_STAR,
	REG_LSTAR,
	REG_CSTAR,
	REG_SFMASK,
	REG_KERNEL_GS_BASE,
	VIRT_REGS,
};

enum __attribute__((packed)) event_type {
	EVENT_INTR,
	EVENT_NMI,
	EVENT_EXCEPTION,
	EVENT_SOFT, /* INT n */
};

/* An event on its way into the guest. */
struct vcpu_event {
	bool valid;
	enum event_type type;
	u8 vector;
	bool has_error;
	u32 error;
};

/* What shall make the guest exit, as something waits for it. */
enum virt_window {
	WINDOW_NONE,
	WINDOW_INTR, /* it can take an interrupt */
	WINDOW_CR8,  /* it writes CR8; where the CPU cannot do without exits for that, it always does */
};

/* What a vendor half can do with or without, so that plinth.conf may switch it off. */
struct virt_feature {
	const char *name;
	bool *on; /* set by probe: the CPU has it; may be cleared until the first cpu_on() */
};

struct virt_ops {
	const char *name;
	size_t vcpu_bytes;		      /* of v->hw; aligned to 64, zeroed, physically contiguous */
	const struct pt_format *pt;	      /* second-stage format */
	const struct virt_feature *features; /* ended by a NULL name */
	/* Can the CPU serve an x2APIC from v->apic and deliver its interrupts, while v->apic_by_cpu? Constant after cpu_on(). NULL: no. */
	const bool *apic;
	/* Can the CPU scale the TSC by v->vm->tsc (vm/tsc.h)? NULL: no. */
	const bool *tsc_scaling;

	/* Can this CPU do it? NULL if so, else why not. */
	const char *(*probe)(void);
	/* What this CPU does wrong with a feature that it has, which then is used on request only; NULL: nothing known. May be NULL. */
	const char *(*flaw)(const char *feature);
	/* Enters and leaves root mode on this pCPU. */
	enum status (*cpu_on)(void);
	void (*cpu_off)(void);
	/* Bytes: the largest leaf that second-stage tables may have on this machine. */
	u64 (*max_leaf)(void);

	enum status (*vm_init)(struct vm *vm); /* all ports and MSRs trapped */
	void (*vm_fini)(struct vm *vm);
	enum status (*vcpu_init)(struct vcpu *v);
	void (*vcpu_fini)(struct vcpu *v);

	void (*load)(struct vcpu *v); /* becomes this pCPU's current vCPU */
	void (*put)(struct vcpu *v);  /* may move to another pCPU afterwards. NULL: it may so after each exit */
	/*
	 * Enters the guest, and after an exit, which it decodes into v->trace, dispatches it. v->regs go in and come out complete; v->int_shadow, v->nmi_blocked and
	 * v->event (an event whose delivery was cut short; it has attended) come out. Enters again itself as long as vcpu_step_short() and
	 * vcpu_must_look() let it; else answers what is left to do.
	 */
	enum exit_action (*run)(struct vcpu *v);
	void (*dump)(struct vcpu *v); /* vendor state to the log, after a guest was stopped */

	/* On the pCPU that has `v` loaded. */
	u64 (*get_reg)(struct vcpu *v, enum virt_reg r);
	void (*set_reg)(struct vcpu *v, enum virt_reg r, u64 val);
	void (*get_seg)(struct vcpu *v, enum seg_index s, struct segment *out);
	void (*set_seg)(struct vcpu *v, enum seg_index s, const struct segment *seg);
	u8 (*cpl)(struct vcpu *v);	  /* current privilege level */
	bool (*long_code)(struct vcpu *v); /* is CS 64-bit code? */
	void (*inject)(struct vcpu *v, const struct vcpu_event *e); /* at the next entry */
	void (*want_window)(struct vcpu *v, enum virt_window what);
	void (*trap_dr)(struct vcpu *v, bool trap);   /* does it exit when it accesses DR0 to DR3? Not to lose one that is not 0 */
	void (*set_tsc)(struct vcpu *v, u64 offset);  /* guest TSC = tsc_from_host(host TSC) + offset */
	void (*flush)(struct vcpu *v);		      /* drop its cached translations before the next entry */

	/* Edit the permission maps; no vCPU of the VM has run yet. */
	void (*trap_port)(struct vm *vm, u16 port, bool trap);
	void (*trap_msr)(struct vm *vm, u32 msr, bool read, bool write);
};

extern const struct virt_ops vmx_ops, svm_ops;

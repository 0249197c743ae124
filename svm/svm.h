// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the files of svm/ share. Nobody outside includes it.
 */
#pragma once

#include "vmcb.h"

#include <arch/x86_64/defs/regs.h>
#include <core/pcpu.h>
#include <vm/tag.h>
#include <vm/vcpu.h>
#include <vm/virt.h>
#include <vm/vm.h>

/* Optional features, the same on all pCPUs (CPUID 8000_000A EDX). */
struct svm_features {
	bool nrips, flush_by_asid, decode_assists, pause_filter, tsc_scaling;
	bool event_inj; /* interrupts are injected as events; else as virtual interrupts */
	u32 asids;
};
extern struct svm_features svm_features;

/* Permission maps. AMD APM vol. 2, "I/O Permissions Map", "MSR Permissions Map". */
#define IOPM_SIZE  (3 * PAGE_SIZE)
#define MSRPM_SIZE (2 * PAGE_SIZE)

struct virt_vm {
	u8 *iopm;
	u8 *msrpm;
};

struct virt_vcpu {
	struct vmcb *vmcb;
	hpa_t vmcb_hpa;
	hpa_t host_hpa;	 /* of the pCPU that has the vCPU loaded: what VMLOAD restores */
	u16 tpr;	 /* V_TPR as the board knows it */
	u64 efer;	 /* as the guest sees it, while LME is kept from the hardware */
	bool lme_hidden; /* the guest has LME=1, PG=0; the VMCB has LME=0 (svm/regs.c says why) */
	struct tag asid;
};

/* cpu.c */
const char *svm_probe(void);
const char *svm_flaw(const char *feature);
enum status svm_cpu_on(void);
void svm_cpu_off(void);
u64 svm_max_leaf(void);
/* Gives the vCPU what it needs of this pCPU: the TSC at its VM's rate (vm/tsc.h), the host's state, and an ASID that is its own here. */
void svm_load(struct vcpu *v);

/* vcpu.c */
enum status svm_vm_init(struct vm *vm);
void svm_vm_fini(struct vm *vm);
enum status svm_vcpu_init(struct vcpu *v);
void svm_vcpu_fini(struct vcpu *v);
void svm_dump(struct vcpu *v);
void svm_flush(struct vcpu *v);
void svm_trap_dr(struct vcpu *v, bool trap);
void svm_set_tsc(struct vcpu *v, u64 offset);

/* regs.c */
u64 svm_get_reg(struct vcpu *v, enum virt_reg r);
void svm_set_reg(struct vcpu *v, enum virt_reg r, u64 val);
void svm_get_seg(struct vcpu *v, enum seg_index s, struct segment *out);
void svm_set_seg(struct vcpu *v, enum seg_index s, const struct segment *seg);
u8 svm_cpl(struct vcpu *v);
bool svm_long_code(struct vcpu *v);
/* After an exit, if svm_mode_changed(): takes note of a mode change that the guest made without one. */
void svm_sync_mode(struct vcpu *v);

static inline bool svm_is_long_code(const struct vmcb *b)
{
	return (b->s.efer & EFER_LMA) && (b->s.cs.attr & SEG_ATTR_L);
}

static inline bool svm_mode_changed(const struct vmcb *b)
{
	return !(b->s.cr0 & CR0_PG) && (b->s.efer & EFER_LME);
}

/* exit.c */
enum exit_action svm_run(struct vcpu *v);

/* event.c */
void svm_inject(struct vcpu *v, const struct vcpu_event *e);
void svm_want_window(struct vcpu *v, enum virt_window what);
/* After an exit with INT_CTL_IRQ: an interrupt that did not get in comes back as v->event. */
void svm_recover_irq(struct vcpu *v);
/* After an exit with EVENT_VALID in exit_int_info: an event whose delivery was cut short comes back as v->event. */
void svm_recover_event(struct vcpu *v);
void svm_on_iret(struct vcpu *v);

/* bitmap.c */
void svm_trap_port(struct vm *vm, u16 port, bool trap);
void svm_trap_msr(struct vm *vm, u32 msr, bool read, bool write);

/* enter.asm */
void svm_enter(struct gpr *regs, hpa_t vmcb, hpa_t host_vmcb);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the files of vmx/ share. Nobody outside includes it.
 */
#pragma once

#include "controls.h"
#include "insn.h"
#include "vmcs.h"

#include <arch/x86_64/defs/regs.h>
#include <core/pcpu.h>
#include <vm/apic_page.h>
#include <vm/tag.h>
#include <vm/vcpu.h>
#include <vm/virt.h>
#include <vm/vm.h>

/* The same on all pCPUs; set by probe and by plinth.conf until cpu_on, then constant. */
extern struct vmx_caps vmx_caps;
extern struct vmx_features vmx_features;
extern struct vmx_controls vmx_controls;

/* Permission maps. Intel SDM vol. 3, "I/O-Bitmap Addresses", "MSR-Bitmap Address". */
#define IO_BITMAP_SIZE  (2 * PAGE_SIZE) /* A and B */
/* Two: one for vCPUs whose APIC the board serves, one for those whose APIC the CPU serves. */
#define MSR_BITMAPS     2u
#define MSR_BITMAP_SIZE (MSR_BITMAPS * PAGE_SIZE)

struct virt_vm {
	u8 *io_bitmap;
	u8 *msr_bitmaps;
};

/* STAR, LSTAR, CSTAR, SFMASK: one after the other as MSRs, and as enum virt_reg. */
#define SYSCALL_MSRS 4u

/* What neither VM entry nor VM exit switches and the hypervisor does not use itself, while the vCPU
 * is not loaded. */
struct vmx_unswitched {
	u64 cr2, dr6, kernel_gs_base;
	u64 syscall[SYSCALL_MSRS]; /* the guest writes them by exits, so they are always right */
};

/* Lists that the CPU walks where it cannot load PAT or EFER by a control. */
#define MSR_LIST_MAX 2

struct virt_vcpu {
	struct msr_entry entry_list[MSR_LIST_MAX], exit_list[MSR_LIST_MAX];
	u8 *vmcs;      /* [b] a page */
	hpa_t vmcs_hpa; /* [b] */
	bool fresh;    /* the VMCS was never written */
	bool launched; /* since it was last made current */
	struct tag vpid; /* of the pCPU whose state the VMCS restores at an exit */
	u64 host_rsp;  /* as in the VMCS; enter.asm */

	/* Copies of what is in the VMCS, so that it is only written when it changes. */
	u32 proc, entry;
	u64 eoi_exits[4];
	bool apic; /* the CPU serves the APIC */

	/* What the next entry has to begin with: all clear, nearly always. Together, so that one look tells. */
	union {
		struct {
			bool flush;        /* drop this vCPU's translations */
			bool pdptes_stale; /* CR3, CR4 or CR0 changed by us, so the VMCS' copy of the guest's PDPTEs is old */
			u8 blocking;       /* BLOCKING_*, as in the VMCS */
			bool nmi_blocked;  /* v->nmi_blocked */
		};
		u32 todo;
	};

	/* As the guest sees them; the VMCS has what the CPU wants besides. */
	u64 cr0, efer, pat;

	u64 timer_at; /* the preemption timer's end: this_pcpu()->armed; 0: write it again */
	u8 timer_left; /* entries until it is written again */
	u64 nmi_at;                /* time_now() when the last NMI was injected */
	u8 soft_type, soft_length; /* of v->event while that is EVENT_SOFT */
	u32 failure;               /* VM-instruction error of an entry that failed; 0: none */
	struct vmx_unswitched off;
};

/* Of each pCPU; only it touches this. */
struct vmx_cpu {
	void *region; /* for VMXON */
	struct tag_pool vpids;
	const struct virt_vcpu *current; /* whose VMCS was loaded last: it is, or has been cleared and none is */
	u64 syscall[SYSCALL_MSRS];	 /* what is in these MSRs */
};
extern struct vmx_cpu *vmx_cpus[PCPUS_MAX];

static inline struct vmx_cpu *vmx_cpu_here(void)
{
	return vmx_cpus[this_pcpu()->id];
}

static inline bool vmx_is_current(const struct virt_vcpu *hw)
{
	return vmx_cpu_here()->current == hw;
}

static inline u64 vmx_eptp(const struct vcpu *v)
{
	return vmx_controls.eptp | v->vm->as.pt.root;
}

/* cpu.c */
const char *vmx_probe(void);
const char *vmx_flaw(const char *feature);
enum status vmx_cpu_on(void);
void vmx_cpu_off(void);
u64 vmx_max_leaf(void);

/* host.c */
/* What the current VMCS restores at an exit: all of this pCPU's state that C code relies on. */
void vmx_write_host(struct virt_vcpu *hw);
/* The guest's MSRs for system calls become this pCPU's. */
void vmx_load_syscall(struct vmx_cpu *c, const struct vmx_unswitched *off);
/* One of them, of the loaded vCPU. */
void vmx_set_syscall(struct virt_vcpu *hw, u32 index, u64 val);

/* vcpu.c */
enum status vmx_vm_init(struct vm *vm);
void vmx_vm_fini(struct vm *vm);
enum status vmx_vcpu_init(struct vcpu *v);
void vmx_vcpu_fini(struct vcpu *v);
void vmx_load(struct vcpu *v);
void vmx_put(struct vcpu *v);
void vmx_dump(struct vcpu *v);
void vmx_flush(struct vcpu *v);
void vmx_trap_dr(struct vcpu *v, bool trap);
void vmx_set_tsc(struct vcpu *v, u64 offset);

/* regs.c */
/* Which bits of CR0 and CR4 a guest cannot change without an exit. */
u64 vmx_cr0_mask(void);
u64 vmx_cr4_mask(void);
u64 vmx_get_reg(struct vcpu *v, enum virt_reg r);
void vmx_set_reg(struct vcpu *v, enum virt_reg r, u64 val);
void vmx_get_seg(struct vcpu *v, enum seg_index s, struct segment *out);
void vmx_set_seg(struct vcpu *v, enum seg_index s, const struct segment *seg);
u8 vmx_cpl(struct vcpu *v);
bool vmx_long_code(struct vcpu *v);
/* After an entry was refused: mends what a CPU may have left behind that it does not take back.
 * False: nothing. */
bool vmx_mend_segments(void);
/* Before an entry, if pdptes_stale: the VMCS has the PDPTEs of a guest with PAE paging. */
void vmx_sync_pdptes(struct vcpu *v);

/* exit.c */
enum exit_action vmx_run(struct vcpu *v);

/* event.c */
void vmx_inject(struct vcpu *v, const struct vcpu_event *e);
void vmx_want_window(struct vcpu *v, enum virt_window what);
/* After an exit with EVENT_VALID in VECTORING: an event whose delivery was cut short comes back as v->event. */
void vmx_recover_event(struct vcpu *v);
/* v->int_shadow and v->nmi_blocked into the VMCS and back; not needed if all are clear. */
void vmx_write_blocking(struct vcpu *v);
void vmx_read_blocking(struct vcpu *v);
/* The guest faulted at an IRET that had already ended the blocking of NMIs: it goes on. */
void vmx_block_nmis_again(struct vcpu *v);

/* apic.c */
void vmx_fill_apic(struct vcpu *v);
/* Before an entry: the CPU serves v->apic or not, and knows what is pending in it. */
void vmx_sync_apic(struct vcpu *v);

/* bitmap.c */
void vmx_trap_port(struct vm *vm, u16 port, bool trap);
void vmx_trap_msr(struct vm *vm, u32 msr, bool read, bool write);
/* Opens what APIC virtualisation serves. */
void vmx_open_x2apic(u8 *map);

/* enter.asm: the exit reason, or one of these two. */
#define VMX_FAIL_INVALID 0xffffffffu
#define VMX_FAIL_VALID   0xfffffffeu
u32 vmx_enter(struct gpr *regs, bool launched, u64 *host_rsp);
/* Where exits arrive; not callable. */
void vmx_exit(void);

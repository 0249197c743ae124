// SPDX-License-Identifier: BSD-2-Clause
/*
 * From what the capability MSRs allow to what Plinth uses. Pure: cpu.c reads the MSRs, tests make
 * them up. Intel SDM vol. 3, "VMX Capability Reporting Facility".
 */
#pragma once

#include "vmcs.h"

enum vmx_ctl {
	CTL_PIN,
	CTL_PROC,
	CTL_PROC2,
	CTL_EXIT,
	CTL_ENTRY,
	CTL_COUNT,
};

/* The MSRs as they are. A control's low half has the bits that must be 1, its high half those that
 * may be. */
struct vmx_caps {
	u64 basic, misc, ept_vpid;
	u64 ctl[CTL_COUNT];      /* with the default1 class forced to 1 */
	u64 true_ctl[CTL_COUNT]; /* the truth where BASIC_TRUE is set, else a copy of `ctl` */
	u64 cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
};

#define BASIC_REVISION BITS(30, 0)
#define BASIC_SIZE     BITS(44, 32)
#define BASIC_TRUE     BIT(55)

#define REVISION_BOCHS 0x2b /* its own, as its source says */

#define MISC_TIMER_RATE BITS(4, 0)

#define EPT_CAP_LEVELS4        BIT(6)
#define EPT_CAP_WB             BIT(14)
#define EPT_CAP_2M             BIT(16)
#define EPT_CAP_1G             BIT(17)
#define EPT_CAP_INVEPT         BIT(20)
#define EPT_CAP_INVEPT_SINGLE  BIT(25)
#define EPT_CAP_INVEPT_ALL     BIT(26)
#define EPT_CAP_INVVPID        BIT(32)
#define EPT_CAP_INVVPID_SINGLE BIT(41)
#define EPT_CAP_INVVPID_ALL    BIT(42)

/* What Plinth can do without. */
struct vmx_features {
	bool vpid;
	bool preemption_timer;
	bool virtual_nmis;
	bool tpr_shadow;
	bool apic; /* x2APIC, its registers, delivery of interrupts; rests on tpr_shadow */
	bool load_pat, load_efer; /* by the CPU at entry and exit; else by MSR lists */
	bool rdtscp;
	bool pause_loop;
	bool tsc_scaling;
	bool wbinvd;        /* exits; else it runs in the guest and costs everybody's caches */
	bool encls;         /* exits; only CPUs with SGX have it */
	bool single_flush;  /* INVEPT and INVVPID of one context; else of all */
	bool true_controls; /* accesses to CR3 need not exit */
	bool ept_2m, ept_1g;
};

/*
 * All or none of these: every CPU since Ivy Bridge-EP has the three, and without delivery each write
 * of the TPR would need the threshold. Set while the guest's APIC is in x2APIC mode.
 */
#define VMX_PROC2_APIC (PROC2_X2APIC | PROC2_APIC_REGS | PROC2_VID)

struct vmx_controls {
	u32 ctl[CTL_COUNT];
	u32 invept, invvpid; /* type of a flush */
	u64 eptp;            /* without the address */
};

/* NULL if all that is mandatory is there, else what is wrong. */
const char *vmx_controls_lack(const struct vmx_caps *caps);
/* All that this CPU has. */
struct vmx_features vmx_controls_offer(const struct vmx_caps *caps);
/* What this CPU does wrong with a feature of that name (vm/virt.h); NULL: nothing is known. */
const char *vmx_controls_flaw(const struct vmx_caps *caps, const char *feature);
/* What to write into the VMCS when `f`, a part of the offer, is to be used. */
struct vmx_controls vmx_controls_choose(const struct vmx_caps *caps, const struct vmx_features *f);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Facts about the machine for the neutral upper layers, which may not execute such instructions themselves. Unit tests link
 * test/host/fake_machine.c.
 */
#pragma once

#include <lib/types.h>

struct machine_cpuid {
	u32 eax, ebx, ecx, edx;
};

/* CPUID of this machine; zeroes above the maximum leaf. */
struct machine_cpuid machine_cpuid(u32 leaf, u32 subleaf);
/* XCR0 bits that guests may set; 0 without XSAVE. */
u64 machine_xcr0(void);
u32 machine_pcpus(void);
u32 machine_this_pcpu(void);

/*
 * CPU state that neither VMRUN nor VM entry switches and that the hypervisor does not use itself: kept per vCPU, switched when a vCPU
 * gets or leaves a pCPU.
 */
#define EXTRAS_LOAD   (1ull << 32)
#define EXTRAS_LOADED (2ull << 32)

struct guest_cpu {
	void *fpu; /* XSAVE area from the hypervisor's pool */
	u64 xcr0;
	u64 xcr0_loaded; /* the CPU's, while it runs: complete until the guest could notice */
	u64 tsc_aux;	 /* the guest writes it by an exit */
	u64 extras;	 /* TSC_AUX, if that is all but XSAVE's that must be loaded, where the pCPU has another; EXTRAS_LOAD: DR0 to DR3, too */
	u64 dr[4];
	bool dr_used; /* it may access DR0 to DR3 without an exit; if not, they are 0 */
};

/* E_NOMEM as false. The state after power-on. */
bool guest_cpu_init(struct guest_cpu *c);
void guest_cpu_reset(struct guest_cpu *c);
void guest_cpu_fini(struct guest_cpu *c);
/* As guest_cpu_reset(), for the state that is loaded on this pCPU. */
void guest_cpu_load_reset(struct guest_cpu *c);
/* INIT, for the same: of all this only the breakpoint addresses go (Intel SDM vol. 3, "Processor State After Reset"). */
void guest_cpu_load_init(struct guest_cpu *c);
/* The guest, whose state is loaded, changes XCR0, or can use it from now on (CR4.OSXSAVE). */
void guest_cpu_set_xcr0(struct guest_cpu *c, u64 xcr0);
/* It changes TSC_AUX. */
void guest_cpu_set_tsc_aux(struct guest_cpu *c, u64 val);
/* It begins to use its debug registers. */
void guest_cpu_use_dr(struct guest_cpu *c);
/* At the end of a turn, if it uses them: saves them. False: all are 0, so it does not use them any more. */
bool guest_cpu_save_dr(struct guest_cpu *c);
/*
 * A vector register of the guest whose state is loaded. `width` 16: XMM `reg` (what AVX adds above stays); 32: YMM `reg`, if XCR0 has it;
 * 8: MM `reg`, which as the guest's own instruction would ends x87 mode. False: an x87 exception is pending, which comes first, and
 * nothing was done.
 */
bool must_check guest_cpu_get_vector(unsigned reg, unsigned width, u64 val[4]);
bool must_check guest_cpu_set_vector(unsigned reg, unsigned width, const u64 val[4]);
void guest_cpu_load(struct guest_cpu *c);
/* All but the debug registers. */
void guest_cpu_save(struct guest_cpu *c);

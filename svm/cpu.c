// SPDX-License-Identifier: BSD-2-Clause
/* SVM on a pCPU. AMD APM vol. 2, "Enabling SVM". */
#include "svm.h"

#include <arch/x86_64/cpu.h>
#include <core/service/mem.h>
#include <lib/string.h>

struct svm_features svm_features;

/* Of each pCPU. */
static struct svm_cpu {
	void *hsave;
	hpa_t host_hpa;	   /* of `host` */
	struct vmcb *host; /* FS, GS, TR, LDTR and the MSRs that VMSAVE knows, of the hypervisor */
	struct tag_pool asids;
	u64 tsc_ratio; /* what MSR_TSC_RATIO holds; 0: not known */
} *cpus[PCPUS_MAX];

#define CPUID_HYPERVISOR     0x40000000
#define TCG_SIGNATURE	     0x54474354 /* "TCGTCGTCGTCG" */
#define CPUID_SVM	     0x8000000a
#define SVM_EDX_NPT	     BIT(0)
#define SVM_EDX_NRIPS	     BIT(3)
#define SVM_EDX_TSC_RATIO    BIT(4)
#define SVM_EDX_FLUSH_ASID   BIT(6)
#define SVM_EDX_DECODE	     BIT(7)
#define SVM_EDX_PAUSE	     (BIT(10) | BIT(12)) /* the filter, and its threshold */
#define EXT1_ECX_SVM	     BIT(2)

const char *svm_probe(void)
{
	struct cpuid_regs r;

	if (cpuid(0x80000000, 0).eax < CPUID_SVM || !(cpuid(0x80000001, 0).ecx & EXT1_ECX_SVM))
		return "the CPU has no SVM";
	if (rdmsr(MSR_VM_CR) & VM_CR_SVMDIS)
		return "SVM is switched off by the firmware";
	r = cpuid(CPUID_SVM, 0);
	if (!(r.edx & SVM_EDX_NPT))
		return "the CPU has SVM, but no nested paging";
	svm_features = (struct svm_features){
		.nrips = r.edx & SVM_EDX_NRIPS,
		.flush_by_asid = r.edx & SVM_EDX_FLUSH_ASID,
		.decode_assists = r.edx & SVM_EDX_DECODE,
		.pause_filter = (r.edx & SVM_EDX_PAUSE) == SVM_EDX_PAUSE,
		.tsc_scaling = r.edx & SVM_EDX_TSC_RATIO,
		.event_inj = true,
		.asids = r.ebx,
	};
	return NULL;
}

/* QEMU's VMRUN keeps the vector of an interrupt that it injects, and may deliver that again (docs/TESTING.md). */
const char *svm_flaw(const char *feature)
{
	if (strcmp(feature, "eventinj") || cpuid(CPUID_HYPERVISOR, 0).ebx != TCG_SIGNATURE)
		return NULL;
	return "QEMU delivers interrupts twice";
}

enum status svm_cpu_on(void)
{
	struct svm_cpu *c = mem_alloc(sizeof(*c));

	if (!c)
		return E_NOMEM;
	c->hsave = mem_alloc(PAGE_SIZE);
	c->host = mem_alloc(PAGE_SIZE);
	if (!c->hsave || !c->host) {
		mem_free(c->hsave, PAGE_SIZE);
		mem_free(c->host, PAGE_SIZE);
		mem_free(c, sizeof(*c));
		return E_NOMEM;
	}
	c->asids = tag_pool(svm_features.asids, this_pcpu()->id);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, mem_hpa(c->hsave));
	c->host_hpa = mem_hpa(c->host);
	__asm__ volatile("vmsave %0" : : "a"(c->host_hpa) : "memory");
	cpus[this_pcpu()->id] = c;
	return OK;
}

void svm_cpu_off(void)
{
	struct svm_cpu *c = cpus[this_pcpu()->id];

	wrmsr(MSR_VM_HSAVE_PA, 0);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~EFER_SVME);
	cpus[this_pcpu()->id] = NULL;
	mem_free(c->hsave, PAGE_SIZE);
	mem_free(c->host, PAGE_SIZE);
	mem_free(c, sizeof(*c));
}

u64 svm_max_leaf(void)
{
	return cpu_features.page1g ? GIB : 2 * MIB;
}

/* "TSC Ratio MSR": 8 bits before the point, 32 behind it. VMRUN does not switch it, and the
 * hypervisor's own TSC does not go by it. */
#define MSR_RATIO_SHIFT (TSC_RATIO_BITS - 32)

/* A number that is new here may tag old translations. */
static rare void adopt(struct vcpu *v, struct svm_cpu *c)
{
	struct virt_vcpu *hw = v->hw;
	struct vmcb_control *control = &hw->vmcb->c;

	c->tsc_ratio = v->vm->tsc.ratio;
	if (svm_features.tsc_scaling)
		wrmsr(MSR_TSC_RATIO, c->tsc_ratio >> MSR_RATIO_SHIFT);
	if (!tag_take(&c->asids, &hw->asid))
		return;
	hw->host_hpa = c->host_hpa;
	control->asid = hw->asid.number;
	control->clean = 0;
	svm_flush(v);
}

/* Nearly always it is as it was when it left. */
void svm_load(struct vcpu *v)
{
	struct svm_cpu *c = cpus[this_pcpu()->id];

	if (c->tsc_ratio != v->vm->tsc.ratio || !tag_is_valid(&c->asids, &v->hw->asid))
		adopt(v, c);
}

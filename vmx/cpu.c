// SPDX-License-Identifier: BSD-2-Clause
/* VMX on a pCPU. Intel SDM vol. 3, "Discovering Support for VMX", "Enabling and Entering VMX
 * Operation". */
#include "vmx.h"

#include <arch/x86_64/cpu.h>
#include <core/service/log.h>
#include <core/service/mem.h>
#include <lib/assert.h>
#include <lib/string.h>

struct vmx_caps vmx_caps;
struct vmx_features vmx_features;
struct vmx_controls vmx_controls;

struct vmx_cpu *vmx_cpus[PCPUS_MAX];

#define LEAF1_ECX_VMX BIT(5)
#define VPIDS         0x10000

void vmx_insn_failed(const char *insn, u64 operand)
{
	u64 error = 0;

	/* Tells nothing if there is no current VMCS; then `error` stays as it is. */
	__asm__ volatile("vmread %1, %0" : "+r"(error) : "r"((u64)VMCS_INSTRUCTION_ERROR) : "cc");
	panic("%s %llx failed: %s", insn, (unsigned long long)operand, vmcs_error_text((u32)error));
}

static void read_caps(struct vmx_caps *c)
{
	static const u32 plain[CTL_COUNT] = {
		[CTL_PIN] = MSR_VMX_PIN,   [CTL_PROC] = MSR_VMX_PROC,   [CTL_PROC2] = MSR_VMX_PROC2,
		[CTL_EXIT] = MSR_VMX_EXIT, [CTL_ENTRY] = MSR_VMX_ENTRY,
	};
	static const u32 truth[CTL_COUNT] = {
		[CTL_PIN] = MSR_VMX_TRUE_PIN,     [CTL_PROC] = MSR_VMX_TRUE_PROC,
		[CTL_PROC2] = MSR_VMX_PROC2,      [CTL_EXIT] = MSR_VMX_TRUE_EXIT,
		[CTL_ENTRY] = MSR_VMX_TRUE_ENTRY,
	};
	bool has_proc2 = rdmsr(MSR_VMX_PROC) >> 32 & PROC_SECONDARY;

	*c = (struct vmx_caps){ .basic = rdmsr(MSR_VMX_BASIC), .misc = rdmsr(MSR_VMX_MISC) };
	for (unsigned i = 0; i < CTL_COUNT; i++) {
		if (i == CTL_PROC2 && !has_proc2)
			continue;
		c->ctl[i] = rdmsr(plain[i]);
		c->true_ctl[i] = c->basic & BASIC_TRUE ? rdmsr(truth[i]) : c->ctl[i];
	}
	if (c->ctl[CTL_PROC2] >> 32 & PROC2_EPT)
		c->ept_vpid = rdmsr(MSR_VMX_EPT_VPID);
	c->cr0_fixed0 = rdmsr(MSR_VMX_CR0_FIXED0);
	c->cr0_fixed1 = rdmsr(MSR_VMX_CR0_FIXED1);
	c->cr4_fixed0 = rdmsr(MSR_VMX_CR4_FIXED0);
	c->cr4_fixed1 = rdmsr(MSR_VMX_CR4_FIXED1);
}

u64 vmread(enum vmcs_field f)
{
	u64 val;
	bool ok;

	__asm__ volatile("vmread %2, %1" : "=@cca"(ok), "=r"(val) : "r"((u64)f) : "memory");
	if (!ok)
		vmx_insn_failed("VMREAD", f);
	return val;
}

void vmwrite(enum vmcs_field f, u64 val)
{
	bool ok;

	__asm__ volatile("vmwrite %1, %2" : "=@cca"(ok) : "r"(val), "r"((u64)f) : "memory");
	if (!ok)
		vmx_insn_failed("VMWRITE", f);
}

const char *vmx_probe(void)
{
	u64 control;
	const char *lack;

	if (!(cpuid(1, 0).ecx & LEAF1_ECX_VMX))
		return "the CPU has no VMX";
	control = rdmsr(MSR_FEATURE_CONTROL);
	if ((control & FEATURE_LOCKED) && !(control & FEATURE_VMXON))
		return "VMX is switched off by the firmware";
	read_caps(&vmx_caps);
	lack = vmx_controls_lack(&vmx_caps);
	if (lack)
		return lack;
	vmx_features = vmx_controls_offer(&vmx_caps);
	return NULL;
}

const char *vmx_flaw(const char *feature)
{
	return vmx_controls_flaw(&vmx_caps, feature);
}

/* Locks IA32_FEATURE_CONTROL, where the firmware did not, as firmware should have. */
static bool unlock(void)
{
	u64 control = rdmsr(MSR_FEATURE_CONTROL);

	if (!(control & FEATURE_LOCKED))
		wrmsr(MSR_FEATURE_CONTROL, control | FEATURE_LOCKED | FEATURE_VMXON);
	return rdmsr(MSR_FEATURE_CONTROL) & FEATURE_VMXON;
}

/* All pCPUs use one set of controls, so they must be of one kind. */
static bool same_caps(void)
{
	struct vmx_caps here;

	read_caps(&here);
	return !memcmp(&here, &vmx_caps, sizeof(here));
}

static bool enter_root(struct vmx_cpu *c)
{
	*(u32 *)c->region = (u32)FIELD_GET(BASIC_REVISION, vmx_caps.basic);
	write_cr0((read_cr0() | vmx_caps.cr0_fixed0) & vmx_caps.cr0_fixed1);
	write_cr4((read_cr4() | vmx_caps.cr4_fixed0) & vmx_caps.cr4_fixed1);
	return vmxon(mem_hpa(c->region));
}

/* What another hypervisor left before us. Without the instructions each context is flushed when it
 * first comes here. */
static void flush_everything(void)
{
	if (vmx_caps.ept_vpid & EPT_CAP_INVEPT_ALL)
		invept(INVEPT_ALL, 0);
	if ((vmx_caps.ept_vpid & EPT_CAP_INVVPID) && (vmx_caps.ept_vpid & EPT_CAP_INVVPID_ALL))
		invvpid(INVVPID_ALL, 0);
}

enum status vmx_cpu_on(void)
{
	struct pcpu *p = this_pcpu();
	struct vmx_cpu *c;

	if (!unlock() || !same_caps()) {
		log_error("pcpu %u: its VMX is off, or is not that of pcpu 0", p->id);
		return E_UNSUPPORTED;
	}
	/* The first pCPU decides for all, before the others wake. */
	if (!p->id) {
		/* It rests on the shadow, which plinth.conf may have switched off. */
		vmx_features.apic &= vmx_features.tpr_shadow;
		vmx_controls = vmx_controls_choose(&vmx_caps, &vmx_features);
		/* Its guests could not execute RDTSCP and RDPID, nor may they be told of them. */
		cpu_features.rdtscp &= vmx_features.rdtscp;
	}
	c = mem_alloc(sizeof(*c));
	if (!c)
		return E_NOMEM;
	c->region = mem_alloc(PAGE_SIZE);
	if (!c->region) {
		mem_free(c, sizeof(*c));
		return E_NOMEM;
	}
	if (!enter_root(c)) {
		log_error("pcpu %u: VMXON failed", p->id);
		write_cr4(read_cr4() & ~CR4_VMXE);
		mem_free(c->region, PAGE_SIZE);
		mem_free(c, sizeof(*c));
		return E_IO;
	}
	flush_everything();
	c->vpids = tag_pool(VPIDS, p->id);
	/* All 0, as in `c`. */
	vmx_load_syscall(c, &(const struct vmx_unswitched){ 0 });
	vmx_cpus[p->id] = c;
	return OK;
}

void vmx_cpu_off(void)
{
	struct vmx_cpu *c = vmx_cpu_here();

	vmxoff();
	write_cr4(read_cr4() & ~CR4_VMXE);
	vmx_cpus[this_pcpu()->id] = NULL;
	mem_free(c->region, PAGE_SIZE);
	mem_free(c, sizeof(*c));
}

u64 vmx_max_leaf(void)
{
	if (vmx_features.ept_1g && cpu_features.page1g)
		return GIB;
	return vmx_features.ept_2m ? 2 * MIB : PAGE_SIZE;
}

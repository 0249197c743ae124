// SPDX-License-Identifier: BSD-2-Clause
#include <vm/cpuid.h>

#include <arch/x86_64/defs/msr.h>
#include <arch/x86_64/defs/regs.h>
#include <lib/bits.h>
#include <lib/string.h>
#include <vm/kvmclock.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

#define MAX_BASIC    0xdu
#define MAX_EXTENDED 0x80000008u
#define MAX_PLINTH   0x40000000u
#define MAX_KVM	     0x40000101u

/* Features of the host that a guest may see (AMD APM vol. 3, "Obtaining Processor Information Via the CPUID Instruction"). */
#define L1_ECX_HOST                                                                                \
	(BIT(0) /* SSE3 */ | BIT(1) /* PCLMULQDQ */ | BIT(9) /* SSSE3 */ | BIT(12) /* FMA */ |     \
	 BIT(13) /* CMPXCHG16B */ | BIT(19) /* SSE4.1 */ | BIT(20) /* SSE4.2 */ |                  \
	 BIT(22) /* MOVBE */ | BIT(23) /* POPCNT */ | BIT(25) /* AES */ | BIT(28) /* AVX */ |      \
	 BIT(29) /* F16C */ | BIT(30) /* RDRAND */)
#define L1_ECX_XSAVE   BIT(26)
#define L1_ECX_OSXSAVE BIT(27)
/* x2APIC, TSC deadline: emulated whatever the host has. Bit 31: a hypervisor is present. */
#define L1_ECX_OURS (BIT(21) | BIT(24) | BIT(31))

/* All but DS, ACPI, SS, TM, IA-64, PBE, PSN; APIC and HTT are set by state. */
#define L1_EDX_HOST (BITS(8, 0) | BITS(17, 11) | BIT(19) | BITS(26, 23))
#define L1_EDX_OURS (BIT(7) /* MCE */ | BIT(12) /* MTRR */ | BIT(14) /* MCA */ | BIT(16) /* PAT */)
#define L1_EDX_APIC BIT(9)
#define L1_EDX_HTT  BIT(28)

#define L7_EBX_HOST                                                                                \
	(BIT(0) /* FSGSBASE */ | BIT(3) /* BMI1 */ | BIT(5) /* AVX2 */ | BIT(7) /* SMEP */ |       \
	 BIT(8) /* BMI2 */ | BIT(9) /* ERMS */ | BIT(18) /* RDSEED */ | BIT(19) /* ADX */ |        \
	 BIT(20) /* SMAP */ | BIT(23) /* CLFLUSHOPT */ | BIT(24) /* CLWB */ | BIT(29) /* SHA */)
#define L7_EBX_OURS   BIT(1) /* TSC_ADJUST */
#define L7_ECX_HOST   (BIT(2) /* UMIP */ | BIT(3) /* PKU */ | BIT(22) /* RDPID */)
#define L7_ECX_OSPKE  BIT(4)
#define L7_EDX_HOST   BIT(4) /* fast short REP MOVSB */

#define E1_ECX_HOST                                                                                \
	(BIT(0) /* LAHF */ | BIT(4) /* LOCK MOV CR0 */ | BIT(5) /* ABM */ | BIT(6) /* SSE4A */ |   \
	 BIT(7) /* misaligned SSE */ | BIT(8) /* PREFETCHW */)
#define E1_ECX_CMP_LEGACY BIT(1)
#define E1_EDX_HOST                                                                                \
	(BITS(8, 0) | BITS(17, 12) | BIT(11) /* SYSCALL */ | BIT(20) /* NX */ | BITS(24, 22) |     \
	 BIT(26) /* 1G pages */ | BIT(27) /* RDTSCP */ | BIT(29) /* LM */)

#define LD1_EAX_XSAVEC BIT(1)
#define LD1_EAX_HOST   (BIT(0) /* XSAVEOPT */ | LD1_EAX_XSAVEC | BIT(2) /* XGETBV(1) */)

/* KVM: clock source old and new, no I/O delay needed, steal time, the clock is the same on all vCPUs. */
#define KVM_FEATURES (BIT(0) | BIT(1) | BIT(3) | BIT(5) | BIT(24))

typedef struct machine_cpuid regs;

static u32 host_xcr0(void)
{
	return (u32)machine_xcr0();
}

static bool host_amd(void)
{
	return machine_cpuid(0, 0).ecx == 0x444d4163; /* "cAMD" */
}

/* Bits needed to number `n` vCPUs. */
static u32 id_bits(u32 n)
{
	u32 bits = 0;

	while (1u << bits < n)
		bits++;
	return bits;
}

static regs leaf0(struct vcpu *v, u32 sub)
{
	regs r = machine_cpuid(0, 0);

	r.eax = MAX_BASIC;
	return r;
}

static regs leaf1(struct vcpu *v, u32 sub)
{
	regs r = machine_cpuid(1, 0);
	u64 cr4 = v->vm->virt->get_reg(v, REG_CR4), apic_base = 0;
	u32 xsave = host_xcr0() ? (u32)L1_ECX_XSAVE : 0;

	if (xsave && (cr4 & CR4_OSXSAVE))
		xsave |= (u32)L1_ECX_OSXSAVE;
	r.ebx = (r.ebx & 0xff00) | (u32)min_u64(v->vm->vcpu_count, 255) << 16 | v->id << 24;
	r.ecx = (r.ecx & (u32)L1_ECX_HOST) | (u32)L1_ECX_OURS | xsave;
	r.edx = (r.edx & (u32)L1_EDX_HOST) | (u32)L1_EDX_OURS;
	if (v->vm->ops->msr_read(v, MSR_APIC_BASE, &apic_base) && (apic_base & APIC_BASE_ENABLE))
		r.edx |= (u32)L1_EDX_APIC;
	if (v->vm->vcpu_count > 1)
		r.edx |= (u32)L1_EDX_HTT;
	return r;
}

/* The APIC timer runs in every sleep state (ARAT). */
static regs leaf6(struct vcpu *v, u32 sub)
{
	return (regs){ .eax = BIT(2) };
}

static regs leaf7(struct vcpu *v, u32 sub)
{
	regs r = machine_cpuid(7, 0);
	u64 cr4 = v->vm->virt->get_reg(v, REG_CR4);

	if (sub)
		return (regs){ 0 };
	r.eax = 0;
	r.ebx = (r.ebx & (u32)L7_EBX_HOST) | (u32)L7_EBX_OURS;
	r.ecx &= (u32)L7_ECX_HOST;
	r.edx &= (u32)L7_EDX_HOST;
	if (!(host_xcr0() & XCR0_PKRU))
		r.ecx &= ~(u32)BIT(3);
	if ((r.ecx & BIT(3)) && (cr4 & CR4_PKE))
		r.ecx |= (u32)L7_ECX_OSPKE;
	return r;
}

/* One package, one thread a core. */
static regs leafb(struct vcpu *v, u32 sub)
{
	u32 n = v->vm->vcpu_count;

	switch (sub) {
	case 0:
		return (regs){ .eax = 0, .ebx = 1, .ecx = 0x100, .edx = v->id };
	case 1:
		return (regs){ .eax = id_bits(n), .ebx = n, .ecx = 0x201, .edx = v->id };
	}
	return (regs){ .ecx = sub & 0xff, .edx = v->id };
}

/* Bytes of an XSAVE area with the components of `xcr0`, in the standard format. */
static u32 xsave_size(u64 xcr0)
{
	u32 size = 576;

	for (u32 i = 2; i < 63; i++)
		if (xcr0 & BIT(i)) {
			regs r = machine_cpuid(0xd, i);

			size = (u32)max_u64(size, (u64)r.eax + r.ebx);
		}
	return size;
}

/* The same in the compacted format: one component right behind the other, or 64-byte aligned. */
static u32 xsave_size_compacted(u64 xcr0)
{
	u32 size = 576;

	for (u32 i = 2; i < 63; i++)
		if (xcr0 & BIT(i)) {
			regs r = machine_cpuid(0xd, i);

			size = (r.ecx & BIT(1) ? (u32)align_up(size, 64) : size) + r.eax;
		}
	return size;
}

/* Linux sizes its areas by EBX as soon as it sees XSAVEC. */
static regs leafd1(struct vcpu *v)
{
	regs r = { .eax = machine_cpuid(0xd, 1).eax & (u32)LD1_EAX_HOST };

	if (r.eax & LD1_EAX_XSAVEC)
		r.ebx = xsave_size_compacted(v->cpu.xcr0);
	return r;
}

static regs leafd(struct vcpu *v, u32 sub)
{
	u32 mask = host_xcr0();
	regs r = { 0 };

	if (!mask)
		return r;
	if (sub == 0)
		return (regs){ .eax = mask, .ebx = xsave_size(v->cpu.xcr0), .ecx = xsave_size(mask) };
	if (sub == 1)
		return leafd1(v);
	return sub < 32 && (mask & BIT(sub)) ? machine_cpuid(0xd, sub) : r;
}

static regs plinth(struct vcpu *v, u32 sub)
{
	regs r = { .eax = MAX_PLINTH };

	memcpy(&r.ebx, "PlinthPlinth", 12);
	return r;
}

static regs kvm_signature(struct vcpu *v, u32 sub)
{
	regs r = { .eax = MAX_KVM };

	memcpy(&r.ebx, "KVMKVMKVM\0\0\0", 12);
	return r;
}

static regs kvm_features(struct vcpu *v, u32 sub)
{
	return (regs){ .eax = KVM_FEATURES };
}

static regs ext0(struct vcpu *v, u32 sub)
{
	regs r = machine_cpuid(0x80000000, 0);

	r.eax = MAX_EXTENDED;
	return r;
}

static regs ext1(struct vcpu *v, u32 sub)
{
	regs r = machine_cpuid(0x80000001, 0);

	r.ecx &= (u32)E1_ECX_HOST;
	r.edx &= (u32)E1_EDX_HOST;
	if (host_amd() && v->vm->vcpu_count > 1)
		r.ecx |= (u32)E1_ECX_CMP_LEGACY;
	return r;
}

static regs brand2(struct vcpu *v, u32 sub)
{
	return machine_cpuid(0x80000002, 0);
}

static regs brand3(struct vcpu *v, u32 sub)
{
	return machine_cpuid(0x80000003, 0);
}

static regs brand4(struct vcpu *v, u32 sub)
{
	return machine_cpuid(0x80000004, 0);
}

static regs caches5(struct vcpu *v, u32 sub)
{
	return machine_cpuid(0x80000005, 0);
}

static regs caches6(struct vcpu *v, u32 sub)
{
	return machine_cpuid(0x80000006, 0);
}

/* Only the invariant TSC. */
static regs ext7(struct vcpu *v, u32 sub)
{
	return (regs){ .edx = machine_cpuid(0x80000007, 0).edx & (u32)BIT(8) };
}

static regs ext8(struct vcpu *v, u32 sub)
{
	u32 n = v->vm->vcpu_count;
	regs r = { .eax = machine_cpuid(0x80000008, 0).eax & 0xffff };

	if (host_amd())
		r.ecx = (n - 1) | id_bits(n) << 12;
	return r;
}

/* Sorted by leaf. */
static const struct {
	u32 leaf;
	regs (*answer)(struct vcpu *v, u32 sub);
} leaves[] = {
	{ 0x00000000, leaf0 },	       { 0x00000001, leaf1 },	     { 0x00000006, leaf6 },
	{ 0x00000007, leaf7 },	       { 0x0000000b, leafb },	     { 0x0000000d, leafd },
	{ 0x40000000, plinth },	       { 0x40000100, kvm_signature }, { 0x40000101, kvm_features },
	{ 0x80000000, ext0 },	       { 0x80000001, ext1 },	     { 0x80000002, brand2 },
	{ 0x80000003, brand3 },	       { 0x80000004, brand4 },	     { 0x80000005, caches5 },
	{ 0x80000006, caches6 },       { 0x80000007, ext7 },	     { 0x80000008, ext8 },
};

struct machine_cpuid cpuid_answer(struct vcpu *v, u32 leaf, u32 subleaf)
{
	for (size_t i = 0; i < ARRAY_LEN(leaves); i++)
		if (leaves[i].leaf == leaf)
			return leaves[i].answer(v, subleaf);
	return (regs){ 0 };
}

/* CR4 bits by the feature that brings them. */
static const struct {
	u64 cr4;
	u32 leaf;
	char reg;
	u8 bit;
} cr4_features[] = {
	{ CR4_VME | CR4_PVI, 1, 'd', 1 }, { CR4_FSGSBASE, 7, 'b', 0 }, { CR4_UMIP, 7, 'c', 2 },
	{ CR4_SMEP, 7, 'b', 7 },	  { CR4_SMAP, 7, 'b', 20 },    { CR4_PKE, 7, 'c', 3 },
};

u64 cpuid_cr4_allowed(void)
{
	u64 allowed = CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSFXSR |
		      CR4_OSXMMEXCPT;

	for (size_t i = 0; i < ARRAY_LEN(cr4_features); i++) {
		regs r = machine_cpuid(cr4_features[i].leaf, 0);
		u32 word = cr4_features[i].reg == 'b' ? r.ebx : cr4_features[i].reg == 'c' ? r.ecx : r.edx;

		if (word >> cr4_features[i].bit & 1)
			allowed |= cr4_features[i].cr4;
	}
	if (host_xcr0())
		allowed |= CR4_OSXSAVE;
	if (!(host_xcr0() & XCR0_PKRU))
		allowed &= ~CR4_PKE;
	return allowed;
}

u64 cpuid_efer_allowed(void)
{
	return EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
}

u32 cpuid_phys_bits(void)
{
	return machine_cpuid(0x80000008, 0).eax & 0xff;
}

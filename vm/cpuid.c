// SPDX-License-Identifier: BSD-2-Clause
#include <vm/cpuid.h>

#include <arch/x86_64/defs/msr.h>
#include <arch/x86_64/defs/regs.h>
#include <lib/bits.h>
#include <lib/string.h>
#include <vm/intc.h>
#include <vm/kvmclock.h>
#include <vm/vcpu.h>
#include <vm/vm.h>

#define MAX_BASIC    0xdu
#define FIRST_PLINTH 0x40000000u
#define MAX_PLINTH   0x40000010u
#define FIRST_KVM    0x40000100u
#define MAX_KVM	     0x40000101u
#define FIRST_EXTENDED 0x80000000u
#define MAX_EXTENDED 0x80000008u

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
#define L7_ECX_PKU    BIT(3)
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

/* KVM: clock source old and new, no I/O delay needed, steal time, waking halted waiters for a lock, the clock is the same on all vCPUs. */
#define KVM_FEATURES (BIT(0) | BIT(1) | BIT(3) | BIT(5) | BIT(7) | BIT(24))

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

/* --- Answers: make_X() is what is the same for ever, X_now() what else the vCPU's state says ------------------------ */

static regs make_0(u32 vcpus)
{
	regs r = machine_cpuid(0, 0);

	r.eax = MAX_BASIC;
	return r;
}

static rare regs make_1(u32 vcpus)
{
	regs r = machine_cpuid(1, 0);

	r.ebx = (r.ebx & 0xff00) | (u32)min_u64(vcpus, 255) << 16;
	r.ecx = (r.ecx & (u32)L1_ECX_HOST) | (u32)L1_ECX_OURS | (host_xcr0() ? (u32)L1_ECX_XSAVE : 0);
	r.edx = (r.edx & (u32)L1_EDX_HOST) | (u32)L1_EDX_OURS | (vcpus > 1 ? (u32)L1_EDX_HTT : 0);
	return r;
}

static void now_1(struct vcpu *v, u32 sub, regs *r)
{
	u64 apic_base = 0;

	r->ebx |= v->id << 24;
	if ((r->ecx & L1_ECX_XSAVE) && (v->vm->virt->get_reg(v, REG_CR4) & CR4_OSXSAVE))
		r->ecx |= (u32)L1_ECX_OSXSAVE;
	if (v->vm->ops->msr_read(v, MSR_APIC_BASE, &apic_base) && (apic_base & APIC_BASE_ENABLE))
		r->edx |= (u32)L1_EDX_APIC;
}

/* The APIC timer runs in every sleep state (ARAT). */
static regs make_6(u32 vcpus)
{
	return (regs){ .eax = BIT(2) };
}

static regs make_7(u32 vcpus)
{
	regs r = machine_cpuid(7, 0);

	r.eax = 0;
	r.ebx = (r.ebx & (u32)L7_EBX_HOST) | (u32)L7_EBX_OURS;
	r.ecx &= (u32)L7_ECX_HOST;
	r.edx &= (u32)L7_EDX_HOST;
	if (!(host_xcr0() & XCR0_PKRU))
		r.ecx &= ~(u32)L7_ECX_PKU;
	return r;
}

static void now_7(struct vcpu *v, u32 sub, regs *r)
{
	if (sub)
		*r = (regs){ 0 };
	else if ((r->ecx & L7_ECX_PKU) && (v->vm->virt->get_reg(v, REG_CR4) & CR4_PKE))
		r->ecx |= (u32)L7_ECX_OSPKE;
}

/* One package, one thread a core. */
static void now_b(struct vcpu *v, u32 sub, regs *r)
{
	u32 n = v->vm->vcpu_count;

	*r = (regs){ .ecx = sub & 0xff, .edx = v->id };
	if (sub == 0)
		*r = (regs){ .eax = 0, .ebx = 1, .ecx = 0x100, .edx = v->id };
	else if (sub == 1)
		*r = (regs){ .eax = id_bits(n), .ebx = n, .ecx = 0x201, .edx = v->id };
}

/*
 * Bytes of an XSAVE area with the components of `xcr0`: where EBX has them, or in the compacted format one right behind the other, or
 * 64-byte aligned.
 */
static u32 xsave_size(u64 xcr0, bool compacted)
{
	u32 size = 576;

	for (u32 i = 2; i < 63; i++)
		if (xcr0 & BIT(i)) {
			regs r = machine_cpuid(0xd, i);
			u32 at = r.ecx & BIT(1) ? (u32)align_up(size, 64) : size;

			size = compacted ? at + r.eax : (u32)max_u64(size, (u64)r.eax + r.ebx);
		}
	return size;
}

/* Linux sizes its areas by EBX as soon as it sees XSAVEC. */
static regs xsave_features(struct vcpu *v)
{
	regs r = { .eax = machine_cpuid(0xd, 1).eax & (u32)LD1_EAX_HOST };

	if (r.eax & LD1_EAX_XSAVEC)
		r.ebx = xsave_size(v->cpu.xcr0, true);
	return r;
}

static rare void now_d(struct vcpu *v, u32 sub, regs *r)
{
	u32 mask = host_xcr0();

	if (!mask)
		return;
	if (sub == 0)
		*r = (regs){ .eax = mask, .ebx = xsave_size(v->cpu.xcr0, false), .ecx = xsave_size(mask, false) };
	else if (sub == 1)
		*r = xsave_features(v);
	else if (sub < 32 && (mask & BIT(sub)))
		*r = machine_cpuid(0xd, sub);
}

static regs make_plinth(u32 vcpus)
{
	regs r = { .eax = MAX_PLINTH };

	memcpy(&r.ebx, "PlinthPlinth", 12);
	return r;
}

/* The leaf by which hypervisors tell the TSC's frequency, and the APIC bus': both in kHz. */
static void now_rates(struct vcpu *v, u32 sub, regs *r)
{
	*r = (regs){ .eax = v->vm->tsc.khz, .ebx = APIC_BUS_HZ / 1000 };
}

static regs make_kvm(u32 vcpus)
{
	regs r = { .eax = MAX_KVM };

	memcpy(&r.ebx, "KVMKVMKVM\0\0\0", 12);
	return r;
}

static regs make_kvm_features(u32 vcpus)
{
	return (regs){ .eax = KVM_FEATURES };
}

static regs make_ext_0(u32 vcpus)
{
	regs r = machine_cpuid(0x80000000, 0);

	r.eax = MAX_EXTENDED;
	return r;
}

static regs make_ext_1(u32 vcpus)
{
	regs r = machine_cpuid(0x80000001, 0);

	r.ecx &= (u32)E1_ECX_HOST;
	r.edx &= (u32)E1_EDX_HOST;
	if (host_amd() && vcpus > 1)
		r.ecx |= (u32)E1_ECX_CMP_LEGACY;
	return r;
}

/* Only the invariant TSC. */
static regs make_ext_7(u32 vcpus)
{
	return (regs){ .edx = machine_cpuid(0x80000007, 0).edx & (u32)BIT(8) };
}

static regs make_ext_8(u32 vcpus)
{
	regs r = { .eax = machine_cpuid(0x80000008, 0).eax & 0xffff };

	if (host_amd())
		r.ecx = (vcpus - 1) | id_bits(vcpus) << 12;
	return r;
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

static u64 cr4_allowed(void)
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

/* --- The table ------------------------------------------------------------------------------------------------------ */

enum {
	SLOT_BASIC = 0,
	SLOT_PLINTH = SLOT_BASIC + MAX_BASIC + 1,
	SLOT_RATES,
	SLOT_KVM,
	SLOT_EXTENDED = SLOT_KVM + MAX_KVM - FIRST_KVM + 1,
	SLOT_NONE = SLOT_EXTENDED + MAX_EXTENDED - FIRST_EXTENDED + 1,
};
static_assert(SLOT_NONE + 1 == CPUID_SLOTS, "a slot for each leaf in the table, and one for all others");

/* What a row does not say is zero. */
static const struct {
	regs (*make)(u32 vcpus);
	void (*now)(struct vcpu *v, u32 sub, regs *r);
	u32 host_leaf; /* shown as it is */
} rows[CPUID_SLOTS] = {
	[SLOT_BASIC + 0] = { .make = make_0 },
	[SLOT_BASIC + 1] = { .make = make_1, .now = now_1 },
	[SLOT_BASIC + 6] = { .make = make_6 },
	[SLOT_BASIC + 7] = { .make = make_7, .now = now_7 },
	[SLOT_BASIC + 0xb] = { .now = now_b },
	[SLOT_BASIC + 0xd] = { .now = now_d },
	[SLOT_PLINTH] = { .make = make_plinth },
	[SLOT_RATES] = { .now = now_rates },
	[SLOT_KVM + 0] = { .make = make_kvm },
	[SLOT_KVM + 1] = { .make = make_kvm_features },
	[SLOT_EXTENDED + 0] = { .make = make_ext_0 },
	[SLOT_EXTENDED + 1] = { .make = make_ext_1 },
	[SLOT_EXTENDED + 2] = { .host_leaf = 0x80000002 }, /* name of the processor */
	[SLOT_EXTENDED + 3] = { .host_leaf = 0x80000003 },
	[SLOT_EXTENDED + 4] = { .host_leaf = 0x80000004 },
	[SLOT_EXTENDED + 5] = { .host_leaf = 0x80000005 }, /* caches */
	[SLOT_EXTENDED + 6] = { .host_leaf = 0x80000006 },
	[SLOT_EXTENDED + 7] = { .make = make_ext_7 },
	[SLOT_EXTENDED + 8] = { .make = make_ext_8 },
};

static u32 slot_of(u32 leaf)
{
	if (leaf <= MAX_BASIC)
		return SLOT_BASIC + leaf;
	if (leaf >= FIRST_EXTENDED)
		return leaf <= MAX_EXTENDED ? SLOT_EXTENDED + leaf - FIRST_EXTENDED : SLOT_NONE;
	if (leaf >= FIRST_KVM)
		return leaf <= MAX_KVM ? SLOT_KVM + leaf - FIRST_KVM : SLOT_NONE;
	if (leaf == MAX_PLINTH)
		return SLOT_RATES;
	return leaf == FIRST_PLINTH ? SLOT_PLINTH : SLOT_NONE;
}

rare void cpuid_setup(struct vm *vm)
{
	struct cpuid_table *t = &vm->cpuid;

	for (u32 i = 0; i < CPUID_SLOTS; i++) {
		t->answer[i] = (regs){ 0 };
		if (rows[i].make)
			t->answer[i] = rows[i].make(vm->recipe.vcpus);
		else if (rows[i].host_leaf)
			t->answer[i] = machine_cpuid(rows[i].host_leaf, 0);
	}
	t->cr4_allowed = cr4_allowed();
	t->phys_bits = (u8)machine_cpuid(0x80000008, 0).eax;
	t->page_1g = t->answer[SLOT_EXTENDED + 1].edx & BIT(26);
}

struct machine_cpuid cpuid_answer(struct vcpu *v, u32 leaf, u32 subleaf)
{
	u32 slot = slot_of(leaf);
	regs r = v->vm->cpuid.answer[slot];

	if (rows[slot].now)
		rows[slot].now(v, subleaf, &r);
	return r;
}

static void put(struct vcpu *v, const regs *r)
{
	vcpu_set32(v, GPR_RAX, r->eax);
	vcpu_set32(v, GPR_RBX, r->ebx);
	vcpu_set32(v, GPR_RCX, r->ecx);
	vcpu_set32(v, GPR_RDX, r->edx);
}

static rare enum exit_action answer_now(struct vcpu *v)
{
	regs r = cpuid_answer(v, (u32)v->regs.r[GPR_RAX], (u32)v->regs.r[GPR_RCX]);

	put(v, &r);
	return EXIT_NEXT;
}

/* Most leaves are the same for ever. */
enum exit_action exit_cpuid(struct vcpu *v, struct vm_exit *x)
{
	u32 slot = slot_of((u32)v->regs.r[GPR_RAX]);

	if (rows[slot].now)
		return answer_now(v);
	put(v, &v->vm->cpuid.answer[slot]);
	return EXIT_NEXT;
}

u64 cpuid_efer_allowed(void)
{
	return EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
}

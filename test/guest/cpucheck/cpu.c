// SPDX-License-Identifier: BSD-2-Clause
/* CPUID, MSRs, control and debug registers, instructions of a hypervisor. */
#include "check.h"

static const char *cpuid_signature(void)
{
	char sig[13];
	u32 max = cpuid(0x40000000, 0).a;

	if (!(cpuid(1, 0).c & BIT(31)))
		return "CPUID.1 ECX bit 31 (hypervisor) is 0";
	hypervisor_signature(0x40000000, sig);
	if (!sig[0] || max < 0x40000000 || max > 0x400000ff)
		return wrong("4000_0000h: \"%s\", highest leaf %x", sig, max);
	for (unsigned i = 0; sig[i]; i++)
		if (sig[i] < ' ' || sig[i] > '~')
			return wrong("4000_0000h: character %u is %02x", i, (u8)sig[i]);
	return NULL;
}

static const char *cpuid_kvm(void)
{
	struct cpuid base = cpuid(0x40000100, 0);
	char sig[13];

	hypervisor_signature(0x40000100, sig);
	if (strcmp(sig, "KVMKVMKVM"))
		return wrong("4000_0100h: \"%s\"", sig);
	if (base.a < 0x40000101)
		return wrong("highest leaf is %x", base.a);
	if (!(cpuid(0x40000101, 0).a & BIT(3)))
		return wrong("no kvmclock: features %x", cpuid(0x40000101, 0).a);
	return NULL;
}

/* CPUID writes 32-bit registers and so clears the upper halves. */
static const char *cpuid_upper(void)
{
	u64 a = 0xffffffff00000001, b = ~0ull, c = 0xffffffff00000000, d = ~0ull;

	asm volatile("cpuid" : "+a"(a), "+b"(b), "+c"(c), "+d"(d));
	if ((a | b | c | d) >> 32)
		return wrong("%lx %lx %lx %lx", a, b, c, d);
	return NULL;
}

static const char *rdmsr_upper(void)
{
	u64 a = ~0ull, d = ~0ull;

	asm volatile("rdmsr" : "+a"(a), "+d"(d) : "c"(MSR_EFER));
	return (a | d) >> 32 ? wrong("%lx %lx", a, d) : NULL;
}

/* What is hidden reads as not there: SVM and VMX. */
static const char *cpuid_no_nesting(void)
{
	if (cpuid(1, 0).c & BIT(5))
		return "VMX is shown";
	if (cpuid(0x80000001, 0).c & BIT(2))
		return "SVM is shown";
	return NULL;
}

/* CPUID.1 EBX 31:24 and, if there is one, leaf Bh's EDX are this processor's APIC id; OSXSAVE
 * follows CR4. */
static const char *cpuid_live(void)
{
	bool has_xsave = cpuid(1, 0).c & BIT(26);

	if (cpuid(1, 0).b >> 24 != apic_id())
		return wrong("leaf 1 says APIC id %u, the LAPIC %u", cpuid(1, 0).b >> 24,
			     apic_id());
	if (cpuid(0, 0).a >= 0xb && (cpuid(0xb, 0).b & 0xffff) && cpuid(0xb, 0).d != apic_id())
		return wrong("leaf Bh says x2APIC id %u, the LAPIC %u", cpuid(0xb, 0).d, apic_id());
	write_cr4(read_cr4() & ~BIT(18));
	if (cpuid(1, 0).c & BIT(27))
		return "OSXSAVE is 1 with CR4.OSXSAVE 0";
	if (!has_xsave)
		return NULL;
	write_cr4(read_cr4() | BIT(18));
	return cpuid(1, 0).c & BIT(27) ? NULL : "OSXSAVE is 0 with CR4.OSXSAVE 1";
}

static const char *msr_unknown(void)
{
	static const u32 msrs[] = { 0x2,        0x1234,     0x3fff,     0x40000100,
				    0x4b564dff, 0xbfffffff, 0xc0001fff, 0xc0002000,
				    0xc0010fff, 0xc0011fff, 0xc0012000, 0xffffffff };
	u64 val;

	for (u32 i = 0; i < ARRAY_LEN(msrs); i++) {
		if (try_rdmsr(msrs[i], &val) != VEC_GP)
			return wrong("RDMSR %x: vector %d", msrs[i], last_fault.vector);
		if (last_fault.error)
			return wrong("RDMSR %x: error code %lx", msrs[i], last_fault.error);
		if (try_wrmsr(msrs[i], 0) != VEC_GP)
			return wrong("WRMSR %x: vector %d", msrs[i], last_fault.vector);
	}
	return NULL;
}

static const char *msr_round_trip(void)
{
	static const u32 msrs[] = { 0x174,      0x175,      0x176,      0xc0000081, 0xc0000082,
				    0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102 };
	u64 old, val;

	for (u32 i = 0; i < ARRAY_LEN(msrs); i++) {
		old = rdmsr(msrs[i]);
		wrmsr(msrs[i], 0x4560 + i);
		cpuid(0, 0);
		val = rdmsr(msrs[i]);
		wrmsr(msrs[i], old);
		if (val != 0x4560 + i)
			return wrong("MSR %x: %lx", msrs[i], val);
	}
	return NULL;
}

static const char *msr_pat(void)
{
	u64 old = rdmsr(0x277);

	if (try_wrmsr(0x277, 0x0007040600070402) != VEC_GP)
		return "PAT takes the reserved type 2";
	if (try_wrmsr(0x277, 0x0007010500070406) != -1)
		return "PAT does not take 0007_0105_0007_0406h";
	if (rdmsr(0x277) != 0x0007010500070406)
		return wrong("PAT reads %lx", rdmsr(0x277));
	wrmsr(0x277, old);
	return NULL;
}

static const char *msr_apic_base(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	return (base & ~BIT(10)) == (APIC_BASE | BIT(8) | BIT(11))
		   ? NULL
		   : wrong("IA32_APIC_BASE is %lx", base);
}

static const char *msr_tsc(void)
{
	u64 before = rdtsc(), msr = rdmsr(MSR_TSC), after = rdtsc();

	if (msr < before || msr > after)
		return wrong("RDTSC %lx, MSR %lx, RDTSC %lx", before, msr, after);
	return NULL;
}

static const char *xsetbv(void)
{
	static const struct {
		u32 index;
		u64 val;
	} bad[] = {
		{ 0, 0 },           { 0, 6 }, { 0, 5 },          { 0, BIT(62) | 3 },
		{ 0, BIT(63) | 3 }, { 1, 3 }, { 0x80000000, 3 },
	};
	u32 lo, hi;

	if (!(cpuid(1, 0).c & BIT(26)))
		return NULL;
	write_cr4(read_cr4() & ~BIT(18));
	if (TRY("xsetbv", OUT(), "a"(3), "d"(0), "c"(0)) != VEC_UD)
		return wrong("with CR4.OSXSAVE 0: vector %d", last_fault.vector);
	write_cr4(read_cr4() | BIT(18));
	for (u32 i = 0; i < ARRAY_LEN(bad); i++)
		if (TRY("xsetbv", OUT(), "a"((u32)bad[i].val), "d"((u32)(bad[i].val >> 32)),
			"c"(bad[i].index)) != VEC_GP)
			return wrong("XCR%u = %lx: vector %d", bad[i].index, bad[i].val,
				     last_fault.vector);
	if (TRY("xsetbv", OUT(), "a"(3), "d"(0), "c"(0)) != -1)
		return wrong("XCR0 = 3: vector %d", last_fault.vector);
	asm volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return lo == 3 && !hi ? NULL : wrong("XCR0 reads %x:%x", hi, lo);
}

static const char *cr0_bad(void)
{
	static const u64 set[] = { BIT(32), BIT(63), BIT(29) /* NW without CD */ };
	u64 cr0 = read_cr0();

	for (u32 i = 0; i < ARRAY_LEN(set); i++)
		if (TRY("mov %0, %%cr0", OUT(), "r"(cr0 | set[i])) != VEC_GP)
			return wrong("CR0 with %lx: vector %d", set[i], last_fault.vector);
	/* Paging without protection. */
	if (TRY("mov %0, %%cr0", OUT(), "r"(cr0 & ~BIT(0))) != VEC_GP)
		return wrong("PG without PE: vector %d", last_fault.vector);
	return read_cr0() == cr0 ? NULL : wrong("CR0 changed to %lx", read_cr0());
}

static const char *cr4_reserved(void)
{
	static const u8 bits[] = { 15, 19, 26, 31, 32, 63 };
	u64 cr4 = read_cr4();

	for (u32 i = 0; i < ARRAY_LEN(bits); i++)
		if (TRY("mov %0, %%cr4", OUT(), "r"(cr4 | BIT(bits[i]))) != VEC_GP)
			return wrong("bit %u: vector %d", bits[i], last_fault.vector);
	/* PAE must stay in long mode; VMXE is hidden. */
	if (TRY("mov %0, %%cr4", OUT(), "r"(cr4 & ~BIT(5))) != VEC_GP)
		return wrong("PAE cleared: vector %d", last_fault.vector);
	if (TRY("mov %0, %%cr4", OUT(), "r"(cr4 | BIT(13))) != VEC_GP)
		return wrong("VMXE: vector %d", last_fault.vector);
	return read_cr4() == cr4 ? NULL : wrong("CR4 changed to %lx", read_cr4());
}

static const char *efer_reserved(void)
{
	u64 efer = rdmsr(MSR_EFER);
	static const u8 bits[] = { 1, 9, 32, 63 };

	if ((efer & (BIT(8) | BIT(10))) != (BIT(8) | BIT(10)))
		return wrong("EFER is %lx in long mode", efer);
	if (efer & BIT(12))
		return "the host's EFER.SVME shows through";
	for (u32 i = 0; i < ARRAY_LEN(bits); i++)
		if (try_wrmsr(MSR_EFER, efer | BIT(bits[i])) != VEC_GP)
			return wrong("bit %u: vector %d", bits[i], last_fault.vector);
	if (try_wrmsr(MSR_EFER, efer & ~BIT(8)) != VEC_GP)
		return wrong("LME cleared with paging on: vector %d", last_fault.vector);
	if (try_wrmsr(MSR_EFER, efer | BIT(12)) != VEC_GP)
		return wrong("SVME: vector %d", last_fault.vector);
	return NULL;
}

static const char *efer_switches(void)
{
	u64 efer = rdmsr(MSR_EFER), both = BIT(0) | BIT(11); /* SCE, NXE */
	u64 on, off;

	wrmsr(MSR_EFER, efer | both);
	on = rdmsr(MSR_EFER);
	wrmsr(MSR_EFER, efer & ~both);
	off = rdmsr(MSR_EFER);
	wrmsr(MSR_EFER, efer);
	return (on & both) == both && !(off & both) ? NULL : wrong("on %lx, off %lx", on, off);
}

static const char *cr8_is_tpr(void)
{
	u32 tpr;

	write_cr8(5);
	tpr = apic_read(APIC_TPR);
	apic_write(APIC_TPR, 0x90);
	if (tpr != 0x50 || read_cr8() != 9)
		return wrong("CR8 5 makes TPR %x, TPR 90h makes CR8 %lx", tpr, read_cr8());
	write_cr8(0);
	return NULL;
}

static const char *debug_registers(void)
{
	write_dr0(0x1111);
	write_dr1(0x2222);
	write_dr2(0x3333);
	write_dr3(0x123456789abcull);
	write_dr6(0);
	cpuid(0, 0);
	if (read_dr0() != 0x1111 || read_dr1() != 0x2222 || read_dr2() != 0x3333 ||
	    read_dr3() != 0x123456789abcull)
		return wrong("DR0-3 %lx %lx %lx %lx", read_dr0(), read_dr1(), read_dr2(),
			     read_dr3());
	if ((read_dr6() & 0xe00f) || (read_dr6() & 0xffff0ff0) != 0xffff0ff0)
		return wrong("DR6 reads %lx after writing 0", read_dr6());
	write_dr7(0);
	if (read_dr7() != 0x400)
		return wrong("DR7 reads %lx after writing 0", read_dr7());
	return TRY("mov %0, %%dr7", OUT(), "r"(BIT(32))) == VEC_GP ? NULL : "DR7 takes bit 32";
}

/* Instructions of VMX and SVM do not exist here. A hypercall of an unknown number is #UD or fails.
 */
static const char *hypervisor_instructions(void)
{
#define EXPECT_UD(insn)                                                \
	if (TRY(insn, OUT(), "a"(0x200000), "c"(0), "d"(0)) != VEC_UD) \
	return wrong("%s: vector %d", insn, last_fault.vector)
	EXPECT_UD("vmrun");
	EXPECT_UD("vmload");
	EXPECT_UD("vmsave");
	EXPECT_UD("stgi");
	EXPECT_UD("clgi");
	EXPECT_UD("skinit");
	EXPECT_UD("invlpga");
	EXPECT_UD("vmlaunch");
	EXPECT_UD("vmresume");
	EXPECT_UD("vmxoff");
	EXPECT_UD("vmread %%rax, %%rcx");
	EXPECT_UD("vmwrite %%rax, %%rcx");
	EXPECT_UD("invept (%%rax), %%rcx");
	EXPECT_UD("invvpid (%%rax), %%rcx");
#undef EXPECT_UD
	return NULL;
}

static const char *hypercall_unknown(void)
{
	u64 ret = 0x12345;

	if (TRY("vmmcall", OUT("+a"(ret)), "b"(0), "c"(0), "d"(0)) != VEC_UD && (s64)ret >= 0)
		return wrong("VMMCALL: vector %d, RAX %lx", last_fault.vector, ret);
	ret = 0x12345;
	if (TRY("vmcall", OUT("+a"(ret)), "b"(0), "c"(0), "d"(0)) != VEC_UD && (s64)ret >= 0)
		return wrong("VMCALL: vector %d, RAX %lx", last_fault.vector, ret);
	return NULL;
}

// clang-format off
const struct check cpu_checks[] = {
	CHECK("cpuid-signature", cpuid_signature, ANYWHERE),
	CHECK("cpuid-kvm", cpuid_kvm, UNDER_PLINTH),
	CHECK("cpuid-upper-halves", cpuid_upper, ANYWHERE),
	CHECK("rdmsr-upper-halves", rdmsr_upper, ANYWHERE),
	CHECK("cpuid-no-nesting", cpuid_no_nesting, UNDER_PLINTH),
	CHECK("cpuid-live-bits", cpuid_live, ANYWHERE),
	CHECK("msr-unknown", msr_unknown, UNDER_PLINTH),
	CHECK("msr-round-trip", msr_round_trip, ANYWHERE),
	CHECK("msr-pat", msr_pat, UNDER_PLINTH),
	CHECK("msr-apic-base", msr_apic_base, ANYWHERE),
	CHECK("msr-tsc", msr_tsc, UNDER_PLINTH),
	CHECK("xsetbv", xsetbv, ANYWHERE),
	CHECK("cr0-bad", cr0_bad, ON_SILICON),
	CHECK("cr4-reserved", cr4_reserved, UNDER_PLINTH),
	CHECK("efer-reserved", efer_reserved, UNDER_PLINTH),
	CHECK("efer-switches", efer_switches, ANYWHERE),
	CHECK("cr8-is-tpr", cr8_is_tpr, ANYWHERE),
	CHECK("debug-registers", debug_registers, ANYWHERE),
	CHECK("hypervisor-instructions", hypervisor_instructions, ANYWHERE),
	CHECK("hypercall-unknown", hypercall_unknown, ANYWHERE),
	CHECKS_END,
};
// clang-format on

// SPDX-License-Identifier: BSD-2-Clause
#include <arch/x86_64/cpu.h>

#include <lib/bits.h>
#include <lib/string.h>

struct cpu_features cpu_features;

static bool has(u32 word, unsigned bit)
{
	return word >> bit & 1;
}

static void probe_names(u32 max_ext)
{
	struct cpuid_regs r = cpuid(0, 0);

	memcpy(cpu_features.vendor, &r.ebx, 4);
	memcpy(cpu_features.vendor + 4, &r.edx, 4);
	memcpy(cpu_features.vendor + 8, &r.ecx, 4);
	cpu_features.amd = !strcmp(cpu_features.vendor, "AuthenticAMD") ||
			   !strcmp(cpu_features.vendor, "HygonGenuine");
	cpu_features.intel = !strcmp(cpu_features.vendor, "GenuineIntel");
	for (u32 i = 0; max_ext >= 0x80000004 && i < 3; i++) {
		r = cpuid(0x80000002 + i, 0);
		memcpy(cpu_features.brand + i * 16, &r, 16);
	}
}

/* The XSAVE components that Plinth lets guests use: all of them are user state that XSAVE switches whole. */
static void probe_xsave(struct cpu_features *f)
{
	struct cpuid_regs r;

	f->xsave_size = 512;
	f->xcr0_mask = XCR0_X87 | XCR0_SSE;
	if (!f->xsave)
		return;
	r = cpuid(0xd, 0);
	f->xcr0_mask = r.eax & (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_PKRU);
	f->xsave_size = 576;
	for (unsigned i = 2; i < 32; i++) {
		if (!(f->xcr0_mask & BIT(i)))
			continue;
		r = cpuid(0xd, i);
		f->xsave_size = (u32)max_u64(f->xsave_size, r.ebx + r.eax);
	}
}

void cpu_probe(void)
{
	struct cpu_features *f = &cpu_features;
	u32 max = cpuid(0, 0).eax, max_ext = cpuid(0x80000000, 0).eax;
	struct cpuid_regs l1 = cpuid(1, 0), l7 = { 0 }, e1 = { 0 };

	if (max >= 7)
		l7 = cpuid(7, 0);
	if (max_ext >= 0x80000001)
		e1 = cpuid(0x80000001, 0);
	probe_names(max_ext);
	f->x2apic = has(l1.ecx, 21);
	f->tsc_deadline = has(l1.ecx, 24);
	f->xsave = has(l1.ecx, 26) && max >= 0xd;
	f->avx = has(l1.ecx, 28);
	f->pge = has(l1.edx, 13);
	f->pat = has(l1.edx, 16);
	f->fsgsbase = has(l7.ebx, 0);
	f->smep = has(l7.ebx, 7);
	f->smap = has(l7.ebx, 20);
	f->umip = has(l7.ecx, 2);
	f->nx = has(e1.edx, 20);
	f->page1g = has(e1.edx, 26);
	f->rdtscp = has(e1.edx, 27);
	f->invariant_tsc = max_ext >= 0x80000007 && has(cpuid(0x80000007, 0).edx, 8);
	f->phys_bits = max_ext >= 0x80000008 ? cpuid(0x80000008, 0).eax & 0xff : 36;
	probe_xsave(f);
}

void cpu_setup(void)
{
	const struct cpu_features *f = &cpu_features;
	u64 cr4 = CR4_PAE | CR4_DE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | (f->nx ? EFER_NXE : 0));
	write_cr0((read_cr0() | CR0_WP | CR0_NE | CR0_MP) & ~(CR0_EM | CR0_TS | CR0_CD | CR0_NW | CR0_AM));
	cr4 |= f->pge ? CR4_PGE : 0;
	cr4 |= f->smep ? CR4_SMEP : 0;
	cr4 |= f->smap ? CR4_SMAP : 0;
	cr4 |= f->umip ? CR4_UMIP : 0;
	cr4 |= f->xsave ? CR4_OSXSAVE : 0;
	write_cr4(cr4 | (read_cr4() & (CR4_LA57 | CR4_VMXE)));
	if (f->pat)
		wrmsr(MSR_PAT, PAT_HOST);
	if (f->xsave)
		xsetbv(0, f->xcr0_mask);
}

#define RDRAND_TRIES 10 /* Intel SDM vol. 1, "Random Number Generator Instructions" */

u64 cpu_random(void)
{
	u64 v = 0, mixed = rdtsc() * 0x9e3779b97f4a7c15ull;
	bool ok = false;

	for (unsigned i = 0; has(cpuid(1, 0).ecx, 30) && i < RDRAND_TRIES && !ok; i++)
		__asm__ volatile("rdrand %0" : "=r"(v), "=@ccc"(ok));
	return mixed ^ mixed >> 32 ^ (ok ? v : 0);
}

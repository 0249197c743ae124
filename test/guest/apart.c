// SPDX-License-Identifier: BSD-2-Clause
/*
 * apart: every processor fills the state that no CPU switches by itself (x87, MMX, SSE, AVX, PKRU,
 * debug registers) and the MSRs that the hypervisor keeps for it with a pattern of its own, again
 * and again, and looks that nobody changed it meanwhile. Before that it looks that nothing is left
 * of another. In every third round the debug registers are 0, so that they come into use and out of
 * it again. Several of these on one processor prove something. On the command line: "pattern=N";
 * "xcr0=N", no more of XCR0 is set than this, and with 0 nobody knows of XSAVE but for a look at
 * XCR0, which must be as after power-on. "apart: N rounds, M wrong" after "seconds=N" (default 3).
 */
#include "apic.h"
#include "cpu.h"
#include "rt.h"
#include <lib/string.h>
#include <stdatomic.h>

#define SPIN 100000

struct state {
	u64 xmm[16][2], ymm_high[16][2];
	u64 mm[8];
	u64 dr[5]; /* DR0 to DR3, DR6 */
	u64 pkru, cr2;
	u64 xcr0;
	u64 msr[8];
} __attribute__((aligned(64)));

/* Without what aligns it. */
#define WORDS (offsetof(struct state, msr) / 8 + 8)

static const u32 msrs[] = { 0xc0000081, 0xc0000082, 0xc0000084, 0xc0000102,
			    0x174,      0x175,      0x176,      0xc0000103 };

static atomic_uint rounds, wrong;
static u64 pattern, until;
static u64 wanted; /* of XCR0 */
static bool has_xsave, has_avx, has_pku, has_tsc_aux;
static volatile bool over;

#define EACH8(do) \
	do        \
	(0) do(1) do(2) do(3) do(4) do(5) do(6) do(7)
#define EACH16(do) EACH8(do) do(8) do(9) do(10) do(11) do(12) do(13) do(14) do(15)
#define GET_XMM(n) asm volatile("movups %%xmm" #n ", %0" : "=m"(s->xmm[n]));
#define SET_XMM(n) asm volatile("movups %0, %%xmm" #n : : "m"(s->xmm[n]));
#define GET_YMM(n) asm volatile("vextractf128 $1, %%ymm" #n ", %0" : "=m"(s->ymm_high[n]));
#define SET_YMM(n) \
	asm volatile("vinsertf128 $1, %0, %%ymm" #n ", %%ymm" #n : : "m"(s->ymm_high[n]));
#define GET_MM(n) asm volatile("movq %%mm" #n ", %0" : "=m"(s->mm[n]));
#define SET_MM(n) asm volatile("movq %0, %%mm" #n : : "m"(s->mm[n]));

#define CR4_OSXSAVE BIT(18)

static u64 read_xcr0(void)
{
	u32 eax, edx;

	if (!has_xsave)
		return 1;
	write_cr4(read_cr4() | CR4_OSXSAVE);
	asm volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
	if (!wanted)
		write_cr4(read_cr4() & ~CR4_OSXSAVE);
	return (u64)edx << 32 | eax;
}

static u32 msr_count(void)
{
	return ARRAY_LEN(msrs) - !has_tsc_aux;
}

static void store(struct state *s)
{
	s->xcr0 = read_xcr0();
	EACH8(GET_MM)
	EACH16(GET_XMM)
	if (has_avx) {
		EACH16(GET_YMM)
	}
	s->dr[0] = read_dr0();
	s->dr[1] = read_dr1();
	s->dr[2] = read_dr2();
	s->dr[3] = read_dr3();
	s->dr[4] = read_dr6();
	s->cr2 = read_cr2();
	if (has_pku) {
		u32 eax;

		asm volatile("rdpkru" : "=a"(eax) : "c"(0) : "rdx");
		s->pkru = eax;
	}
	for (u32 i = 0; i < msr_count(); i++)
		s->msr[i] = rdmsr(msrs[i]);
}

static void load(struct state *s)
{
	EACH8(SET_MM)
	EACH16(SET_XMM)
	if (has_avx) {
		EACH16(SET_YMM)
	}
	write_dr0(s->dr[0]);
	write_dr1(s->dr[1]);
	write_dr2(s->dr[2]);
	write_dr3(s->dr[3]);
	write_dr6(s->dr[4]);
	write_cr2(s->cr2);
	if (has_pku)
		asm volatile("wrpkru" : : "a"((u32)s->pkru), "c"(0), "d"(0));
	for (u32 i = 0; i < msr_count(); i++)
		wrmsr(msrs[i], s->msr[i]);
}

/* Valid in every register: canonical addresses, 32 bits in SYSENTER_CS and PKRU, no breakpoint in
 * DR6. */
static void fill(struct state *s, u64 x, u64 xcr0, bool no_breakpoints)
{
	u64 *words = (u64 *)s;

	for (u32 i = 0; i < WORDS; i++)
		words[i] = x * (2 * i + 1);
	for (u32 i = 0; i < 4; i++)
		s->dr[i] &= no_breakpoints ? 0 : 0x7fffffffffff;
	s->dr[4] = 0xffff0ff0 | (x & 0xf);
	s->msr[4] &= 0xffff; /* SYSENTER_CS is a selector */
	s->pkru = (u32)s->pkru & ~3u;
	s->cr2 &= 0x7fffffffffff;
	for (u32 i = 0; i < ARRAY_LEN(msrs); i++)
		s->msr[i] &= 0x7ffffffc;
	s->xcr0 = xcr0;
	if (!has_tsc_aux)
		s->msr[7] = 0;
	if (!has_avx)
		memset(s->ymm_high, 0, sizeof(s->ymm_high));
	if (!has_pku)
		s->pkru = 0;
}

static void report(const char *what, u32 cpu, const struct state *got, const struct state *want)
{
	const u64 *a = (const u64 *)got, *b = (const u64 *)want;

	for (u32 i = 0; i < WORDS; i++)
		if (a[i] != b[i]) {
			print("FAIL %s, cpu %u: word %u is %lx, not %lx\n", what, cpu, i, a[i],
			      b[i]);
			break;
		}
	atomic_fetch_add(&wrong, 1);
}

/* What XCR0 is from now on. */
static u64 prepare(void)
{
	u64 xcr0 = 3;

	asm volatile("fninit");
	has_tsc_aux = cpuid(0x80000001, 0).d & BIT(27);
	has_xsave = cpuid(1, 0).c & BIT(26);
	if (!has_xsave || !wanted)
		return 1;
	write_cr4(read_cr4() | CR4_OSXSAVE);
	has_avx = (cpuid(1, 0).c & BIT(28)) && (wanted & 4);
	has_pku = cpuid(7, 0).c & BIT(3);
	xcr0 |= has_avx ? 4 : 0;
	xcr0 |= has_pku ? wanted & BIT(9) : 0;
	if (has_pku)
		write_cr4(read_cr4() | BIT(22));
	asm volatile("xsetbv" : : "a"((u32)xcr0), "c"(0), "d"(0));
	return xcr0;
}

/* After power-on all of it is zero, whoever had the CPU before. */
static void is_clean(u32 cpu, u64 xcr0)
{
	static struct state found[CPUS_MAX];
	struct state *s = &found[cpu];
	const struct state zero = { .dr = { [4] = 0xffff0ff0 }, .xcr0 = xcr0 };

	store(s);
	asm volatile("emms");
	if (memcmp(s, &zero, sizeof(zero)))
		report("state after power-on", cpu, s, &zero);
}

static void work(u32 cpu, u64 xcr0)
{
	static struct state want[CPUS_MAX], got[CPUS_MAX];

	for (u64 round = 1; !over; round++) {
		fill(&want[cpu], (pattern << 8 | (cpu + 1)) * 0x9e3779b97f4a7c15ull + round, xcr0,
		     round % 3 == 0);
		memset(&got[cpu], 0, sizeof(got[cpu]));
		load(&want[cpu]);
		for (volatile u32 i = 0; i < SPIN; i++)
			pause();
		if (round % 4 == 0)
			cpuid(0, 0);
		store(&got[cpu]);
		asm volatile("emms");
		if (memcmp(&want[cpu], &got[cpu], sizeof(want[cpu])))
			report("another's state", cpu, &got[cpu], &want[cpu]);
		atomic_fetch_add(&rounds, 1);
		if (!cpu)
			over = clock_ns() > until;
	}
}

static void ap(u32 index)
{
	u64 xcr0 = prepare();

	is_clean(index, xcr0);
	work(index, xcr0);
}

void main(const struct hvm_start_info *si)
{
	u32 ids[CPUS_MAX], count = madt_cpus(ids);
	u64 xcr0;

	pattern = cmdline_number(si, "pattern=", 1);
	until = clock_ns() + cmdline_number(si, "seconds=", 3) * NS_PER_S;
	wanted = cmdline_number(si, "xcr0=", ~0u);
	xcr0 = prepare();
	is_clean(0, xcr0);
	apic_enable();
	for (u32 i = 1; i < count; i++)
		cpu_start(ids[i], i, ap);
	work(0, xcr0);
	delay_us(200000);
	print("apart: %u rounds, %u wrong\n", atomic_load(&rounds), atomic_load(&wrong));
}

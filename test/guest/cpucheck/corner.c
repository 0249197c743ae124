// SPDX-License-Identifier: BSD-2-Clause
/* Shadows of MOV SS, INT1, SYSCALL, alignment, a sample of all MSRs. */
#include "check.h"

#define MSR_STAR   0xc0000081u
#define MSR_LSTAR  0xc0000082u
#define MSR_SFMASK 0xc0000084u
#define SEL_DATA   0x10
#define SEL_CODE64 0x18
#define RF         BIT(16)
#define DR6_BS     BIT(14)

static volatile u32 steps;
static volatile u64 step_rip[8], step_dr6[8];

static void on_db(struct trap_frame *f)
{
	if (steps < ARRAY_LEN(step_rip)) {
		step_rip[steps] = f->rip;
		step_dr6[steps] = read_dr6();
	}
	steps++;
	f->rflags |= RF;
	write_dr6(0);
}

static void step_begin(void)
{
	trap_set(VEC_DB, on_db);
	write_dr7(0x400);
	write_dr6(0);
	steps = 0;
}

/* No single step ends behind MOV SS: the next one ends behind the instruction after it. */
static const char *mov_ss_step(void)
{
	u64 first;

	step_begin();
	asm volatile("leaq 1f(%%rip), %0; pushfq; orq $0x100, (%%rsp); popfq; movl %1, %%ss; nop\n"
		     "1: pushfq; andq $~0x100, (%%rsp); popfq"
		     : "=&r"(first)
		     : "r"(SEL_DATA)
		     : "cc", "memory");
	if (!steps || step_rip[0] != first || !(step_dr6[0] & DR6_BS))
		return wrong("the first of %u at %lx, want %lx, DR6 %lx", steps, step_rip[0], first,
			     step_dr6[0]);
	return NULL;
}

static const char *mov_ss_step_exit(void)
{
	u64 first;
	u32 a = 0, c = 0;

	step_begin();
	asm volatile(
	    "leaq 1f(%%rip), %0; pushfq; orq $0x100, (%%rsp); popfq; movl %3, %%ss; cpuid\n"
	    "1: pushfq; andq $~0x100, (%%rsp); popfq"
	    : "=&r"(first), "+a"(a), "+c"(c)
	    : "r"(SEL_DATA)
	    : "rbx", "rdx", "cc", "memory");
	if (!steps || step_rip[0] != first || !(step_dr6[0] & DR6_BS))
		return wrong("the first of %u at %lx, want %lx, DR6 %lx", steps, step_rip[0], first,
			     step_dr6[0]);
	return NULL;
}

/* INT1 (ICEBP, F1): a trap behind itself that is no single step; GD and breakpoints do not matter.
 */
static const char *icebp(void)
{
	u64 behind;

	step_begin();
	asm volatile("leaq 1f(%%rip), %0; .byte 0xf1\n1: nop" : "=&r"(behind) : : "memory");
	if (steps != 1 || step_rip[0] != behind)
		return wrong("%u #DB, at %lx, want %lx", steps, step_rip[0], behind);
	return step_dr6[0] & 0xe00f ? wrong("DR6 %lx", step_dr6[0]) : NULL;
}

/* A breakpoint on data: a trap behind the instruction. */
static const char *watchpoint(void)
{
	static volatile u64 watched;
	u64 behind;

	step_begin();
	write_dr0((u64)&watched);
	asm volatile("leaq 1f(%%rip), %0; mov %2, %%dr7; movq $1, %1\n1: nop; mov %3, %%dr7"
		     : "=&r"(behind), "=m"(watched)
		     : "r"(0x402ull | 0x9ull << 16), "r"(0x400ull)
		     : "memory");
	if (steps != 1 || step_rip[0] != behind || (step_dr6[0] & 0xf) != 1)
		return wrong("%u #DB, at %lx, want %lx, DR6 %lx", steps, step_rip[0], behind,
			     step_dr6[0]);
	return NULL;
}

/* An access to a debug register while DR7.GD is set: a fault at the instruction, which clears GD.
 */
static const char *general_detect(void)
{
	u64 at;

	step_begin();
	asm volatile("leaq 1f(%%rip), %0; mov %1, %%dr7\n1: mov %%dr0, %%rax"
		     : "=&r"(at)
		     : "r"(0x400ull | BIT(13))
		     : "rax", "memory");
	if (steps != 1 || step_rip[0] != at || !(step_dr6[0] & BIT(13)))
		return wrong("%u #DB, at %lx, want %lx, DR6 %lx", steps, step_rip[0], at,
			     step_dr6[0]);
	return read_dr7() & BIT(13) ? "GD is still set" : NULL;
}

/* RCX and R11, the flags masked, the segments of STAR. */
static const char *syscall_and_back(void)
{
	u64 efer = rdmsr(MSR_EFER), behind, rcx, r11, inside;
	u32 cs, ss;

	wrmsr(MSR_EFER, efer | 1);
	wrmsr(MSR_STAR, (u64)SEL_CODE64 << 32);
	wrmsr(MSR_SFMASK, BIT(0) | BIT(10));
	asm volatile("leaq 2f(%%rip), %%rax; movl $0xc0000082, %%ecx; movq %%rax, %%rdx; shrq $32, "
		     "%%rdx; wrmsr\n\t"
		     "leaq 1f(%%rip), %0; stc; std; syscall\n1: jmp 3f\n"
		     "2: pushfq; popq %3; movl %%cs, %4; movl %%ss, %5; movq %%rcx, %1; movq "
		     "%%r11, %2; jmpq *%%rcx\n"
		     "3: cld; movl %6, %%ss"
		     : "=&r"(behind), "=&r"(rcx), "=&r"(r11), "=&r"(inside), "=&r"(cs), "=&r"(ss)
		     : "r"(SEL_DATA)
		     : "rax", "rcx", "rdx", "r11", "cc", "memory");
	wrmsr(MSR_EFER, efer);
	if (rcx != behind || (r11 & 0x401) != 0x401 || (inside & 0x401))
		return wrong("RCX %lx (want %lx), R11 %lx, flags %lx", rcx, behind, r11, inside);
	if (cs != SEL_CODE64 || ss != SEL_CODE64 + 8)
		return wrong("CS %x, SS %x", cs, ss);
	return TRY("syscall", OUT(), "a"(0)) == VEC_UD
		   ? NULL
		   : wrong("with EFER.SCE 0: vector %d", last_fault.vector);
}

/* Numbers that nobody gave a meaning: #GP for a read and a write, wherever they are. */
static const char *msr_scan(void)
{
	for (u64 msr = 0x2000; msr < 1ull << 32; msr += 0x1fff3f) {
		u32 n = (u32)msr;
		u64 val;

		if (n >> 12 == 0x40000 || n >> 12 == 0x4b564 || n >> 16 == 0xc000 ||
		    n >> 16 == 0xc001)
			continue;
		if (try_rdmsr(n, &val) != VEC_GP)
			return wrong("RDMSR %x: vector %d", n, last_fault.vector);
		if (try_wrmsr(n, ~0ull) != VEC_GP)
			return wrong("WRMSR %x: vector %d", n, last_fault.vector);
	}
	return NULL;
}

/* What clears or keeps the upper half: RDTSC and XGETBV do, as CPUID and RDMSR. */
static const char *upper_halves(void)
{
	u64 a = ~0ull, d = ~0ull;

	asm volatile("rdtsc" : "+a"(a), "+d"(d));
	if ((a | d) >> 32)
		return wrong("RDTSC: %lx %lx", a, d);
	if (!(cpuid(1, 0).c & BIT(26)))
		return NULL;
	write_cr4(read_cr4() | BIT(18));
	a = d = ~0ull;
	asm volatile("xgetbv" : "+a"(a), "+d"(d) : "c"(0));
	return (a | d) >> 32 ? wrong("XGETBV: %lx %lx", a, d) : NULL;
}

static volatile u64 aligned_word[2] __attribute__((aligned(16)));

static void user_misaligned(void)
{
	asm volatile("pushfq; orl $0x40000, (%%rsp); popfq; movl 1(%0), %%eax; ud2"
		     :
		     : "r"(aligned_word)
		     : "rax", "cc", "memory");
}

/* Only at CPL 3, and only if CR0.AM and RFLAGS.AC ask for it. */
static const char *alignment(void)
{
	u64 cr0 = read_cr0();
	int got;

	if (user_run(user_misaligned) != VEC_UD)
		return wrong("with CR0.AM 0: vector %d", last_fault.vector);
	write_cr0(cr0 | BIT(18));
	got = user_run(user_misaligned);
	if (TRY("pushfq; orl $0x40000, (%%rsp); popfq; movl 1(%0), %%eax; pushfq; andl $~0x40000, (%%rsp); popfq",
		OUT(), "r"(aligned_word), "a"(0)) != -1)
		return wrong("at CPL 0: vector %d", last_fault.vector);
	write_cr0(cr0);
	return got == VEC_AC && !last_fault.error ? NULL : wrong("at CPL 3: vector %d", got);
}

// clang-format off
const struct check corner_checks[] = {
	CHECK("mov-ss-step", mov_ss_step, ANYWHERE),
	CHECK("mov-ss-step-exit", mov_ss_step_exit, ANYWHERE),
	CHECK("icebp", icebp, ANYWHERE),
	CHECK("watchpoint", watchpoint, ANYWHERE),
	CHECK("general-detect", general_detect, ANYWHERE),
	CHECK("syscall", syscall_and_back, ANYWHERE),
	CHECK("msr-scan", msr_scan, UNDER_PLINTH),
	CHECK("upper-halves", upper_halves, ANYWHERE),
	CHECK("alignment", alignment, ON_SILICON),
	CHECKS_END,
};
// clang-format on

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rows of single instructions of the CPU: those that a hypervisor must see, and those that it need
 * not.
 */
#include "bench.h"

#include "cpu.h"
#include "trap.h"

#define MSR_TSC_ADJUST 0x3b
#define FRESH_FROM     (16 * MIB) /* where nobody has touched a page yet */
#define FRESH_TO       (60 * MIB)

static bool amd(void)
{
	return cpuid(0, 0).c == 0x444d4163; /* "cAMD" */
}

/* KVM's hypercall 1 does nothing there, and others do not know it. Each vendor has an instruction
 * of its own; the other one's is an invalid opcode, which a hypervisor may put right. */
static bool hypercall_ready(void)
{
	u64 rax;

	if (amd())
		return TRY("vmmcall", OUT("=a"(rax)), "a"(1)) < 0;
	return TRY("vmcall", OUT("=a"(rax)), "a"(1)) < 0;
}

LOOP(do_vmmcall, "", "movl $1, %%eax\n\tvmmcall")
LOOP(do_vmcall, "", "movl $1, %%eax\n\tvmcall")

static u64 hypercall(u32 n)
{
	return amd() ? do_vmmcall(n) : do_vmcall(n);
}

static bool tsc_adjust_ready(void)
{
	u64 val;

	return (cpuid(7, 0).b & BIT(1)) && try_rdmsr(MSR_TSC_ADJUST, &val) < 0;
}

LOOP(nothing, "", "")
LOOP(do_cpuid, "", "xorl %%eax, %%eax\n\txorl %%ecx, %%ecx\n\tcpuid")
LOOP(read_apic_base, "movl $0x1b, %%ecx", "rdmsr")
LOOP(read_tsc_adjust, "movl $0x3b, %%ecx", "rdmsr")
LOOP(write_tsc_adjust, "movl $0x3b, %%ecx\n\txorl %%eax, %%eax\n\txorl %%edx, %%edx", "wrmsr")
LOOP(write_kernel_gs, "movl $0xc0000102, %%ecx\n\txorl %%eax, %%eax\n\txorl %%edx, %%edx", "wrmsr")
LOOP(write_pat, "movl $0x277, %%ecx\n\trdmsr", "wrmsr")
LOOP(write_efer, "movl $0xc0000080, %%ecx\n\trdmsr", "wrmsr")
LOOP(toggle_ts, "movq %%cr0, %%rbx", "xorl $8, %%ebx\n\tmovq %%rbx, %%cr0\n\tclts")
LOOP(toggle_wp, "movq %%cr0, %%rbx", "xorl $0x10000, %%ebx\n\tmovq %%rbx, %%cr0")
LOOP(toggle_pge, "movq %%cr4, %%rbx", "xorl $0x80, %%ebx\n\tmovq %%rbx, %%cr4")
LOOP(reload_cr3, "movq %%cr3, %%rbx", "movq %%rbx, %%cr3")
LOOP(set_cr8, "xorl %%ebx, %%ebx", "movq %%rbx, %%cr8")
LOOP(set_dr7, "movl $0x400, %%ebx", "movq %%rbx, %%dr7")
LOOP(do_invlpg, "movl $0x400000, %%ebx", "invlpg (%%rbx)")
LOOP(do_rdtsc, "", "rdtsc")
LOOP(do_pause, "", "pause")
LOOP(do_wbinvd, "", "wbinvd")

/* Each batch touches 2 MiB that were not touched before: the hypervisor has to find them. */
static u64 touch(u32 n)
{
	static u64 fresh = FRESH_FROM;
	u64 from = ticks();

	for (u32 i = 0; i < n && fresh < FRESH_TO; i++, fresh += PAGE_SIZE)
		*(volatile u8 *)fresh = 1;
	return ticks() - from;
}

const struct row cpu_rows[] = {
	{ "empty-loop", NULL, nothing, 64 },
	{ "hypercall", hypercall_ready, hypercall, 64 },
	{ "cpuid", NULL, do_cpuid, 64 },
	{ "rdmsr", tsc_adjust_ready, read_tsc_adjust, 64 },
	{ "wrmsr", tsc_adjust_ready, write_tsc_adjust, 64 },
	{ "rdmsr-apicbase", NULL, read_apic_base, 64 },
	{ "wrmsr-pat", NULL, write_pat, 64 },
	{ "wrmsr-efer", NULL, write_efer, 64 },
	{ "wrmsr-kernelgs", NULL, write_kernel_gs, 64 },
	{ "cr0-ts", NULL, toggle_ts, 64 },
	{ "cr0-wp", NULL, toggle_wp, 64 },
	{ "cr4-pge", NULL, toggle_pge, 64 },
	{ "cr3", NULL, reload_cr3, 64 },
	{ "cr8", NULL, set_cr8, 64 },
	{ "dr7", NULL, set_dr7, 64 },
	{ "invlpg", NULL, do_invlpg, 64 },
	{ "rdtsc", NULL, do_rdtsc, 64 },
	{ "pause", NULL, do_pause, 64 },
	{ "wbinvd", NULL, do_wbinvd, 64 },
	{ "page-touch", NULL, touch, 512 },
	{ .name = NULL },
};

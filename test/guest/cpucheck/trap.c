// SPDX-License-Identifier: BSD-2-Clause
/* Exceptions, NMI, single steps, interrupt shadows, CPL 3. */
#include "check.h"

#define UNMAPPED 0x100000000ull /* the first byte that the page tables do not map */

static volatile u32 db_count, nmi_count, nmi_depth, nmi_deepest;
static volatile u64 db_rip, db_dr6;

static const char *exceptions(void)
{
	if (TRY("divl %%ecx", OUT(), "a"(1), "d"(0), "c"(0)) != VEC_DE)
		return wrong("DIV by 0: vector %d", last_fault.vector);
	if (TRY("ud2", OUT(), "a"(0)) != VEC_UD)
		return wrong("UD2: vector %d", last_fault.vector);
	if (TRY("int3", OUT(), "a"(0)) != VEC_BP)
		return wrong("INT3: vector %d", last_fault.vector);
	if (TRY("cmpl $0, (%0)", OUT(), "r"(1ull << 63)) != VEC_GP)
		return wrong("non-canonical address: vector %d", last_fault.vector);
	if (TRY("mov %0, %%ds", OUT(), "r"(0x1000)) != VEC_GP || last_fault.error != 0x1000)
		return wrong("bad selector: vector %d error %lx", last_fault.vector,
			     last_fault.error);
	return NULL;
}

static const char *page_fault(void)
{
	if (TRY("movb $1, (%0)", OUT(), "r"(UNMAPPED + 0x123)) != VEC_PF || last_fault.error != 2 ||
	    last_fault.cr2 != UNMAPPED + 0x123)
		return wrong("write: vector %d error %lx CR2 %lx", last_fault.vector,
			     last_fault.error, last_fault.cr2);
	if (TRY("cmpb $1, (%0)", OUT(), "r"(UNMAPPED)) != VEC_PF || last_fault.error)
		return wrong("read: vector %d error %lx", last_fault.vector, last_fault.error);
	return NULL;
}

static void on_db(struct trap_frame *f)
{
	db_count++;
	db_rip = f->rip;
	db_dr6 = read_dr6();
	f->rflags &= ~BIT(8); /* TF */
	/* RF: or the breakpoint would strike again (Intel SDM vol. 3, "Instruction-Breakpoint
	 * Exception Condition"). */
	f->rflags |= BIT(16);
	write_dr6(0);
}

/* A single step over an instruction that the hypervisor emulates still ends in #DB behind it. */
static const char *step_over_exit(void)
{
	u64 behind_cpuid, behind_in;
	u32 a = 0, c = 0;

	trap_set(VEC_DB, on_db);
	write_dr7(0x400);
	db_count = 0;
	asm volatile("leaq 1f(%%rip), %0; pushfq; orq $0x100, (%%rsp); popfq; cpuid\n1: nop"
		     : "=&r"(behind_cpuid), "+a"(a), "+c"(c)
		     :
		     : "rbx", "rdx", "cc", "memory");
	if (db_count != 1 || db_rip != behind_cpuid || !(db_dr6 & BIT(14)))
		return wrong("CPUID: %u #DB at %lx (want %lx), DR6 %lx", db_count, db_rip,
			     behind_cpuid, db_dr6);
	db_count = 0;
	asm volatile(
	    "leaq 1f(%%rip), %0; pushfq; orq $0x100, (%%rsp); popfq; inb $0x71, %%al\n1: nop"
	    : "=&r"(behind_in)
	    :
	    : "rax", "cc", "memory");
	if (db_count != 1 || db_rip != behind_in)
		return wrong("IN: %u #DB at %lx (want %lx)", db_count, db_rip, behind_in);
	return NULL;
}

static const char *breakpoint(void)
{
	u64 target;
	u32 a = 0, c = 0;

	trap_set(VEC_DB, on_db);
	db_count = 0;
	asm volatile(
	    "leaq 1f(%%rip), %0; mov %0, %%dr0; mov %3, %%dr7; cpuid; nop\n1: nop; mov %4, %%dr7"
	    : "=&r"(target), "+a"(a), "+c"(c)
	    : "r"(0x402ull), "r"(0x400ull)
	    : "rbx", "rdx", "memory");
	/* A fault: RIP is the instruction itself. */
	if (db_count != 1 || db_rip != target || !(db_dr6 & 1))
		return wrong("%u #DB at %lx (want %lx), DR6 %lx", db_count, db_rip, target, db_dr6);
	return NULL;
}

static void send_nmi(void)
{
	apic_send(apic_id(), ICR_NMI);
}

static void on_nmi(struct trap_frame *f)
{
	(void)f;
	nmi_count++;
	if (++nmi_depth > nmi_deepest)
		nmi_deepest = nmi_depth;
	if (nmi_count == 1) {
		send_nmi();
		cpuid(0, 0);
		delay_us(1000);
	}
	nmi_depth--;
}

/* An NMI while one is handled waits for the IRET. */
static const char *nmi(void)
{
	trap_set(VEC_NMI, on_nmi);
	nmi_count = nmi_depth = nmi_deepest = 0;
	send_nmi();
	delay_us(2000);
	if (nmi_count != 2 || nmi_deepest != 1)
		return wrong("%u of 2 came, nested %u deep", nmi_count, nmi_deepest);
	return NULL;
}

static const char *self_ipi(void)
{
	apic_send(0, ICR_SELF | VEC_FIRST);
	delay_us(1000);
	if (irq_count[0])
		return "taken with IF 0";
	if (!(apic_read(APIC_IRR + VEC_FIRST / 32 * 0x10) & BIT(VEC_FIRST % 32)))
		return "IRR does not show it";
	sti();
	asm volatile("nop");
	cli();
	if (irq_count[0] != 1)
		return wrong("came %u times", irq_count[0]);
	apic_send(apic_id(), ICR_FIXED | (VEC_FIRST + 1));
	sti();
	asm volatile("nop");
	cli();
	return irq_count[1] == 1 ? NULL : wrong("to the own id: came %u times", irq_count[1]);
}

/* An interrupt below the task priority waits. */
static const char *tpr_holds(void)
{
	apic_write(APIC_TPR, 0x50);
	apic_send(0, ICR_SELF | VEC_FIRST);
	take_interrupts(1000000, false);
	if (irq_count[0])
		return wrong("vector %x came through TPR 50h", VEC_FIRST);
	write_cr8(4);
	take_interrupts(1000000, false);
	return irq_count[0] == 1 ? NULL : wrong("came %u times after CR8 = 4", irq_count[0]);
}

/* The same by CR8 alone, which may be nobody's business but the processor's. */
static const char *cr8_holds(void)
{
	write_cr8(5);
	apic_send(0, ICR_SELF | VEC_FIRST);
	take_interrupts(1000000, false);
	if (irq_count[0])
		return wrong("vector %x came through CR8 = 5", VEC_FIRST);
	write_cr8(6);
	write_cr8(5);
	take_interrupts(1000, false);
	write_cr8(4);
	take_interrupts(1000000, false);
	write_cr8(0);
	return irq_count[0] == 1 ? NULL : wrong("came %u times after CR8 = 4", irq_count[0]);
}

/* STI lets one more instruction go by; if that is HLT, the interrupt ends it. */
static const char *sti_shadow(void)
{
	u64 behind;

	apic_send(0, ICR_SELF | VEC_FIRST);
	delay_us(1000);
	asm volatile("leaq 1f(%%rip), %0; sti; nop\n1: cli" : "=r"(behind) : : "memory");
	if (irq_count[0] != 1 || irq_rip != behind)
		return wrong("STI; NOP: %u at %lx, want %lx", irq_count[0], irq_rip, behind);
	apic_send(0, ICR_SELF | VEC_FIRST);
	delay_us(1000);
	asm volatile("leaq 1f(%%rip), %0; sti; hlt\n1: cli" : "=r"(behind) : : "memory");
	if (irq_count[0] != 2 || irq_rip != behind)
		return wrong("STI; HLT: %u at %lx, want %lx", irq_count[0] - 1, irq_rip, behind);
	return NULL;
}

/* The shadow also covers an instruction that exits. */
static const char *sti_shadow_exit(void)
{
	u64 behind;
	u32 a = 0, c = 0;

	apic_send(0, ICR_SELF | VEC_FIRST);
	delay_us(1000);
	asm volatile("leaq 1f(%%rip), %0; sti; cpuid\n1: nop; cli"
		     : "=&r"(behind), "+a"(a), "+c"(c)
		     :
		     : "rbx", "rdx", "memory");
	return irq_count[0] == 1 && irq_rip == behind
		   ? NULL
		   : wrong("STI; CPUID: %u at %lx, want %lx", irq_count[0], irq_rip, behind);
}

static void user_ud(void)
{
	asm volatile("cpuid; ud2" : : "a"(0), "c"(0) : "rbx", "rdx");
}

#define USER_FN(name, insn)                                                       \
	static void name(void)                                                    \
	{                                                                         \
		asm volatile(insn "; ud2" : : "a"(0), "c"(0), "d"(0) : "memory"); \
	}
USER_FN(user_hlt, "hlt")
USER_FN(user_rdmsr, "rdmsr")
USER_FN(user_wrmsr, "wrmsr")
USER_FN(user_cr0, "mov %%cr0, %%rax")
USER_FN(user_dr0, "mov %%dr0, %%rax")
USER_FN(user_in, "inb $0x71, %%al")
USER_FN(user_out, "outb %%al, $0x80")
USER_FN(user_cli, "cli")
USER_FN(user_lgdt, "lgdt (%%rsp)")
USER_FN(user_invlpg, "invlpg (%%rsp)")
USER_FN(user_wbinvd, "wbinvd")
USER_FN(user_invd, "invd")
USER_FN(user_xsetbv, "movl $3, %%eax; xsetbv")

static const struct {
	const char *name;
	void (*fn)(void);
	int vector;
	bool under_plinth; /* only there, see enum check_where */
} user_table[] = {
	{ "CPUID; UD2", user_ud, VEC_UD, false },
	{ "HLT", user_hlt, VEC_GP, false },
	{ "RDMSR", user_rdmsr, VEC_GP, false },
	{ "WRMSR", user_wrmsr, VEC_GP, false },
	{ "MOV from CR0", user_cr0, VEC_GP, false },
	{ "MOV from DR0", user_dr0, VEC_GP, false },
	{ "IN", user_in, VEC_GP, false },
	{ "OUT", user_out, VEC_GP, false },
	{ "CLI", user_cli, VEC_GP, false },
	{ "LGDT", user_lgdt, VEC_GP, false },
	{ "INVLPG", user_invlpg, VEC_GP, false },
	{ "WBINVD", user_wbinvd, VEC_GP, true },
	{ "INVD", user_invd, VEC_GP, true },
	{ "XSETBV", user_xsetbv, VEC_GP, true },
};

static const char *user_mode(void)
{
	if (cpuid(1, 0).c & BIT(26))
		write_cr4(read_cr4() | BIT(18));
	for (u32 i = 0; i < ARRAY_LEN(user_table); i++) {
		if (user_table[i].under_plinth && !under_plinth())
			continue;
		if (user_table[i].fn == user_xsetbv && !(cpuid(1, 0).c & BIT(26)))
			continue;
		if (user_run(user_table[i].fn) != user_table[i].vector)
			return wrong("%s at CPL 3: vector %d, want %d", user_table[i].name,
				     last_fault.vector, user_table[i].vector);
	}
	return NULL;
}

// clang-format off
const struct check trap_checks[] = {
	CHECK("exceptions", exceptions, ANYWHERE),
	CHECK("page-fault", page_fault, ANYWHERE),
	CHECK("step-over-exit", step_over_exit, ANYWHERE),
	CHECK("breakpoint", breakpoint, ANYWHERE),
	CHECK("nmi", nmi, ANYWHERE),
	CHECK("self-ipi", self_ipi, ANYWHERE),
	CHECK("tpr-holds", tpr_holds, ANYWHERE),
	CHECK("cr8-holds", cr8_holds, ANYWHERE),
	CHECK("sti-shadow", sti_shadow, ANYWHERE),
	CHECK("sti-shadow-exit", sti_shadow_exit, ANYWHERE),
	CHECK("user-mode", user_mode, ANYWHERE),
	CHECKS_END,
};
// clang-format on

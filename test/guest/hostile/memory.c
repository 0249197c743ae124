// SPDX-License-Identifier: BSD-2-Clause
/* Memory that is not there, random page tables, random code, code that changes while it is
 * emulated. */
#include "hostile.h"

#define PTE_P     BIT(0)
#define PTE_W     BIT(1)
#define PTE_LARGE BIT(7)
#define MIB2      (2ull << 20)
#define SLOT      (1ull << 39) /* PML4 entry 1: the attacks' own */
#define CODE_LEN  64
#define LAPIC_VER 0xfee00030ull

extern u64 pml4[];

static u64 tables[4][512] __attribute__((aligned(4096)));
static u8 code[4096] __attribute__((aligned(4096)));

static void flush(void)
{
	write_cr3(read_cr3());
}

/* --- Every gigabyte that there is no RAM in
 * ----------------------------------------------------------------------------- */

static void touch(u64 gpa)
{
	u64 at = SLOT + (gpa & (MIB2 - 1));

	tables[1][0] = (gpa & ~(MIB2 - 1)) | PTE_P | PTE_W | PTE_LARGE;
	asm volatile("invlpg (%0)" : : "r"(SLOT) : "memory");
	CARELESS("movl (%0), %%eax; movb %%al, 1(%0); movw %%ax, 2(%0); movq 8(%0), %%rax; orq "
		 "%%rax, 16(%0)",
		 "r"(at), "a"(0));
}

static void holes_begin(void)
{
	tables[0][0] = (u64)tables[1] | PTE_P | PTE_W;
	pml4[1] = (u64)tables[0] | PTE_P | PTE_W;
	flush();
}

static void holes_step(void)
{
	static u64 next;
	u64 top = 1ull << (cpuid(0x80000008, 0).a & 0xff);

	for (u32 i = 0; i < 16; i++) {
		next += 1ull << 30;
		if (next >= top)
			next = 1ull << 32;
		touch(next);
		/* And anywhere between the end of RAM (at most 1 GiB here) and 4 GiB, but for this
		 * guest's own interrupts. */
		touch((1ull << 31) + (noise() % 0x7e000000));
	}
}

/* --- Random page tables
 * ---------------------------------------------------------------------------------------------------
 */

static void tables_begin(void)
{
	pml4[1] = (u64)tables[0] | PTE_P | PTE_W;
}

static bool is_table(u64 gpa)
{
	return gpa >= (u64)tables && gpa < (u64)tables + sizeof(tables);
}

/*
 * A table that is not RAM ends the VM, which is for another test: only large pages leave RAM.
 * Before each access, since accesses reach the tables, too.
 */
static void keep_to_ram(void)
{
	for (u32 t = 0; t < 4; t++)
		for (u32 i = 0; i < 512; i++)
			if (!(tables[t][i] & PTE_LARGE) && !is_table(tables[t][i] & BITS(51, 12)))
				tables[t][i] &= ~PTE_P;
	flush();
}

/* Tables point to tables, so that a walk meets every depth and loop; what is no table points
 * anywhere. */
static void tables_step(void)
{
	for (u32 i = 0; i < 256; i++) {
		u64 *entry = &tables[noise() % 4][noise() % 512];

		if (noise() % 4)
			*entry = (u64)tables[noise() % 4] | (noise() & 0x77) | PTE_P;
		else
			*entry = (noise() & ~(noise() & PTE_P) & BITS(33, 0)) | BIT(33);
		*entry &= noise() % 16 ? ~(0xffull << 52) : ~0ull;
	}
	for (u32 i = 0; i < 16; i++) {
		u64 at = SLOT + (noise() & (SLOT - 1));

		keep_to_ram();
		if (i % 4 == 0)
			CARELESS("lock incl (%0)", "r"(at));
		else if (i % 4 == 1)
			CARELESS("movups %%xmm0, (%0)", "r"(at));
		else
			CARELESS("movl (%0), %%eax; orl 4096(%0), %%eax", "r"(at), "a"(0));
	}
}

/* --- Random code
 * ------------------------------------------------------------------------------------------------------------
 */

/* The timer's interrupt ends a loop; whatever else happens ends in an exception, or in this VM's
 * death. */
static void out_of_loop(struct trap_frame *f)
{
	apic_eoi();
	if (trap_recover)
		f->rip = (u64)trap_recover;
	trap_recover = NULL;
}

static void code_begin(void)
{
	trap_set(0x60, out_of_loop);
}

static u64 saved_sp __attribute__((used));

/* Calls `code` and comes back by its RET, by an exception or by the timer, wherever the stack is
 * then. */
static void run_code(u64 rax, u64 rbx, u64 rdi, u64 rsi)
{
	register u64 to asm("r8") = (u64)code;
	register u64 base asm("r9") = rbx;

	last_fault.vector = -1;
	asm volatile("pushq %%rbp; pushq %%rbx; movq %%rsp, saved_sp(%%rip); movq %%r9, %%rbx\n\t"
		     "leaq 771f(%%rip), %%r11; movq %%r11, trap_recover(%%rip); movl $2, %%ecx; "
		     "movl $0x5678, %%edx\n\t"
		     "sti; call *%%r8\n"
		     "771:	movq saved_sp(%%rip), %%rsp; cli; cld; popq %%rbx; popq %%rbp\n\t"
		     "movq $0, trap_recover(%%rip)"
		     : "+a"(rax), "+D"(rdi), "+S"(rsi), "+r"(to), "+r"(base)
		     :
		     : "rcx", "rdx", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory");
}

/* Ring 3 first: there it cannot do harm to this guest, so that more of it is seen. */
static void code_step(void)
{
	for (u32 i = 0; i < CODE_LEN; i++)
		code[i] = (u8)noise();
	code[CODE_LEN] = 0x0f; /* ud2 */
	code[CODE_LEN + 1] = 0x0b;
	cpuid(0, 0);
	apic_timer(0x60, 200000);
	user_run((void (*)(void))code);
}

static void ring0_step(void)
{
	code_step();
	apic_timer(0x60, 200000);
	run_code(0, 0, 0, 0);
}

/* --- An instruction that another processor changes while it is emulated
 * ---------------------------------------------------------- */

static volatile u32 modify_on;

/* Bytes at the same place: reads, other lengths, other widths, ports, what exits by itself. No
 * mixture of two does harm to this guest. */
static const u8 variants[][8] = {
	{ 0x8b, 0x03, 0x90, 0x90, 0x90, 0x90, 0x90, 0xc3 }, /* mov eax, [rbx] */
	{ 0x48, 0x8b, 0x03, 0x90, 0x90, 0x90, 0x90, 0xc3 }, /* mov rax, [rbx] */
	{ 0x0f, 0x32, 0x90, 0x90, 0x90, 0x90, 0x90, 0xc3 }, /* rdmsr */
	{ 0xec, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0xc3 }, /* in al, dx */
	{ 0x48, 0xa5, 0x90, 0x90, 0x90, 0x90, 0x90, 0xc3 }, /* movsq */
	{ 0x6c, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0xc3 }, /* insb */
	{ 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0xc3 }, /* ret */
	{ 0x0f, 0x10, 0x03, 0x90, 0x90, 0x90, 0x90, 0xc3 }, /* movups xmm0, [rbx] */
	{ 0x0f, 0x20, 0xd8, 0x90, 0x90, 0x90, 0x90, 0xc3 }, /* mov rax, cr3 */
	{ 0xf7, 0x33, 0x90, 0x90, 0x90, 0x90, 0x90, 0xc3 }, /* div dword [rbx] */
};

static void modifier(u32 index)
{
	u64 state = index + 1;

	for (;;) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		if (modify_on)
			*(volatile u64 *)code =
			    *(const u64 *)variants[(state >> 40) % ARRAY_LEN(variants)];
		pause();
	}
}

static void modify_begin(void)
{
	code_begin();
	*(volatile u64 *)code = *(const u64 *)variants[0];
	for (u32 i = 1; i < cpu_count; i++)
		cpu_start(cpu_ids[i], i, modifier);
	modify_on = 1;
}

static void modify_step(void)
{
	static u8 target[256] __attribute__((aligned(64)));

	apic_timer(0x60, 2000000);
	for (u32 i = 0; i < 64; i++)
		run_code(read_cr3(), LAPIC_VER, (u64)target, LAPIC_VER);
}

const struct attack memory_attacks[] = {
	ATTACK(holes, holes_begin), ATTACK(tables, tables_begin), ATTACK(code, code_begin),
	ATTACK(ring0, code_begin),  ATTACK(modify, modify_begin), ATTACKS_END,
};

// SPDX-License-Identifier: BSD-2-Clause
#include <arch/x86_64/desc.h>

#include <arch/x86_64/cpu.h>
#include <lib/bits.h>

/* Intel SDM vol. 3, "64-Bit Mode IDT". */
struct gate {
	u16 offset0;
	u16 selector;
	u8 ist;
	u8 type;
	u16 offset1;
	u32 offset2;
	u32 reserved;
};
static_assert(sizeof(struct gate) == 16, "IDT gate");

#define GATE_INTERRUPT	 0x8e
#define DESC_CODE64	 0x00af9b000000ffffull
#define DESC_DATA	 0x00cf93000000ffffull
#define DESC_TSS_PRESENT 0x89ull

struct table_reg {
	u16 limit;
	u64 base;
} __attribute__((packed));

static struct gate idt[256] __attribute__((aligned(4096)));

/* trap.asm: 256 stubs of 8 bytes. */
extern const u8 trap_stubs[];

static const u8 ist_of[256] = {
	[EXC_NMI] = IST_NMI,
	[EXC_DF] = IST_DF,
	[EXC_MC] = IST_MC,
};

void desc_init(void)
{
	for (unsigned i = 0; i < 256; i++) {
		u64 at = (u64)(trap_stubs + i * 8);

		idt[i] = (struct gate){
			.offset0 = (u16)at,
			.selector = SEL_CODE,
			.ist = ist_of[i],
			.type = GATE_INTERRUPT,
			.offset1 = (u16)(at >> 16),
			.offset2 = (u32)(at >> 32),
		};
	}
}

static void load_segments(void)
{
	__asm__ volatile("pushq %0\n"
			 "leaq 1f(%%rip), %%rax\n"
			 "pushq %%rax\n"
			 "lretq\n"
			 "1: movl %1, %%eax\n"
			 "movl %%eax, %%ss\n"
			 "movl %%eax, %%ds\n"
			 "movl %%eax, %%es\n"
			 "xorl %%eax, %%eax\n"
			 "movl %%eax, %%fs\n"
			 "movl %%eax, %%gs\n"
			 "lldt %%ax\n"
			 :
			 : "i"(SEL_CODE), "i"(SEL_DATA)
			 : "rax", "memory");
}

void desc_load(struct desc_tables *t, void *percpu, u64 ist_nmi, u64 ist_df, u64 ist_mc)
{
	u64 tss = (u64)&t->tss;
	struct table_reg gdtr = { .limit = sizeof(t->gdt) - 1, .base = (u64)t->gdt };
	struct table_reg idtr = { .limit = sizeof(idt) - 1, .base = (u64)idt };

	t->tss = (struct tss){ .iomap = sizeof(struct tss) };
	t->tss.ist[IST_NMI - 1] = ist_nmi;
	t->tss.ist[IST_DF - 1] = ist_df;
	t->tss.ist[IST_MC - 1] = ist_mc;
	t->gdt[0] = 0;
	t->gdt[1] = DESC_CODE64;
	t->gdt[2] = DESC_DATA;
	t->gdt[3] = (sizeof(struct tss) - 1) | (tss & BITS(23, 0)) << 16 | DESC_TSS_PRESENT << 40 |
		    (tss & BITS(31, 24)) << 32;
	t->gdt[4] = tss >> 32;
	__asm__ volatile("lgdt %0" : : "m"(gdtr));
	load_segments();
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
	__asm__ volatile("lidt %0" : : "m"(idtr));
	wrmsr(MSR_GS_BASE, (u64)percpu);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
}

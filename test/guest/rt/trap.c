// SPDX-License-Identifier: BSD-2-Clause
#include "trap.h"

#include "cpu.h"
#include "rt.h"
#include <lib/string.h>

#define SEL_DATA   0x10
#define SEL_CODE64 0x18
#define SEL_TSS    0x40

/* Intel SDM vol. 3, "64-Bit Mode IDT" and "Task State Segment". */
struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_mid;
	u32 offset_high, reserved;
};
static_assert(sizeof(struct gate) == 16, "IDT");

struct tss {
	u32 reserved_00;
	u64 rsp[3];
	u64 reserved_1c;
	u64 ist[7];
	u64 reserved_5c;
	u16 reserved_64, iopb;
} __attribute__((packed));
static_assert(sizeof(struct tss) == 104, "TSS");

struct table_ptr {
	u16 limit;
	u64 base;
} __attribute__((packed));

/* trap.asm and start.asm */
extern const u8 trap_stubs[256][16];
extern u64 gdt[];
extern u64 user_rsp;
void trap(struct trap_frame *f);
void user_enter(void (*fn)(void));
void user_leave(void);

u8 user_stack[8192] __attribute__((aligned(16)));

u32 trap_stray;
struct fault last_fault;
void *trap_recover;

static struct gate idt[256];
static struct tss tss;
static u8 ring0_stack[8192] __attribute__((aligned(16)));
static trap_fn *handlers[256];

static void set_gate(unsigned vector, u64 stub)
{
	idt[vector] = (struct gate){(u16)stub,         SEL_CODE64,        0, 0x8e,
				    (u16)(stub >> 16), (u32)(stub >> 32), 0};
}

void trap_gate(u8 vector, void (*stub)(void))
{
	set_gate(vector, (u64)stub);
}

void trap_init(void)
{
	u64 base = (u64)&tss;

	for (unsigned i = 0; i < 256; i++)
		set_gate(i, (u64)trap_stubs[i]);
	tss.rsp[0] = (u64)ring0_stack + sizeof(ring0_stack);
	tss.iopb = sizeof(tss);
	gdt[SEL_TSS / 8] =
	    (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
	gdt[SEL_TSS / 8 + 1] = base >> 32;
	asm volatile("ltr %0" : : "r"((u16)SEL_TSS));
}

void trap_load(void)
{
	struct table_ptr p = {sizeof(idt) - 1, (u64)idt};

	asm volatile("lidt %0" : : "m"(p));
}

void trap_set(u8 vector, trap_fn *fn)
{
	handlers[vector] = fn;
}

static void note_fault(const struct trap_frame *f)
{
	last_fault = (struct fault){(int)f->vector, f->error, f->rip, read_cr2()};
}

static _Noreturn void die(const struct trap_frame *f)
{
	print("rt: exception %u error %lx rip %lx cr2 %lx cs %lx rsp %lx rflags %lx\n",
	      (u32)f->vector, f->error, f->rip, read_cr2(), f->cs, f->rsp, f->rflags);
	power_off();
}

/* From trap.asm, interrupts off. */
void trap(struct trap_frame *f)
{
	if (f->cs & 3) {
		note_fault(f);
		f->rip = (u64)user_leave;
		f->cs = SEL_CODE64;
		f->ss = SEL_DATA;
		f->rsp = user_rsp;
		f->rflags = 2;
	} else if (trap_recover && f->vector < 32 && f->vector != VEC_NMI) {
		note_fault(f);
		f->rip = (u64)trap_recover;
		trap_recover = NULL;
	} else if (handlers[f->vector]) {
		handlers[f->vector](f);
	} else if (f->vector < 32) {
		die(f);
	} else {
		trap_stray++;
	}
}

int try_rdmsr(u32 msr, u64 *val)
{
	u32 lo = 0, hi = 0;
	int vector = TRY("rdmsr", OUT("+a"(lo), "+d"(hi)), "c"(msr));

	*val = (u64)hi << 32 | lo;
	return vector;
}

int try_wrmsr(u32 msr, u64 val)
{
	return TRY("wrmsr", OUT(), "c"(msr), "a"((u32)val), "d"((u32)(val >> 32)));
}

int user_run(void (*fn)(void))
{
	last_fault.vector = -1;
	user_enter(fn);
	return last_fault.vector;
}

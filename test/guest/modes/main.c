// SPDX-License-Identifier: BSD-2-Clause
/*
 * modes: every mode of the CPU, the ways between them, and what a hypervisor must get right in
 * each. The work is done in assembly below 64 KiB (low.asm); this file starts it and prints "ok
 * NAME", "skip NAME" or "FAIL NAME: reason", at the end "modes: N ok, M failed". Words of the
 * command line: "only=NAME", "emulated" (the processor is QEMU's, which checks no segment limits),
 * "seed=N" of the random walk.
 */
#include "apic.h"
#include "cpu.h"
#include "rt.h"
#include "trap.h"
#include <lib/string.h>

#define LOW       0x4000ull
#define LOW_END   0x10000ull
#define STATE     ((volatile struct state *)0x1000)
#define WALK      ((u8 *)0x1400) /* the list of modes */
#define TSS32     ((void *)0x1e00)
#define LDT       ((void *)0x1d00)
#define SEL_TSS64 0x40
#define VEC_IRQ   0x50
#define VEC_SOFT  0x60
#define PTE_TABLE 0x07ull /* present, writable, user */
#define PTE_LARGE 0x87ull
#define WINDOW    0x10000u /* as LAPIC_WINDOW in low.inc */
#define WALK_MODE 255u
#define MODES     9u
#define STEPS     400u

/* What low.inc calls S_... */
struct state {
	u32 check, got, wanted;
	u32 vector, error, depth, recover;
	u32 irqs, softs;
	u32 signature, version;
	u32 cr3_long, cr3_pae, cr3_legacy;
	u32 fn, efer, steps, walk, leave, leave_esp;
};
static_assert(offsetof(struct state, leave_esp) == 76, "low.inc");

/* At LOW + 8. */
struct header {
	u32 cases, cases_end;
	u32 gdt, tss32, ldt;
	u32 stubs16, irq16, soft16;
	u32 end;
};

enum where { ANYWHERE, UNDER_PLINTH, ON_SILICON };

struct mode_case {
	u32 name, mode, fn, where;
};

extern const u8 low_blob[], low_blob_end[];
extern u64 pml4[], gdt[];

static u32 legacy_pd[1024] __attribute__((aligned(4096)));
static u32 legacy_pt[1024] __attribute__((aligned(4096)));
static u64 pae_pdpt[4] __attribute__((aligned(4096)));
static u64 pae_pd[512] __attribute__((aligned(4096)));
static u64 pae_pt[512] __attribute__((aligned(4096)));

static u32 ok, failed;
static bool emulated;

static const struct header *header(void)
{
	return (const struct header *)(LOW + 8);
}

static void on_exception(struct trap_frame *f)
{
	STATE->vector = (u32)f->vector;
	STATE->error = (u32)f->error;
	if (!STATE->recover) {
		print("FAIL stray: exception %u error %lx at %lx:%lx\n", (u32)f->vector, f->error,
		      f->cs, f->rip);
		power_off();
	}
	f->rip = STATE->recover;
}

static void on_irq(struct trap_frame *f)
{
	(void)f;
	STATE->irqs++;
	pic_eoi(0);
}

static void on_soft(struct trap_frame *f)
{
	(void)f;
	STATE->softs++;
}

/* Memory one to one, but for the LAPIC's second place; open to CPL 3. */
static void build_tables(void)
{
	const u64 *pdpt = (const u64 *)(pml4[0] & ~0xfffull);

	for (u32 i = 0; i < 1024; i++) {
		legacy_pd[i] = (u32)(i << 22 | PTE_LARGE);
		legacy_pt[i] = (u32)(i << 12 | PTE_TABLE);
	}
	legacy_pt[WINDOW >> 12] = (u32)(APIC_BASE | PTE_TABLE);
	legacy_pd[0] = (u32)((u64)legacy_pt | PTE_TABLE);
	for (u32 i = 0; i < 4; i++)
		pae_pdpt[i] = (pdpt[i] & ~0xfffull) | 1;
	memcpy(pae_pd, (const void *)(pdpt[0] & ~0xfffull), sizeof(pae_pd));
	for (u32 i = 0; i < 512; i++)
		pae_pt[i] = (u64)i << 12 | PTE_TABLE;
	pae_pt[WINDOW >> 12] = APIC_BASE | PTE_TABLE;
	pae_pd[0] = (u64)pae_pt | PTE_TABLE;
	pae_pdpt[0] = (u64)pae_pd | 1;
}

/* The real-mode vector table, at address 0; through asm, which may write there. */
static void set_ivt(u32 vector, u32 offset)
{
	asm volatile("movl %1, (%0)" : : "r"((u64)vector * 4), "r"(offset) : "memory");
}

static void build_low(void)
{
	const struct header *h = header();

	memcpy((void *)LOW, low_blob, (size_t)(low_blob_end - low_blob));
	memcpy((void *)(u64)(h->gdt + SEL_TSS64), &gdt[SEL_TSS64 / 8], 16);
	memcpy(TSS32, (const void *)(u64)h->tss32, 256);
	memcpy(LDT, (const void *)(u64)h->ldt, 24);
	for (u32 i = 0; i < 32; i++)
		set_ivt(i, h->stubs16 + i * 8);
	set_ivt(VEC_IRQ, h->irq16);
	set_ivt(VEC_SOFT, h->soft16);
}

static void setup(void)
{
	build_tables();
	build_low();
	memset((void *)(u64)STATE, 0, sizeof(struct state));
	STATE->signature = cpuid(0x40000000, 0).b;
	STATE->cr3_long = (u32)(u64)pml4;
	STATE->cr3_pae = (u32)(u64)pae_pdpt;
	STATE->cr3_legacy = (u32)(u64)legacy_pd;
	for (u8 v = 0; v < 32; v++)
		trap_set(v, on_exception);
	trap_set(VEC_IRQ, on_irq);
	trap_set(VEC_SOFT, on_soft);
	apic_enable();
	apic_write(APIC_TIMER_DIV, APIC_DIV_1);
	apic_write(APIC_LVT_LINT0, APIC_LVT_EXTINT);
	STATE->version = apic_read(APIC_VERSION);
}

/* True if no check of low.asm failed. */
static bool run(const char *name, u32 mode, u32 fn)
{
	void (*enter)(u32 mode, u32 fn) = (void (*)(u32, u32))LOW;

	STATE->check = 0;
	pic_init(VEC_IRQ, 1);
	pit_rate(100);
	enter(mode, fn);
	pit_rate(0);
	pic_init(VEC_IRQ, 0);
	if (!STATE->check)
		return true;
	print("FAIL %s: check at %x (low.lst): %x, want %x\n", name, STATE->check, STATE->got,
	      STATE->wanted);
	return false;
}

static void count(const char *name, bool good)
{
	if (good)
		print("ok %s\n", name);
	*(good ? &ok : &failed) += 1;
}

static bool is_due(const struct mode_case *c)
{
	if (c->where == ANYWHERE)
		return true;
	return under_plinth() && !(emulated && c->where == ON_SILICON);
}

/* As many steps from mode to mode, by a linear congruence. */
static void walk(u32 seed)
{
	u32 r = seed;

	for (u32 i = 0; i < STEPS; i++) {
		r = r * 1664525 + 1013904223;
		WALK[i] = (u8)((r >> 16) % MODES);
	}
	WALK[STEPS] = 0xff;
	STATE->steps = 0;
	STATE->walk = (u32)(u64)WALK;
	if (run("walk", WALK_MODE, 0)) {
		count("walk", STATE->steps == STEPS);
		return;
	}
	for (u32 i = STATE->steps > 4 ? STATE->steps - 4 : 0; i < STATE->steps; i++)
		print("walk: step %u was mode %u\n", i, WALK[i]);
	count("walk", false);
}

void main(const struct hvm_start_info *si)
{
	char only[32] = "";

	emulated = cmdline_has(si, "emulated");
	cmdline_text(si, "only=", only, sizeof(only));
	setup();
	for (const struct mode_case *c = (const void *)(u64)header()->cases;
	     c < (const struct mode_case *)(u64)header()->cases_end; c++) {
		const char *name = (const char *)(u64)c->name;

		if (*only && strcmp(only, name))
			continue;
		if (is_due(c))
			count(name, run(name, c->mode, c->fn));
		else
			print("skip %s\n", name);
	}
	if (!*only || !strcmp(only, "walk"))
		walk((u32)cmdline_number(si, "seed=", 1));
	print("modes: %u ok, %u failed\n", ok, failed);
}

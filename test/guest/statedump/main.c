// SPDX-License-Identifier: BSD-2-Clause
/* CPUID, MSRs, and what a start-up IPI finds; ends with "statedump: end". */
#include "dump.h"
#include <lib/string.h>

#define TRAMPOLINE 0x8000ull
#define MSR_COUNT  16

extern const u8 ap_blob[], ap_blob_end[], ap_seen[];
extern const u32 ap_msrs[], ap_msrs_end[];

/* As ap.asm fills it. */
struct seen {
	u32 done;
	u32 reg[27];
	u8 gdtr[8], idtr[8];
	u64 msr[MSR_COUNT];
} __attribute__((packed));

static const char *const reg_names[] = {
	"eax", "ebx", "ecx", "edx", "esi", "edi",    "ebp", "esp",  "es",
	"cs",  "ss",  "ds",  "fs",  "gs",  "eflags", "cr0", "cr2",  "cr3",
	"cr4", "dr0", "dr1", "dr2", "dr3", "dr6",    "dr7", "xcr0", "cpuid1",
};
static_assert(ARRAY_LEN(reg_names) == 27, "ap.asm");

/* --- CPUID
 * ---------------------------------------------------------------------------------------- */

static void leaf(u32 n, u32 sub)
{
	struct cpuid r = cpuid(n, sub);

	if (r.a | r.b | r.c | r.d)
		print("= cpuid.%08x.%u: %08x %08x %08x %08x\n", n, sub, r.a, r.b, r.c, r.d);
}

void dump_cpuid(void)
{
	static const struct {
		u32 first, last, subs;
	} leaves[] = {
		/* A few behind the last one, too: all zeros, or what the last has. */
		{ 0x0, 0x3, 1 },
		{ 0x4, 0x4, 5 },
		{ 0x5, 0x6, 1 },
		{ 0x7, 0x7, 3 },
		{ 0x8, 0xa, 1 },
		{ 0xb, 0xb, 4 },
		{ 0xc, 0xc, 1 },
		{ 0xd, 0xd, 20 },
		{ 0xe, 0x24, 2 },
		{ 0x40000000, 0x40000010, 1 },
		{ 0x40000100, 0x40000102, 1 },
		{ 0x80000000, 0x80000028, 1 },
		{ 0x8fffffff, 0x8fffffff, 1 },
		{ 0xc0000000, 0xc0000001, 1 },
	};

	for (u32 i = 0; i < ARRAY_LEN(leaves); i++)
		for (u32 n = leaves[i].first; n <= leaves[i].last; n++)
			for (u32 sub = 0; sub < leaves[i].subs; sub++)
				leaf(n, sub);
}

/* --- MSRs
 * ----------------------------------------------------------------------------------------- */

/* Whether it answers, with what, and whether it takes the same again. */
static void one_msr(u32 msr)
{
	u64 val;
	int vector = try_rdmsr(msr, &val);

	if (vector == VEC_GP && !last_fault.error)
		return;
	if (vector != -1) {
		print("= msr.%08x: vector %d error %lx\n", msr, vector, last_fault.error);
		return;
	}
	if (msr == MSR_TSC) {
		print("= msr.%08x: moves\n", msr);
		return;
	}
	vector = try_wrmsr(msr, val);
	print("= msr.%08x: %016lx %s\n", msr, val, vector == -1 ? "rw" : "ro");
}

static void sweep(u32 first, u32 last)
{
	for (u32 msr = first; msr <= last; msr++)
		one_msr(msr);
}

void dump_msrs(void)
{
	sweep(0, 0x1fff);
	sweep(0x40000000, 0x400000ff);
	sweep(0x4b564d00, 0x4b564dff);
	sweep(0xc0000000, 0xc00003ff);
	sweep(0xc0010000, 0xc00103ff);
	sweep(0xc0011000, 0xc00113ff);
}

void dump_x2apic(void)
{
	if (!apic_to_x2apic())
		return;
	sweep(0x800, 0x8ff);
}

/* --- Start
 * ---------------------------------------------------------------------------------------- */

/* Waits a while for the processor to have noted everything. */
static bool await(volatile struct seen *s)
{
	u64 until = clock_ns() + NS_PER_S / 2;

	while (!s->done && clock_ns() < until)
		pause();
	return s->done;
}

static void print_table(const char *when, const char *name, const volatile u8 *p)
{
	print("= %s.%s: limit %02x%02x base %02x%02x%02x%02x\n", when, name, p[1], p[0], p[5], p[4],
	      p[3], p[2]);
}

static void print_seen(const char *when, const volatile struct seen *s)
{
	for (u32 i = 0; i < ARRAY_LEN(reg_names); i++)
		print("= %s.%s: %08x\n", when, reg_names[i], s->reg[i]);
	print_table(when, "gdtr", s->gdtr);
	print_table(when, "idtr", s->idtr);
	for (u32 i = 0; i < (u32)(ap_msrs_end - ap_msrs); i++)
		print("= %s.msr.%08x: %016lx\n", when, ap_msrs[i], s->msr[i]);
}

/* INIT unless it waits for the start-up IPI since reset. */
static void start(const char *when, u32 id, bool init)
{
	volatile struct seen *s = (volatile struct seen *)(TRAMPOLINE + (u64)(ap_seen - ap_blob));

	memcpy((void *)TRAMPOLINE, ap_blob, (size_t)(ap_blob_end - ap_blob));
	if (init) {
		apic_send(id, ICR_INIT);
		delay_us(10000);
	}
	apic_send(id, ICR_STARTUP | TRAMPOLINE >> 12);
	if (await(s))
		print_seen(when, s);
	else
		print("= %s.none: it did not start\n", when);
}

void dump_start(void)
{
	u32 ids[CPUS_MAX];

	if (madt_cpus(ids) < 2)
		return;
	start("reset", ids[1], false);
	start("init", ids[1], true);
	start("again", ids[1], true);
}

void main(const struct hvm_start_info *si)
{
	(void)si;
	apic_enable();
	dump_cpuid();
	dump_start();
	dump_insns();
	dump_msrs();
	dump_x2apic();
	print("statedump: end\n");
}

// SPDX-License-Identifier: BSD-2-Clause
/* The other modes of the CPU: compatibility, protected with and without paging, real. */
#include "check.h"

#define TRAMPOLINE 0x8000
#define SEL_TSS    0x40
#define PTE_LARGE  0x87u /* present, writable, user, large */

/* As mode.asm fills it. */
struct mode_result {
	u32 version_direct, version_indexed; /* LAPIC; not from real mode */
	u32 port32, port8;
	u32 signature;
	u32 soft_int, irq; /* real mode only */
};
static_assert(sizeof(struct mode_result) == 28, "mode.asm");

enum mode { MODE_COMPAT, MODE_FLAT, MODE_LEGACY, MODE_PAE, MODE_REAL, MODE_TASK };

void mode_run(enum mode mode, struct mode_result *r);
extern const u8 real_blob[], real_blob_end[];
extern u64 pml4[], gdt[];

u32 legacy_pd[1024] __attribute__((aligned(4096)));
u64 pae_pdpt[4] __attribute__((aligned(32)));

static void build_tables(void)
{
	const u64 *pdpt = (const u64 *)(pml4[0] & ~0xfffull);

	for (u32 i = 0; i < 1024; i++)
		legacy_pd[i] = i << 22 | PTE_LARGE;
	for (u32 i = 0; i < 4; i++)
		pae_pdpt[i] = (pdpt[i] & ~0xfffull) | 1;
}

static const char *check_ports(const struct mode_result *r)
{
	struct cpuid c = cpuid(0x40000000, 0);

	if (r->port32 != 0xffffffff || (r->port8 & 0xff) != 0xff)
		return wrong("empty port reads %x, %x", r->port32, r->port8);
	if (r->signature != c.b)
		return wrong("CPUID gives %x, in long mode %x", r->signature, c.b);
	return NULL;
}

static const char *run_mode(enum mode mode)
{
	struct mode_result r = { 0 };
	u32 version = apic_read(APIC_VERSION);

	build_tables();
	mode_run(mode, &r);
	if (r.version_direct != version || r.version_indexed != version)
		return wrong("LAPIC version %x, %x, in long mode %x", r.version_direct,
			     r.version_indexed, version);
	return check_ports(&r);
}

static const char *compat(void)
{
	return run_mode(MODE_COMPAT);
}

static const char *flat(void)
{
	return run_mode(MODE_FLAT);
}

static const char *legacy(void)
{
	return run_mode(MODE_LEGACY);
}

static const char *pae(void)
{
	return run_mode(MODE_PAE);
}

static const char *real(void)
{
	struct mode_result r = { 0 };

	memcpy((void *)TRAMPOLINE, real_blob, (size_t)(real_blob_end - real_blob));
	apic_write(APIC_LVT_LINT0, APIC_LVT_EXTINT);
	pic_init(8, 1);
	pit_rate(100);
	mode_run(MODE_REAL, &r);
	trap_load();
	if (r.soft_int != 1)
		return wrong("INT 60h came %u times", r.soft_int);
	if (!r.irq)
		return "no interrupt from the 8259";
	return check_ports(&r);
}

/* The hidden TR of long mode goes in between, and is loaded again. */
static const char *task_switch(void)
{
	struct mode_result r = { 0 };

	mode_run(MODE_TASK, &r);
	gdt[SEL_TSS / 8] &= ~BIT(41);
	asm volatile("ltr %w0" : : "r"(SEL_TSS));
	if (r.soft_int != 3)
		return wrong("the other task ran %u times, want 3", r.soft_int);
	return r.irq ? check_ports(&r) : "registers or CR0.TS";
}

// clang-format off
const struct check mode_checks[] = {
	CHECK("mode-compatibility", compat, ANYWHERE),
	CHECK("mode-protected-flat", flat, ANYWHERE),
	CHECK("mode-legacy-paging", legacy, ANYWHERE),
	CHECK("mode-pae-paging", pae, ANYWHERE),
	CHECK("mode-real", real, ANYWHERE),
	CHECK("task-switch", task_switch, ANYWHERE),
	CHECKS_END,
};
// clang-format on

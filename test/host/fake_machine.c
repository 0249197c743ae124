// SPDX-License-Identifier: BSD-2-Clause
#include "fake_machine.h"

#include <arch/x86_64/defs/regs.h>
#include <core/service/mem.h>
#include <lib/assert.h>
#include <lib/string.h>

#define LEAVES_MAX 64
#define FPU_SIZE   832 /* x87, SSE, AVX */

static struct leaf {
	u32 leaf, subleaf;
	struct machine_cpuid regs;
} leaves[LEAVES_MAX];
static u32 leaf_count;
static bool ones;

u64 fake_machine_xcr0;
u32 fake_machine_cpu, fake_machine_pcpus = 4;
u64 fake_machine_vector[2][16][4];
bool fake_machine_x87_pending;
const struct guest_cpu *fake_machine_loaded;

void fake_machine_set(u32 leaf, u32 subleaf, struct machine_cpuid regs)
{
	u32 i;

	for (i = 0; i < leaf_count; i++)
		if (leaves[i].leaf == leaf && leaves[i].subleaf == subleaf)
			break;
	check(i < LEAVES_MAX);
	leaves[i] = (struct leaf){ leaf, subleaf, regs };
	leaf_count += i == leaf_count;
}

void fake_machine_fill(bool all_ones)
{
	leaf_count = 0;
	ones = all_ones;
}

// clang-format off
static const struct leaf amd[] = {
	{ 0x00000000, 0, { 0x10, 0x68747541, 0x444d4163, 0x69746e65 } },	/* AuthenticAMD */
	{ 0x00000001, 0, { 0x00a20f10, 0x00100800, 0x7ed8320b, 0x178bfbff } },
	{ 0x00000007, 0, { 0, 0x219c97a9, 0x0040068c, 0x00000010 } },
	{ 0x0000000d, 0, { 0x207, 0x240, 0x988, 0 } },
	{ 0x0000000d, 1, { 0x0000000f, 0x348, 0x1800, 0 } },
	{ 0x0000000d, 2, { 0x100, 0x240, 0, 0 } },
	{ 0x0000000d, 9, { 0x8, 0x980, 0, 0 } },
	{ 0x80000000, 0, { 0x80000023, 0x68747541, 0x444d4163, 0x69746e65 } },
	{ 0x80000001, 0, { 0x00a20f10, 0x20000000, 0x75c237ff, 0x2fd3fbff } },
	{ 0x80000002, 0, { 0x20444d41, 0x657a7952, 0x2039206e, 0x30303935 } },
	{ 0x80000007, 0, { 0, 0x3b, 0, 0x6799 } },
	{ 0x80000008, 0, { 0x3028, 0x111ef657, 0x400f, 0x10000 } },
};
// clang-format on

void fake_machine_reset(void)
{
	fake_machine_fill(false);
	for (u32 i = 0; i < ARRAY_LEN(amd); i++)
		fake_machine_set(amd[i].leaf, amd[i].subleaf, amd[i].regs);
	fake_machine_xcr0 = XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_PKRU;
	fake_machine_cpu = 0;
	fake_machine_loaded = NULL;
	fake_machine_x87_pending = false;
	memset(fake_machine_vector, 0, sizeof(fake_machine_vector));
}

struct machine_cpuid machine_cpuid(u32 leaf, u32 subleaf)
{
	u32 all = ones ? ~0u : 0;

	for (u32 i = 0; i < leaf_count; i++)
		if (leaves[i].leaf == leaf && leaves[i].subleaf == subleaf)
			return leaves[i].regs;
	return (struct machine_cpuid){ all, all, all, all };
}

u64 machine_xcr0(void)
{
	return fake_machine_xcr0;
}

u32 machine_pcpus(void)
{
	return fake_machine_pcpus;
}

u32 machine_this_pcpu(void)
{
	return fake_machine_cpu;
}

bool guest_cpu_init(struct guest_cpu *c)
{
	c->fpu = mem_alloc(FPU_SIZE);
	if (!c->fpu)
		return false;
	guest_cpu_reset(c);
	return true;
}

void guest_cpu_reset(struct guest_cpu *c)
{
	*c = (struct guest_cpu){ .fpu = c->fpu, .xcr0 = XCR0_X87, .xcr0_loaded = machine_xcr0() };
}

void guest_cpu_fini(struct guest_cpu *c)
{
	check(fake_machine_loaded != c);
	mem_free(c->fpu, FPU_SIZE);
	c->fpu = NULL;
}

void guest_cpu_load(struct guest_cpu *c)
{
	check(!fake_machine_loaded || fake_machine_loaded == c);
	fake_machine_loaded = c;
}

void guest_cpu_save(struct guest_cpu *c)
{
	check(fake_machine_loaded == c);
	fake_machine_loaded = NULL;
}

void guest_cpu_set_xcr0(struct guest_cpu *c, u64 xcr0)
{
	check(fake_machine_loaded == c);
	c->xcr0 = c->xcr0_loaded = xcr0;
}

bool guest_cpu_get_vector(unsigned reg, unsigned width, u64 val[4])
{
	bool mmx = width == 8;

	check(fake_machine_loaded && reg < (mmx ? 8 : 16));
	check(width < 32 || (fake_machine_loaded->xcr0 & XCR0_AVX));
	memcpy(val, fake_machine_vector[mmx][reg], width);
	return !mmx || !fake_machine_x87_pending;
}

bool guest_cpu_set_vector(unsigned reg, unsigned width, const u64 val[4])
{
	bool mmx = width == 8;

	check(fake_machine_loaded && reg < (mmx ? 8 : 16));
	check(width < 32 || (fake_machine_loaded->xcr0 & XCR0_AVX));
	if (mmx && fake_machine_x87_pending)
		return false;
	memcpy(fake_machine_vector[mmx][reg], val, width);
	return true;
}

void guest_cpu_set_tsc_aux(struct guest_cpu *c, u64 val)
{
	check(fake_machine_loaded == c);
	c->tsc_aux = val;
}

void guest_cpu_use_dr(struct guest_cpu *c)
{
	check(fake_machine_loaded == c && !c->dr_used);
	c->dr_used = true;
}

/* What they hold while they are loaded is in `c`, too. */
bool guest_cpu_save_dr(struct guest_cpu *c)
{
	check(fake_machine_loaded == c && c->dr_used);
	c->dr_used = c->dr[0] | c->dr[1] | c->dr[2] | c->dr[3];
	return c->dr_used;
}

void guest_cpu_load_reset(struct guest_cpu *c)
{
	guest_cpu_reset(c);
	guest_cpu_load(c);
}

void guest_cpu_load_init(struct guest_cpu *c)
{
	check(fake_machine_loaded == c);
	memset(c->dr, 0, sizeof(c->dr));
}

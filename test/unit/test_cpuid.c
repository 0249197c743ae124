// SPDX-License-Identifier: BSD-2-Clause
/* What CPUID tells a guest: on a host that says yes to everything, and on one that has nothing. */
#include "vm_rig.h"

#include <vm/cpuid.h>

#define NOTHING            \
	{                  \
		0, 0, 0, 0 \
	}
#define ALL 0xffffffffu

static void same(struct machine_cpuid is, struct machine_cpuid want)
{
	assert_int_equal(is.eax, want.eax);
	assert_int_equal(is.ebx, want.ebx);
	assert_int_equal(is.ecx, want.ecx);
	assert_int_equal(is.edx, want.edx);
}

/* A guest of one vCPU with CR4 = 0 and its APIC on. */
static const struct {
	u32 leaf, subleaf;
	struct machine_cpuid on_ones, on_zeros;
} leaves[] = {
	// clang-format off
	{ 0x00000000, 0, { 0xd, ALL, ALL, ALL },		{ 0xd, 0, 0, 0 } },
	/* With x2APIC, TSC deadline and "a hypervisor is here", whatever the host has. */
	{ 0x00000001, 0, { ALL, 0x0001ff00, 0xf7f83203, 0x078bfbff },
			 { 0, 0x00010000, 0x81200000, 0x00015280 } },
	{ 0x00000006, 0, { 4, 0, 0, 0 },			{ 4, 0, 0, 0 } },
	{ 0x00000007, 0, { 0, 0x219c03ab, 0x0040000c, 0x10 },	{ 0, 2, 0, 0 } },
	{ 0x00000007, 1, NOTHING,				NOTHING },
	{ 0x0000000b, 0, { 0, 1, 0x100, 0 },			{ 0, 1, 0x100, 0 } },
	{ 0x0000000b, 1, { 0, 1, 0x201, 0 },			{ 0, 1, 0x201, 0 } },
	{ 0x0000000b, 2, { 0, 0, 2, 0 },			{ 0, 0, 2, 0 } },
	{ 0x0000000d, 3, NOTHING,				NOTHING },
	{ 0x0000000d, 62, NOTHING,				NOTHING },
	{ 0x0000000d, ALL, NOTHING,				NOTHING },
	{ 0x40000000, 0, { 0x40000010, 0x6e696c50, 0x6c506874, 0x68746e69 },
			 { 0x40000010, 0x6e696c50, 0x6c506874, 0x68746e69 } },
	/* The clock's ticks are ns in unit tests. */
	{ 0x40000010, 0, { 1000000, 1000000, 0, 0 },		{ 1000000, 1000000, 0, 0 } },
	{ 0x40000100, 0, { 0x40000101, 0x4b4d564b, 0x564b4d56, 0x4d },
			 { 0x40000101, 0x4b4d564b, 0x564b4d56, 0x4d } },
	{ 0x40000101, 0, { 0x010000ab, 0, 0, 0 },		{ 0x010000ab, 0, 0, 0 } },
	{ 0x80000000, 0, { 0x80000008, ALL, ALL, ALL },		{ 0x80000008, 0, 0, 0 } },
	/* No SVM, no TOPOEXT, no performance counters, no SYSCALL-less oddities. */
	{ 0x80000001, 0, { ALL, ALL, 0x000001f1, 0x2dd3f9ff },	NOTHING },
	{ 0x80000002, 0, { ALL, ALL, ALL, ALL },		NOTHING },
	{ 0x80000003, 0, { ALL, ALL, ALL, ALL },		NOTHING },
	{ 0x80000004, 0, { ALL, ALL, ALL, ALL },		NOTHING },
	{ 0x80000005, 0, { ALL, ALL, ALL, ALL },		NOTHING },
	{ 0x80000006, 0, { ALL, ALL, ALL, ALL },		NOTHING },
	{ 0x80000007, 0, { 0, 0, 0, 0x100 },			NOTHING },
	{ 0x80000008, 0, { 0xffff, 0, 0, 0 },			NOTHING },
	// clang-format on
};

static void every_leaf(void **state)
{
	for (int ones = 0; ones < 2; ones++) {
		fake_machine_fill(ones);
		fake_machine_xcr0 = ones ? XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_PKRU : 0;
		cpuid_setup(vm);
		for (size_t i = 0; i < ARRAY_LEN(leaves); i++)
			same(cpuid_answer(v, leaves[i].leaf, leaves[i].subleaf),
			     ones ? leaves[i].on_ones : leaves[i].on_zeros);
	}
}

static bool is_listed(u32 leaf)
{
	for (size_t i = 0; i < ARRAY_LEN(leaves); i++)
		if (leaves[i].leaf == leaf)
			return true;
	return leaf == 0xd;
}

/* Nothing of a host that says yes to everything gets through a leaf that is not listed. */
static void unlisted_leaves_are_zero(void **state)
{
	static const u32 bases[] = { 0,          0x20000000, 0x40000000, 0x40010000, 0x80000000,
				     0x8fff0000, 0x80860000, 0xc0000000, 0xffff0000 };
	static const u32 subleaves[] = { 0, 1, 2, 0x80000000, ALL };

	fake_machine_fill(true);
	cpuid_setup(vm);
	for (size_t b = 0; b < ARRAY_LEN(bases); b++)
		for (u32 leaf = bases[b]; leaf - bases[b] < 0x1200; leaf++)
			for (size_t s = 0; !is_listed(leaf) && s < ARRAY_LEN(subleaves); s++)
				same(cpuid_answer(v, leaf, subleaves[s]),
				     (struct machine_cpuid)NOTHING);
	same(cpuid_answer(v, ALL, 0), (struct machine_cpuid)NOTHING);
}

/* Bits that follow the state of the vCPU. */
static void live_bits(void **state)
{
	fake_machine_fill(true);
	cpuid_setup(vm);
	assert_int_equal(cpuid_answer(v, 1, 0).ecx & BIT(27), 0);
	assert_int_equal(cpuid_answer(v, 7, 0).ecx & BIT(4), 0);
	v->hw->reg[REG_CR4] = CR4_OSXSAVE | CR4_PKE;
	assert_int_equal(cpuid_answer(v, 1, 0).ecx & BIT(27), BIT(27));
	assert_int_equal(cpuid_answer(v, 7, 0).ecx & BIT(4), BIT(4));
	assert_int_equal(cpuid_answer(v, 1, 0).edx & BIT(9), BIT(9));
	v->board->msr[0] &= ~APIC_BASE_ENABLE;
	assert_int_equal(cpuid_answer(v, 1, 0).edx & BIT(9), 0);
}

/* Without XSAVE there is neither the leaf nor the bit, whatever CR4 says; PKU needs it too. */
static void no_xsave(void **state)
{
	fake_machine_fill(true);
	fake_machine_xcr0 = 0;
	cpuid_setup(vm);
	v->hw->reg[REG_CR4] = CR4_OSXSAVE | CR4_PKE;
	assert_int_equal(cpuid_answer(v, 1, 0).ecx & (BIT(26) | BIT(27)), 0);
	assert_int_equal(cpuid_answer(v, 7, 0).ecx & (BIT(3) | BIT(4)), 0);
	for (u32 sub = 0; sub < 64; sub++)
		same(cpuid_answer(v, 0xd, sub), (struct machine_cpuid)NOTHING);
	assert_int_equal(vm->cpuid.cr4_allowed & (CR4_OSXSAVE | CR4_PKE), 0);
}

/* Sizes by the components in use, and what the host has beyond the permitted ones is hidden. */
static void xsave_areas(void **state)
{
	/* 9: PKRU at 980h, 8 bytes. In the compacted form it comes right behind AVX. */
	same(cpuid_answer(v, 0xd, 0), (struct machine_cpuid){ 0x207, 0x240, 0x988, 0 });
	v->cpu.xcr0 = XCR0_X87 | XCR0_SSE | XCR0_AVX;
	same(cpuid_answer(v, 0xd, 0), (struct machine_cpuid){ 0x207, 0x340, 0x988, 0 });
	same(cpuid_answer(v, 0xd, 1), (struct machine_cpuid){ 7, 0x340, 0, 0 });
	v->cpu.xcr0 |= XCR0_PKRU;
	same(cpuid_answer(v, 0xd, 0), (struct machine_cpuid){ 0x207, 0x988, 0x988, 0 });
	same(cpuid_answer(v, 0xd, 1), (struct machine_cpuid){ 7, 0x348, 0, 0 });
	same(cpuid_answer(v, 0xd, 2), (struct machine_cpuid){ 0x100, 0x240, 0, 0 });
	same(cpuid_answer(v, 0xd, 9), (struct machine_cpuid){ 8, 0x980, 0, 0 });

	/* A component that wants 64 bytes of alignment in the compacted form. */
	fake_machine_set(0xd, 9, (struct machine_cpuid){ 8, 0x980, 2, 0 });
	fake_machine_set(0xd, 2, (struct machine_cpuid){ 0x104, 0x240, 0, 0 });
	assert_int_equal(cpuid_answer(v, 0xd, 1).ebx, 0x388);

	/* Without XSAVEC and XSAVES that size means nothing. */
	fake_machine_set(0xd, 1, (struct machine_cpuid){ 5, 0, 0, 0 });
	same(cpuid_answer(v, 0xd, 1), (struct machine_cpuid){ 5, 0, 0, 0 });
}

/* Each vCPU is a core of one package, and says which. */
static void several_vcpus(void **state)
{
	rig_teardown(state);
	rig_reset();
	rig_vm(5);
	for (u32 i = 0; i < 5; i++) {
		struct vcpu *w = vm->vcpu[i];

		w->hw->loaded = true;
		assert_int_equal(cpuid_answer(w, 1, 0).ebx, 0x050800 | i << 24 | 0);
		assert_int_equal(cpuid_answer(w, 1, 0).edx & BIT(28), BIT(28));
		same(cpuid_answer(w, 0xb, 0), (struct machine_cpuid){ 0, 1, 0x100, i });
		same(cpuid_answer(w, 0xb, 1), (struct machine_cpuid){ 3, 5, 0x201, i });
		same(cpuid_answer(w, 0xb, 0x102), (struct machine_cpuid){ 0, 0, 2, i });
		same(cpuid_answer(w, 0x80000008, 0),
		     (struct machine_cpuid){ 0x3028, 0, 0x3004, 0 });
		/* AMD's way to say that several cores are no hyperthreads. */
		assert_int_equal(cpuid_answer(w, 0x80000001, 0).ecx & 2, 2);
		w->hw->loaded = !i;
	}
	/* Not AMD: neither. */
	fake_machine_set(0, 0, (struct machine_cpuid){ 0x16, 0x756e6547, 0x6c65746e, 0x49656e69 });
	cpuid_setup(vm);
	assert_int_equal(cpuid_answer(v, 0x80000001, 0).ecx & 2, 0);
	assert_int_equal(cpuid_answer(v, 0x80000008, 0).ecx, 0);
}

/* CR4 has the bits that CPUID brings, and never those of hidden features. */
static void cr4_follows(void **state)
{
	u64 always = CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE |
		     CR4_OSFXSR | CR4_OSXMMEXCPT;

	fake_machine_fill(false);
	fake_machine_xcr0 = 0;
	cpuid_setup(vm);
	assert_int_equal(vm->cpuid.cr4_allowed, always);
	fake_machine_fill(true);
	fake_machine_xcr0 = ~0ull;
	cpuid_setup(vm);
	assert_int_equal(vm->cpuid.cr4_allowed, always | CR4_VME | CR4_PVI | CR4_UMIP | CR4_FSGSBASE |
						  CR4_OSXSAVE | CR4_SMEP | CR4_SMAP | CR4_PKE);
	assert_int_equal(cpuid_efer_allowed(), EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE);
	fake_machine_set(0x80000008, 0, (struct machine_cpuid){ 0x3028, 0, 0, 0 });
	cpuid_setup(vm);
	assert_int_equal(vm->cpuid.phys_bits, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_leaf, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(unlisted_leaves_are_zero, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(live_bits, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(no_xsave, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(xsave_areas, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(several_vcpus, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(cr4_follows, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests_name("cpuid", tests, NULL, NULL);
}

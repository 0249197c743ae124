// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <vmx/controls.h>

/* Bochs 2.7, corei7_skylake_x: a CPU that has all that Plinth uses but ENCLS exiting. */
static struct vmx_caps skylake(void)
{
	return (struct vmx_caps){
	    .basic = 0x00d810000000002b,
	    .misc = 0x600401e0,
	    .ept_vpid = 0x00000f0106334141,
	    .ctl = {[CTL_PIN] = 0x0000007f00000016,
		    [CTL_PROC] = 0xf7f9fffe0401e172,
		    [CTL_PROC2] = 0x02177fff00000000,
		    [CTL_EXIT] = 0x007fffff00036dff,
		    [CTL_ENTRY] = 0x0000ffff000011ff},
	    .true_ctl = {[CTL_PIN] = 0x0000007f00000016,
			 [CTL_PROC] = 0xf7f9fffe04006172,
			 [CTL_PROC2] = 0x02177fff00000000,
			 [CTL_EXIT] = 0x007fffff00036dfb,
			 [CTL_ENTRY] = 0x0000ffff000011fb},
	};
}

/* The CPU does not allow these bits of a control. */
static struct vmx_caps without(enum vmx_ctl ctl, u64 bits)
{
	struct vmx_caps c = skylake();

	c.ctl[ctl] &= ~(bits << 32);
	c.true_ctl[ctl] &= ~(bits << 32);
	return c;
}

static struct vmx_controls choose(const struct vmx_caps *caps)
{
	struct vmx_features f = vmx_controls_offer(caps);

	return vmx_controls_choose(caps, &f);
}

static void assert_allowed(const struct vmx_caps *caps, const struct vmx_controls *c)
{
	for (unsigned i = 0; i < CTL_COUNT; i++) {
		u32 ones = (u32)caps->true_ctl[i], may = (u32)(caps->true_ctl[i] >> 32);

		assert_int_equal(c->ctl[i] & ones, ones);
		assert_int_equal(c->ctl[i] & ~may, 0);
	}
}

static void test_full_cpu_offers_everything(void **state)
{
	struct vmx_caps caps = skylake();
	struct vmx_features f = vmx_controls_offer(&caps);

	assert_null(vmx_controls_lack(&caps));
	assert_true(f.vpid && f.preemption_timer && f.virtual_nmis && f.tpr_shadow && f.apic && f.load_pat &&
		    f.load_efer && f.rdtscp && f.pause_loop && f.wbinvd && f.single_flush && f.true_controls &&
		    f.ept_2m && f.ept_1g);
	assert_false(f.encls);
}

/* It delivers interrupts of APIC virtualisation too early; a CPU of Intel's (its revision here is a Skylake's) does not. */
static void test_bochs_alone_has_a_flaw(void **state)
{
	struct vmx_caps caps = skylake();

	assert_non_null(vmx_controls_flaw(&caps, "apicv"));
	assert_null(vmx_controls_flaw(&caps, "vpid"));
	caps.basic = (caps.basic & ~BASIC_REVISION) | 4;
	assert_null(vmx_controls_flaw(&caps, "apicv"));
}

static void test_full_cpu_gets_exactly_these_controls(void **state)
{
	struct vmx_caps caps = skylake();
	struct vmx_controls c = choose(&caps);

	assert_allowed(&caps, &c);
	assert_int_equal(c.ctl[CTL_PIN], 0x7f);
	assert_int_equal(c.ctl[CTL_PROC2], PROC2_EPT | PROC2_RDTSCP | PROC2_VPID | PROC2_WBINVD |
					       PROC2_UNRESTRICTED | PROC2_PAUSE_LOOP | PROC2_TSC_SCALING);
	/* No accesses to CR3 or CR8 exit. */
	assert_int_equal(c.ctl[CTL_PROC] & (BIT(15) | BIT(16) | PROC_CR8_STORE | PROC_CR8_LOAD), 0);
	assert_int_equal(c.ctl[CTL_PROC] & (PROC_IRQ_WINDOW | PROC_NMI_WINDOW), 0);
	assert_int_equal(c.ctl[CTL_ENTRY] & ENTRY_CTL_LONG_MODE, 0);
	assert_int_equal(c.eptp, 0x1e);
	assert_int_equal(c.invept, INVEPT_SINGLE);
	assert_int_equal(c.invvpid, INVVPID_SINGLE);
}

static void test_each_mandatory_bit_is_missed(void **state)
{
	static const struct {
		enum vmx_ctl ctl;
		u64 bit;
	} rows[] = {
	    {CTL_PIN, PIN_EXTERNAL},	  {CTL_PIN, PIN_NMI},
	    {CTL_PROC, PROC_IRQ_WINDOW},  {CTL_PROC, PROC_TSC_OFFSET},
	    {CTL_PROC, PROC_HLT},	  {CTL_PROC, PROC_MWAIT},
	    {CTL_PROC, PROC_RDPMC},	  {CTL_PROC, PROC_CR8_LOAD},
	    {CTL_PROC, PROC_CR8_STORE},	  {CTL_PROC, PROC_IO_BITMAPS},
	    {CTL_PROC, PROC_MSR_BITMAPS}, {CTL_PROC, PROC_MONITOR},
	    {CTL_PROC, PROC_SECONDARY},	  {CTL_PROC2, PROC2_EPT},
	    {CTL_PROC2, PROC2_UNRESTRICTED}, {CTL_EXIT, EXIT_CTL_HOST64},
	    {CTL_EXIT, EXIT_CTL_SAVE_DEBUG}, {CTL_ENTRY, ENTRY_CTL_LONG_MODE},
	    {CTL_ENTRY, ENTRY_CTL_LOAD_DEBUG},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct vmx_caps caps = without(rows[i].ctl, rows[i].bit);

		assert_non_null(vmx_controls_lack(&caps));
	}
}

static void test_mandatory_parts_of_ept_are_missed(void **state)
{
	static const u64 bits[] = {EPT_CAP_LEVELS4, EPT_CAP_INVEPT,
				   EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL};

	for (size_t i = 0; i < ARRAY_LEN(bits); i++) {
		struct vmx_caps caps = skylake();

		caps.ept_vpid &= ~bits[i];
		assert_non_null(vmx_controls_lack(&caps));
	}
	struct vmx_caps caps = skylake();

	caps.basic = (caps.basic & ~BASIC_SIZE) | FIELD_PUT(BASIC_SIZE, 4097);
	assert_non_null(vmx_controls_lack(&caps));
}

/* One feature goes, the others stay, and what is chosen is what the CPU allows. */
static void test_each_optional_bit_takes_one_feature(void **state)
{
	static const struct {
		enum vmx_ctl ctl;
		u64 bit;
		size_t feature;
	} rows[] = {
	    {CTL_PROC2, PROC2_VPID, offsetof(struct vmx_features, vpid)},
	    {CTL_PIN, PIN_PREEMPTION_TIMER, offsetof(struct vmx_features, preemption_timer)},
	    {CTL_PIN, PIN_VIRTUAL_NMIS, offsetof(struct vmx_features, virtual_nmis)},
	    {CTL_PROC, PROC_TPR_SHADOW, offsetof(struct vmx_features, tpr_shadow)},
	    {CTL_PROC2, PROC2_X2APIC, offsetof(struct vmx_features, apic)},
	    {CTL_PROC2, PROC2_APIC_REGS, offsetof(struct vmx_features, apic)},
	    {CTL_PROC2, PROC2_VID, offsetof(struct vmx_features, apic)},
	    {CTL_EXIT, EXIT_CTL_LOAD_PAT, offsetof(struct vmx_features, load_pat)},
	    {CTL_ENTRY, ENTRY_CTL_LOAD_PAT, offsetof(struct vmx_features, load_pat)},
	    {CTL_EXIT, EXIT_CTL_LOAD_EFER, offsetof(struct vmx_features, load_efer)},
	    {CTL_ENTRY, ENTRY_CTL_LOAD_EFER, offsetof(struct vmx_features, load_efer)},
	    {CTL_PROC2, PROC2_RDTSCP, offsetof(struct vmx_features, rdtscp)},
	    {CTL_PROC2, PROC2_PAUSE_LOOP, offsetof(struct vmx_features, pause_loop)},
	    {CTL_PROC2, PROC2_TSC_SCALING, offsetof(struct vmx_features, tsc_scaling)},
	    {CTL_PROC2, PROC2_WBINVD, offsetof(struct vmx_features, wbinvd)},
	};
	struct vmx_caps full = skylake();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct vmx_caps caps = without(rows[i].ctl, rows[i].bit);
		struct vmx_features want = vmx_controls_offer(&full);
		struct vmx_features got = vmx_controls_offer(&caps);
		struct vmx_controls c = choose(&caps);

		*(bool *)((u8 *)&want + rows[i].feature) = false;
		want.apic &= want.tpr_shadow; /* which it rests on */
		assert_memory_equal(&got, &want, sizeof(want));
		assert_null(vmx_controls_lack(&caps));
		assert_allowed(&caps, &c);
	}
}

/* PAT and EFER are loaded on both ways, or on none. */
static void test_half_a_switch_is_none(void **state)
{
	struct vmx_caps caps = without(CTL_EXIT, EXIT_CTL_LOAD_EFER);
	struct vmx_controls c = choose(&caps);

	assert_int_equal(c.ctl[CTL_ENTRY] & ENTRY_CTL_LOAD_EFER, 0);
	caps = without(CTL_ENTRY, ENTRY_CTL_LOAD_PAT);
	c = choose(&caps);
	assert_int_equal(c.ctl[CTL_EXIT] & EXIT_CTL_LOAD_PAT, 0);
}

static void test_without_tpr_shadow_cr8_exits(void **state)
{
	struct vmx_caps caps = skylake();
	struct vmx_features f = vmx_controls_offer(&caps);
	struct vmx_controls c;

	f.tpr_shadow = false;
	c = vmx_controls_choose(&caps, &f);
	assert_true((c.ctl[CTL_PROC] & PROC_CR8_STORE) && (c.ctl[CTL_PROC] & PROC_CR8_LOAD));
	assert_false(c.ctl[CTL_PROC] & PROC_TPR_SHADOW);
}

/* They are set while the guest's APIC is in x2APIC mode; a new one is not. */
static void test_apic_virtualisation_waits_for_its_mode(void **state)
{
	struct vmx_caps caps = skylake();
	struct vmx_controls c = choose(&caps);

	assert_int_equal(c.ctl[CTL_PROC2] & VMX_PROC2_APIC, 0);
	assert_int_equal(~(caps.true_ctl[CTL_PROC2] >> 32) & VMX_PROC2_APIC, 0);
}

static void test_without_true_controls_cr3_exits(void **state)
{
	struct vmx_caps caps = skylake();
	struct vmx_features f = vmx_controls_offer(&caps);

	f.true_controls = false;
	assert_int_equal(vmx_controls_choose(&caps, &f).ctl[CTL_PROC] & (BIT(15) | BIT(16)),
			 BIT(15) | BIT(16));
	/* A CPU without them says so itself. */
	caps.basic &= ~BASIC_TRUE;
	assert_false(vmx_controls_offer(&caps).true_controls);
}

static void test_flushes_use_what_there_is(void **state)
{
	struct vmx_caps caps = skylake();
	struct vmx_features f;

	caps.ept_vpid &= ~EPT_CAP_INVEPT_SINGLE;
	f = vmx_controls_offer(&caps);
	assert_false(f.single_flush);
	assert_int_equal(choose(&caps).invept, INVEPT_ALL);
	assert_int_equal(choose(&caps).invvpid, INVVPID_ALL);

	/* Told to flush all, but the CPU can only flush one. */
	caps = skylake();
	caps.ept_vpid &= ~(EPT_CAP_INVEPT_ALL | EPT_CAP_INVVPID_ALL);
	f = vmx_controls_offer(&caps);
	f.single_flush = false;
	assert_int_equal(vmx_controls_choose(&caps, &f).invept, INVEPT_SINGLE);
	assert_int_equal(vmx_controls_choose(&caps, &f).invvpid, INVVPID_SINGLE);

	/* VPIDs that cannot be flushed are none. */
	caps = skylake();
	caps.ept_vpid &= ~EPT_CAP_INVVPID;
	assert_false(vmx_controls_offer(&caps).vpid);
	caps = skylake();
	caps.ept_vpid &= ~(EPT_CAP_INVVPID_SINGLE | EPT_CAP_INVVPID_ALL);
	assert_false(vmx_controls_offer(&caps).vpid);
	assert_true(vmx_controls_offer(&caps).single_flush);
}

static void test_ept_tables_are_uncached_if_need_be(void **state)
{
	struct vmx_caps caps = skylake();

	caps.ept_vpid &= ~EPT_CAP_WB;
	assert_int_equal(choose(&caps).eptp, 0x18);
}

static void test_leaf_sizes(void **state)
{
	struct vmx_caps caps = skylake();

	caps.ept_vpid = 0x00000f0106114141; /* Sandy Bridge */
	assert_true(vmx_controls_offer(&caps).ept_2m);
	assert_false(vmx_controls_offer(&caps).ept_1g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_full_cpu_offers_everything),
	    cmocka_unit_test(test_bochs_alone_has_a_flaw),
	    cmocka_unit_test(test_full_cpu_gets_exactly_these_controls),
	    cmocka_unit_test(test_each_mandatory_bit_is_missed),
	    cmocka_unit_test(test_mandatory_parts_of_ept_are_missed),
	    cmocka_unit_test(test_each_optional_bit_takes_one_feature),
	    cmocka_unit_test(test_half_a_switch_is_none),
	    cmocka_unit_test(test_without_tpr_shadow_cr8_exits),
	    cmocka_unit_test(test_apic_virtualisation_waits_for_its_mode),
	    cmocka_unit_test(test_without_true_controls_cr3_exits),
	    cmocka_unit_test(test_flushes_use_what_there_is),
	    cmocka_unit_test(test_ept_tables_are_uncached_if_need_be),
	    cmocka_unit_test(test_leaf_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
/* Which control is to blame when the CPU refuses an entry for its controls. */
#include "unit.h"

#include <string.h>
#include <vmx/check.h>

/* The VMCS: a field is at its encoding. */
static u64 vmcs[0x7000];

/* Bochs 2.7, corei7_skylake_x, and posted interrupts. */
static const struct vmx_caps caps = {
	.basic = 0x00d810000000002b,
	.ept_vpid = 0x00000f0106334141,
	.true_ctl = { [CTL_PIN] = 0x000000ff00000016,
		      [CTL_PROC] = 0xf7f9fffe04006172,
		      [CTL_PROC2] = 0x02177fff00000000,
		      [CTL_EXIT] = 0x007fffff00036dfb,
		      [CTL_ENTRY] = 0x0000ffff000011fb },
};
static const struct vmx_limits limits = { .caps = &caps, .phys_bits = 40 };
static struct vmx_fault fault;

static u64 vmcs_get(enum vmcs_field f)
{
	return vmcs[f];
}

static bool broken(void)
{
	fault = (struct vmx_fault){ 0 };
	return vmx_check_controls(&limits, vmcs_get, &fault);
}

static void set_plain(void)
{
	struct vmx_features f = vmx_controls_offer(&caps);
	struct vmx_controls c = vmx_controls_choose(&caps, &f);

	memset(vmcs, 0, sizeof(vmcs));
	vmcs[VMCS_PIN_CONTROLS] = c.ctl[CTL_PIN];
	vmcs[VMCS_PROC_CONTROLS] = c.ctl[CTL_PROC];
	vmcs[VMCS_PROC2_CONTROLS] = c.ctl[CTL_PROC2];
	vmcs[VMCS_EXIT_CONTROLS] = c.ctl[CTL_EXIT];
	vmcs[VMCS_ENTRY_CONTROLS] = c.ctl[CTL_ENTRY];
	vmcs[VMCS_VPID] = 1;
	vmcs[VMCS_TSC_MULTIPLIER] = 1;
	vmcs[VMCS_EPT_POINTER] = c.eptp | 0x12345000;
	vmcs[VMCS_MSR_BITMAP] = 0x1000;
	vmcs[VMCS_VIRTUAL_APIC] = 0x2000;
}

static void set_apic(void)
{
	set_plain();
	vmcs[VMCS_PROC2_CONTROLS] |= VMX_PROC2_APIC;
	vmcs[VMCS_PROC_CONTROLS] &= ~PROC_CR8_LOAD;
}

static void what_we_choose_is_right(void **state)
{
	set_plain();
	if (broken())
		fail_msg("%s: %s", vmcs_field_name(fault.field), fault.rule);
	set_apic();
	if (broken())
		fail_msg("%s: %s", vmcs_field_name(fault.field), fault.rule);
	/* Fields that no control looks at may hold anything. */
	vmcs[VMCS_PROC_CONTROLS] &= ~PROC_TPR_SHADOW;
	vmcs[VMCS_PROC2_CONTROLS] &= ~(VMX_PROC2_APIC | PROC2_VPID);
	vmcs[VMCS_VIRTUAL_APIC] = vmcs[VMCS_TPR_THRESHOLD] = ~0ull;
	vmcs[VMCS_VPID] = 0;
	assert_false(broken());
}

/* Bits are toggled in one field of a good state; another may be to blame. */
static void each_rule(void **state)
{
	static const struct {
		void (*set)(void);
		enum vmcs_field field;
		u64 toggle;
		enum vmcs_field blamed;
	} rows[] = {
		{ set_plain, VMCS_PIN_CONTROLS, BIT(1), VMCS_PIN_CONTROLS },
		{ set_plain, VMCS_PIN_CONTROLS, BIT(8), VMCS_PIN_CONTROLS },
		{ set_plain, VMCS_PROC_CONTROLS, BIT(27), VMCS_PROC_CONTROLS },
		{ set_plain, VMCS_PROC2_CONTROLS, BIT(31), VMCS_PROC2_CONTROLS },
		{ set_plain, VMCS_EXIT_CONTROLS, BIT(0), VMCS_EXIT_CONTROLS },
		{ set_plain, VMCS_ENTRY_CONTROLS, BIT(31), VMCS_ENTRY_CONTROLS },
		{ set_plain, VMCS_IO_BITMAP_A, 1, VMCS_IO_BITMAP_A },
		{ set_plain, VMCS_IO_BITMAP_B, BIT(40), VMCS_IO_BITMAP_B },
		{ set_plain, VMCS_MSR_BITMAP, 0x800, VMCS_MSR_BITMAP },
		{ set_plain, VMCS_VIRTUAL_APIC, 0x10, VMCS_VIRTUAL_APIC },
		{ set_plain, VMCS_PIN_CONTROLS, PIN_NMI, VMCS_PIN_CONTROLS },
		{ set_plain, VMCS_TPR_THRESHOLD, 0x10, VMCS_TPR_THRESHOLD },
		{ set_plain, VMCS_PIN_CONTROLS, PIN_POSTED, VMCS_PIN_CONTROLS },
		{ set_apic, VMCS_PROC_CONTROLS, PROC_TPR_SHADOW, VMCS_PROC2_CONTROLS },
		{ set_apic, VMCS_PROC2_CONTROLS, PROC2_APIC_PAGE, VMCS_PROC2_CONTROLS },
		{ set_apic, VMCS_PIN_CONTROLS, PIN_EXTERNAL, VMCS_PIN_CONTROLS },
		{ set_plain, VMCS_VPID, 1, VMCS_VPID },
		{ set_plain, VMCS_TSC_MULTIPLIER, 1, VMCS_TSC_MULTIPLIER },
		{ set_plain, VMCS_PROC2_CONTROLS, PROC2_EPT, VMCS_PROC2_CONTROLS },
		{ set_plain, VMCS_EPT_POINTER, 1, VMCS_EPT_POINTER },
		{ set_plain, VMCS_EPT_POINTER, BIT(3), VMCS_EPT_POINTER },
		{ set_plain, VMCS_EPT_POINTER, BIT(11), VMCS_EPT_POINTER },
		{ set_plain, VMCS_EPT_POINTER, BIT(40), VMCS_EPT_POINTER },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		rows[i].set();
		vmcs[rows[i].field] ^= rows[i].toggle;
		if (!broken())
			fail_msg("row %zu passes", i);
		if (fault.field != rows[i].blamed)
			fail_msg("row %zu blames %s: %s", i, vmcs_field_name(fault.field),
				 fault.rule);
		assert_int_equal(fault.val, vmcs[fault.field]);
	}
	/* The NMI window is for virtual NMIs. */
	set_plain();
	vmcs[VMCS_PIN_CONTROLS] &= ~PIN_VIRTUAL_NMIS;
	assert_false(broken());
	vmcs[VMCS_PROC_CONTROLS] |= PROC_NMI_WINDOW;
	assert_true(broken());
	assert_int_equal(fault.field, VMCS_PROC_CONTROLS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_we_choose_is_right),
		cmocka_unit_test(each_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

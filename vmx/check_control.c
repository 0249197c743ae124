// SPDX-License-Identifier: BSD-2-Clause
/* Intel SDM vol. 3, "VM-Execution Control Fields", "VM-Exit Control Fields" and "VM-Entry Control
 * Fields" in "Checks on VMX Controls": those for controls that Plinth may use. */
#include "check_parts.h"

static const enum vmcs_field control_fields[CTL_COUNT] = {
	[CTL_PIN] = VMCS_PIN_CONTROLS,     [CTL_PROC] = VMCS_PROC_CONTROLS,
	[CTL_PROC2] = VMCS_PROC2_CONTROLS, [CTL_EXIT] = VMCS_EXIT_CONTROLS,
	[CTL_ENTRY] = VMCS_ENTRY_CONTROLS,
};

struct controls {
	u64 pin, proc, proc2;
};

static bool reserved_broken(struct check *c)
{
	for (unsigned i = 0; i < CTL_COUNT; i++) {
		u64 cap = c->limits->caps->true_ctl[i], val = c->read(control_fields[i]);

		if ((val & (u32)cap) != (u32)cap)
			return check_broken(c, control_fields[i], "a bit that must be 1 is not");
		if (val & ~(cap >> 32))
			return check_broken(c, control_fields[i], "a bit that must be 0 is not");
	}
	return false;
}

static bool address_broken(struct check *c, enum vmcs_field f)
{
	u64 at = c->read(f);

	if (at % PAGE_SIZE || at >> c->limits->phys_bits)
		return check_broken(c, f, "not the address of a page");
	return false;
}

static bool addresses_broken(struct check *c, const struct controls *k)
{
	if ((k->proc & PROC_IO_BITMAPS) &&
	    (address_broken(c, VMCS_IO_BITMAP_A) || address_broken(c, VMCS_IO_BITMAP_B)))
		return true;
	if ((k->proc & PROC_MSR_BITMAPS) && address_broken(c, VMCS_MSR_BITMAP))
		return true;
	return (k->proc & PROC_TPR_SHADOW) && address_broken(c, VMCS_VIRTUAL_APIC);
}

static bool nmi_broken(struct check *c, const struct controls *k)
{
	if ((k->pin & PIN_VIRTUAL_NMIS) && !(k->pin & PIN_NMI))
		return check_broken(c, VMCS_PIN_CONTROLS, "virtual NMIs without NMI exits");
	if ((k->proc & PROC_NMI_WINDOW) && !(k->pin & PIN_VIRTUAL_NMIS))
		return check_broken(c, VMCS_PROC_CONTROLS, "an NMI window without virtual NMIs");
	return false;
}

static bool apic_broken(struct check *c, const struct controls *k)
{
	bool delivery = k->proc2 & PROC2_VID;

	if (!(k->proc & PROC_TPR_SHADOW) &&
	    (k->proc2 & (PROC2_X2APIC | PROC2_APIC_REGS | PROC2_VID)))
		return check_broken(c, VMCS_PROC2_CONTROLS,
				    "APIC virtualisation without the TPR shadow");
	if ((k->proc & PROC_TPR_SHADOW) && !delivery && c->read(VMCS_TPR_THRESHOLD) >> 4)
		return check_broken(c, VMCS_TPR_THRESHOLD, "reserved bits");
	if ((k->proc2 & PROC2_X2APIC) && (k->proc2 & PROC2_APIC_PAGE))
		return check_broken(c, VMCS_PROC2_CONTROLS, "x2APIC and the xAPIC's page at once");
	if (delivery && !(k->pin & PIN_EXTERNAL))
		return check_broken(c, VMCS_PIN_CONTROLS,
				    "virtual interrupts without interrupt exits");
	if ((k->pin & PIN_POSTED) && !delivery)
		return check_broken(c, VMCS_PIN_CONTROLS,
				    "posted interrupts without virtual interrupts");
	return false;
}

static bool paging_broken(struct check *c, const struct controls *k)
{
	u64 eptp = c->read(VMCS_EPT_POINTER), type = FIELD_GET(EPTP_MEMTYPE, eptp);

	if ((k->proc2 & PROC2_VPID) && !c->read(VMCS_VPID))
		return check_broken(c, VMCS_VPID, "0");
	if ((k->proc2 & PROC2_UNRESTRICTED) && !(k->proc2 & PROC2_EPT))
		return check_broken(c, VMCS_PROC2_CONTROLS, "unrestricted guest without EPT");
	if (!(k->proc2 & PROC2_EPT))
		return false;
	if ((type != EPTP_WB && type != EPTP_UC) || FIELD_GET(EPTP_LEVELS, eptp) != 3 ||
	    (eptp & BITS(11, 7)) || eptp >> c->limits->phys_bits)
		return check_broken(c, VMCS_EPT_POINTER, "memory type, levels or reserved bits");
	return false;
}

bool vmx_check_controls(const struct vmx_limits *limits, vmcs_reader *read, struct vmx_fault *fault)
{
	struct check c = { .limits = limits, .read = read, .fault = fault };
	struct controls k = {
		.pin = read(VMCS_PIN_CONTROLS),
		.proc = read(VMCS_PROC_CONTROLS),
		.proc2 = read(VMCS_PROC2_CONTROLS),
	};

	if ((k.proc2 & PROC2_TSC_SCALING) && !read(VMCS_TSC_MULTIPLIER))
		return check_broken(&c, VMCS_TSC_MULTIPLIER, "0");
	return reserved_broken(&c) || addresses_broken(&c, &k) || nmi_broken(&c, &k) ||
	       apic_broken(&c, &k) || paging_broken(&c, &k);
}

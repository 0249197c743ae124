// SPDX-License-Identifier: BSD-2-Clause
/*
 * Intel SDM vol. 3, "Checks on Guest Control Registers, Debug Registers, and MSRs", "Checks on Guest RIP, RFLAGS, and SSP", "Checks on
 * Guest Non-Register State", "Checks on Guest Page-Directory-Pointer-Table Entries". Segments are in check_segment.c.
 */
#include "check_parts.h"

#include <arch/x86_64/defs/regs.h>

bool check_broken(struct check *c, enum vmcs_field field, const char *rule)
{
	*c->fault = (struct vmx_fault){ .field = field, .val = c->read(field), .rule = rule };
	return true;
}

bool check_canonical(u64 address)
{
	return sign_extend(address, 48) == address;
}

#define PHYSICAL(c) ((1ull << (c)->limits->phys_bits) - 1)

static bool cr_broken(struct check *c)
{
	const struct vmx_caps *caps = c->limits->caps;
	u64 cr0_ones = caps->cr0_fixed0 & ~(CR0_PE | CR0_PG), cr4 = c->read(VMCS_GUEST_CR4);

	if ((c->cr0 & cr0_ones) != cr0_ones || c->cr0 & ~caps->cr0_fixed1)
		return check_broken(c, VMCS_GUEST_CR0, "a bit is not as VMX fixes it");
	if ((c->cr0 & CR0_PG) && !(c->cr0 & CR0_PE))
		return check_broken(c, VMCS_GUEST_CR0, "PG without PE");
	if ((cr4 & caps->cr4_fixed0) != caps->cr4_fixed0 || cr4 & ~caps->cr4_fixed1)
		return check_broken(c, VMCS_GUEST_CR4, "a bit is not as VMX fixes it");
	if (c->long_mode && (!(c->cr0 & CR0_PG) || !(cr4 & CR4_PAE)))
		return check_broken(c, VMCS_ENTRY_CONTROLS, "long mode needs CR0.PG and CR4.PAE");
	if (!c->long_mode && (cr4 & CR4_PCIDE))
		return check_broken(c, VMCS_GUEST_CR4, "PCIDE is for long mode");
	if (c->read(VMCS_GUEST_CR3) & ~PHYSICAL(c))
		return check_broken(c, VMCS_GUEST_CR3, "beyond physical addresses");
	if (c->read(VMCS_GUEST_DR7) >> 32)
		return check_broken(c, VMCS_GUEST_DR7, "upper half");
	return false;
}

static bool pat_valid(u64 pat)
{
	for (unsigned i = 0; i < 64; i += 8) {
		u8 type = (u8)(pat >> i);

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

static bool msr_broken(struct check *c)
{
	u64 efer;

	if (!check_canonical(c->read(VMCS_GUEST_SYSENTER_ESP)))
		return check_broken(c, VMCS_GUEST_SYSENTER_ESP, "not canonical");
	if (!check_canonical(c->read(VMCS_GUEST_SYSENTER_EIP)))
		return check_broken(c, VMCS_GUEST_SYSENTER_EIP, "not canonical");
	if (c->limits->load_pat && !pat_valid(c->read(VMCS_GUEST_PAT)))
		return check_broken(c, VMCS_GUEST_PAT, "no memory type");
	if (!c->limits->load_efer)
		return false;
	efer = c->read(VMCS_GUEST_EFER);
	if (efer & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE))
		return check_broken(c, VMCS_GUEST_EFER, "reserved bits");
	if (!(efer & EFER_LMA) != !c->long_mode)
		return check_broken(c, VMCS_GUEST_EFER, "LMA is not what the entry control says");
	if ((c->cr0 & CR0_PG) && !(efer & EFER_LMA) != !(efer & EFER_LME))
		return check_broken(c, VMCS_GUEST_EFER, "LMA is not LME, with CR0.PG");
	return false;
}

#define RFLAGS_ZERO (BITS(63, 22) | BIT(15) | BIT(5) | BIT(3))

static bool rip_broken(struct check *c)
{
	u64 rip = c->read(VMCS_GUEST_RIP);
	bool code64 = c->long_mode && (c->read(VMCS_GUEST_CS_RIGHTS) & RIGHTS_L);
	bool external = (c->event & EVENT_VALID) && FIELD_GET(EVENT_TYPE, c->event) == EVENT_TYPE_INTR;

	if (!code64 && rip >> 32)
		return check_broken(c, VMCS_GUEST_RIP, "upper half, outside of 64-bit code");
	if (code64 && !check_canonical(rip))
		return check_broken(c, VMCS_GUEST_RIP, "not canonical");
	if ((c->rflags & RFLAGS_ZERO) || !(c->rflags & RFLAGS_ONE))
		return check_broken(c, VMCS_GUEST_RFLAGS, "reserved bits");
	if (c->v86 && (c->long_mode || !(c->cr0 & CR0_PE)))
		return check_broken(c, VMCS_GUEST_RFLAGS, "VM in long or real mode");
	if (external && !(c->rflags & RFLAGS_IF))
		return check_broken(c, VMCS_GUEST_RFLAGS, "an interrupt is injected, but IF is 0");
	return false;
}

static bool blocking_broken(struct check *c)
{
	u64 b = c->read(VMCS_GUEST_BLOCKING);
	u64 shadow = b & (BLOCKING_STI | BLOCKING_MOV_SS);
	u32 type = (u32)FIELD_GET(EVENT_TYPE, c->event);
	bool valid = c->event & EVENT_VALID;

	if (b & ~BITS(4, 0))
		return check_broken(c, VMCS_GUEST_BLOCKING, "reserved bits");
	if (shadow == (BLOCKING_STI | BLOCKING_MOV_SS))
		return check_broken(c, VMCS_GUEST_BLOCKING, "by STI and by MOV SS at once");
	if ((b & BLOCKING_STI) && !(c->rflags & RFLAGS_IF))
		return check_broken(c, VMCS_GUEST_BLOCKING, "by STI, but IF is 0");
	if (valid && type == EVENT_TYPE_INTR && shadow)
		return check_broken(c, VMCS_GUEST_BLOCKING, "an interrupt is injected");
	if (valid && type == EVENT_TYPE_NMI && (b & BLOCKING_MOV_SS))
		return check_broken(c, VMCS_GUEST_BLOCKING, "an NMI is injected");
	if (valid && type == EVENT_TYPE_NMI && (b & BLOCKING_NMI) &&
	    (c->read(VMCS_PIN_CONTROLS) & PIN_VIRTUAL_NMIS))
		return check_broken(c, VMCS_GUEST_BLOCKING, "an NMI is injected while NMIs are blocked");
	if (b & BLOCKING_SMI)
		return check_broken(c, VMCS_GUEST_BLOCKING, "by SMI");
	return false;
}

static bool pending_broken(struct check *c)
{
	u64 p = c->read(VMCS_GUEST_PENDING_DEBUG);
	bool shadow = c->read(VMCS_GUEST_BLOCKING) & (BLOCKING_STI | BLOCKING_MOV_SS);
	bool step = c->rflags & RFLAGS_TF;

	if (p & ~(DEBUG_BREAKPOINTS | DEBUG_ENABLED | DEBUG_BS | DEBUG_RTM))
		return check_broken(c, VMCS_GUEST_PENDING_DEBUG, "reserved bits");
	if (shadow && !(p & DEBUG_BS) != !step)
		return check_broken(c, VMCS_GUEST_PENDING_DEBUG, "BS is not TF, in a shadow");
	return false;
}

static bool state_broken(struct check *c)
{
	if (c->read(VMCS_GUEST_ACTIVITY))
		return check_broken(c, VMCS_GUEST_ACTIVITY, "not active");
	if (c->read(VMCS_GUEST_LINK) != ~0ull)
		return check_broken(c, VMCS_GUEST_LINK, "not FFFF_FFFF_FFFF_FFFFh");
	return blocking_broken(c) || pending_broken(c);
}

static bool pdptes_broken(struct check *c)
{
	u64 reserved = BITS(2, 1) | BITS(8, 5) | ~PHYSICAL(c);

	if (!(c->cr0 & CR0_PG) || !(c->read(VMCS_GUEST_CR4) & CR4_PAE) || c->long_mode)
		return false;
	for (u32 f = VMCS_GUEST_PDPTE0; f <= VMCS_GUEST_PDPTE3; f += 2)
		if ((c->read(f) & 1) && (c->read(f) & reserved))
			return check_broken(c, f, "reserved bits");
	return false;
}

bool vmx_check_guest(const struct vmx_limits *limits, vmcs_reader *read, struct vmx_fault *fault)
{
	struct check c = {
		.limits = limits,
		.read = read,
		.fault = fault,
		.cr0 = read(VMCS_GUEST_CR0),
		.rflags = read(VMCS_GUEST_RFLAGS),
		.event = read(VMCS_ENTRY_EVENT),
		.long_mode = read(VMCS_ENTRY_CONTROLS) & ENTRY_CTL_LONG_MODE,
		.v86 = read(VMCS_GUEST_RFLAGS) & RFLAGS_VM,
	};

	return cr_broken(&c) || msr_broken(&c) || check_segments(&c) || rip_broken(&c) || state_broken(&c) ||
	       pdptes_broken(&c);
}

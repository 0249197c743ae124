// SPDX-License-Identifier: BSD-2-Clause
#include "controls.h"

#include <lib/string.h>

#define ALL_PIN (PIN_EXTERNAL | PIN_NMI)
#define ALL_PROC                                                                                  \
	(PROC_IRQ_WINDOW | PROC_TSC_OFFSET | PROC_HLT | PROC_MWAIT | PROC_RDPMC | PROC_CR8_LOAD | \
	 PROC_CR8_STORE | PROC_MOV_DR | PROC_IO_BITMAPS | PROC_MSR_BITMAPS | PROC_MONITOR | PROC_SECONDARY)
#define ALL_EXIT  (EXIT_CTL_HOST64 | EXIT_CTL_SAVE_DEBUG)
#define ALL_ENTRY (ENTRY_CTL_LONG_MODE | ENTRY_CTL_LOAD_DEBUG)

static const struct {
	enum vmx_ctl ctl;
	u32 bits;
	const char *lack;
} mandatory[] = {
	// clang-format off
	{ CTL_PIN,   (u32)ALL_PIN,	      "the CPU has no exits by interrupts" },
	{ CTL_PROC,  (u32)ALL_PROC,	      "the CPU lacks a primary control" },
	{ CTL_PROC2, (u32)PROC2_EPT,	      "the CPU has no EPT" },
	{ CTL_PROC2, (u32)PROC2_UNRESTRICTED, "the CPU has no unrestricted guest" },
	{ CTL_EXIT,  (u32)ALL_EXIT,	      "the CPU has no exits to 64-bit mode" },
	{ CTL_ENTRY, (u32)ALL_ENTRY,	      "the CPU has no entries to 64-bit mode" },
	// clang-format on
};

/* Features that are no more than control bits. Two rows of one feature: both are needed. */
static const struct {
	size_t feature; /* offset in struct vmx_features */
	enum vmx_ctl ctl;
	u32 bits;
} optional[] = {
	// clang-format off
	{ offsetof(struct vmx_features, vpid),		   CTL_PROC2, (u32)PROC2_VPID },
	{ offsetof(struct vmx_features, preemption_timer), CTL_PIN,   (u32)PIN_PREEMPTION_TIMER },
	{ offsetof(struct vmx_features, preemption_timer), CTL_EXIT,  (u32)EXIT_CTL_SAVE_TIMER },
	{ offsetof(struct vmx_features, virtual_nmis),	   CTL_PIN,   (u32)PIN_VIRTUAL_NMIS },
	{ offsetof(struct vmx_features, tpr_shadow),	   CTL_PROC,  (u32)PROC_TPR_SHADOW },
	{ offsetof(struct vmx_features, apic),		   CTL_PROC2, (u32)VMX_PROC2_APIC },
	{ offsetof(struct vmx_features, load_pat),	   CTL_EXIT,  (u32)EXIT_CTL_LOAD_PAT },
	{ offsetof(struct vmx_features, load_pat),	   CTL_ENTRY, (u32)ENTRY_CTL_LOAD_PAT },
	{ offsetof(struct vmx_features, load_efer),	   CTL_EXIT,  (u32)EXIT_CTL_LOAD_EFER },
	{ offsetof(struct vmx_features, load_efer),	   CTL_ENTRY, (u32)ENTRY_CTL_LOAD_EFER },
	{ offsetof(struct vmx_features, rdtscp),	   CTL_PROC2, (u32)PROC2_RDTSCP },
	{ offsetof(struct vmx_features, tsc_scaling),	   CTL_PROC2, (u32)PROC2_TSC_SCALING },
	{ offsetof(struct vmx_features, wbinvd),	   CTL_PROC2, (u32)PROC2_WBINVD },
	{ offsetof(struct vmx_features, pause_loop),	   CTL_PROC2, (u32)PROC2_PAUSE_LOOP },
	{ offsetof(struct vmx_features, encls),		   CTL_PROC2, (u32)PROC2_ENCLS },
	// clang-format on
};

static u32 allowed(u64 cap)
{
	return (u32)(cap >> 32);
}

const char *vmx_controls_lack(const struct vmx_caps *caps)
{
	u64 ept = caps->ept_vpid;

	for (size_t i = 0; i < ARRAY_LEN(mandatory); i++)
		if (mandatory[i].bits & ~allowed(caps->true_ctl[mandatory[i].ctl]))
			return mandatory[i].lack;
	if (!(ept & EPT_CAP_LEVELS4))
		return "the CPU has no EPT with four levels";
	if (!(ept & EPT_CAP_INVEPT) || !(ept & (EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL)))
		return "the CPU has no INVEPT";
	if (FIELD_GET(BASIC_SIZE, caps->basic) > PAGE_SIZE)
		return "the CPU wants a VMCS of more than 4 KiB";
	return NULL;
}

static bool *flag(struct vmx_features *f, size_t i)
{
	return (bool *)((u8 *)f + optional[i].feature);
}

/* Flushing is not worth a fallback per instruction: one context with both, or all with both. */
static bool single_flush(u64 ept, bool vpid)
{
	return (ept & EPT_CAP_INVEPT_SINGLE) && (!vpid || (ept & EPT_CAP_INVVPID_SINGLE));
}

struct vmx_features vmx_controls_offer(const struct vmx_caps *caps)
{
	u64 ept = caps->ept_vpid;
	struct vmx_features f = {
		.true_controls = caps->basic & BASIC_TRUE,
		.ept_2m = ept & EPT_CAP_2M,
		.ept_1g = ept & EPT_CAP_1G,
	};

	for (size_t i = 0; i < ARRAY_LEN(optional); i++)
		*flag(&f, i) = true;
	for (size_t i = 0; i < ARRAY_LEN(optional); i++)
		if (optional[i].bits & ~allowed(caps->true_ctl[optional[i].ctl]))
			*flag(&f, i) = false;
	if (!(ept & EPT_CAP_INVVPID) || !(ept & (EPT_CAP_INVVPID_SINGLE | EPT_CAP_INVVPID_ALL)))
		f.vpid = false;
	f.single_flush = single_flush(ept, f.vpid);
	f.apic &= f.tpr_shadow;
	return f;
}

/*
 * In Bochs 2.7 a physical interrupt that arrives while a virtual one waits for RFLAGS.IF delivers the
 * virtual one, where Intel SDM vol. 3, "Evaluation and Delivery of Virtual Interrupts", demands IF=1:
 * a guest comes to lie in its own spin locks. Nothing that we could write into the VMCS prevents it.
 */
const char *vmx_controls_flaw(const struct vmx_caps *caps, const char *feature)
{
	if (FIELD_GET(BASIC_REVISION, caps->basic) != REVISION_BOCHS || strcmp(feature, "apicv"))
		return NULL;
	return "Bochs interrupts guests that have interrupts off";
}

struct vmx_controls vmx_controls_choose(const struct vmx_caps *caps, const struct vmx_features *f)
{
	struct vmx_features use = *f;
	const u64 *cap = use.true_controls ? caps->true_ctl : caps->ctl;
	u64 ept = caps->ept_vpid;
	struct vmx_controls c = {
		.invept =
		    use.single_flush || !(ept & EPT_CAP_INVEPT_ALL) ? INVEPT_SINGLE : INVEPT_ALL,
		.invvpid =
		    use.single_flush || !(ept & EPT_CAP_INVVPID_ALL) ? INVVPID_SINGLE : INVVPID_ALL,
		.eptp = FIELD_PUT(EPTP_LEVELS, 3) |
			FIELD_PUT(EPTP_MEMTYPE, ept & EPT_CAP_WB ? EPTP_WB : EPTP_UC),
	};

	for (size_t i = 0; i < ARRAY_LEN(mandatory); i++)
		c.ctl[mandatory[i].ctl] |= mandatory[i].bits;
	for (size_t i = 0; i < ARRAY_LEN(optional); i++)
		if (*flag(&use, i))
			c.ctl[optional[i].ctl] |= optional[i].bits;
	/* The shadow serves CR8. */
	if (use.tpr_shadow)
		c.ctl[CTL_PROC] &= ~(u32)(PROC_CR8_STORE | PROC_CR8_LOAD);
	/* Set by the mode that the guest, or its APIC, is in. */
	c.ctl[CTL_PROC2] &= ~(u32)VMX_PROC2_APIC;
	c.ctl[CTL_ENTRY] &= ~(u32)ENTRY_CTL_LONG_MODE;
	c.ctl[CTL_PROC] &= ~(u32)PROC_IRQ_WINDOW;
	for (unsigned i = 0; i < CTL_COUNT; i++)
		c.ctl[i] = (c.ctl[i] | (u32)cap[i]) & allowed(cap[i]);
	return c;
}

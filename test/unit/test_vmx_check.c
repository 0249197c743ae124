// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <arch/x86_64/defs/msr.h>
#include <arch/x86_64/defs/regs.h>
#include <string.h>
#include <vmx/check.h>

/* The VMCS: a field is at its encoding. */
static u64 vmcs[0x7000];

static const struct vmx_caps caps = {
    .cr0_fixed0 = CR0_PE | CR0_NE | CR0_PG,
    .cr0_fixed1 = 0xffffffff,
    .cr4_fixed0 = CR4_VMXE,
    .cr4_fixed1 = 0x3767ff,
};
static struct vmx_limits limits;
static struct vmx_fault fault;

static u64 vmcs_get(enum vmcs_field f)
{
	return vmcs[f];
}

static bool broken(void)
{
	fault = (struct vmx_fault){0};
	return vmx_check_guest(&limits, vmcs_get, &fault);
}

#define CODE64 0xa09b
#define CODE32 0xc09b
#define DATA32 0xc093

static void segment(unsigned i, u64 selector, u64 base, u64 limit, u64 rights)
{
	vmcs[VMCS_GUEST_ES + 2 * i] = selector;
	vmcs[VMCS_GUEST_ES_BASE + 2 * i] = base;
	vmcs[VMCS_GUEST_ES_LIMIT + 2 * i] = limit;
	vmcs[VMCS_GUEST_ES_RIGHTS + 2 * i] = rights;
}

static void set_common(void)
{
	memset(vmcs, 0, sizeof(vmcs));
	limits =
	    (struct vmx_limits){.caps = &caps, .phys_bits = 40, .load_pat = true, .load_efer = true};
	vmcs[VMCS_GUEST_RFLAGS] = RFLAGS_ONE | RFLAGS_IF;
	vmcs[VMCS_GUEST_LINK] = ~0ull;
	vmcs[VMCS_GUEST_DR7] = DR7_INIT;
	vmcs[VMCS_GUEST_PAT] = PAT_RESET;
	vmcs[VMCS_GUEST_GDTR_LIMIT] = vmcs[VMCS_GUEST_IDTR_LIMIT] = 0xffff;
	vmcs[VMCS_GUEST_CR4] = CR4_VMXE;
	vmcs[VMCS_PIN_CONTROLS] = 0x7f;
	segment(6, 0, 0, 0xffff, 0x82);
	segment(7, 0, 0, 0xffff, 0x8b);
}

static void set_real(void)
{
	set_common();
	vmcs[VMCS_GUEST_CR0] = CR0_NE | CR0_ET;
	for (unsigned i = 0; i < 6; i++)
		segment(i, 0x1000, 0x10000, 0xffff, 0x93);
	segment(1, 0xf000, 0xffff0000, 0xffff, 0x9b);
	vmcs[VMCS_GUEST_RIP] = 0xfff0;
}

static void set_protected(void)
{
	set_real();
	vmcs[VMCS_GUEST_CR0] |= CR0_PE;
	for (unsigned i = 0; i < 6; i++)
		segment(i, 0x10, 0, 0xffffffff, DATA32);
	segment(1, 8, 0, 0xffffffff, CODE32);
	vmcs[VMCS_GUEST_RIP] = 0x100000;
}

static void set_pae(void)
{
	set_protected();
	vmcs[VMCS_GUEST_CR0] |= CR0_PG;
	vmcs[VMCS_GUEST_CR4] |= CR4_PAE;
	for (u32 f = VMCS_GUEST_PDPTE0; f <= VMCS_GUEST_PDPTE3; f += 2)
		vmcs[f] = 0x2001;
}

static void set_v86(void)
{
	set_protected();
	vmcs[VMCS_GUEST_RFLAGS] |= RFLAGS_VM;
	for (unsigned i = 0; i < 6; i++)
		segment(i, 0x1234, 0x12340, 0xffff, 0xf3);
	vmcs[VMCS_GUEST_RIP] = 0x100;
}

static void set_long(void)
{
	set_pae();
	vmcs[VMCS_ENTRY_CONTROLS] = ENTRY_CTL_LONG_MODE;
	vmcs[VMCS_GUEST_EFER] = EFER_LME | EFER_LMA | EFER_SCE | EFER_NXE;
	segment(1, 8, 0, 0xffffffff, CODE64);
	segment(4, 0, 0xffff888000000000, 0, RIGHTS_UNUSABLE);
	vmcs[VMCS_GUEST_RIP] = 0xffffffff81000000;
}

static void test_states_that_guests_have_pass(void **state)
{
	static void (*const sets[])(void) = {set_real, set_protected, set_pae, set_v86, set_long};

	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		sets[i]();
		if (broken())
			fail_msg("state %zu: %s (%llx): %s", i, vmcs_field_name(fault.field),
				 (unsigned long long)fault.val, fault.rule);
	}
}

/* One field of a good state is changed, and is the one that is named, unless another is to blame. */
struct row {
	void (*set)(void);
	enum vmcs_field field;
	u64 val;
	enum vmcs_field blamed; /* 0: the same */
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *r = &rows[i];
		enum vmcs_field blamed = r->blamed ? r->blamed : r->field;

		r->set();
		vmcs[r->field] = r->val;
		if (!broken())
			fail_msg("row %zu: %s = %llx passes", i, vmcs_field_name(r->field),
				 (unsigned long long)r->val);
		if (fault.field != blamed)
			fail_msg("row %zu: %s = %llx blames %s: %s", i, vmcs_field_name(r->field),
				 (unsigned long long)r->val, vmcs_field_name(fault.field), fault.rule);
		assert_non_null(fault.rule);
		assert_int_equal(fault.val, vmcs[fault.field]);
	}
}

static void test_control_registers(void **state)
{
	static const struct row rows[] = {
	    {set_real, VMCS_GUEST_CR0, 0x10, 0},			/* no NE */
	    {set_real, VMCS_GUEST_CR0, BIT(32) | CR0_NE, 0},
	    {set_real, VMCS_GUEST_CR0, CR0_PG | CR0_NE, 0},		/* no PE */
	    {set_real, VMCS_GUEST_CR4, 0, 0},				/* no VMXE */
	    {set_real, VMCS_GUEST_CR4, CR4_VMXE | BIT(32), 0},
	    {set_real, VMCS_GUEST_CR4, CR4_VMXE | CR4_PCIDE, 0},
	    {set_long, VMCS_GUEST_CR0, CR0_PE | CR0_NE, VMCS_ENTRY_CONTROLS},
	    {set_long, VMCS_GUEST_CR4, CR4_VMXE, VMCS_ENTRY_CONTROLS},	/* no PAE */
	    {set_long, VMCS_GUEST_CR3, BIT(40), 0},
	    {set_long, VMCS_GUEST_DR7, BIT(32), 0},
	};

	check_rows(rows, ARRAY_LEN(rows));
}

static void test_msrs(void **state)
{
	static const struct row rows[] = {
	    {set_long, VMCS_GUEST_SYSENTER_ESP, BIT(47), 0},
	    {set_long, VMCS_GUEST_SYSENTER_EIP, BIT(63), 0},
	    {set_long, VMCS_GUEST_PAT, 0x0007040600070402, 0},
	    {set_long, VMCS_GUEST_PAT, 0x0807040600070406, 0},
	    {set_long, VMCS_GUEST_EFER, EFER_LME | EFER_LMA | EFER_SVME, 0},
	    {set_long, VMCS_GUEST_EFER, EFER_LME, 0},
	    {set_long, VMCS_GUEST_EFER, EFER_LMA, 0},
	    {set_pae, VMCS_GUEST_EFER, EFER_LME, 0},
	    {set_real, VMCS_GUEST_EFER, EFER_LMA, 0},
	};

	check_rows(rows, ARRAY_LEN(rows));
	/* On its way to long mode. */
	set_protected();
	vmcs[VMCS_GUEST_EFER] = EFER_LME;
	assert_false(broken());
	/* Not in the VMCS: rubbish there does not matter. */
	set_long();
	vmcs[VMCS_GUEST_EFER] = vmcs[VMCS_GUEST_PAT] = ~0ull;
	limits.load_efer = limits.load_pat = false;
	assert_false(broken());
}

static void test_segments(void **state)
{
	static const struct row rows[] = {
	    {set_long, VMCS_GUEST_CS_RIGHTS, CODE64 | BIT(14), 0},	     /* L and D */
	    {set_long, VMCS_GUEST_CS_RIGHTS, 0xa093 | RIGHTS_DPL, 0},	     /* data */
	    {set_long, VMCS_GUEST_CS_RIGHTS, 0xa098, 0},		     /* not accessed */
	    {set_long, VMCS_GUEST_CS_RIGHTS, CODE64 | RIGHTS_DPL, 0},	     /* not SS.DPL */
	    {set_long, VMCS_GUEST_CS_RIGHTS, 0xa09f | RIGHTS_DPL, 0},	     /* conforming */
	    {set_long, VMCS_GUEST_CS_RIGHTS, CODE64 & ~RIGHTS_P, 0},
	    {set_long, VMCS_GUEST_CS_RIGHTS, CODE64 & ~RIGHTS_S, 0},
	    {set_long, VMCS_GUEST_CS_RIGHTS, CODE64 | BIT(8), 0},
	    {set_long, VMCS_GUEST_CS_BASE, BIT(32), 0},
	    {set_long, VMCS_GUEST_CS_LIMIT, 0xffffff00, 0},
	    {set_long, VMCS_GUEST_SS_RIGHTS, 0xc091, 0},		     /* read-only */
	    {set_real, VMCS_GUEST_SS_RIGHTS, 0x93 | RIGHTS_DPL, VMCS_GUEST_CS_RIGHTS},
	    {set_long, VMCS_GUEST_DS_RIGHTS, 0xc092, 0},		     /* not accessed */
	    {set_long, VMCS_GUEST_ES_RIGHTS, 0xc099, 0},		     /* unreadable code */
	    {set_long, VMCS_GUEST_GS_RIGHTS, 0x90, 0},			     /* Bochs 2.7 */
	    {set_long, VMCS_GUEST_DS_BASE, BIT(32), 0},
	    {set_long, VMCS_GUEST_FS_BASE, BIT(47), 0},
	    {set_long, VMCS_GUEST_GS_BASE, BIT(63), 0},
	    {set_real, VMCS_GUEST_DS_LIMIT, 0x1ffff0, 0},		     /* needs G */
	    {set_long, VMCS_GUEST_TR_RIGHTS, 0x8b | RIGHTS_UNUSABLE, 0},
	    {set_long, VMCS_GUEST_TR_RIGHTS, 0x83, 0},			     /* 16-bit TSS */
	    {set_long, VMCS_GUEST_TR_RIGHTS, 0x89, 0},			     /* not busy */
	    {set_long, VMCS_GUEST_TR, 0x44, 0},
	    {set_long, VMCS_GUEST_TR_BASE, BIT(63), 0},
	    {set_long, VMCS_GUEST_LDTR_RIGHTS, 0x83, 0},
	    {set_long, VMCS_GUEST_LDTR_BASE, BIT(63), 0},
	    {set_long, VMCS_GUEST_GDTR_BASE, BIT(63), 0},
	    {set_long, VMCS_GUEST_IDTR_BASE, BIT(63), 0},
	    {set_long, VMCS_GUEST_GDTR_LIMIT, 0x10000, 0},
	    {set_long, VMCS_GUEST_IDTR_LIMIT, 0x10000, 0},
	    {set_v86, VMCS_GUEST_DS_BASE, 0x12341, 0},
	    {set_v86, VMCS_GUEST_CS_LIMIT, 0xffffffff, 0},
	    {set_v86, VMCS_GUEST_SS_RIGHTS, 0x93, 0},
	};

	check_rows(rows, ARRAY_LEN(rows));
	/* An unusable LDT and data segment may be anything. */
	set_long();
	vmcs[VMCS_GUEST_LDTR_RIGHTS] = vmcs[VMCS_GUEST_ES_RIGHTS] = RIGHTS_UNUSABLE | 0xfff;
	vmcs[VMCS_GUEST_LDTR_BASE] = vmcs[VMCS_GUEST_ES_BASE] = BIT(63);
	assert_false(broken());
	/* 16-bit TSS outside of long mode, code in SS' place of real mode. */
	set_protected();
	vmcs[VMCS_GUEST_TR_RIGHTS] = 0x83;
	assert_false(broken());
	set_real();
	vmcs[VMCS_GUEST_CS_RIGHTS] = 0x93;
	assert_false(broken());
}

#define EVENT(type, vector) (EVENT_VALID | FIELD_PUT(EVENT_TYPE, type) | (vector))

static void test_rip_and_flags(void **state)
{
	static const struct row rows[] = {
	    {set_real, VMCS_GUEST_RIP, BIT(32), 0},
	    {set_protected, VMCS_GUEST_RIP, 0xffffffff81000000, 0},
	    {set_long, VMCS_GUEST_RIP, BIT(47), 0},
	    {set_real, VMCS_GUEST_RFLAGS, 0, 0},
	    {set_real, VMCS_GUEST_RFLAGS, RFLAGS_ONE | BIT(3), 0},
	    {set_real, VMCS_GUEST_RFLAGS, RFLAGS_ONE | BIT(22), 0},
	};

	check_rows(rows, ARRAY_LEN(rows));
	set_long();
	vmcs[VMCS_ENTRY_EVENT] = EVENT(EVENT_TYPE_INTR, 0x30);
	assert_false(broken());
	vmcs[VMCS_GUEST_RFLAGS] = RFLAGS_ONE;
	assert_true(broken());
	assert_int_equal(fault.field, VMCS_GUEST_RFLAGS);
}

static void test_blocking(void **state)
{
	static const struct row rows[] = {
	    {set_long, VMCS_GUEST_BLOCKING, BLOCKING_STI | BLOCKING_MOV_SS, 0},
	    {set_long, VMCS_GUEST_BLOCKING, BIT(5), 0},
	    {set_long, VMCS_GUEST_BLOCKING, BLOCKING_SMI, 0},
	    {set_long, VMCS_GUEST_PENDING_DEBUG, BIT(4), 0},
	    {set_long, VMCS_GUEST_ACTIVITY, 1, 0},
	    {set_long, VMCS_GUEST_LINK, 0, 0},
	};
	static const struct {
		u32 type;
		u64 blocking;
		bool refused;
	} injected[] = {
	    {EVENT_TYPE_INTR, BLOCKING_STI, true},    {EVENT_TYPE_INTR, BLOCKING_MOV_SS, true},
	    {EVENT_TYPE_INTR, BLOCKING_NMI, false},   {EVENT_TYPE_NMI, BLOCKING_MOV_SS, true},
	    {EVENT_TYPE_NMI, BLOCKING_NMI, true},     {EVENT_TYPE_EXC, BLOCKING_MOV_SS, false},
	    {EVENT_TYPE_EXC, BLOCKING_NMI, false},
	};

	check_rows(rows, ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(injected); i++) {
		set_long();
		vmcs[VMCS_ENTRY_EVENT] = EVENT(injected[i].type, 2);
		vmcs[VMCS_GUEST_BLOCKING] = injected[i].blocking;
		assert_int_equal(broken(), injected[i].refused);
	}
	set_long();
	vmcs[VMCS_GUEST_RFLAGS] = RFLAGS_ONE;
	vmcs[VMCS_GUEST_BLOCKING] = BLOCKING_STI;
	assert_true(broken());
	/* A single step in a shadow is pending, and only then. */
	set_long();
	vmcs[VMCS_GUEST_BLOCKING] = BLOCKING_MOV_SS;
	vmcs[VMCS_GUEST_RFLAGS] |= RFLAGS_TF;
	assert_true(broken());
	vmcs[VMCS_GUEST_PENDING_DEBUG] = DEBUG_BS;
	assert_false(broken());
	vmcs[VMCS_GUEST_RFLAGS] &= ~RFLAGS_TF;
	assert_true(broken());
}

static void test_pdptes(void **state)
{
	static const struct row rows[] = {
	    {set_pae, VMCS_GUEST_PDPTE0, 0x2003, 0},
	    {set_pae, VMCS_GUEST_PDPTE3, 0x2001 | BIT(40), 0},
	    {set_pae, VMCS_GUEST_PDPTE2, 0x2021, 0},
	};

	check_rows(rows, ARRAY_LEN(rows));
	/* Not present, or not in use. */
	set_pae();
	vmcs[VMCS_GUEST_PDPTE1] = 0xfffffffffffffffe;
	assert_false(broken());
	set_long();
	vmcs[VMCS_GUEST_PDPTE1] = ~0ull;
	assert_false(broken());
}

static void test_names(void **state)
{
	assert_string_equal(vmcs_field_name(VMCS_GUEST_FS_RIGHTS), "GUEST_FS_RIGHTS");
	assert_string_equal(vmcs_field_name(0x6fff), "a field without a name");
	assert_string_equal(vmcs_error_text(7), "entry with invalid controls");
	assert_string_equal(vmcs_error_text(14), "not in the manual");
	assert_string_equal(vmcs_error_text(0xffffffff), "not in the manual");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_states_that_guests_have_pass),
	    cmocka_unit_test(test_control_registers),
	    cmocka_unit_test(test_msrs),
	    cmocka_unit_test(test_segments),
	    cmocka_unit_test(test_rip_and_flags),
	    cmocka_unit_test(test_blocking),
	    cmocka_unit_test(test_pdptes),
	    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

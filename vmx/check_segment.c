// SPDX-License-Identifier: BSD-2-Clause
/*
 * Intel SDM vol. 3, "Checks on Guest Segment Registers", "Checks on Guest Descriptor-Table Registers", for an unrestricted guest.
 */
#include "check_parts.h"

#include <arch/x86_64/defs/regs.h>

/* In the order of the VMCS, so that an index gives all four fields. */
enum { ES, CS, SS, DS, FS, GS, LDTR, TR };

static enum vmcs_field selector(unsigned s)
{
	return VMCS_GUEST_ES + 2 * s;
}

static enum vmcs_field base(unsigned s)
{
	return VMCS_GUEST_ES_BASE + 2 * s;
}

static enum vmcs_field limit(unsigned s)
{
	return VMCS_GUEST_ES_LIMIT + 2 * s;
}

static enum vmcs_field rights(unsigned s)
{
	return VMCS_GUEST_ES_RIGHTS + 2 * s;
}

static bool usable(struct check *c, unsigned s)
{
	return !(c->read(rights(s)) & RIGHTS_UNUSABLE);
}

/* Virtual-8086 mode leaves no freedom. */
static bool v86_broken(struct check *c, unsigned s)
{
	if (c->read(base(s)) != c->read(selector(s)) << 4)
		return check_broken(c, base(s), "not 16 times the selector, in virtual-8086 mode");
	if (c->read(limit(s)) != 0xffff)
		return check_broken(c, limit(s), "not FFFFh, in virtual-8086 mode");
	if (c->read(rights(s)) != 0xf3)
		return check_broken(c, rights(s), "not F3h, in virtual-8086 mode");
	return false;
}

static bool base_broken(struct check *c, unsigned s)
{
	u64 b = c->read(base(s));

	if (s == FS || s == GS || s == TR || (s == LDTR && usable(c, s)))
		return !check_canonical(b) && check_broken(c, base(s), "not canonical");
	if (s == CS || (s != LDTR && usable(c, s)))
		return b >> 32 && check_broken(c, base(s), "upper half");
	return false;
}

static bool limit_broken(struct check *c, unsigned s)
{
	u64 l = c->read(limit(s)), r = c->read(rights(s));

	if ((l & 0xfff) != 0xfff && (r & RIGHTS_G))
		return check_broken(c, limit(s), "G is 1, but the last page is not whole");
	if ((l >> 20) && !(r & RIGHTS_G))
		return check_broken(c, limit(s), "G is 0, but it has more than 20 bits");
	return false;
}

static bool cs_broken(struct check *c, u64 r)
{
	u64 type = r & RIGHTS_TYPE, dpl = FIELD_GET(RIGHTS_DPL, r);
	u64 ss_dpl = FIELD_GET(RIGHTS_DPL, c->read(rights(SS)));

	if (type != 3 && type != 9 && type != 11 && type != 13 && type != 15)
		return check_broken(c, rights(CS), "type is not 3, 9, 11, 13 or 15");
	if (type == 3 && dpl)
		return check_broken(c, rights(CS), "a data segment with a DPL");
	if ((type == 9 || type == 11) && dpl != ss_dpl)
		return check_broken(c, rights(CS), "DPL is not that of SS");
	if ((type == 13 || type == 15) && dpl > ss_dpl)
		return check_broken(c, rights(CS), "conforming, with a DPL above that of SS");
	if (c->long_mode && (r & RIGHTS_L) && (r & RIGHTS_DB))
		return check_broken(c, rights(CS), "L and D at once");
	return false;
}

static bool ss_broken(struct check *c, u64 r)
{
	u64 type = r & RIGHTS_TYPE;
	bool cs_data = (c->read(rights(CS)) & RIGHTS_TYPE) == 3;

	if (usable(c, SS) && type != 3 && type != 7)
		return check_broken(c, rights(SS), "type is not 3 or 7");
	if ((cs_data || !(c->cr0 & CR0_PE)) && (r & RIGHTS_DPL))
		return check_broken(c, rights(SS), "DPL is not 0, in real mode");
	return false;
}

static bool data_broken(struct check *c, unsigned s, u64 r)
{
	if (!(r & RIGHTS_ACCESSED))
		return check_broken(c, rights(s), "not accessed");
	if ((r & RIGHTS_CODE) && !(r & RIGHTS_WRITABLE))
		return check_broken(c, rights(s), "code that is not readable");
	return false;
}

static bool segment_broken(struct check *c, unsigned s)
{
	u64 r = c->read(rights(s));

	if (base_broken(c, s))
		return true;
	if (s == CS && cs_broken(c, r))
		return true;
	if (s == SS && ss_broken(c, r))
		return true;
	if (s != CS && !usable(c, s))
		return false;
	if (s != CS && s != SS && data_broken(c, s, r))
		return true;
	if (!(r & RIGHTS_S))
		return check_broken(c, rights(s), "a system segment");
	if (!(r & RIGHTS_P))
		return check_broken(c, rights(s), "not present");
	if (r & RIGHTS_RESERVED)
		return check_broken(c, rights(s), "reserved bits");
	return limit_broken(c, s);
}

static bool system_broken(struct check *c, unsigned s, const char *type)
{
	u64 r = c->read(rights(s));

	if (c->read(selector(s)) & BIT(2))
		return check_broken(c, selector(s), "in the LDT");
	if (base_broken(c, s))
		return true;
	if (type)
		return check_broken(c, rights(s), type);
	if (r & RIGHTS_S)
		return check_broken(c, rights(s), "no system segment");
	if (!(r & RIGHTS_P))
		return check_broken(c, rights(s), "not present");
	if (r & RIGHTS_RESERVED)
		return check_broken(c, rights(s), "reserved bits");
	return limit_broken(c, s);
}

static bool task_broken(struct check *c)
{
	u64 type = c->read(rights(TR)) & RIGHTS_TYPE;

	if (!usable(c, TR))
		return check_broken(c, rights(TR), "not usable");
	return system_broken(c, TR, type == 11 || (type == 3 && !c->long_mode) ? NULL : "not a busy TSS");
}

static bool ldt_broken(struct check *c)
{
	u64 type = c->read(rights(LDTR)) & RIGHTS_TYPE;

	return usable(c, LDTR) && system_broken(c, LDTR, type == 2 ? NULL : "no LDT");
}

static bool tables_broken(struct check *c)
{
	if (!check_canonical(c->read(VMCS_GUEST_GDTR_BASE)))
		return check_broken(c, VMCS_GUEST_GDTR_BASE, "not canonical");
	if (!check_canonical(c->read(VMCS_GUEST_IDTR_BASE)))
		return check_broken(c, VMCS_GUEST_IDTR_BASE, "not canonical");
	if (c->read(VMCS_GUEST_GDTR_LIMIT) >> 16)
		return check_broken(c, VMCS_GUEST_GDTR_LIMIT, "more than 16 bits");
	if (c->read(VMCS_GUEST_IDTR_LIMIT) >> 16)
		return check_broken(c, VMCS_GUEST_IDTR_LIMIT, "more than 16 bits");
	return false;
}

bool check_segments(struct check *c)
{
	for (unsigned s = ES; s <= GS; s++)
		if (c->v86 ? v86_broken(c, s) : segment_broken(c, s))
			return true;
	return task_broken(c) || ldt_broken(c) || tables_broken(c);
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Intel's extended page tables, four levels. "Ignore PAT" stays clear: as with NPT, the guest's PAT
 * has its say. Intel SDM vol. 3, "The Extended Page Table Mechanism (EPT)", the tables of entry
 * formats.
 */
#include "pt.h"

#include <lib/bits.h>

#define EPT_READ    BIT(0)
#define EPT_WRITE   BIT(1)
#define EPT_EXEC    BIT(2)
#define EPT_ACCESS  (EPT_READ | EPT_WRITE | EPT_EXEC)
#define EPT_MEMTYPE BITS(5, 3)
#define EPT_LEAF    BIT(7) /* above the lowest level */
#define EPT_A       BIT(8)
#define EPT_D       BIT(9)

/* Intel SDM vol. 3, "Memory Types That Can Be Encoded With PAT", which EPT shares. */
#define TYPE_UC 0
#define TYPE_WC 1
#define TYPE_WB 6

static_assert(PT_READ == EPT_READ && PT_WRITE == EPT_WRITE && PT_EXEC == EPT_EXEC, "the same bits");

static u64 make_leaf(hpa_t hpa, u64 size, u32 prot, enum pt_memtype memtype)
{
	static const u64 types[] = {
	    [PT_WB] = TYPE_WB,
	    [PT_UC] = TYPE_UC,
	    [PT_WC] = TYPE_WC,
	};
	u64 e = hpa | (prot & EPT_ACCESS) | FIELD_PUT(EPT_MEMTYPE, types[memtype]) | EPT_A | EPT_D;

	return size > PT_SIZE_4K ? e | EPT_LEAF : e;
}

static u64 make_table(hpa_t hpa)
{
	return hpa | EPT_ACCESS | EPT_A;
}

static bool is_present(u64 e)
{
	return e & EPT_ACCESS;
}

static bool is_leaf(u64 e, u64 size)
{
	return size == PT_SIZE_4K || e & EPT_LEAF;
}

static u32 get_prot(u64 e)
{
	return e & EPT_ACCESS;
}

static enum pt_memtype get_memtype(u64 e)
{
	switch (FIELD_GET(EPT_MEMTYPE, e)) {
	case TYPE_WB:
		return PT_WB;
	case TYPE_WC:
		return PT_WC;
	default:
		return PT_UC;
	}
}

const struct pt_format pt_format_ept = {
    .name = "ept",
    .levels = 4,
    .max_leaf = PT_SIZE_1G,
    .canonical = false,
    .prots = PT_READ | PT_WRITE | PT_EXEC,
    .make_leaf = make_leaf,
    .make_table = make_table,
    .is_present = is_present,
    .is_leaf = is_leaf,
    .get_prot = get_prot,
    .get_memtype = get_memtype,
};

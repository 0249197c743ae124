// SPDX-License-Identifier: BSD-2-Clause
/*
 * The hypervisor's own map: long mode, four levels, supervisor only. Needs EFER.NXE before CR3 is
 * loaded.
 */
#include "pt.h"

#include "x86_entry.h"

static u64 make_table(hpa_t hpa)
{
	return hpa | PTE_P | PTE_RW | PTE_A;
}

const struct pt_format pt_format_host = {
    .name = "host",
    .levels = 4,
    .max_leaf = PT_SIZE_1G,
    .canonical = true,
    .prots = PT_READ | PT_WRITE | PT_EXEC | PT_GLOBAL,
    .make_leaf = x86_make_leaf,
    .make_table = make_table,
    .is_present = x86_is_present,
    .is_leaf = x86_is_leaf,
    .get_prot = x86_get_prot,
    .get_memtype = x86_get_memtype,
};

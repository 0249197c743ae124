// SPDX-License-Identifier: BSD-2-Clause
/*
 * AMD's nested page tables: the host's long-mode format, but every entry is a user one, because the
 * CPU treats all nested walks as user accesses. AMD APM vol. 2, "Nested Paging", "Nested versus
 * Guest Page Faults, Fault Ordering".
 */
#include "pt.h"

#include "x86_entry.h"

static u64 make_leaf(hpa_t hpa, u64 size, u32 prot, enum pt_memtype memtype)
{
	return x86_make_leaf(hpa, size, prot, memtype) | PTE_US;
}

static u64 make_table(hpa_t hpa)
{
	return hpa | PTE_P | PTE_RW | PTE_US | PTE_A;
}

const struct pt_format pt_format_npt = {
    .name = "npt",
    .levels = 4,
    .max_leaf = PT_SIZE_1G,
    .canonical = false,
    .prots = PT_READ | PT_WRITE | PT_EXEC,
    .make_leaf = make_leaf,
    .make_table = make_table,
    .is_present = x86_is_present,
    .is_leaf = x86_is_leaf,
    .get_prot = x86_get_prot,
    .get_memtype = x86_get_memtype,
};

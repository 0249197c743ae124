// SPDX-License-Identifier: BSD-2-Clause
/*
 * An entry of long-mode page tables, which NPT shares. For fmt_host.c and fmt_npt.c only.
 * AMD APM vol. 2, "Long-Mode Page Translation"; Intel SDM vol. 3, "4-Level Paging and 5-Level
 * Paging".
 */
#pragma once

#include "pt.h"

#include <lib/bits.h>

#define PTE_P   BIT(0)
#define PTE_RW  BIT(1)
#define PTE_US  BIT(2)
#define PTE_PWT BIT(3)
#define PTE_PCD BIT(4)
#define PTE_A   BIT(5)
#define PTE_D   BIT(6)
#define PTE_PS                                                                                   \
	BIT(7) /* a leaf above the lowest level; at the lowest level the PAT bit, which we never \
		  set */
#define PTE_G  BIT(8)
#define PTE_NX BIT(63)

/* PWT and PCD select one of the first four entries of the PAT: WB WC UC- UC. */
static inline u64 x86_make_memtype(enum pt_memtype t)
{
	static const u64 bits[] = {
	    [PT_WB] = 0,
	    [PT_UC] = PTE_PCD | PTE_PWT,
	    [PT_WC] = PTE_PWT,
	};

	return bits[t];
}

static inline enum pt_memtype x86_get_memtype(u64 e)
{
	if (!(e & (PTE_PCD | PTE_PWT)))
		return PT_WB;
	return e & PTE_PCD ? PT_UC : PT_WC;
}

static inline u64 x86_make_leaf(hpa_t hpa, u64 size, u32 prot, enum pt_memtype memtype)
{
	u64 e = hpa | PTE_P | PTE_A | PTE_D | x86_make_memtype(memtype);

	if (size > PT_SIZE_4K)
		e |= PTE_PS;
	if (prot & PT_WRITE)
		e |= PTE_RW;
	if (!(prot & PT_EXEC))
		e |= PTE_NX;
	if (prot & PT_GLOBAL)
		e |= PTE_G;
	return e;
}

static inline bool x86_is_present(u64 e)
{
	return e & PTE_P;
}

static inline bool x86_is_leaf(u64 e, u64 size)
{
	return size == PT_SIZE_4K || e & PTE_PS;
}

static inline u32 x86_get_prot(u64 e)
{
	u32 prot = PT_READ;

	if (e & PTE_RW)
		prot |= PT_WRITE;
	if (!(e & PTE_NX))
		prot |= PT_EXEC;
	if (e & PTE_G)
		prot |= PT_GLOBAL;
	return prot;
}

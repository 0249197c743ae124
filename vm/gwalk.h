// SPDX-License-Identifier: BSD-2-Clause
/*
 * Walks a guest's own page tables, as the CPU would: permissions, reserved bits, accessed and dirty
 * bits, error code. Everything it needs is in the environment given; it touches nothing but guest
 * RAM, so tests run it on tables they build. Used for emulated accesses and to fetch instruction
 * bytes.
 *
 * Intel SDM vol. 3, "Paging"; AMD APM vol. 2, "Page Translation and Protection".
 */
#pragma once

#include <lib/status.h>
#include <vm/gmem.h>
#include <vm/insn.h>

struct gwalk_env {
	const struct gmem *mem;
	u64 cr0, cr3, cr4, efer, rflags;
	u8 cpl;
	u8 phys_bits; /* width of a guest-physical address, by the guest's CPUID: 32 to 52 */
	bool page_1g; /* CPUID has 1G pages; otherwise their bit is reserved */
};

/* A read is the absence of the others. */
enum gwalk_access {
	GWALK_READ = 0,
	GWALK_WRITE = 1 << 0,
	GWALK_FETCH = 1 << 1,
	GWALK_SYSTEM = 1 << 2, /* by the CPU itself (descriptor tables, TSS): never as user */
};

enum gwalk_fault_kind {
	GWALK_NO_FAULT,
	GWALK_PAGE_FAULT,    /* #PF with `error`, and `gva` in CR2 */
	GWALK_NOT_CANONICAL, /* #GP(0) or #SS(0) */
	GWALK_TABLE_OUTSIDE, /* a page table at `gpa` is not in RAM: no CPU behaviour to imitate */
	GWALK_BYTES_OUTSIDE, /* gwalk_fetch(): translated, but `gpa` is not in RAM */
	GWALK_RACE, /* other vCPUs keep changing the tables: enter the guest and let it try again */
};

struct gwalk_fault {
	enum gwalk_fault_kind kind;
	u32 error; /* enum gwalk_error */
	gva_t gva;
	gpa_t gpa;
};

/* The error code of a page fault. */
enum gwalk_error {
	PF_PRESENT = 1 << 0, /* a permission or a reserved bit, not an absent page */
	PF_WRITE = 1 << 1,
	PF_USER = 1 << 2,
	PF_RESERVED = 1 << 3,
	PF_FETCH = 1 << 4,
};

/*
 * Guest-physical address of the byte at `gva`; the translation holds to the end of its 4K page.
 * Sets accessed and dirty bits if, and only if, the access is allowed. Outside of long mode `gva`
 * counts modulo 4G. OK, or with *fault filled: E_NOTFOUND (page fault), E_INVAL (not canonical),
 * E_RANGE (table outside of RAM), E_BUSY (race).
 */
enum status must_check gwalk(const struct gwalk_env *env, gva_t gva, enum gwalk_access access,
			     gpa_t *gpa, struct gwalk_fault *fault);

#define GWALK_STEPS 5

/* The way of a walk that succeeded. */
struct gwalk_trace {
	gpa_t gpa;
	unsigned steps;
	u8 entry_size;		 /* bytes */
	gpa_t at[GWALK_STEPS];	 /* where the entries are, and what was read there before a bit was set */
	u64 entry[GWALK_STEPS];
};

/* The same, telling the way. */
enum status must_check gwalk_traced(const struct gwalk_env *env, gva_t gva, enum gwalk_access access, struct gwalk_trace *trace,
				    struct gwalk_fault *fault);

/*
 * Up to INSN_MAX_LEN instruction bytes at `gva` (CS base already added). Returns their number; if
 * that is less, *fault tells why the next one cannot be read, which matters only if insn_decode()
 * says E_TRUNCATED.
 */
size_t must_check gwalk_fetch(const struct gwalk_env *env, gva_t gva, u8 bytes[INSN_MAX_LEN],
			      struct gwalk_fault *fault);

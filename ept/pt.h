// SPDX-License-Identifier: BSD-2-Clause
/*
 * Page tables: one walker for every format that has 512 entries of 8 bytes a table. Second-stage
 * tables (EPT, NPT) and the hypervisor's own map are all `struct pt`. Knows nothing of VMs, of
 * frames' owners, nor of TLBs: whoever takes something away (unmap, protect, map over an old
 * translation) flushes before the old frames get a new owner.
 *
 * What every operation promises:
 * - What can fail comes first: a call that does not answer OK changed no translation and holds no
 * memory.
 * - Hardware may walk the table meanwhile. Entries change by single 8-byte stores, and at every
 * moment each page has its translation from before or from after the call. Tables taken out are
 * kept whole until pt_retired_free().
 * - Accessed and dirty bits are set from the start, so hardware never writes to a table.
 * Calls on one `struct pt` are serialised by the caller.
 */
#pragma once

#include <lib/bits.h>
#include <lib/status.h>
#include <lib/types.h>

#define PT_READ   BIT(0) /* always needed: no format here can spell a page without it */
#define PT_WRITE  BIT(1)
#define PT_EXEC   BIT(2)
#define PT_GLOBAL BIT(3) /* host format only: outlives a change of CR3 */

#define PT_ENTRIES  512u
#define PT_SIZE_4K  PAGE_SIZE
#define PT_SIZE_2M  (2 * MIB)
#define PT_SIZE_1G  GIB
#define PT_HPA_MASK BITS(51, 12) /* where every format has the address of a leaf or table */

/* The host and NPT formats expect PAT_HOST (arch/x86_64/defs/msr.h) in IA32_PAT; after reset WC
 * means write-through. */
enum pt_memtype {
	PT_WB,
	PT_UC,
	PT_WC,
};

/* How a format spells an entry. `size` is what the entry covers: 4 KiB, 2 MiB, 1 GiB, ... */
struct pt_format {
	const char *name;
	unsigned levels; /* tables from the root to a 4 KiB page */
	u64 max_leaf;    /* bytes; all smaller sizes exist too */
	bool canonical;  /* addresses are sign-extended (else the upper bits are 0) */
	u32 prots;       /* the PT_* bits it can spell */
	u64 (*make_leaf)(hpa_t hpa, u64 size, u32 prot, enum pt_memtype memtype);
	u64 (*make_table)(hpa_t hpa);
	bool (*is_present)(u64 entry);
	/* The rest only for a present entry; is_leaf comes first. */
	bool (*is_leaf)(u64 entry, u64 size);
	u32 (*get_prot)(u64 entry);
	enum pt_memtype (*get_memtype)(u64 entry);
};

extern const struct pt_format pt_format_host, pt_format_npt, pt_format_ept;

/* Where table frames come from. */
struct pt_mem {
	/* One zeroed frame of 4 KiB. */
	enum status (*alloc)(void *ctx, hpa_t *out);
	void (*free)(void *ctx, hpa_t table);
	u64 *(*ptr)(void *ctx, hpa_t table);
	/* Tests only, else NULL: an entry that hardware may see was just written. */
	void (*stored)(void *ctx);
	void *ctx;
};

/* Tables no longer part of a translation that stale paging-structure caches may still walk. Empty
 * is all zero. */
struct pt_retired {
	hpa_t head;
	u64 count;
};

struct pt {
	const struct pt_format *fmt;
	const struct pt_mem *mem;
	hpa_t root;
	u64 max_leaf;     /* bytes, at most the format's */
	u64 tables;       /* frames in use, with the root, without borrowed and retired ones */
	unsigned own_top; /* root entries from here on are borrowed */
	bool pinned;      /* tables named by the root stay, even if empty */
	struct pt_retired retired; /* tables that pt_map() replaced */
};

/* An empty table. `max_leaf` in bytes: what the CPU has, or a lower limit; it is cut to the
 * format's. */
enum status must_check pt_init(struct pt *pt, const struct pt_format *fmt, const struct pt_mem *mem,
			       u64 max_leaf);
/* Frees every table but borrowed ones. No CPU may use it any more. */
void pt_fini(struct pt *pt);

/*
 * Ranges of the three: page aligned and not empty (else E_INVAL), inside the format's address space
 * and not touching borrowed entries (else E_RANGE). E_INVAL too for a prot without PT_READ or with
 * a bit that the format lacks; E_RANGE for frames beyond 2^52; or what alloc answered.
 */

/*
 * Maps [va, va+len) to [hpa, hpa+len) with the largest leaves that alignment and pt->max_leaf
 * allow, replacing what was there. Tables that large leaves replace are kept until the next
 * pt_unmap() or pt_retired_take() hands them out.
 */
enum status must_check pt_map(struct pt *pt, u64 va, hpa_t hpa, u64 len, u32 prot,
			      enum pt_memtype memtype);
/*
 * Leaves nothing mapped in [va, va+len); holes are fine. Splits large leaves that are only partly
 * inside (so it can fail). All tables that wait for a shootdown are added to `r`: flush, then
 * pt_retired_free().
 */
enum status must_check pt_unmap(struct pt *pt, u64 va, u64 len, struct pt_retired *r);
/* Gives what is mapped in [va, va+len) the protection `prot`; holes stay, memory types stay, leaves
 * split as needed. */
enum status must_check pt_protect(struct pt *pt, u64 va, u64 len, u32 prot);

struct pt_leaf {
	hpa_t hpa; /* of the byte asked for */
	u64 size;  /* what the entry covers, aligned to itself; of an empty entry too */
	u32 prot;
	enum pt_memtype memtype;
};

/* The leaf that the byte at `va` lies in. E_NOTFOUND if there is none, with `size` only; E_RANGE if
 * `va` is no address. */
enum status pt_find(const struct pt *pt, u64 va, struct pt_leaf *out);
/* The same for those who want less: pointers may be NULL. */
enum status pt_lookup(const struct pt *pt, u64 va, hpa_t *hpa, u32 *prot, u64 *size);

/* Adds to `r` the tables that wait for a shootdown. */
void pt_retired_take(struct pt *pt, struct pt_retired *r);
/* Frees them; `r` is empty then. After the shootdown. */
void pt_retired_free(struct pt *pt, struct pt_retired *r);

/*
 * Sharing a part of the address space between tables: the owner pins the root's entries of [va,
 * va+len), so that their tables exist and stay; borrowers then copy the root's entries from number
 * `first` on, and see what the owner maps there later. A borrower cannot change that part. All
 * pinning comes before the first borrower.
 */
enum status must_check pt_pin_top(struct pt *pt, u64 va, u64 len);
void pt_borrow_top(struct pt *pt, const struct pt *owner, unsigned first);

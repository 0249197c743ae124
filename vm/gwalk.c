// SPDX-License-Identifier: BSD-2-Clause
#include <vm/gwalk.h>

#include <arch/x86_64/defs/regs.h>
#include <lib/bits.h>

#include <stdatomic.h>

#define PTE_P  BIT(0)
#define PTE_W  BIT(1)
#define PTE_U  BIT(2)
#define PTE_A  BIT(5)
#define PTE_D  BIT(6)
#define PTE_PS BIT(7) /* in a leaf at 4K: PAT */
#define PTE_NX BIT(63)

#define LEVELS_MAX GWALK_STEPS
/* A guest that rewrites its tables against itself gets its turn again after this. */
#define RETRIES 16

/* One paging mode. Level 0 is the page table; shift[l] is the lowest address bit that level l
 * translates. */
struct format {
	u8 levels;
	u8 entry_size;
	u8 index_bits;
	u8 shift[LEVELS_MAX];
	u64 root_mask;     /* address in CR3 */
	u8 leaf_levels;    /* mask of levels at which PTE_PS makes a leaf */
	bool plain_root;   /* the top level has neither permissions nor an accessed bit (PAE) */
	u64 reserved_high; /* reserved in every entry, besides what phys_bits and EFER.NXE say */
};

// clang-format off
static const struct format format_32 = {
	.levels = 2, .entry_size = 4, .index_bits = 10, .shift = { 12, 22 }, .root_mask = BITS(31, 12),
};

static const struct format format_pae = {
	.levels = 3, .entry_size = 8, .index_bits = 9, .shift = { 12, 21, 30 }, .root_mask = BITS(31, 5),
	.leaf_levels = 1 << 1, .plain_root = true, .reserved_high = BITS(62, 52),
};

static const struct format format_4level = {
	.levels = 4, .entry_size = 8, .index_bits = 9, .shift = { 12, 21, 30, 39 }, .root_mask = BITS(51, 12),
	.leaf_levels = 1 << 1 | 1 << 2,
};

static const struct format format_5level = {
	.levels = 5, .entry_size = 8, .index_bits = 9, .shift = { 12, 21, 30, 39, 48 }, .root_mask = BITS(51, 12),
	.leaf_levels = 1 << 1 | 1 << 2,
};

// clang-format on

/* What one walk saw; entries by level, leaf..levels-1 are valid. */
struct walk {
	const struct gwalk_env *env;
	const struct format *f;
	gva_t gva;
	enum gwalk_access access;
	unsigned leaf;
	gpa_t at[LEVELS_MAX];
	u64 entry[LEVELS_MAX];
	struct gwalk_fault *fault;
};

static const struct format *format_of(const struct gwalk_env *env)
{
	if (!(env->cr0 & CR0_PG))
		return NULL;
	if (env->efer & EFER_LMA)
		return env->cr4 & CR4_LA57 ? &format_5level : &format_4level;
	return env->cr4 & CR4_PAE ? &format_pae : &format_32;
}

static enum status fail(struct gwalk_fault *fault, enum gwalk_fault_kind kind, gva_t gva, gpa_t gpa)
{
	static const enum status answers[] = {
		[GWALK_NOT_CANONICAL] = E_INVAL, [GWALK_TABLE_OUTSIDE] = E_RANGE,
		[GWALK_BYTES_OUTSIDE] = E_RANGE, [GWALK_RACE] = E_BUSY,
		[GWALK_PAGE_FAULT] = E_NOTFOUND,
	};

	*fault = (struct gwalk_fault){ .kind = kind, .gva = gva, .gpa = gpa };
	return answers[kind];
}

static bool is_user(const struct walk *w)
{
	return w->env->cpl == 3 && !(w->access & GWALK_SYSTEM);
}

static bool nx_enabled(const struct gwalk_env *env)
{
	/* Where entries have 4 bytes there is no such bit. */
	return (env->cr4 & CR4_PAE) && (env->efer & EFER_NXE);
}

/* `why`: PF_PRESENT, PF_RESERVED or 0. */
static enum status page_fault(const struct walk *w, u32 why)
{
	enum status st = fail(w->fault, GWALK_PAGE_FAULT, w->gva, 0);

	w->fault->error = why;
	if (w->access & GWALK_WRITE)
		w->fault->error |= PF_WRITE;
	if (is_user(w))
		w->fault->error |= PF_USER;
	if ((w->access & GWALK_FETCH) && ((w->env->cr4 & CR4_SMEP) || nx_enabled(w->env)))
		w->fault->error |= PF_FETCH;
	return st;
}

/* NULL if the entry is not in RAM. */
static void *entry_ptr(const struct walk *w, unsigned level)
{
	return gmem_ptr(w->env->mem, w->at[level], w->f->entry_size);
}

static enum status load_entry(struct walk *w, unsigned level)
{
	void *p = entry_ptr(w, level);

	if (!p)
		return fail(w->fault, GWALK_TABLE_OUTSIDE, w->gva, w->at[level]);
	/* Other vCPUs write here, too. Relaxed: the CPU's own walker promises no more. */
	if (w->f->entry_size == 4)
		w->entry[level] = atomic_load_explicit((_Atomic(u32) *)p, memory_order_relaxed);
	else
		w->entry[level] = atomic_load_explicit((_Atomic(u64) *)p, memory_order_relaxed);
	return OK;
}

static bool is_leaf(const struct walk *w, unsigned level)
{
	if (level == 0)
		return true;
	if (!(w->entry[level] & PTE_PS))
		return false;
	if (w->f == &format_32)
		return level == 1 && (w->env->cr4 & CR4_PSE);
	return (w->f->leaf_levels & BIT(level)) && (level < 2 || w->env->page_1g);
}

/* PSE-36: bits 20:13 of a 4M leaf are address bits 39:32. */
#define PSE36_HIGH BITS(20, 13)

/* Bits that must be zero in the entry at `level`. */
static u64 reserved_bits(const struct walk *w, unsigned level)
{
	const struct gwalk_env *env = w->env;
	bool leaf = is_leaf(w, level);
	u64 bits;

	/*
	 * The four entries of PAE's root were checked when the guest loaded CR3; what lies in memory since does not count, and
	 * QEMU sets their reserved bit 5 as if it were an accessed bit.
	 */
	if (w->f->plain_root && level == w->f->levels - 1u)
		return 0;
	if (w->f == &format_32) {
		unsigned high = env->phys_bits > 40 ? 8 : env->phys_bits - 32;

		return level && leaf ? BITS(21, 13) & ~FIELD_PUT(PSE36_HIGH, BIT(high) - 1) : 0;
	}
	bits = w->f->reserved_high | (BITS(51, 0) & ~(BIT(env->phys_bits) - 1));
	if (!nx_enabled(env))
		bits |= PTE_NX;
	if (level && leaf)
		bits |= BITS(w->f->shift[level] - 1, 13); /* bit 12 is PAT */
	else if (level && (level > 2 || (level == 2 && !env->page_1g)))
		bits |= PTE_PS;
	return bits;
}

static u64 address_in(const struct walk *w, unsigned level)
{
	u64 e = w->entry[level];

	if (w->f == &format_32)
		return level && is_leaf(w, level)
			   ? (e & BITS(31, 22)) | FIELD_GET(PSE36_HIGH, e) << 32
			   : e & BITS(31, 12);
	return e & BITS(51, 12);
}

/* Reads the entries from the root to the leaf, changing nothing. */
static enum status descend(struct walk *w)
{
	const struct format *f = w->f;
	gpa_t table = w->env->cr3 & f->root_mask;

	for (unsigned level = f->levels; level-- > 0;) {
		u64 index = (w->gva >> f->shift[level]) & (BIT(f->index_bits) - 1);
		enum status st;

		w->at[level] = table + index * f->entry_size;
		st = load_entry(w, level);
		if (st)
			return st;
		if (!(w->entry[level] & PTE_P))
			return page_fault(w, 0);
		if (w->entry[level] & reserved_bits(w, level))
			return page_fault(w, PF_PRESENT | PF_RESERVED);
		w->leaf = level;
		if (is_leaf(w, level))
			break;
		table = address_in(w, level);
	}
	return OK;
}

/* Intel SDM vol. 3, "Determination of Access Rights". */
static bool permitted(const struct walk *w)
{
	const struct gwalk_env *env = w->env;
	unsigned top = w->f->levels - (w->f->plain_root ? 1 : 0);
	u64 all = PTE_W | PTE_U, nx = 0;

	for (unsigned level = w->leaf; level < top; level++) {
		all &= w->entry[level];
		nx |= w->entry[level] & PTE_NX;
	}
	if ((w->access & GWALK_FETCH) && nx && nx_enabled(env))
		return false;
	if (is_user(w))
		return (all & PTE_U) && (!(w->access & GWALK_WRITE) || (all & PTE_W));
	if ((w->access & GWALK_WRITE) && !(all & PTE_W) && (env->cr0 & CR0_WP))
		return false;
	if (!(all & PTE_U))
		return true;
	if (w->access & GWALK_FETCH)
		return !(env->cr4 & CR4_SMEP);
	return !(env->cr4 & CR4_SMAP) || (!(w->access & GWALK_SYSTEM) && (env->rflags & RFLAGS_AC));
}

/* False if the entry is not what was read any more, other than by such bits. */
static bool set_bits(const struct walk *w, unsigned level, u64 bits)
{
	u64 seen = w->entry[level];
	void *p = entry_ptr(w, level);

	while ((seen & bits) != bits) {
		bool stored;
		u32 seen32 = (u32)seen;

		/* Relaxed: as the CPU's walker, ordered with nothing but the entry itself. */
		if (w->f->entry_size == 4) {
			stored = atomic_compare_exchange_strong_explicit(
			    (_Atomic(u32) *)p, &seen32, seen32 | (u32)bits, memory_order_relaxed,
			    memory_order_relaxed);
			seen = stored ? seen : seen32;
		} else {
			stored = atomic_compare_exchange_strong_explicit(
			    (_Atomic(u64) *)p, &seen, seen | bits, memory_order_relaxed,
			    memory_order_relaxed);
		}
		if (stored)
			return true;
		if ((seen ^ w->entry[level]) & ~(PTE_A | PTE_D))
			return false;
	}
	return true;
}

static bool mark(const struct walk *w)
{
	unsigned top = w->f->levels - (w->f->plain_root ? 1 : 0);

	for (unsigned level = top; level-- > w->leaf;) {
		u64 bits = PTE_A;

		if (level == w->leaf && (w->access & GWALK_WRITE))
			bits |= PTE_D;
		if (!set_bits(w, level, bits))
			return false;
	}
	return true;
}

static enum status walk(struct walk *w, gpa_t *gpa)
{
	const struct gwalk_env *env = w->env;
	u64 offset;

	*w->fault = (struct gwalk_fault){ 0 };
	if (!(env->efer & EFER_LMA))
		w->gva = (u32)w->gva;
	if (!w->f) {
		*gpa = w->gva;
		return OK;
	}
	if ((env->efer & EFER_LMA) && sign_extend(w->gva, env->cr4 & CR4_LA57 ? 57 : 48) != w->gva)
		return fail(w->fault, GWALK_NOT_CANONICAL, w->gva, 0);
	for (unsigned i = 0; i < RETRIES; i++) {
		enum status st = descend(w);

		if (st)
			return st;
		if (!permitted(w))
			return page_fault(w, PF_PRESENT);
		if (!mark(w))
			continue;
		offset = BIT(w->f->shift[w->leaf]) - 1;
		*gpa = (address_in(w, w->leaf) & ~offset) | (w->gva & offset);
		return OK;
	}
	return fail(w->fault, GWALK_RACE, w->gva, 0);
}

enum status gwalk(const struct gwalk_env *env, gva_t gva, enum gwalk_access access, gpa_t *gpa,
		  struct gwalk_fault *fault)
{
	struct walk w = {
		.env = env, .f = format_of(env), .gva = gva, .access = access, .fault = fault
	};

	return walk(&w, gpa);
}

enum status gwalk_traced(const struct gwalk_env *env, gva_t gva, enum gwalk_access access, struct gwalk_trace *trace,
			 struct gwalk_fault *fault)
{
	struct walk w = {
		.env = env, .f = format_of(env), .gva = gva, .access = access, .fault = fault
	};
	enum status st = walk(&w, &trace->gpa);

	trace->steps = 0;
	trace->entry_size = w.f ? w.f->entry_size : 0;
	if (st || !w.f)
		return st;
	for (unsigned level = w.leaf; level < w.f->levels; level++, trace->steps++) {
		trace->at[trace->steps] = w.at[level];
		trace->entry[trace->steps] = w.entry[level];
	}
	return OK;
}

size_t gwalk_fetch(const struct gwalk_env *env, gva_t gva, u8 bytes[INSN_MAX_LEN],
		   struct gwalk_fault *fault)
{
	size_t got = 0;

	*fault = (struct gwalk_fault){ 0 };
	while (got < INSN_MAX_LEN) {
		gva_t at = gva + got;
		u64 len = min_u64(INSN_MAX_LEN - got, PAGE_SIZE - (at & (PAGE_SIZE - 1)));
		gpa_t gpa;

		if (gwalk(env, at, GWALK_FETCH, &gpa, fault))
			break;
		if (gmem_read(env->mem, gpa, bytes + got, len)) {
			(void)fail(fault, GWALK_BYTES_OUTSIDE, at, gpa);
			break;
		}
		got += len;
	}
	return got;
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The argument: (1) no piece of guest RAM has two owners, and all are allocated; (2) each VM's second stage and window show pieces of
 * that VM and nothing else, each where it belongs; (3) the shared part shows no guest RAM at all; (4) the tables that say so are the
 * hypervisor's own memory, each part of one tree only. So no guest reaches a table, the hypervisor or another guest.
 */
#include "isolation.h"

#include <arch/x86_64/defs/layout.h>
#include <core/hostmap.h>
#include <ept/pt_visit.h>
#include <lib/bits.h>
#include <lib/fmt.h>
#include <lib/range.h>

struct job {
	const struct isolation_machine *m;
	const struct isolation_guest *guest;
	u32 count;
	isolation_report *report;
	void *ctx;
	u32 faults;

	/* The table that is being walked. */
	const struct isolation_guest *of; /* NULL: the shared part */
	const char *table;
	u32 piece; /* of `of`: the one that the last leaf was in */
};

static void __attribute__((format(printf, 2, 3))) fault(struct job *j, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	if (j->faults++ >= ISOLATION_REPORTS)
		return;
	va_start(ap, fmt);
	fmt_vprint(text, sizeof(text), fmt, ap);
	va_end(ap);
	j->report(j->ctx, text);
}

static unsigned long long ull(u64 v)
{
	return v;
}

/* --- Pieces of RAM --- */

static bool overlap(const struct ram_piece *a, const struct ram_piece *b)
{
	return range_overlap(a->hpa, a->len, b->hpa, b->len);
}

/* A piece of the guests from `i` on, without those up to `piece`, that shares a frame with `p`. */
static void check_alone(struct job *j, const struct ram_piece *p, u32 i, u32 piece)
{
	const char *name = j->guest[i].name;

	for (u32 first = piece + 1; i < j->count; i++, first = 0)
		for (u32 k = first; k < j->guest[i].count; k++)
			if (overlap(p, &j->guest[i].ram[k]))
				fault(j, "the frame at %llx belongs to vm \"%s\" and to vm \"%s\"",
				      ull(max_u64(p->hpa, j->guest[i].ram[k].hpa)), name, j->guest[i].name);
}

static void check_pieces(struct job *j, bool all)
{
	u64 sum = 0, used = frames_total_bytes(j->m->ram) - frames_free_bytes(j->m->ram);

	for (u32 i = 0; i < j->count; i++)
		for (u32 k = 0; k < j->guest[i].count; k++) {
			const struct ram_piece *p = &j->guest[i].ram[k];

			sum += p->len;
			if (!frames_used(j->m->ram, p->hpa, p->len))
				fault(j, "RAM of vm \"%s\" at %llx, %llu KiB, is not allocated", j->guest[i].name,
				      ull(p->hpa), ull(p->len / KIB));
			check_alone(j, p, i, k);
		}
	if (all && used > sum)
		fault(j, "%llu KiB of guest RAM are allocated and belong to no vm", ull((used - sum) / KIB));
	if (frames_touch(j->m->ram, j->m->own.base, j->m->own.len))
		fault(j, "the hypervisor's memory is also guest RAM");
}

static bool is_inside(const struct ram_piece *p, u64 gpa, const struct pt_leaf *l)
{
	return range_inside(l->hpa, l->size, p->hpa, p->len) && gpa - p->gpa == l->hpa - p->hpa;
}

/* Is the leaf a part of its guest's RAM, at the right address? The next one most often is in the same piece or in the next. */
static bool is_own(struct job *j, u64 gpa, const struct pt_leaf *l)
{
	for (u32 n = 0; n < j->of->count; n++) {
		u32 i = (j->piece + n) % j->of->count;

		if (!is_inside(&j->of->ram[i], gpa, l))
			continue;
		j->piece = i;
		return true;
	}
	return false;
}

/* What else it is, for people. */
static const char *owner(const struct job *j, const struct pt_leaf *l)
{
	for (u32 i = 0; i < j->count; i++)
		for (u32 k = 0; k < j->guest[i].count; k++)
			if (range_overlap(l->hpa, l->size, j->guest[i].ram[k].hpa, j->guest[i].ram[k].len))
				return j->guest[i].name;
	if (range_overlap(l->hpa, l->size, j->m->own.base, j->m->own.len))
		return "the hypervisor";
	return frames_touch(j->m->ram, l->hpa, l->size) ? "nobody" : "the machine";
}

/* --- Tables --- */

static bool on_table(void *ctx, hpa_t table)
{
	struct job *j = ctx;
	const struct mem_range *own = &j->m->own;
	u64 page = (table - own->base) / PAGE_SIZE;

	if (!range_inside(table, PAGE_SIZE, own->base, own->len)) {
		fault(j, "%s: a table at %llx, which is not the hypervisor's", j->table, ull(table));
		return false;
	}
	if (j->m->seen[page / 64] & BIT(page % 64)) {
		fault(j, "%s: the table at %llx is used twice", j->table, ull(table));
		return false;
	}
	j->m->seen[page / 64] |= BIT(page % 64);
	if (table - own->base >= j->m->own_fixed && !frames_used(j->m->pool, table, PAGE_SIZE))
		fault(j, "%s: the table at %llx is not allocated", j->table, ull(table));
	return true;
}

static void check_own(struct job *j, u64 va, u64 gpa, const struct pt_leaf *l)
{
	if (!is_own(j, gpa, l))
		fault(j, "%s: %llx shows %llx, which belongs to %s, not there", j->table, ull(va), ull(l->hpa),
		      owner(j, l));
}

static void on_second_leaf(void *ctx, u64 va, const struct pt_leaf *l)
{
	check_own(ctx, va, va, l);
}

static void on_window_leaf(void *ctx, u64 va, const struct pt_leaf *l)
{
	struct job *j = ctx;

	if (!range_inside(va, l->size, WINDOW_BASE, WINDOW_SIZE))
		fault(j, "%s: something is mapped at %llx, outside of the window", j->table, ull(va));
	check_own(j, va, va - WINDOW_BASE, l);
	if (l->prot & PT_EXEC)
		fault(j, "%s: %llx is executable", j->table, ull(va));
}

/* Writable or executable, not both, by whatever addresses: only the code is executable, and nothing shows it writable. */
static void on_shared_leaf(void *ctx, u64 va, const struct pt_leaf *l)
{
	struct job *j = ctx;
	struct mem_range text = hostmap_text();

	if ((l->prot & PT_WRITE) && (l->prot & PT_EXEC))
		fault(j, "%s: %llx is writable and executable", j->table, ull(va));
	else if ((l->prot & PT_EXEC) && !range_inside(l->hpa, l->size, text.base, text.len))
		fault(j, "%s: %llx is executable and not code", j->table, ull(va));
	else if ((l->prot & PT_WRITE) && range_overlap(l->hpa, l->size, text.base, text.len))
		fault(j, "%s: the code is writable at %llx", j->table, ull(va));
	if (frames_touch(j->m->ram, l->hpa, l->size))
		fault(j, "%s: %llx shows %llx, which is guest RAM", j->table, ull(va), ull(l->hpa));
}

static struct pt_visitor walk(struct job *j, const struct isolation_guest *of, const char *table,
			      void (*leaf)(void *ctx, u64 va, const struct pt_leaf *l))
{
	j->of = of;
	j->table = table;
	j->piece = 0;
	return (struct pt_visitor){ .table = on_table, .leaf = leaf, .ctx = j };
}

static void check_guest(struct job *j, const struct isolation_guest *g)
{
	struct pt_visitor v;
	char name[64];

	fmt_print(name, sizeof(name), "vm \"%s\", second stage", g->name);
	v = walk(j, g, name, on_second_leaf);
	spin_lock(g->lock);
	pt_visit(g->second, &v);
	spin_unlock(g->lock);
	fmt_print(name, sizeof(name), "vm \"%s\", window", g->name);
	v = walk(j, g, name, on_window_leaf);
	pt_visit(&g->window->pt, &v);
	if (!hostmap_shared_by(g->window))
		fault(j, "%s: the shared part is another one", name);
}

enum status isolation_check_machine(const struct isolation_machine *m, const struct isolation_guest *guest, u32 count,
				    bool all, isolation_report *report, void *ctx)
{
	struct job j = { .m = m, .guest = guest, .count = count, .report = report, .ctx = ctx };
	struct pt_visitor v = walk(&j, NULL, "shared part", on_shared_leaf);

	check_pieces(&j, all);
	hostmap_visit(&v);
	for (u32 i = 0; i < count; i++)
		check_guest(&j, &guest[i]);
	return j.faults ? E_INVAL : OK;
}

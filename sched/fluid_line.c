// SPDX-License-Identifier: BSD-2-Clause
/* Lines, and who belongs to which. */
#include <sched/fluid.h>

#include <lib/assert.h>
#include <lib/bits.h>
#include <lib/string.h>
#include <sched/share.h>

void fluid_init(struct fluid *f, u32 cpus, u64 slice)
{
	f->cpus = cpus;
	f->slice = slice;
	f->line_count = f->set_count = f->deepest = 0;
	f->roots = 0;
	list_init(&f->moved);
}

static bool within(const struct sched_mask *a, const struct sched_mask *b)
{
	for (u32 i = 0; i < ARRAY_LEN(a->word); i++)
		if (a->word[i] & ~b->word[i])
			return false;
	return true;
}

static bool in_use(const struct sched_line *l)
{
	return l->pool || l->groups;
}

static bool overlap(const struct sched_mask *a, const struct sched_mask *b)
{
	for (u32 i = 0; i < ARRAY_LEN(a->word); i++)
		if (a->word[i] & b->word[i])
			return true;
	return false;
}

static u32 count(const struct sched_mask *m)
{
	u32 cpus = 0;

	for (u32 i = 0; i < ARRAY_LEN(m->word); i++)
		cpus += bits_count(m->word[i]);
	return cpus;
}

/* The pCPUs of `a` and `b` as a set, unless it is known, or all there are, or one too many. */
static void add_set(struct fluid *f, const struct sched_mask *a, const struct sched_mask *b)
{
	struct sched_set *set = &f->set[f->set_count];

	if (f->set_count == FLUID_SETS)
		return;
	for (u32 i = 0; i < ARRAY_LEN(a->word); i++)
		set->cpus.word[i] = a->word[i] | b->word[i];
	set->cpu_count = count(&set->cpus);
	set->inside = set->family = 0;
	for (u32 i = 0; i < f->line_count; i++)
		if (in_use(&f->line[i]) && within(&f->line[i].cpus, &set->cpus))
			set->family |= BIT(i);
	set->inside = set->family & f->roots;
	for (u32 i = 0; i < f->set_count; i++)
		if (f->set[i].inside == set->inside)
			return;
	f->set_count += set->cpu_count < f->cpus;
}

/* Those of each line, and then what these make up with others that they overlap. */
static void find_sets(struct fluid *f)
{
	f->set_count = 0;
	for (u64 rest = f->roots; rest; rest &= rest - 1) {
		const struct sched_mask *m = &f->line[__builtin_ctzll(rest)].cpus;

		add_set(f, m, m);
	}
	for (u32 i = 0; i < f->set_count; i++)
		for (u64 rest = f->roots & ~f->set[i].inside; rest; rest &= rest - 1) {
			const struct sched_mask *m = &f->line[__builtin_ctzll(rest)].cpus;

			if (overlap(m, &f->set[i].cpus))
				add_set(f, m, &f->set[i].cpus);
		}
}

/* Which lines are where; they may be others than before. */
static void relate(struct fluid *f)
{
	f->roots = 0;
	f->deepest = 0;
	for (u32 i = 0; i < f->line_count; i++) {
		const struct sched_line *l = &f->line[i];

		if (l->pool)
			f->deepest = l->depth > f->deepest ? l->depth : f->deepest;
		else if (l->groups)
			f->roots |= BIT(i);
	}
	find_sets(f);
}

/* The pCPUs of `m` that exist. */
static struct sched_mask clip(const struct fluid *f, const struct sched_mask *m)
{
	struct sched_mask out = *m;

	for (u32 i = 0; i < ARRAY_LEN(out.word); i++)
		if (f->cpus < (i + 1) * 64)
			out.word[i] &= f->cpus > i * 64 ? width_mask(8) >> (64 - f->cpus % 64) : 0;
	return out;
}

static struct sched_line *new_line(struct fluid *f, const struct sched_mask *cpus, struct sched_group *pool)
{
	struct sched_line *l;
	u32 i = 0;

	while (i < f->line_count && in_use(&f->line[i]))
		i++;
	if (i == FLUID_LINES)
		return NULL;
	if (i == f->line_count)
		f->line_count++;
	l = &f->line[i];
	*l = (struct sched_line){ .cpus = *cpus, .pool = pool, .level = FLUID_NO_LEVEL, .index = i };
	l->depth = pool ? pool->line->depth + 1 : 0;
	l->cpu_count = count(cpus);
	return l;
}

u64 fluid_owners(const struct fluid *f, u64 lines)
{
	const struct sched_set *best = NULL;

	for (u64 rest = f->full; rest; rest &= rest - 1) {
		const struct sched_set *set = &f->set[__builtin_ctzll(rest)];

		if (set->family & lines && (!best || set->cpu_count < best->cpu_count))
			best = set;
	}
	return best ? best->family : ~0ull;
}

/* The line that `g` is to be a member of. */
static struct sched_line *line_of(struct fluid *f, const struct sched_group *g, const struct sched_mask *m)
{
	struct sched_mask cpus;

	if (g->params.parent)
		return g->params.parent->within;
	cpus = clip(f, m);
	for (u32 i = 0; i < f->line_count; i++)
		if (!f->line[i].pool && f->line[i].groups && !memcmp(&f->line[i].cpus, &cpus, sizeof(cpus)))
			return &f->line[i];
	return new_line(f, &cpus, NULL);
}

static bool admits(const struct fluid *f, const struct sched_line *l, u64 more)
{
	if (l->pool)
		return l->reserved + more <= l->pool->params.reservation;
	return share_admits(f, l, more);
}

bool fluid_admits(const struct fluid *f, const struct sched_group *g, u64 reservation)
{
	if (g->within && g->within->reserved > reservation)
		return false;
	return reservation <= g->params.reservation || admits(f, g->line, reservation - g->params.reservation);
}

static enum status join(struct fluid *f, struct sched_group *g, struct sched_line *l)
{
	enum status st = OK;

	l->groups++;
	relate(f);
	if (admits(f, l, g->params.reservation)) {
		l->reserved += g->params.reservation;
		g->line = l;
	} else {
		l->groups--;
		relate(f);
		st = E_FULL;
	}
	return st;
}

enum status fluid_attach(struct fluid *f, struct sched_group *g, u32 id)
{
	struct sched_line *l = line_of(f, g, &g->params.cpus);
	enum status st;

	if (!l)
		return E_FULL;
	st = join(f, g, l);
	if (st)
		return st;
	g->params.cpus = l->cpus;
	g->runnable = 0;
	g->cap = g->floor = 0;
	point_init(&g->by_cap, 2 * id);
	point_init(&g->by_floor, 2 * id + 1);
	list_init(&g->moved);
	list_init(&g->members);
	if (!g->params.pool)
		return OK;
	g->within = new_line(f, &l->cpus, g);
	if (!g->within)
		fluid_detach(f, g);
	relate(f);
	return g->within ? OK : E_FULL;
}

void fluid_detach(struct fluid *f, struct sched_group *g)
{
	assert(!g->cap && !(g->within && g->within->groups));
	g->line->groups--;
	g->line->reserved -= g->params.reservation;
	if (g->within)
		g->within->pool = NULL;
	list_del(&g->moved);
	relate(f);
}

enum status fluid_move(struct fluid *f, struct sched_group *g, const struct sched_params *p, u64 now)
{
	struct sched_params before = g->params;
	struct sched_line *old = g->line, *l;
	u32 runnable = g->runnable;
	enum status st;

	fluid_change(f, g, 0, p, now);
	old->groups--;
	old->reserved -= g->params.reservation;
	l = line_of(f, g, &p->cpus);
	st = l ? join(f, g, l) : E_FULL;
	if (st) {
		/* Back to what was admitted before. */
		old->groups++;
		old->reserved += g->params.reservation;
		relate(f);
	}
	fluid_virtual(g->line, now);
	g->params.cpus = g->line->cpus;
	fluid_change(f, g, runnable, st ? &before : p, now);
	return st;
}

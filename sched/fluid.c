// SPDX-License-Identifier: BSD-2-Clause
/* Units: rates 2^-24 pCPU, service 2^-8 ns, virtual time 2^-24 ns for each share, breakpoints 2^-24 rate for each share. */
#include <sched/fluid.h>

#include <lib/assert.h>
#include <lib/bits.h>
#include <lib/string.h>
#include <sched/share.h>
#include <sched/steps.h>

/* a * b / d with a sign. */
static s64 scale(s64 a, u64 b, u64 d)
{
	return a < 0 ? -(s64)mul_div((u64)-a, b, d) : (s64)mul_div((u64)a, b, d);
}

/* --- Clocks -------------------------------------------------------------------------------------------------- */

u64 fluid_virtual(struct sched_line *l, u64 now)
{
	if (l->weight)
		l->clock += mul_div(now - l->at, l->rate, l->weight);
	l->at = now;
	return l->clock;
}

u64 fluid_time(const struct sched_line *l, u64 virt)
{
	s64 ahead = (s64)(virt - l->clock);

	if (ahead <= 0)
		return l->at;
	/* Rounded up: then it is that late. */
	return l->rate ? l->at + mul_div((u64)ahead, l->weight, l->rate) + 1 : SCHED_NEVER;
}

static u64 driver(struct sched_group *g, u64 now)
{
	return fluid_sharing(g) ? fluid_virtual(g->line, now) : now;
}

/* Service for each unit of the driving clock: a capped group's rate per ns, a sharing one's shares per virtual time. */
static u64 pace(const struct sched_group *g)
{
	switch (g->mode) {
	case SCHED_SHARING:
		return g->params.shares;
	case SCHED_CAPPED:
		return g->cap;
	case SCHED_FLOORED:
		return g->floor;
	default:
		return 0;
	}
}

void fluid_sync(struct sched_group *g, u64 now)
{
	u64 clock;

	if (g->mode == SCHED_IDLE)
		return;
	clock = driver(g, now);
	g->clock += (u64)scale((s64)(clock - g->synced), pace(g), (u64)g->runnable << 16);
	g->synced = clock;
}

u64 fluid_when(const struct sched_group *g, u64 clock)
{
	return g->synced + (u64)scale((s64)(clock - g->clock), (u64)g->runnable << 16, pace(g));
}

/* What the group gets now. */
static u64 fluid_rate(const struct sched_group *g)
{
	return fluid_sharing(g) ? mul_div(g->line->rate, g->params.shares, g->line->weight) : pace(g);
}

u64 fluid_member_rate(const struct sched_group *g)
{
	return g->runnable ? fluid_rate(g) / g->runnable : 0;
}

s64 fluid_give_siblings(struct sched_group *g, s64 service, s64 room, u64 now)
{
	u32 siblings = g->runnable - 1;
	s64 each;

	/* Those who have a pCPU each can get no more. */
	if (!siblings || fluid_rate(g) >= siblings * SCHED_ONE || room <= 0)
		return service;
	each = service / (s64)siblings < room ? service / (s64)siblings : room;
	fluid_sync(g, now);
	g->clock += (u64)each;
	return service - each * (s64)siblings;
}

bool fluid_give_others(struct fluid *f, struct sched_group *g, s64 service, bool siblings, u64 now)
{
	u64 weight = 0, own = siblings ? g->params.shares / g->runnable : g->params.shares;

	fluid_sync(g, now);
	for (u64 rest = g->line->strait; rest; rest &= rest - 1)
		weight += f->line[__builtin_ctzll(rest)].weight;
	weight -= fluid_sharing(g) ? own : 0;
	for (u64 rest = g->line->strait; weight && rest; rest &= rest - 1) {
		struct sched_line *l = &f->line[__builtin_ctzll(rest)];

		fluid_virtual(l, now);
		l->clock += (u64)scale(service, 1 << 16, weight);
	}
	if (fluid_sharing(g) && !siblings)
		g->synced = g->line->clock;
	return weight;
}

s64 fluid_to_virtual(const struct sched_line *l, u64 ns)
{
	return l->weight ? (s64)mul_div(ns, l->rate, l->weight) : 0;
}

s64 fluid_to_ns(const struct sched_line *l, s64 virt)
{
	return l->rate ? scale(virt, l->weight, l->rate) : virt < 0 ? -(s64)NS_PER_S : (s64)NS_PER_S;
}

/* --- Who shares ---------------------------------------------------------------------------------------------- */

static void leave_mode(struct sched_group *g)
{
	struct sched_line *l = g->line;

	switch (g->mode) {
	case SCHED_SHARING:
		l->weight -= g->params.shares;
		tree_remove(&l->caps, &g->by_cap);
		if (g->floor)
			tree_remove(&l->floors, &g->by_floor);
		break;
	case SCHED_CAPPED:
		l->fixed -= g->cap;
		tree_remove(&l->capped, &g->by_cap);
		break;
	case SCHED_FLOORED:
		l->fixed -= g->floor;
		tree_remove(&l->floored, &g->by_floor);
		break;
	default:
		break;
	}
}

static void enter_mode(struct sched_group *g, enum sched_mode mode, u64 now)
{
	struct sched_line *l = g->line;

	g->mode = mode;
	switch (mode) {
	case SCHED_SHARING:
		l->weight += g->params.shares;
		tree_insert(&l->caps, &g->by_cap);
		if (g->floor)
			tree_insert(&l->floors, &g->by_floor);
		break;
	case SCHED_CAPPED:
		l->fixed += g->cap;
		tree_insert(&l->capped, &g->by_cap);
		break;
	case SCHED_FLOORED:
		l->fixed += g->floor;
		tree_insert(&l->floored, &g->by_floor);
		break;
	default:
		break;
	}
	g->synced = driver(g, now);
}

static void note(struct fluid *f, struct sched_group *g)
{
	if (list_empty(&g->moved))
		list_add_tail(&f->moved, &g->moved);
}

static void flip(struct fluid *f, struct sched_group *g, enum sched_mode mode, u64 now)
{
	fluid_sync(g, now);
	leave_mode(g);
	enter_mode(g, mode, now);
	note(f, g);
}

#define BY_CAP(n)   container_of(n, struct sched_group, by_cap)
#define BY_FLOOR(n) container_of(n, struct sched_group, by_floor)

/* Is what shares give `g`, at the line's present level, more than `rate` (1), as much (0), or less (-1)? */
static int compare(const struct sched_group *g, u64 rate)
{
	const struct sched_line *l = g->line;
	unsigned __int128 gets = (unsigned __int128)l->level_of * g->params.shares;
	unsigned __int128 bound = (unsigned __int128)rate * l->level_for;

	if (!l->level_for)
		return l->spare > 0 ? 1 : l->spare < 0 ? -1 : 0;
	return gets > bound ? 1 : gets < bound ? -1 : 0;
}

/* Turns the one group, if any, whose turning leaves less for the others. */
static bool flip_down(struct fluid *f, struct sched_line *l, u64 now)
{
	struct tree_node *n = tree_last(&l->floors);

	if (n && compare(BY_FLOOR(n), BY_FLOOR(n)->floor) < 0) {
		flip(f, BY_FLOOR(n), SCHED_FLOORED, now);
		return true;
	}
	n = tree_last(&l->capped);
	if (n && compare(BY_CAP(n), BY_CAP(n)->cap) < 0) {
		flip(f, BY_CAP(n), SCHED_SHARING, now);
		return true;
	}
	return false;
}

/* The same for one that leaves more. */
static bool flip_up(struct fluid *f, struct sched_line *l, u64 now)
{
	struct tree_node *n = tree_first(&l->floored);

	if (n && compare(BY_FLOOR(n), BY_FLOOR(n)->floor) > 0) {
		flip(f, BY_FLOOR(n), SCHED_SHARING, now);
		return true;
	}
	n = tree_first(&l->caps);
	if (n && compare(BY_CAP(n), BY_CAP(n)->cap) >= 0) {
		flip(f, BY_CAP(n), SCHED_CAPPED, now);
		return true;
	}
	return false;
}

static void flip_all(struct fluid *f, bool (*one)(struct fluid *, struct sched_line *, u64), u64 now)
{
	for (u32 i = 0, still = 0; still < f->line_count; i = (i + 1) % f->line_count, still++) {
		sched_step();
		if (!one(f, &f->line[i], now))
			continue;
		share_lines(f);
		still = (u32)-1;
	}
}

/*
 * First the level only sinks, until nobody is above his floor's or below his cap's wrongly; then it only rises, so that no turn
 * of the first kind can be needed again. Each group turns twice at most.
 */
static void settle(struct fluid *f, u64 now)
{
	for (u32 i = 0; i < f->line_count; i++)
		fluid_virtual(&f->line[i], now);
	share_lines(f);
	flip_all(f, flip_down, now);
	flip_all(f, flip_up, now);
}

void fluid_change(struct fluid *f, struct sched_group *g, u32 runnable, const struct sched_params *p, u64 now)
{
	enum sched_mode mode = g->mode == SCHED_IDLE ? SCHED_SHARING : g->mode;
	u64 most = runnable * SCHED_ONE;

	fluid_virtual(g->line, now);
	fluid_sync(g, now);
	leave_mode(g);
	g->line->reserved += p->reservation - g->params.reservation;
	g->params = *p;
	g->runnable = runnable;
	g->cap = p->limit ? min_u64(p->limit, most) : most;
	g->floor = min_u64(p->reservation, g->cap);
	g->by_cap.key = mul_div(g->cap, SCHED_ONE, p->shares);
	g->by_floor.key = mul_div(g->floor, SCHED_ONE, p->shares);
	if (mode == SCHED_FLOORED && !g->floor)
		mode = SCHED_SHARING;
	enter_mode(g, runnable ? mode : SCHED_IDLE, now);
	note(f, g);
	settle(f, now);
}

/* --- Lines --------------------------------------------------------------------------------------------------- */

void fluid_init(struct fluid *f, u32 cpus)
{
	f->cpus = cpus;
	f->line_count = 0;
	list_init(&f->moved);
}

static bool within(const struct sched_mask *a, const struct sched_mask *b)
{
	for (u32 i = 0; i < ARRAY_LEN(a->word); i++)
		if (a->word[i] & ~b->word[i])
			return false;
	return true;
}

static void relate(struct fluid *f, u32 a)
{
	f->line[a].inside = 0;
	for (u32 b = 0; b < f->line_count; b++)
		if (within(&f->line[b].cpus, &f->line[a].cpus))
			f->line[a].inside |= BIT(b);
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

static struct sched_line *line_of(struct fluid *f, const struct sched_mask *m)
{
	struct sched_mask cpus = clip(f, m);
	u32 use = f->line_count;

	for (u32 i = f->line_count; i--;) {
		if (!memcmp(&f->line[i].cpus, &cpus, sizeof(cpus)))
			return &f->line[i];
		if (!f->line[i].groups)
			use = i;
	}
	if (use == FLUID_LINES)
		return NULL;
	f->line[use].cpus = cpus;
	f->line[use].cpu_count = 0;
	for (u32 i = 0; i < ARRAY_LEN(cpus.word); i++)
		f->line[use].cpu_count += bits_count(cpus.word[i]);
	if (use == f->line_count)
		f->line_count++;
	for (u32 i = 0; i < f->line_count; i++)
		relate(f, i);
	return &f->line[use];
}

enum status fluid_attach(struct fluid *f, struct sched_group *g, u32 id)
{
	struct sched_line *l = line_of(f, &g->params.cpus);

	if (!l)
		return E_FULL;
	if (!share_admits(f, l, g->params.reservation))
		return E_FULL;
	l->groups++;
	l->reserved += g->params.reservation;
	g->line = l;
	g->mode = SCHED_IDLE;
	g->runnable = 0;
	tree_node_init(&g->by_cap, id);
	tree_node_init(&g->by_floor, id);
	list_init(&g->moved);
	list_init(&g->members);
	return OK;
}

void fluid_detach(struct fluid *f, struct sched_group *g)
{
	assert(g->mode == SCHED_IDLE);
	g->line->groups--;
	g->line->reserved -= g->params.reservation;
	list_del(&g->moved);
}

// SPDX-License-Identifier: BSD-2-Clause
/* Units: rates 2^-24 pCPU, service 2^-8 ns, virtual time 2^-24 ns for each share, levels 2^-24 rate for each share. */
#include <sched/fluid.h>

#include <lib/assert.h>
#include <lib/bits.h>
#include <lib/string.h>
#include <sched/share.h>
#include <sched/steps.h>

static u64 divide(unsigned __int128 a, u64 d)
{
	return a >> 62 >= d ? 1ull << 62 : div_wide(a, d);
}

u64 fluid_ratio_wide(u64 a, u64 b, u64 d, u64 rest)
{
	unsigned __int128 product = (unsigned __int128)a * b + rest;

	return product ? divide(product, d) : 0;
}

u64 fluid_virtual_at(const struct sched_line *l, u64 now)
{
	return l->clock + (l->weight ? fluid_ratio_wide(now - l->at, l->rate, l->weight, l->rest) : 0);
}

u64 fluid_virtual(struct sched_line *l, u64 now)
{
	u64 virt = fluid_virtual_at(l, now);

	l->rest += (now - l->at) * l->rate - (virt - l->clock) * l->weight;
	l->clock = virt;
	l->at = now;
	return virt;
}

/* Outside of the way of most switches: one copy for all. */
static s64 scale(s64 a, u64 b, u64 d)
{
	return fluid_scale(a, b, d);
}

/* --- Clocks -------------------------------------------------------------------------------------------------- */

u64 fluid_time(const struct sched_line *l, u64 virt)
{
	s64 ahead = (s64)(virt - l->clock);

	if (ahead <= 0)
		return l->at;
	/* Rounded up: then it is that late, however often the clock was brought up to date. */
	return l->rate ? l->at + fluid_ratio_wide((u64)ahead - 1, l->weight, l->rate, l->weight - l->rest + l->rate - 1) : SCHED_NEVER;
}

bool fluid_limited_by_pool(const struct sched_group *g)
{
	for (g = g->params.parent; g; g = g->params.parent)
		if (g->params.limit)
			return true;
	return false;
}

/* What passed for a point since its owner looked last, until `now`, when virtual time is `virt`. */
static void look(const struct sched_line *l, const struct point *p, u64 now, u64 virt, s64 *real, s64 *shared)
{
	bool beyond = p->key <= l->level;
	u64 base_real, base_virt;

	points_read(&l->points, p, &base_real, &base_virt);
	*real = (s64)(base_real + (beyond ? now - l->told_at : 0) - p->seen_real);
	*shared = (s64)(base_virt + (beyond ? 0 : virt - l->told) - p->seen_virt);
}

/* The owner looks. */
static void see(const struct sched_line *l, struct point *p)
{
	s64 real, virt;

	points_keep(&l->points, p);
	look(l, p, l->at, l->clock, &real, &virt);
	p->seen_real += (u64)real;
	p->seen_virt += (u64)virt;
}

/*
 * Service that its members got since g->clock, together; 2^-16 of its unit. Beyond its cap's point `g` got its cap, before its
 * floor's its floor, and between them its shares of virtual time.
 */
static __int128 given(const struct sched_group *g, u64 now, u64 virt)
{
	s64 above, to_cap, since = (s64)(now - g->synced), to_floor = 0, shared = since;

	look(g->line, &g->by_cap, now, virt, &above, &to_cap);
	if (g->floor)
		look(g->line, &g->by_floor, now, virt, &shared, &to_floor);
	return (__int128)(to_cap - to_floor) * g->params.shares + (__int128)above * (s64)g->cap +
	       (__int128)(since - shared) * (s64)g->floor + g->rest;
}

/* Rounded down. */
static u64 each_of(__int128 sum, u64 d)
{
	return sum < 0 ? ~divide((unsigned __int128)~sum, d) : divide((unsigned __int128)sum, d);
}

u64 fluid_clock(const struct sched_group *g, u64 now, u64 virt)
{
	return g->clock + each_of(given(g, now, virt), (u64)g->runnable << 16);
}

void fluid_sync(struct sched_group *g, u64 now)
{
	u64 d = (u64)g->runnable << 16, each;
	__int128 sum;

	if (!g->runnable)
		return;
	/* No time has passed, and nothing was given. */
	if (g->synced == now && g->line->at == now && g->gifts == g->line->gifts)
		return;
	points_keep(&g->line->points, &g->by_cap);
	if (g->floor)
		points_keep(&g->line->points, &g->by_floor);
	sum = given(g, now, fluid_virtual(g->line, now));
	each = each_of(sum, d);
	g->rest = (u64)sum - each * d;
	g->clock += each;
	see(g->line, &g->by_cap);
	if (g->floor)
		see(g->line, &g->by_floor);
	g->synced = now;
	g->gifts = g->line->gifts;
}

s64 fluid_to_virtual(const struct sched_group *g, s64 service)
{
	return scale(service, (u64)g->runnable << 16, g->params.shares);
}

u64 fluid_when(const struct sched_group *g, u64 service, u64 clock, u64 now, u64 virt)
{
	s64 ahead = (s64)(service - clock);

	if (fluid_sharing(g))
		return virt + (u64)fluid_to_virtual(g, ahead);
	return now + (u64)scale(ahead, (u64)g->runnable << 16, fluid_capped(g) ? g->cap : g->floor);
}

/* What the group gets now. */
u64 fluid_rate(const struct sched_group *g)
{
	if (fluid_capped(g))
		return g->cap;
	if (fluid_floored(g))
		return g->floor;
	return g->line->weight ? mul_div(g->line->rate, g->params.shares, g->line->weight) : 0;
}

u64 fluid_member_rate(const struct sched_group *g)
{
	return g->runnable ? fluid_rate(g) / g->runnable : 0;
}

s64 fluid_to_ns(const struct sched_line *l, s64 virt)
{
	return l->rate ? scale(virt, l->weight, l->rate) : virt < 0 ? -(s64)NS_PER_S : (s64)NS_PER_S;
}

/* --- Gifts --------------------------------------------------------------------------------------------------- */

s64 fluid_give_siblings(struct sched_group *g, s64 service, s64 room, u64 now)
{
	u32 siblings = g->runnable - 1;
	s64 each;

	/* Those who have a pCPU each can get no more; the rate may be a few units too low. */
	if (!siblings || fluid_rate(g) + 16 >= siblings * SCHED_ONE || room <= 0)
		return service;
	each = service / (s64)siblings < room ? service / (s64)siblings : room;
	fluid_sync(g, now);
	g->clock += (u64)each;
	return service - each * (s64)siblings;
}

/*
 * `service` to those that share in this line, `but` excepted, as far as they could have used it: in any time, and a slice more,
 * no more than if the level were so high that the next one of them has all that he may. Returns what they get.
 */
static s64 give(struct fluid *f, struct sched_line *l, s64 service, const struct sched_group *but, u64 now)
{
	u64 from = max_u64(l->given, now), unused;
	s64 bound, weight, each;

	points_sum(&l->points, l->level, &bound, &weight);
	if (but && but->cap && fluid_sharing(but))
		weight -= but->params.shares;
	if (!weight)
		return 0;
	unused = mul_div((u64)weight, points_next(&l->points, l->level) - l->level, SCHED_ONE) + 1;
	if (service > 0) {
		service = (s64)min_u64((u64)service, mul_div(now + f->slice - from, unused, 1 << 16));
		l->given = from + mul_div((u64)service, 1 << 16, unused);
	}
	each = scale(service, 1 << 16, (u64)weight);
	points_pass(&l->points, l->level, 0, (u64)each);
	l->gifts++;
	l->clock += (u64)each;
	l->told += (u64)each;
	/* What a pool gets it hands on. */
	for (u32 i = 0; i < f->line_count; i++) {
		struct sched_group *pool = f->line[i].pool;

		if (pool && pool != but && pool->line == l && pool->cap && fluid_sharing(pool))
			give(f, &f->line[i], scale(service, pool->params.shares, (u64)weight), NULL, now);
	}
	return service;
}

void fluid_give_others(struct fluid *f, struct sched_group *g, s64 service, u64 now)
{
	u64 clock;

	fluid_sync(g, now);
	clock = g->clock;
	for (u32 i = 0; i < f->line_count; i++)
		fluid_virtual(&f->line[i], now);
	for (struct sched_group *at = g; at && service; at = at->params.parent)
		service -= give(f, at->line, service, at, now);
	fluid_sync(g, now);
	g->clock = clock;
}

/* --- Who shares ---------------------------------------------------------------------------------------------- */

#define BY_CAP(n)   container_of(n, struct sched_group, by_cap)
#define BY_FLOOR(n) container_of(n, struct sched_group, by_floor)

static void withdraw(struct sched_group *g)
{
	struct sched_line *l = g->line;

	if (!g->cap)
		return;
	points_remove(&l->points, &g->by_cap);
	if (g->floor)
		points_remove(&l->points, &g->by_floor);
	l->caps -= g->cap;
	l->floors -= g->floor;
	g->cap = g->floor = 0;
}

static void put_point(struct sched_line *l, struct point *p, s64 sign, u64 bound, u64 shares)
{
	p->key = mul_div(bound, SCHED_ONE, shares);
	p->weight = sign * (s64)shares;
	p->bound = sign * (s64)bound;
	points_insert(&l->points, p, l->level);
	see(l, p);
}

/* Its members can use `most`. */
static void place(struct sched_group *g, u64 most, u64 now)
{
	struct sched_line *l = g->line;

	if (!most)
		return;
	g->cap = g->params.limit ? min_u64(g->params.limit, most) : most;
	g->floor = min_u64(g->params.reservation, g->cap);
	l->caps += g->cap;
	l->floors += g->floor;
	put_point(l, &g->by_cap, 1, g->cap, g->params.shares);
	if (g->floor)
		put_point(l, &g->by_floor, -1, g->floor, g->params.shares);
	g->synced = now;
	g->rest = 0;
}

static void note(struct fluid *f, struct sched_group *g)
{
	f->stirred = true;
	if (list_empty(&g->moved))
		list_add_tail(&f->moved, &g->moved);
}

static u64 usable(const struct sched_group *g)
{
	return g->params.pool ? g->within->caps : g->runnable * SCHED_ONE;
}

/* What `g` can use has changed, and so, perhaps, what the pools around it can. */
static void settle(struct fluid *f, struct sched_group *g, u64 now)
{
	place(g, usable(g), now);
	for (g = g->params.parent; g; g = g->params.parent) {
		withdraw(g);
		place(g, usable(g), now);
	}
	share_lines(f);
}

/*
 * The pace of its members is one over their number. Keys are relative to the group's clock, and nobody is further from it than
 * two slices: so an eighth of a slice is what a key may be wrong by until that number has changed by a 16th.
 */
#define PACE_GRAIN 16

static bool drifted(const struct sched_group *g)
{
	return (g->runnable > g->sorted ? g->runnable - g->sorted : g->sorted - g->runnable) * PACE_GRAIN > g->sorted;
}

/* Other members' keys, or timers: by which clock `g` is served, and whether each of its members has a pCPU. */
static u32 manner(const struct sched_group *g)
{
	return g->by_cap.noted | (g->floor && g->by_floor.noted) << 1 | (fluid_member_rate(g) >= SCHED_ONE) << 2;
}

void fluid_change(struct fluid *f, struct sched_group *g, u32 runnable, const struct sched_params *p, u64 now)
{
	struct sched_params old = g->params;
	u32 before = manner(g);

	for (u32 i = 0; i < f->line_count; i++)
		fluid_virtual(&f->line[i], now);
	fluid_sync(g, now);
	withdraw(g);
	g->line->reserved += p->reservation - old.reservation;
	g->params = *p;
	g->params.cpus = old.cpus;
	g->params.parent = old.parent;
	g->params.pool = old.pool;
	g->runnable = runnable;
	settle(f, g, now);
	if (!old.pool && (p != &g->params || drifted(g) || manner(g) != before))
		note(f, g);
}

void fluid_heed(struct sched_group *g)
{
	struct sched_line *l = g->line;

	g->sorted = g->runnable;
	if (g->cap)
		points_note(&l->points, &g->by_cap, g->by_cap.key <= l->level);
	if (g->floor)
		points_note(&l->points, &g->by_floor, g->by_floor.key <= l->level);
}

void fluid_check(struct fluid *f, struct sched_group *g)
{
	u64 level = g->line->level;

	if (g->by_cap.noted != (g->by_cap.key <= level) || (g->floor && g->by_floor.noted != (g->by_floor.key <= level)))
		note(f, g);
}

struct sched_group *fluid_turned(struct fluid *f, bool sunk)
{
	u64 *unsure = &f->unsure[sunk];

	/* From where the last search ended. */
	while (*unsure) {
		u64 behind = *unsure & ~(BIT(f->turn[sunk]) * 2 - 1);
		u32 i = (u32)__builtin_ctzll(behind ? behind : *unsure);
		struct sched_line *l = &f->line[i];
		struct point *p = points_wrong(&l->points, l->level, sunk);

		if (p) {
			f->turn[sunk] = i;
			return p->weight > 0 ? BY_CAP(p) : BY_FLOOR(p);
		}
		*unsure &= ~BIT(i);
	}
	return NULL;
}

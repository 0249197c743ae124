// SPDX-License-Identifier: BSD-2-Clause
#include <sched/share.h>

#include <lib/bits.h>
#include <sched/steps.h>

struct level {
	u64 key;	  /* as sched_line.level */
	u64 rate, weight; /* as a fraction */
};

/* What is known of some lines at a level: they get fixed + level * weight. */
struct piece {
	s64 fixed, weight;
};

static struct piece piece_at(const struct fluid *f, u64 lines, u64 level)
{
	struct piece all = { 0 };

	for (; lines; lines &= lines - 1) {
		const struct sched_line *l = &f->line[__builtin_ctzll(lines)];
		s64 bound, weight;

		points_sum(&l->points, level, &bound, &weight);
		all.fixed += (s64)l->floors + bound;
		all.weight += weight;
	}
	return all;
}

static u64 root_of(const struct piece *p, s64 room)
{
	return room > p->fixed ? mul_div((u64)(room - p->fixed), SCHED_ONE, (u64)p->weight) : 0;
}

/* Do they get more than `room` at that level? */
static bool too_much(const struct piece *p, u64 level, s64 room)
{
	return (__int128)level * p->weight > (__int128)(room - p->fixed) * (s64)SCHED_ONE;
}

/*
 * The level at which these lines use `room`: Newton's method on a function that is linear between points, kept between bounds
 * that are halved when it leaves them.
 */
static struct level solve(const struct fluid *f, u64 lines, s64 room, u64 guess)
{
	u64 lo = 0, hi = 1ull << 62, caps = 0, key, next;
	u32 turns = 0;
	struct piece p, q;

	for (u64 rest = lines; rest; rest &= rest - 1)
		caps += f->line[__builtin_ctzll(rest)].caps;
	if (room >= (s64)caps)
		return (struct level){ FLUID_NO_LEVEL, 0, 0 };
	key = guess < hi ? guess : 0;
	for (p = piece_at(f, lines, key);; p = q, key = next) {
		if (too_much(&p, key, room))
			hi = key;
		else
			lo = key;
		if (p.weight > 0) {
			next = root_of(&p, room);
			q = piece_at(f, lines, next);
			if ((q.fixed == p.fixed && q.weight == p.weight) || hi - lo <= 1)
				break;
			if (next > lo && next < hi && ++turns % 8)
				continue;
		}
		/* Nobody shares, and more or less is not wanted: any such level will do. */
		if (hi - lo <= 1 || (p.weight <= 0 && p.fixed == room))
			return (struct level){ key, 0, 0 };
		next = lo + (hi - lo) / 2;
		q = piece_at(f, lines, next);
	}
	return (struct level){ next, room > p.fixed ? (u64)(room - p.fixed) : 0, (u64)p.weight };
}

/* The points learn of the time that passed at the old level. */
static void set_level(struct fluid *f, struct sched_line *l, const struct level *v)
{
	if (l->level == v->key && l->rate == v->rate && l->weight == v->weight)
		return;
	f->stirred = true;
	points_pass(&l->points, l->level, l->at - l->told_at, l->clock - l->told);
	l->told = l->clock;
	l->told_at = l->at;
	if (v->key > l->level)
		f->risen |= BIT(l->index);
	if (l->level != v->key) {
		f->unsure[0] |= BIT(l->index);
		f->unsure[1] |= BIT(l->index);
	}
	l->level = v->key;
	l->rate = v->rate;
	l->weight = v->weight;
	l->rest = 0;
	l->reach = l->weight ? fluid_ratio(f->slice, l->rate, l->weight) : 0;
}

/* What the line gets at its level. */
static s64 line_rate(const struct fluid *f, u32 i)
{
	struct piece p = piece_at(f, BIT(i), f->line[i].level);

	return p.fixed + (f->line[i].weight ? (s64)mul_div(f->line[i].rate, (u64)p.weight, f->line[i].weight) : 0);
}

/* A set of pCPUs and the lines that have no other: they cannot get more than the set has. */
static s64 room_of(const s64 *rate, u64 settled, u32 cpus)
{
	s64 room = (s64)(cpus * SCHED_ONE);

	for (; settled; settled &= settled - 1)
		room -= rate[__builtin_ctzll(settled)];
	return room;
}

/* The lowest level of all such sets, who is in that set, and its bit (none: all pCPUs). */
static struct level narrowest(const struct fluid *f, const s64 *rate, u64 unset, u64 *lines, u64 *full)
{
	u64 settled = f->roots & ~unset;
	struct level best = solve(f, unset, room_of(rate, settled, f->cpus), f->line[__builtin_ctzll(unset)].level);

	*lines = unset;
	*full = 0;
	for (u32 i = 0; i < f->set_count; i++) {
		const struct sched_set *set = &f->set[i];
		u64 open = set->inside & unset;
		struct level v;

		sched_step();
		if (!open)
			continue;
		v = solve(f, open, room_of(rate, set->inside & settled, set->cpu_count), f->line[__builtin_ctzll(open)].level);
		if (v.key < best.key) {
			best = v;
			*lines = open;
			*full = BIT(i);
		}
	}
	return best;
}

static void share_roots(struct fluid *f)
{
	s64 rate[FLUID_LINES] = { 0 };
	u64 unset = 0, lines, full;

	f->full = 0;
	for (u64 rest = f->roots; rest; rest &= rest - 1) {
		struct sched_line *l = &f->line[__builtin_ctzll(rest)];

		if (l->caps)
			unset |= rest & -rest;
		else
			set_level(f, l, &(struct level){ FLUID_NO_LEVEL, 0, 0 });
	}
	while (unset) {
		struct level v = narrowest(f, rate, unset, &lines, &full);

		for (u64 rest = lines; rest; rest &= rest - 1) {
			u32 i = (u32)__builtin_ctzll(rest);

			set_level(f, &f->line[i], &v);
			rate[i] = f->roots & (f->roots - 1) ? line_rate(f, i) : 0;
		}
		unset &= ~lines;
		f->full |= full;
	}
}

void share_lines(struct fluid *f)
{
	share_roots(f);
	for (u32 depth = 1; depth <= f->deepest; depth++)
		for (u32 i = 0; i < f->line_count; i++) {
			struct sched_line *l = &f->line[i];
			struct level v = { FLUID_NO_LEVEL, 0, 0 };

			if (l->depth != depth || !l->pool)
				continue;
			if (l->caps)
				v = solve(f, BIT(i), (s64)fluid_rate(l->pool), l->level);
			set_level(f, l, &v);
		}
}

static u64 reserved(const struct fluid *f, u64 lines)
{
	u64 sum = 0;

	for (; lines; lines &= lines - 1)
		sum += f->line[__builtin_ctzll(lines)].reserved;
	return sum;
}

bool share_admits(const struct fluid *f, const struct sched_line *l, u64 reservation)
{
	for (u32 i = 0; i < f->set_count; i++) {
		const struct sched_set *set = &f->set[i];

		if (set->inside >> l->index & 1 && reserved(f, set->inside) + reservation > set->cpu_count * SCHED_ONE)
			return false;
	}
	return reserved(f, f->roots) + reservation <= f->cpus * SCHED_ONE;
}

// SPDX-License-Identifier: BSD-2-Clause
#include <sched/share.h>

#include <lib/bits.h>
#include <sched/steps.h>

/* A set of pCPUs and the lines that have no other: they cannot get more than the set has. */
struct strait {
	u64 lines;  /* all of them */
	u64 open;   /* not yet given their rate */
	s64 left;   /* service that these can get, beyond their fixed groups' */
	u64 weight; /* of these */
};

static u64 all_lines(const struct fluid *f)
{
	return ~0ull >> (64 - f->line_count);
}

static struct strait strait(const struct fluid *f, u64 lines, u64 open, u32 cpus)
{
	struct strait s = { .lines = lines, .open = lines & open, .left = (s64)(cpus * SCHED_ONE) };

	for (u64 rest = lines; rest; rest &= rest - 1) {
		const struct sched_line *l = &f->line[__builtin_ctzll(rest)];

		sched_step();
		s.left -= (s64)l->fixed;
		if (rest & -rest & open)
			s.weight += l->weight;
		else
			s.left -= (s64)l->rate;
	}
	return s;
}

/* Is the level of `a` below that of `b`? Levels are left / weight; nothing left is the lowest. */
static bool narrower(const struct strait *a, const struct strait *b)
{
	if (!b->weight)
		return true;
	if (a->left <= 0 || b->left <= 0)
		return a->left < b->left;
	return (unsigned __int128)a->left * b->weight < (unsigned __int128)b->left * a->weight;
}

static struct strait narrowest(const struct fluid *f, u64 open)
{
	struct strait best = strait(f, all_lines(f), open, f->cpus);

	for (u32 i = 0; f->line_count > 1 && i < f->line_count; i++) {
		struct strait s = strait(f, f->line[i].inside, open, f->line[i].cpu_count);

		if (s.weight && narrower(&s, &best))
			best = s;
	}
	return best;
}

/* What the narrowest strait around line `l` has left for it. */
static s64 spare(const struct fluid *f, u32 l)
{
	s64 least = strait(f, all_lines(f), 0, f->cpus).left;

	for (u32 i = 0; f->line_count > 1 && i < f->line_count; i++) {
		s64 left = strait(f, f->line[i].inside, 0, f->line[i].cpu_count).left;

		if (f->line[i].inside & BIT(l) && left < least)
			least = left;
	}
	return least;
}

/* Nearly the same level? */
static bool level(const struct strait *s, const struct sched_line *l)
{
	unsigned __int128 a = (unsigned __int128)(s->left > 0 ? s->left : 0) * l->level_for;
	unsigned __int128 b = (unsigned __int128)l->level_of * s->weight;

	return (a < b ? b - a : a - b) <= b >> 20;
}

/* All lines of `s` that have no level yet have that of `s`: who shares there now gets it, and who were to would. */
static void settle(struct fluid *f, const struct strait *s, u64 *unset)
{
	u64 equals = s->lines & *unset;

	for (u64 rest = all_lines(f) & ~*unset; rest; rest &= rest - 1)
		if (level(s, &f->line[__builtin_ctzll(rest)]))
			equals |= rest & -rest;
	for (u64 rest = equals; rest; rest &= rest - 1)
		f->line[__builtin_ctzll(rest)].strait = equals;
	for (u64 rest = s->lines & *unset; rest; rest &= rest - 1) {
		struct sched_line *l = &f->line[__builtin_ctzll(rest)];

		l->rate = s->left > 0 ? mul_div((u64)s->left, l->weight, s->weight) : 0;
		l->level_of = s->left > 0 ? (u64)s->left : 0;
		l->level_for = s->weight;
	}
	*unset &= ~s->lines;
}

void share_lines(struct fluid *f)
{
	u64 unset = all_lines(f), open = 0;

	for (u32 i = 0; i < f->line_count; i++) {
		f->line[i].rate = 0;
		if (f->line[i].weight)
			open |= BIT(i);
	}
	while (open & unset) {
		struct strait s = narrowest(f, open & unset);

		settle(f, &s, &unset);
	}
	/* Nobody shares there: there is something left over, which is no level at all, or nothing, or too little. */
	for (u64 rest = unset; rest; rest &= rest - 1) {
		struct sched_line *l = &f->line[__builtin_ctzll(rest)];

		l->spare = spare(f, (u32)(l - f->line));
		l->level_for = 0;
		l->strait = BIT(l - f->line);
	}
}

bool share_admits(const struct fluid *f, const struct sched_line *l, u64 reservation)
{
	u64 self = BIT(l - f->line), machine = reservation;

	for (u32 i = 0; i < f->line_count; i++) {
		u64 sum = reservation;

		machine += f->line[i].reserved;
		if (!(f->line[i].inside & self))
			continue;
		for (u64 rest = f->line[i].inside; rest; rest &= rest - 1)
			sum += f->line[__builtin_ctzll(rest)].reserved;
		if (sum > f->line[i].cpu_count * SCHED_ONE)
			return false;
	}
	return machine <= f->cpus * SCHED_ONE;
}

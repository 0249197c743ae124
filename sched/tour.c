// SPDX-License-Identifier: BSD-2-Clause
#include <sched/tour.h>

#include <sched/steps.h>
#include <sched/tree.h>

u32 tour_size(u32 count)
{
	u32 size = 1;

	while (size < count)
		size *= 2;
	return size;
}

size_t tour_bytes(u32 count)
{
	return tour_size(count) * (sizeof(u64) + 2 * sizeof(u32));
}

rare void tour_init(struct tour *t, u32 count, char **mem)
{
	t->size = tour_size(count);
	t->key = (u64 *)*mem;
	t->win = (u32 *)(t->key + t->size);
	*mem += tour_bytes(count);
	for (u32 i = 0; i < 2 * t->size; i++)
		t->win[i] = TOUR_NONE;
}

/* The lower number wins a draw. */
static u32 winner(const struct tour *t, u32 a, u32 b)
{
	if (a == TOUR_NONE || b == TOUR_NONE)
		return a == TOUR_NONE ? b : a;
	if (t->key[a] == t->key[b])
		return a < b ? a : b;
	return tree_before(t->key[b], t->key[a]) ? b : a;
}

static void replay(struct tour *t, u32 cpu)
{
	for (u32 i = (t->size + cpu) / 2; i; i /= 2) {
		u32 now = winner(t, t->win[2 * i], t->win[2 * i + 1]);

		sched_step();
		/* Another one won here before and still does: nothing changes above. */
		if (now == t->win[i] && now != cpu)
			break;
		t->win[i] = now;
	}
}

void tour_set(struct tour *t, u32 cpu, u64 key)
{
	if (t->win[t->size + cpu] == cpu && t->key[cpu] == key)
		return;
	t->key[cpu] = key;
	t->win[t->size + cpu] = cpu;
	replay(t, cpu);
}

void tour_clear(struct tour *t, u32 cpu)
{
	if (t->win[t->size + cpu] == TOUR_NONE)
		return;
	t->win[t->size + cpu] = TOUR_NONE;
	replay(t, cpu);
}

u32 tour_best_of(const struct tour *t, u32 lo, u32 hi)
{
	u32 best = TOUR_NONE;

	for (lo += t->size, hi += t->size; lo < hi; lo /= 2, hi /= 2) {
		sched_step();
		if (lo & 1)
			best = winner(t, best, t->win[lo++]);
		if (hi & 1)
			best = winner(t, best, t->win[--hi]);
	}
	return best;
}

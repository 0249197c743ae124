// SPDX-License-Identifier: BSD-2-Clause
/*
 * Why several may replay at once. What a node says follows from what its children say, and from the keys of those two. Whoever
 * changes one of these comes to the node afterwards: who has stored a child goes on to its parent, who has changed a key goes up
 * to the root. There it stores what follows from what it reads, until it finds that there. Consider the last change of what a
 * node follows from. Who made it comes later, reads what is final, and leaves the right winner. Whoever stores a wrong one after
 * that has read before the change; it reads again after its store, all loads and stores being in one order, and mends it.
 *
 * So nobody may turn back halfway, but who is alone: an "unchanged" node may have been another in between, and those above it
 * may still follow from that.
 */
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
	t->key = (_Atomic(u64) *)*mem;
	t->win = (_Atomic(u32) *)(t->key + t->size);
	*mem += tour_bytes(count);
	for (u32 i = 0; i < 2 * t->size; i++)
		atomic_init(&t->win[i], TOUR_NONE);
}

/* The lower number wins a draw. */
static u32 winner(const struct tour *t, u32 a, u32 b)
{
	u64 of_a, of_b;

	if (a == TOUR_NONE || b == TOUR_NONE)
		return a == TOUR_NONE ? b : a;
	of_a = t->key[a];
	of_b = t->key[b];
	if (of_a == of_b)
		return a < b ? a : b;
	return tree_before(of_b, of_a) ? b : a;
}

static void replay(struct tour *t, u32 cpu, bool among)
{
	for (u32 i = (t->size + cpu) / 2; i; i /= 2) {
		u32 before = t->win[i], now;

		sched_step();
		while ((now = winner(t, t->win[2 * i], t->win[2 * i + 1])) != t->win[i])
			t->win[i] = now;
		/* Another one won here before and still does: nothing changes above. */
		if (!among && now == before && now != cpu)
			break;
	}
}

void tour_put(struct tour *t, u32 cpu, u64 key, bool among)
{
	if (tour_has(t, cpu) && tour_key(t, cpu) == key)
		return;
	t->key[cpu] = key;
	t->win[t->size + cpu] = cpu;
	replay(t, cpu, among);
}

void tour_drop(struct tour *t, u32 cpu, bool among)
{
	if (!tour_has(t, cpu))
		return;
	t->win[t->size + cpu] = TOUR_NONE;
	replay(t, cpu, among);
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

// SPDX-License-Identifier: BSD-2-Clause
#include "calibrate.h"

#define RUN_NS      (4 * NS_PER_MS)
#define RUNS        3
#define PAIR_READS  8
#define STEADY      200      /* the runs may differ by one part in this many */
#define DEAD_READS  1000     /* a counter that did not change in so many reads ... */
#define DEAD_CYCLES 10000000 /* ... and so many TSC ticks (1 ms at 10 GHz) is dead */
#define KHZ_MIN     1000     /* emulators may be this slow */
#define KHZ_MAX     20000000
#define FS_PER_NS   1000000ull

struct clocks {
	const struct ref_counter *ref;
	u64 (*tsc)(void *ctx);
	void *ctx;
};

/* Both counters at one moment. */
struct moment {
	u64 ref, tsc;
};

static u64 read_ref(const struct clocks *c)
{
	return c->ref->read(c->ref->ctx) & c->ref->mask;
}

/* The read of the reference that took the shortest time: an SMI or a hypervisor below us spoils
 * one, not all. */
static struct moment now(const struct clocks *c)
{
	struct moment best = {0};
	u64 shortest = ~0ull;

	for (int i = 0; i < PAIR_READS; i++) {
		u64 before = c->tsc(c->ctx), ref = read_ref(c), took = c->tsc(c->ctx) - before;

		if (took < shortest) {
			shortest = took;
			best = (struct moment){ref, before + took / 2};
		}
	}
	return best;
}

/*
 * Waits until the reference has counted `ticks`, looking often enough that it cannot wrap unseen.
 * False if it is dead: both bounds are needed, for a CPU stopped below us sees much TSC and no
 * ticks between two reads.
 */
static bool wait_ticks(const struct clocks *c, u64 ticks)
{
	u64 last = read_ref(c), passed = 0, reads = 0, changed = c->tsc(c->ctx);

	while (passed < ticks) {
		u64 ref = read_ref(c), tsc = c->tsc(c->ctx);

		passed += (ref - last) & c->ref->mask;
		if (ref != last) {
			reads = 0;
			changed = tsc;
		} else if (++reads > DEAD_READS && tsc - changed > DEAD_CYCLES) {
			return false;
		}
		last = ref;
	}
	return true;
}

static u64 to_ticks(const struct ref_counter *ref, u64 ns)
{
	return ns * FS_PER_NS / ref->period_fs + 1;
}

/* Overflows if we were stopped for an hour: an unsteady run. 0: no time has passed. */
static u64 khz_between(const struct ref_counter *ref, const struct moment *from, const struct moment *to)
{
	u64 ns = ((to->ref - from->ref) & ref->mask) * ref->period_fs / FS_PER_NS;

	return ns ? (to->tsc - from->tsc) * NS_PER_MS / ns : 0;
}

static void sort(u64 v[RUNS])
{
	for (int i = 1; i < RUNS; i++) {
		for (int j = i; j && v[j] < v[j - 1]; j--) {
			u64 t = v[j];

			v[j] = v[j - 1];
			v[j - 1] = t;
		}
	}
}

enum status calibrate_khz(const struct ref_counter *ref, u64 (*tsc)(void *ctx), void *ctx, u32 *khz)
{
	struct clocks c = {ref, tsc, ctx};
	struct moment at[RUNS + 1] = { now(&c) };
	u64 run[RUNS], median, whole;

	for (int i = 0; i < RUNS; i++) {
		if (!wait_ticks(&c, to_ticks(ref, RUN_NS)))
			return E_IO;
		at[i + 1] = now(&c);
		run[i] = khz_between(ref, &at[i], &at[i + 1]);
	}
	whole = khz_between(ref, &at[0], &at[RUNS]);
	sort(run);
	median = run[RUNS / 2];
	if (!run[0])
		return E_IO;
	if (median < KHZ_MIN || median > KHZ_MAX)
		return E_RANGE;
	*khz = (u32)median;
	if (run[RUNS - 1] - run[0] > median / STEADY)
		return E_BUSY;
	*khz = (u32)whole;
	return OK;
}

enum status calibrate_wait(const struct ref_counter *ref, u64 (*tsc)(void *ctx), void *ctx, u64 ns)
{
	struct clocks c = {ref, tsc, ctx};

	for (; ns > NS_PER_S; ns -= NS_PER_S)
		if (!wait_ticks(&c, to_ticks(ref, NS_PER_S)))
			return E_IO;
	return wait_ticks(&c, to_ticks(ref, ns)) ? OK : E_IO;
}

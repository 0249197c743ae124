// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a switch between two VMs on one processor costs: both run this. Each looks at the TSC all
 * the time and notes when it was away for longer than an interrupt takes. A gap of the one is a run
 * of the other and two switches; whoever started them both finds what belongs together and
 * subtracts.
 */
#include "bench.h"

#define AWAY 40000u /* ticks; shorter ones are the host's own interrupts */
#define SEEN 64u
#define LATE 500000000ull /* ticks without a gap: nobody else is here any more */

void bench_switch(const struct hvm_start_info *si)
{
	static struct {
		u64 from, to;
	} gaps[SEEN];
	u64 last = ticks(), back = last;
	u32 count = 0;

	while (count < SEEN && last - back < LATE) {
		u64 now = ticks();

		if (now - last > AWAY) {
			gaps[count].from = last;
			gaps[count++].to = now;
			back = now;
			/* The profile is of the time when both run. */
			if (count == SEEN / 4)
				BENCH_MARK(0);
			if (count == SEEN / 2)
				BENCH_MARK(1);
		}
		last = now;
	}
	(void)si;
	for (u32 i = 0; i < count; i++)
		print("gap\t%lu\t%lu\n", gaps[i].from, gaps[i].to);
}

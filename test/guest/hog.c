// SPDX-License-Identifier: BSD-2-Clause
/*
 * Burns its processor for ever and prints each second how much it has got: for tests of the
 * scheduler. The count is of a fixed amount of work, so the counts of several hogs compare.
 * "seconds=N" powers off after N lines.
 */
#include "rt.h"

#define ROUND 200000

static void work(void)
{
	for (u32 i = 0; i < ROUND; i++)
		asm volatile("" : : : "memory");
}

void main(const struct hvm_start_info *si)
{
	u64 left = cmdline_number(si, "seconds=", ~0ull);
	u64 second = 1, count = 0, total = 0;

	print("hog: burning\n");
	while (left) {
		u64 now;

		work();
		count++;
		now = clock_ns();
		if (now < second * NS_PER_S)
			continue;
		total += count;
		print("hog: second %llu count %lu total %lu\n", now / NS_PER_S, count, total);
		count = 0;
		second = now / NS_PER_S + 1;
		left--;
	}
}

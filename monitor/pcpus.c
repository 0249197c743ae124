// SPDX-License-Identifier: BSD-2-Clause
/* `pcpus`: the real processors. */
#include "commands.h"

#include <core/service/machine.h>
#include <core/service/run.h>
#include <core/service/time.h>

typedef unsigned long long ull;

void monitor_pcpus(const struct monitor_args *a)
{
	struct run_pcpu p;

	monitor_print("pcpu          idle ns  timer interrupts, after %llu ns\n", (ull)time_now());
	for (u32 i = 0; i < machine_pcpus(); i++) {
		run_pcpu_of(i, &p);
		monitor_print("%4u %16llu %17llu\n", i, (ull)p.idle, (ull)p.ticks);
	}
}

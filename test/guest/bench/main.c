// SPDX-License-Identifier: BSD-2-Clause
/*
 * Prints a line "name <tab> ticks" for each row that the command line names, in the order of the
 * tables; "all" is all of them. A row that this machine cannot do has "-". The figure is the median
 * of BATCHES batches, each divided by its number of operations, so that a tick of the host's timer
 * now and then does not show. "switch" is another kind of run: see switch.c.
 */
#include "bench.h"

#include "apic.h"
#include "trap.h"

#define BATCHES 15u

static void sort(u64 *v, u32 count)
{
	for (u32 i = 1; i < count; i++)
		for (u32 k = i; k && v[k - 1] > v[k]; k--) {
			u64 t = v[k];

			v[k] = v[k - 1];
			v[k - 1] = t;
		}
}

static u64 median(const struct row *r)
{
	u64 seen[BATCHES];

	r->measure(r->n); /* warm */
	BENCH_MARK(0);
	for (u32 i = 0; i < BATCHES; i++)
		seen[i] = (r->measure(r->n) + r->n / 2) / r->n;
	BENCH_MARK(1);
	sort(seen, BATCHES);
	return seen[BATCHES / 2];
}

void bench_rows(const struct hvm_start_info *si, const struct row *rows)
{
	for (const struct row *r = rows; r->name; r++) {
		if (!cmdline_has(si, "all") && !cmdline_has(si, r->name))
			continue;
		if (r->ready && !r->ready())
			print("%s\t-\n", r->name);
		else
			print("%s\t%lu\n", r->name, median(r));
	}
}

void main(const struct hvm_start_info *si)
{
	apic_enable();
	print("bench\tbegin\n");
	if (cmdline_has(si, "switch")) {
		bench_switch(si);
	} else {
		bench_rows(si, cpu_rows);
		bench_rows(si, io_rows);
		bench_rows(si, irq_rows);
		bench_rows(si, smp_rows);
		bench_rows(si, x2apic_rows); /* there is no way back */
	}
	print("bench\tend\n");
	if (cmdline_has(si, "stay"))
		sleep_forever();
}

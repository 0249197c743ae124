// SPDX-License-Identifier: BSD-2-Clause
/* `sched`: what VMs are promised, and how that is changed while they run. */
#include "commands.h"

#include <core/service/machine.h>
#include <core/service/run.h>
#include <guests/tune.h>
#include <vm/roster.h>

typedef unsigned long long ull;

static ull percent(u64 rate)
{
	return (rate * 100 + SCHED_ONE / 2) / SCHED_ONE;
}

static void print_mask(const struct sched_mask *m)
{
	const char *comma = "";

	for (u32 i = 0, end; i < machine_pcpus(); i = end + 1) {
		for (end = i; end < machine_pcpus() && sched_mask_has(m, end); end++)
			;
		if (end == i)
			continue;
		monitor_print(end == i + 1 ? "%s%u" : "%s%u-%u", comma, i, end - 1);
		comma = ",";
	}
}

static void print_row(const char *name, const struct sched_params *p)
{
	monitor_print("%-16s %8u %9llu %%  ", name, p->shares, percent(p->reservation));
	if (p->limit)
		monitor_print("%6llu %%  ", percent(p->limit));
	else
		monitor_print("    none  ");
	print_mask(&p->cpus);
	monitor_print("\n");
}

static void show(void)
{
	struct sched_params params;
	struct roster_vm vm;

	monitor_print("policy %s, slice %llu us\n", run_policy(), (ull)(run_slice() / NS_PER_US));
	monitor_print("VM                 shares reservation     limit  cpus\n");
	for (u32 i = 0; roster_get(i, &vm); i++)
		if (roster_params(i, &params))
			print_row(vm.name, &params);
}

static void complain(void *ctx, const char *message)
{
	monitor_print("sched: %s\n", message);
}

/* All that is asked for is read and checked before any of it is done. */
static bool read_changes(const struct monitor_args *a, u32 vcpus, struct sched_params *params)
{
	for (u32 i = 1; i < a->count; i++) {
		struct slice value = a->word[i], key = slice_cut(&value, '=');

		if (!config_tune(key, value, vcpus, params, complain, NULL))
			return false;
	}
	return true;
}

void monitor_sched(const struct monitor_args *a)
{
	struct sched_params params;
	struct roster_vm vm;
	enum status st;
	u32 number;

	if (!a->count) {
		show();
		return;
	}
	if (!monitor_find(a, &number, &vm))
		return;
	if (!roster_params(number, &params)) {
		monitor_print("%s does not run\n", vm.name);
		return;
	}
	if (!read_changes(a, vm.vcpus, &params))
		return;
	st = a->count > 1 ? roster_tune(number, &params) : OK;
	if (st == E_FULL)
		monitor_print("sched: the machine, or its pool, cannot give that reservation; nothing was changed\n");
	else if (st)
		monitor_print("sched: %s; nothing was changed\n", status_text(st));
	else
		print_row(vm.name, &params);
}

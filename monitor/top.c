// SPDX-License-Identifier: BSD-2-Clause
/* `top`: where the processors' time goes, each second anew, until a key is pressed. */
#include "top.h"

#include "commands.h"

#include <core/service/machine.h>
#include <core/service/run.h>
#include <core/service/time.h>
#include <core/timer.h>
#include <lib/bits.h>
#include <lib/fmt.h>
#include <lib/string.h>
#include <vm/roster.h>

#define PERIOD	 NS_PER_S
#define ROWS_MAX VM_VCPUS_MAX
#define PRINTED	 (~0ull)
#define HOME	 "\033[H"
#define REST	 "\033[J"

typedef unsigned long long ull;
static_assert(ROWS_MAX >= ROSTER_MAX, "a row for each VM");

/* What is shown as a rate: the difference to a period ago. */
struct past {
	u64 ns[RUN_STATES], at, costop, switches, migrations;
	s64 entitled; /* ns that the ideal gave it */
};

struct row {
	char name[VM_NAME_MAX];
	u32 vcpus;
	bool shown;
	struct run_times now;
};

/* Nobody but the pCPU that polls the console comes here. */
static struct {
	bool on;
	struct timer timer;
	u32 vm;		 /* whose vCPUs are shown, or ROSTER_MAX: VMs are */
	u64 last;	 /* ns, of the last refresh */
	struct past past[ROWS_MAX];
	u64 used[ROWS_MAX]; /* tenths of a percent, or PRINTED */
	u32 count;	 /* rows */
	u64 idle, ticks; /* of all pCPUs, then */
	struct row row;
} top;

/* --- Collecting ------------------------------------------------------------------------------------------------------ */

static void add(struct run_times *sum, const struct run_times *t)
{
	for (u32 i = 0; i < RUN_STATES; i++)
		sum->ns[i] += t->ns[i];
	sum->at = t->at;
	for (u32 i = 0; i < HIST_BUCKETS; i++)
		sum->wake.count[i] += t->wake.count[i];
	sum->wake.total += t->wake.total;
	sum->wake.max = max_u64(sum->wake.max, t->wake.max);
	sum->costop += t->costop;
	sum->switches += t->switches;
	sum->migrations += t->migrations;
	sum->lag += t->lag;
	if (t->behind > sum->behind)
		sum->behind = t->behind;
	if (t->ahead > sum->ahead)
		sum->ahead = t->ahead;
}

static bool collect_vm(u32 number, struct row *r)
{
	struct run_times t;
	struct roster_vm vm;

	if (!roster_get(number, &vm))
		return false;
	*r = (struct row){ .vcpus = vm.vcpus };
	str_copy(r->name, sizeof(r->name), vm.name);
	for (u32 i = 0; roster_times(number, i, &t); i++) {
		add(&r->now, &t);
		r->shown = true;
	}
	return true;
}

static bool collect_vcpu(u32 id, struct row *r)
{
	struct roster_vm vm;

	*r = (struct row){ .vcpus = 1, .shown = true };
	if (!roster_get(top.vm, &vm) || !roster_times(top.vm, id, &r->now))
		return false;
	fmt_print(r->name, sizeof(r->name), "%s/%u", vm.name, id);
	return true;
}

/* False: there is no such row, nor one after it. */
static bool collect(u32 i, struct row *r)
{
	if (i >= ROWS_MAX)
		return false;
	return top.vm == ROSTER_MAX ? collect_vm(i, r) : collect_vcpu(i, r);
}

static struct past past_of(const struct run_times *t)
{
	struct past p = {
		.at = t->at,
		.costop = t->costop,
		.switches = t->switches,
		.migrations = t->migrations,
		.entitled = (s64)t->ns[RUN_STATE_RUNNING] + t->lag,
	};

	memcpy(p.ns, t->ns, sizeof(p.ns));
	return p;
}

/* --- Showing --------------------------------------------------------------------------------------------------------- */

/* Tenths of a percent of `span`; a VM started anew has less than it had. */
static ull share(u64 now, u64 before, u64 span)
{
	return now > before ? mul_div(now - before, 1000, max_u64(span, 1)) : 0;
}

/* For each second; likewise. */
static ull rate(u64 now, u64 before, u64 span)
{
	return now > before ? mul_div(now - before, NS_PER_S, span) : 0;
}

static void print_share(u64 now, u64 before, u64 span)
{
	ull tenths = share(now, before, span);

	monitor_print(" %5llu.%llu", tenths / 10, tenths % 10);
}

static void print_ms(s64 ns)
{
	ull us = (ull)(ns < 0 ? -ns : ns) / 1000;

	monitor_print(" %s%3llu.%03llu", ns < 0 ? "-" : " ", us / 1000, us % 1000);
}

static void print_row(const struct row *r, const struct past *p)
{
	const struct run_times *t = &r->now;
	struct past now = past_of(t);
	u64 span = max_u64(now.at - p->at, 1);

	monitor_print("%-16s %5u", r->name, r->vcpus);
	print_share(now.ns[RUN_STATE_RUNNING], p->ns[RUN_STATE_RUNNING], span);
	print_share(now.ns[RUN_STATE_READY], p->ns[RUN_STATE_READY], span);
	print_share(now.costop, p->costop, span);
	print_share(now.ns[RUN_STATE_BLOCKED], p->ns[RUN_STATE_BLOCKED], span);
	print_share((u64)now.entitled, (u64)p->entitled, span);
	print_ms(t->lag);
	print_ms(t->behind);
	print_ms(t->ahead);
	monitor_print(" %7llu %7llu %7llu", (ull)hist_permille(&t->wake, 500), (ull)hist_permille(&t->wake, 990), (ull)t->wake.max);
	monitor_print(" %6llu %6llu", rate(now.migrations, p->migrations, span), rate(now.switches, p->switches, span));
	/* Exact, for programs: ns of CPU time in all, what the ideal gave, and when. */
	monitor_print(" %14llu %14lld %14llu\n", (ull)now.ns[RUN_STATE_RUNNING], (long long)now.entitled, (ull)now.at);
}

static void print_head(u64 now, u64 span)
{
	struct run_pcpu pcpu;
	u64 idle = 0, ticks = 0;

	for (u32 i = 0; i < machine_pcpus(); i++) {
		run_pcpu_of(i, &pcpu);
		idle += pcpu.idle;
		ticks += pcpu.ticks;
	}
	monitor_print("up %llu ns, %u pcpus, policy %s, idle", (ull)now, machine_pcpus(), run_policy());
	print_share(idle, top.idle, span * machine_pcpus());
	monitor_print(" %%, %llu timer interrupts\n", (ull)(ticks - top.ticks));
	monitor_print("VM               vcpus   %%used  %%ready %%costop   %%idle    %%due   lag ms  behind   ahead  p50 us  p99 us  max us  mig/s"
		      "   sw/s        used ns         due ns          at ns\n");
	top.idle = idle;
	top.ticks = ticks;
}

/* Who used most, of those not printed yet; ROWS_MAX: nobody is left. */
static u32 next_row(void)
{
	u32 best = ROWS_MAX;

	for (u32 i = 0; i < top.count; i++)
		if (top.used[i] != PRINTED && (best == ROWS_MAX || top.used[i] > top.used[best]))
			best = i;
	return best;
}

static void refresh(void)
{
	u64 now = time_now(), span = max_u64(now - top.last, 1);
	u32 i;

	for (i = 0; collect(i, &top.row); i++)
		top.used[i] = top.row.shown ? share(top.row.now.ns[RUN_STATE_RUNNING], top.past[i].ns[RUN_STATE_RUNNING], span) : PRINTED;
	top.count = i;
	monitor_print(HOME);
	print_head(now, span);
	while ((i = next_row()) != ROWS_MAX) {
		top.used[i] = PRINTED;
		/* It may have ended meanwhile. */
		if (!collect(i, &top.row))
			continue;
		print_row(&top.row, &top.past[i]);
		top.past[i] = past_of(&top.row.now);
	}
	monitor_print(REST);
	top.last = now;
}

static void again(void *ctx)
{
	refresh();
	timer_set(&top.timer, top.last + PERIOD);
}

bool monitor_top_is_on(void)
{
	return top.on;
}

void monitor_top_end(void)
{
	timer_cancel(&top.timer);
	top.on = false;
}

void monitor_top(const struct monitor_args *a)
{
	struct roster_vm vm;
	u32 number = ROSTER_MAX;

	if (a->count && !monitor_find(a, &number, &vm))
		return;
	memset(&top, 0, sizeof(top));
	top.vm = number;
	top.on = true;
	timer_init(&top.timer, again, NULL);
	/* The first shows all since the start of time. */
	refresh();
	timer_set(&top.timer, top.last + PERIOD);
}

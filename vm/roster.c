// SPDX-License-Identifier: BSD-2-Clause
#include <vm/roster.h>

#include <core/service/time.h>
#include <lib/string.h>

struct entry {
	struct vm *vm;         /* NULL: it has ended */
	struct roster_vm last; /* if it has; the name always */
	u64 exits[EXIT_KINDS];
};

static struct {
	struct spinlock lock;
	struct entry entry[ROSTER_MAX]; /* this and the next: [lock] */
	u32 count;
} roster;

static void sum_exits(const struct vm *vm, u64 exits[EXIT_KINDS])
{
	memset(exits, 0, EXIT_KINDS * sizeof(*exits));
	for (u32 i = 0; i < vm->vcpu_count; i++)
		for (u32 kind = 0; kind < EXIT_KINDS; kind++)
			exits[kind] += vm->vcpu[i]->exits[kind];
}

/* Up to this moment: who has a pCPU to itself stays on it for long. */
static u64 time_run(struct vcpu *v)
{
	struct run_times times;

	run_times_of(&v->run, &times);
	return times.ns[RUN_STATE_RUNNING];
}

static void describe(struct vm *vm, struct roster_vm *out)
{
	static const enum roster_state states[] = {
		[VM_RUN] = ROSTER_RUNNING,
		[VM_START] = ROSTER_STARTING,
		[VM_STOP] = ROSTER_ENDING,
		[VM_SPOIL] = ROSTER_RUNNING,
	};

	*out = (struct roster_vm){ .vcpus = vm->vcpu_count, .memory = gmem_size(&vm->gmem) };
	str_copy(out->name, sizeof(out->name), vm->name);
	spin_lock(&vm->park_lock);
	out->state = states[atomic_load_explicit(&vm->verdict, memory_order_relaxed)];
	out->starts = vm->starts;
	out->has_exit_code = vm->has_exit_code;
	out->exit_code = vm->exit_code;
	str_copy(out->reason, sizeof(out->reason), vm->reason);
	spin_unlock(&vm->park_lock);
	for (u32 i = 0; i < vm->vcpu_count; i++)
		out->ran += time_run(vm->vcpu[i]);
	if (out->state == ROSTER_RUNNING)
		out->up = time_now() - vm->epoch;
}

static struct entry *entry_for(const char *name)
{
	for (u32 i = 0; i < roster.count; i++)
		if (!roster.entry[i].vm && roster.entry[i].last.state == ROSTER_ENDED &&
		    !strcmp(roster.entry[i].last.name, name))
			return &roster.entry[i];
	return roster.count < ROSTER_MAX ? &roster.entry[roster.count++] : NULL;
}

bool roster_join(struct vm *vm)
{
	struct entry *e;

	spin_lock(&roster.lock);
	e = entry_for(vm->name);
	if (e) {
		e->vm = vm;
		str_copy(e->last.name, sizeof(e->last.name), vm->name);
	}
	spin_unlock(&roster.lock);
	return e;
}

u32 roster_leave(struct vm *vm)
{
	struct entry *e;
	u32 number = 0;

	spin_lock(&roster.lock);
	while (roster.entry[number].vm != vm)
		number++;
	e = &roster.entry[number];
	describe(vm, &e->last);
	sum_exits(vm, e->exits);
	e->last.state = ROSTER_ENDING;
	e->vm = NULL;
	spin_unlock(&roster.lock);
	return number;
}

void roster_ended(u32 number)
{
	spin_lock(&roster.lock);
	roster.entry[number].last.state = ROSTER_ENDED;
	spin_unlock(&roster.lock);
}

u32 roster_count(void)
{
	u32 count;

	spin_lock(&roster.lock);
	count = roster.count;
	spin_unlock(&roster.lock);
	return count;
}

bool roster_get(u32 number, struct roster_vm *out)
{
	bool found;

	spin_lock(&roster.lock);
	found = number < roster.count;
	if (found && roster.entry[number].vm)
		describe(roster.entry[number].vm, out);
	else if (found)
		*out = roster.entry[number].last;
	spin_unlock(&roster.lock);
	return found;
}

bool roster_vcpu(u32 number, u32 vcpu, struct roster_vcpu *out)
{
	struct vm *vm;
	bool found;

	spin_lock(&roster.lock);
	vm = number < roster.count ? roster.entry[number].vm : NULL;
	found = vm && vcpu < vm->vcpu_count;
	if (found) {
		struct vcpu *v = vm->vcpu[vcpu];
		u32 where = v->run.where;

		*out = (struct roster_vcpu){ .mode = v->mode, .pcpu = where, .ran = time_run(v) };
		out->on_pcpu = where != RUN_NOWHERE;
		for (u32 kind = 0; kind < EXIT_KINDS; kind++)
			out->exits += v->exits[kind];
	}
	spin_unlock(&roster.lock);
	return found;
}

bool roster_exits(u32 number, u64 exits[EXIT_KINDS])
{
	bool found;

	spin_lock(&roster.lock);
	found = number < roster.count;
	if (found && roster.entry[number].vm)
		sum_exits(roster.entry[number].vm, exits);
	else if (found)
		memcpy(exits, roster.entry[number].exits, sizeof(roster.entry[number].exits));
	spin_unlock(&roster.lock);
	return found;
}

/* The lock keeps it from being freed. */
static struct vm *alive(u32 number)
{
	return number < roster.count ? roster.entry[number].vm : NULL;
}

bool roster_params(u32 number, struct sched_params *out)
{
	struct vm *vm;

	spin_lock(&roster.lock);
	vm = alive(number);
	if (vm)
		*out = vm->sched.params;
	spin_unlock(&roster.lock);
	return vm;
}

enum status roster_tune(u32 number, const struct sched_params *params)
{
	enum status st = E_NOTFOUND;
	struct vm *vm;

	spin_lock(&roster.lock);
	vm = alive(number);
	if (vm)
		st = run_group_tune(&vm->sched, params);
	spin_unlock(&roster.lock);
	return st;
}

bool roster_times(u32 number, u32 vcpu, struct run_times *out)
{
	bool found;
	struct vm *vm;

	spin_lock(&roster.lock);
	vm = alive(number);
	found = vm && vcpu < vm->vcpu_count;
	if (found)
		run_times_of(&vm->vcpu[vcpu]->run, out);
	spin_unlock(&roster.lock);
	return found;
}

bool roster_end(u32 number, enum vm_verdict verdict, const char *reason)
{
	bool ended = false;

	spin_lock(&roster.lock);
	if (number < roster.count && roster.entry[number].vm)
		ended = vm_end(roster.entry[number].vm, verdict, "%s", reason);
	spin_unlock(&roster.lock);
	return ended;
}

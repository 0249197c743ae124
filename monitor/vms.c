// SPDX-License-Identifier: BSD-2-Clause
/* Commands about VMs. */
#include "commands.h"

#include <lib/fmt.h>
#include <lib/string.h>
#include <vm/roster.h>

typedef unsigned long long ull;

/* NS_PER_S / 10 */
#define TENTH (100 * NS_PER_MS)

static const char *const states[] = {
	[ROSTER_STARTING] = "starting",
	[ROSTER_RUNNING] = "running",
	[ROSTER_ENDING] = "ending",
	[ROSTER_ENDED] = "ended",
};

bool monitor_find(const struct monitor_args *a, u32 *number, struct roster_vm *vm)
{
	for (*number = 0; roster_get(*number, vm); ++*number)
		if (slice_equal(a->word[0], vm->name))
			return true;
	monitor_print("there is no VM \"%.*s\"; `list` shows them\n", (int)a->word[0].len,
		      a->word[0].at);
	return false;
}

static void print_row(const struct roster_vm *vm)
{
	monitor_print("%-16s %-8s %5u %6llu MiB %8llu.%llu s", vm->name, states[vm->state],
		      vm->vcpus, (ull)(vm->memory / MIB), (ull)(vm->ran / NS_PER_S),
		      (ull)(vm->ran % NS_PER_S / TENTH));
	if (vm->state == ROSTER_ENDED && vm->has_exit_code)
		monitor_print("  exit code %u", vm->exit_code);
	else if (vm->state == ROSTER_ENDED)
		monitor_print("  %s", vm->reason);
	monitor_print("\n");
}

void monitor_list(const struct monitor_args *a)
{
	struct roster_vm vm;

	monitor_print("VM               state    vcpus     memory   CPU time\n");
	for (u32 i = 0; roster_get(i, &vm); i++)
		print_row(&vm);
	if (!roster_count())
		monitor_print("no VM was ever made\n");
}

static void print_vcpu(u32 id, const struct roster_vcpu *v)
{
	static const char *const modes[] = {
		[VCPU_NEW] = "new",
		[VCPU_PARKED] = "waits for its VM to start",
		[VCPU_WAIT_SIPI] = "waits for its start-up IPI",
		[VCPU_HALTED] = "halted",
		[VCPU_RUNNING] = "runs",
	};

	monitor_print("  vcpu %-3u %8llu.%llu s %12llu exits  %s", id, (ull)(v->ran / NS_PER_S),
		      (ull)(v->ran % NS_PER_S / TENTH), (ull)v->exits, modes[v->mode]);
	if (v->on_pcpu)
		monitor_print(", on pcpu %u", v->pcpu);
	monitor_print("\n");
}

void monitor_info(const struct monitor_args *a)
{
	struct roster_vm vm;
	struct roster_vcpu v;
	u32 number;

	if (!monitor_find(a, &number, &vm))
		return;
	monitor_print("%s: %s, %u vcpu%s, %llu MiB, started %u time%s\n", vm.name, states[vm.state],
		      vm.vcpus, vm.vcpus > 1 ? "s" : "", (ull)(vm.memory / MIB), vm.starts,
		      vm.starts == 1 ? "" : "s");
	if (vm.state == ROSTER_RUNNING)
		monitor_print("  for %llu s\n", (ull)(vm.up / NS_PER_S));
	if (vm.reason[0])
		monitor_print("  last: %s\n", vm.reason);
	for (u32 id = 0; roster_vcpu(number, id, &v); id++)
		print_vcpu(id, &v);
}

void monitor_exits(const struct monitor_args *a)
{
	u64 exits[EXIT_KINDS], sum = 0;
	struct roster_vm vm;
	u32 number;

	if (!monitor_find(a, &number, &vm) || !roster_exits(number, exits))
		return;
	for (u32 kind = 0; kind < EXIT_KINDS; kind++) {
		sum += exits[kind];
		if (exits[kind])
			monitor_print("%12llu  %s\n", (ull)exits[kind], exit_name(kind));
	}
	monitor_print("%12llu  in all\n", (ull)sum);
}

static void end(const struct monitor_args *a, enum vm_verdict verdict, const char *reason,
		const char *said)
{
	struct roster_vm vm;
	u32 number;

	if (!monitor_find(a, &number, &vm))
		return;
	if (roster_end(number, verdict, reason))
		monitor_print("%s %s\n", vm.name, said);
	else
		monitor_print("%s does not run: it is %s\n", vm.name, states[vm.state]);
}

void monitor_reset(const struct monitor_args *a)
{
	end(a, VM_START, "restarted (by the operator)", "is started anew");
}

void monitor_stop(const struct monitor_args *a)
{
	end(a, VM_STOP, "stopped by the operator", "is stopped");
}

void monitor_spoil(const struct monitor_args *a)
{
	end(a, VM_SPOIL, "spoilt by the operator", "is spoilt");
}

void monitor_start(const struct monitor_args *a)
{
	char name[VM_NAME_MAX], why[VM_REASON_MAX];
	struct roster_vm vm;

	for (u32 i = 0; roster_get(i, &vm); i++)
		if (slice_equal(a->word[0], vm.name) && vm.state != ROSTER_ENDED) {
			monitor_print("%s cannot start: it is %s\n", vm.name, states[vm.state]);
			return;
		}
	/* A name that is too long is nobody's. */
	if (!slice_copy(name, sizeof(name), a->word[0]))
		monitor_print("there is no VM of that name in plinth.conf\n");
	else if (monitor_host->start(name, why, sizeof(why)))
		monitor_print("%s cannot start: %s\n", name, why);
	else
		monitor_print("%s starts\n", name);
}

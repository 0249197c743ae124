// SPDX-License-Identifier: BSD-2-Clause
/*
 * Command line: "attacks=a,b,..." (default: all that this guest survives), "seconds=N" for each
 * (default 2), "calm=N" seconds of plain work before the first (default 0), "seed=N". Prints
 * "hostile: NAME" when one begins, "hostile: NAME done, N steps" and at the end "hostile: end", and
 * burns its processor from then on.
 */
#include "hostile.h"
#include <lib/string.h>

#define DEFAULT "ports,msrs,holes,code,tables,selfirq,ipis,timer,modify,debug,align,inits,"

static const struct attack *const groups[] = { register_attacks, memory_attacks,
					       interrupt_attacks };

u32 cpu_ids[CPUS_MAX], cpu_count;
static u64 random_state;
static u64 seconds;

u64 noise(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* What the last step may have left behind. */
static void mend(void)
{
	cli();
	trap_load();
	write_dr7(0x400);
	apic_enable();
	apic_write(APIC_TIMER_INIT, 0);
	pic_init(0x20, 0);
}

static void burn(u64 ns)
{
	u64 until = clock_ns() + ns;

	while (clock_ns() < until)
		for (u32 i = 0; i < 1000; i++)
			asm volatile("" : : : "memory");
}

/* All processors are busy all the time, so that the neighbour's share is the same before and after.
 */
static void burner(u32 index)
{
	(void)index;
	for (;;)
		asm volatile("" : : : "memory");
}

static void attack(const struct attack *a)
{
	u64 until = clock_ns() + seconds * NS_PER_S;
	u32 steps = 0;

	print("hostile: %s\n", a->name);
	if (a->begin)
		a->begin();
	for (; clock_ns() < until; steps++)
		a->step();
	mend();
	print("hostile: %s done, %u steps\n", a->name, steps);
}

static const struct attack *find(const char *name, u32 len)
{
	for (u32 g = 0; g < ARRAY_LEN(groups); g++)
		for (const struct attack *a = groups[g]; a->name; a++)
			if (strlen(a->name) == len && !memcmp(a->name, name, len))
				return a;
	return NULL;
}

static void run_list(const char *list)
{
	while (*list) {
		const struct attack *a;
		u32 len = 0;

		while (list[len] && list[len] != ',')
			len++;
		a = find(list, len);
		if (a)
			attack(a);
		else
			print("hostile: there is no attack %s\n", list);
		list += len + (list[len] == ',');
	}
}

void main(const struct hvm_start_info *si)
{
	char list[128] = DEFAULT;

	cmdline_text(si, "attacks=", list, sizeof(list));
	seconds = cmdline_number(si, "seconds=", 2);
	random_state = cmdline_number(si, "seed=", 1) * 2654435769u + 88172645463325252ull;
	cpu_count = madt_cpus(cpu_ids);
	mend();
	print("hostile: calm\n");
	for (u32 i = 1; i < cpu_count; i++)
		cpu_start(cpu_ids[i], i, burner);
	burn(cmdline_number(si, "calm=", 0) * NS_PER_S);
	run_list(list);
	print("hostile: end\n");
	for (;;)
		burn(NS_PER_S);
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Prints what it was started with and ends as its command line says: then=poweroff (default),
 * reboot, hang.
 */
#include "rt.h"
#include <lib/string.h>

static u32 sum_of(const struct hvm_module *m)
{
	const u8 *p = (const u8 *)m->addr;
	u32 sum = 0;

	for (u64 i = 0; i < m->size; i++)
		sum = (sum << 1 | sum >> 31) ^ p[i];
	return sum;
}

static void print_start(const struct hvm_start_info *si)
{
	const struct hvm_memory *mem = (const struct hvm_memory *)si->memmap;
	const struct hvm_module *module = (const struct hvm_module *)si->modules;

	print("hello: command line \"%s\"\n", si->cmdline ? (const char *)si->cmdline : "");
	for (u32 i = 0; i < si->memmap_count; i++)
		print("hello: memory %012lx %012lx type %u\n", mem[i].addr, mem[i].size,
		      mem[i].type);
	print("hello: %llu KiB of RAM\n", memory_size(si) / KIB);
	for (u32 i = 0; i < si->module_count; i++)
		print("hello: module %u: %lu bytes, sum %08x\n", i, module[i].size,
		      sum_of(&module[i]));
	print("hello: RSDP at %lx\n", si->rsdp);
}

void main(const struct hvm_start_info *si)
{
	char then[16] = "poweroff";

	print_start(si);
	cmdline_text(si, "then=", then, sizeof(then));
	print("hello: now %s\n", then);
	/* Give a reader the time to see a guest that restarts for ever. */
	delay_us(cmdline_number(si, "wait_ms=", 0) * 1000);
	if (!strcmp(then, "reboot"))
		reset();
	if (!strcmp(then, "hang"))
		sleep_forever();
	power_off();
}

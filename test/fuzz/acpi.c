// SPDX-License-Identifier: BSD-2-Clause
/*
 * The firmware's ACPI tables. The input is the machine's memory from BASE on, the RSDP first; a
 * table whose checksum is wrong is mended, as no fuzzer guesses sums, unless the first byte says
 * otherwise.
 */
#include "fuzz.h"

#include <drivers/acpi.h>
#include <lib/bits.h>
#include <lib/range.h>

#define BASE   0xe0000ull
#define COPIES 4096

static const u8 *memory;
static size_t memory_len;
static bool mend;
static void *copies[COPIES];
static u32 copy_count;

static void fix_sum(u8 *table, u64 len, u64 sum_at)
{
	u8 sum = 0;

	table[sum_at] = 0;
	for (u64 i = 0; i < len; i++)
		sum = (u8)(sum + table[i]);
	table[sum_at] = (u8)-sum;
}

static const void *map(void *ctx, hpa_t addr, u64 len)
{
	u8 *copy;
	u32 said;

	fuzz_check(len && len <= MIB);
	if (!range_inside(addr, len, BASE, memory_len) || copy_count == COPIES)
		return NULL;
	copy = exact_copy(memory + (addr - BASE), len);
	copies[copy_count++] = copy;
	if (mend && len >= 20 && !memcmp(copy, "RSD PTR ", 8)) {
		fix_sum(copy, 20, 8);
		if (len >= 36)
			fix_sum(copy, 36, 32);
	} else if (mend && len >= 36) {
		memcpy(&said, copy + 4, 4);
		if (said == len)
			fix_sum(copy, len, 9);
	}
	return copy;
}

static void check_info(const struct acpi_info *info)
{
	fuzz_check(info->cpu_count <= ACPI_CPUS_MAX && info->ioapic_count <= ACPI_IOAPICS_MAX);
	fuzz_check(info->override_count <= ACPI_OVERRIDES_MAX && info->nmi_count <= ACPI_NMIS_MAX);
	fuzz_check(info->mcfg_count <= ACPI_MCFG_MAX);
	for (u32 i = 0; i < info->cpu_count; i++)
		for (u32 j = 0; j < i; j++)
			fuzz_check(info->cpu_apic_id[i] != info->cpu_apic_id[j]);
	for (u32 i = 0; i < info->override_count; i++)
		fuzz_check(info->override[i].irq < 16);
	for (u32 i = 0; i < info->mcfg_count; i++)
		fuzz_check(info->mcfg[i].first_bus <= info->mcfg[i].last_bus);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	static const struct acpi_memory mem = { .map = map };
	static struct acpi_info info;

	if (!len)
		return 0;
	mend = !(data[0] & 1);
	memory = data + 1;
	memory_len = len - 1;
	acpi_read(&mem, data[0] & 2 ? 0 : BASE, &info);
	check_info(&info);
	while (copy_count)
		free(copies[--copy_count]);
	return 0;
}

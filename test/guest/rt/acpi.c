// SPDX-License-Identifier: BSD-2-Clause
#include "acpi.h"

#include "apic.h"
#include <lib/string.h>

static u64 root;
static bool root_is_xsdt;

bool acpi_sum_ok(const void *table, u32 len)
{
	const u8 *p = table;
	u8 sum = 0;

	while (len--)
		sum += *p++;
	return !sum;
}

static u64 scan(u64 from, u64 to)
{
	for (u64 at = from; at + 36 <= to; at += 16)
		if (!memcmp((const void *)at, "RSD PTR ", 8) && acpi_sum_ok((const void *)at, 20))
			return at;
	return 0;
}

u64 acpi_scan_rsdp(void)
{
	u16 ebda_segment;
	u64 ebda, found = 0;

	/* The BIOS data area's word at 40Eh. The asm keeps the compiler from reasoning about low
	 * addresses. */
	asm volatile("movw 0x40e, %0" : "=r"(ebda_segment));
	ebda = (u64)ebda_segment << 4;
	if (ebda >= 0x80000 && ebda < 0xa0000)
		found = scan(ebda, ebda + 1024);
	return found ? found : scan(0xe0000, 0x100000);
}

void acpi_use(u64 rsdp)
{
	const u8 *p = (const u8 *)rsdp;
	u32 rsdt;

	if (!rsdp)
		return;
	memcpy(&rsdt, p + 16, 4);
	root = rsdt;
	if (p[15] < 2) /* revision */
		return;
	memcpy(&root, p + 24, 8);
	root_is_xsdt = root != 0;
	if (!root)
		root = rsdt;
}

const struct acpi_header *acpi_table(u32 n)
{
	const struct acpi_header *t = (const struct acpi_header *)root;
	u32 width = root_is_xsdt ? 8 : 4;
	u64 addr = 0;

	if (!root || n >= (t->length - sizeof(*t)) / width)
		return NULL;
	memcpy(&addr, (const u8 *)t + sizeof(*t) + n * width, width);
	return (const struct acpi_header *)addr;
}

const struct acpi_header *acpi_find(const char *signature)
{
	const struct acpi_header *t;

	for (u32 i = 0; (t = acpi_table(i)); i++)
		if (!memcmp(t->signature, signature, 4))
			return t;
	return NULL;
}

u32 acpi_read32(const struct acpi_header *t, u32 off)
{
	u32 v;

	memcpy(&v, (const u8 *)t + off, 4);
	return v;
}

u64 acpi_read64(const struct acpi_header *t, u32 off)
{
	u64 v;

	memcpy(&v, (const u8 *)t + off, 8);
	return v;
}

/* --- MADT (ACPI specification, "Multiple APIC Description Table")
 * ------------------------------------ */

enum {
	MADT_LAPIC = 0,
	MADT_IOAPIC = 1,
	MADT_OVERRIDE = 2,
	MADT_X2APIC = 9,
	MADT_FIRST = 44,
};

/* The entry after `e` (NULL: the first), or NULL. */
static const u8 *madt_next(const u8 *e)
{
	const struct acpi_header *t = acpi_find("APIC");
	const u8 *next;

	if (!t)
		return NULL;
	next = e ? e + e[1] : (const u8 *)t + MADT_FIRST;
	if (e && !e[1])
		return NULL;
	return next < (const u8 *)t + t->length ? next : NULL;
}

u32 madt_cpus(u32 ids[CPUS_MAX])
{
	u32 count = 0;
	const u8 *e = NULL;

	while ((e = madt_next(e)) && count < CPUS_MAX) {
		if (e[0] == MADT_LAPIC && (e[4] & 1))
			ids[count++] = e[3];
		else if (e[0] == MADT_X2APIC && (e[8] & 1))
			memcpy(&ids[count++], e + 4, 4);
	}
	return count;
}

u64 madt_ioapic(void)
{
	const u8 *e = NULL;
	u32 addr;

	while ((e = madt_next(e))) {
		if (e[0] != MADT_IOAPIC)
			continue;
		memcpy(&addr, e + 4, 4);
		return addr;
	}
	return 0xfec00000;
}

u32 madt_gsi(u8 irq)
{
	const u8 *e = NULL;
	u32 gsi;

	while ((e = madt_next(e))) {
		if (e[0] != MADT_OVERRIDE || e[3] != irq)
			continue;
		memcpy(&gsi, e + 4, 4);
		return gsi;
	}
	return irq;
}

// SPDX-License-Identifier: BSD-2-Clause
#include "acpi_parse.h"

#include <core/service/log.h>
#include <lib/bits.h>

/* ACPI, "Multiple APIC Description Table (MADT)". */
#define MADT_LAPIC_BASE 36
#define MADT_FLAGS      40
#define MADT_PCAT       BIT(0) /* of MADT_FLAGS: two 8259 are there as well */
#define MADT_ENTRIES    44

#define CPU_ENABLED BIT(0)
#define CPU_ONLINE  BIT(1) /* "online capable" */

#define LAPIC_NONE  0xFF /* an APIC id or a uid of 8 bits that means nobody or everybody */
#define X2APIC_NONE 0xFFFFFFFF

/* What was left out, to be said once and not once an entry. */
struct madt_faults {
	u32 duplicate_cpus, surplus_cpus, surplus_ioapics, surplus_nmis, malformed;
};

struct madt_entry {
	const struct acpi_table *t;
	u32 at;
	struct acpi_info *info;
	struct madt_faults *faults;
};

static u64 get(const struct madt_entry *e, u32 offset, u32 bytes)
{
	return acpi_field(e->t, e->at + offset, bytes);
}

static void add_cpu(const struct madt_entry *e, u32 apic_id, u32 uid, u64 flags)
{
	struct acpi_info *info = e->info;

	if (!(flags & CPU_ENABLED)) {
		info->cpu_offline += !!(flags & CPU_ONLINE);
		return;
	}
	for (u32 i = 0; i < info->cpu_count; i++) {
		if (info->cpu_apic_id[i] == apic_id) {
			e->faults->duplicate_cpus++;
			return;
		}
	}
	if (info->cpu_count == ACPI_CPUS_MAX) {
		e->faults->surplus_cpus++;
		return;
	}
	info->cpu_apic_id[info->cpu_count] = apic_id;
	info->cpu_uid[info->cpu_count++] = uid;
}

static void on_lapic(const struct madt_entry *e)
{
	u32 id = (u32)get(e, 3, 1);

	if (id != LAPIC_NONE)
		add_cpu(e, id, (u32)get(e, 2, 1), get(e, 4, 4));
}

static void on_x2apic(const struct madt_entry *e)
{
	u32 id = (u32)get(e, 4, 4);

	if (id != X2APIC_NONE)
		add_cpu(e, id, (u32)get(e, 12, 4), get(e, 8, 4));
}

static void on_ioapic(const struct madt_entry *e)
{
	struct acpi_info *info = e->info;
	struct acpi_ioapic io = {
	    .id = (u32)get(e, 2, 1),
	    .base = get(e, 4, 4),
	    .gsi_base = (u32)get(e, 8, 4),
	};

	if (!io.base) {
		log_warn("acpi: MADT: IOAPIC %u has no address, ignored", io.id);
		return;
	}
	for (u32 i = 0; i < info->ioapic_count; i++) {
		if (info->ioapic[i].base == io.base || info->ioapic[i].gsi_base == io.gsi_base) {
			log_warn("acpi: MADT: IOAPIC %u is listed twice", io.id);
			return;
		}
	}
	if (info->ioapic_count < ACPI_IOAPICS_MAX)
		info->ioapic[info->ioapic_count++] = io;
	else
		e->faults->surplus_ioapics++;
}

/* Bus 0 is ISA, the only one there is; the latter of two for one interrupt is ignored. */
static void on_override(const struct madt_entry *e)
{
	struct acpi_info *info = e->info;
	struct acpi_override o = {
	    .irq = (u8)get(e, 3, 1),
	    .gsi = (u32)get(e, 4, 4),
	    .flags = (u16)get(e, 8, 2),
	};

	if (get(e, 2, 1) || o.irq >= ACPI_OVERRIDES_MAX) {
		log_warn("acpi: MADT: override of bus %lu, interrupt %u ignored", get(e, 2, 1),
			 o.irq);
		return;
	}
	for (u32 i = 0; i < info->override_count; i++) {
		if (info->override[i].irq == o.irq) {
			log_warn("acpi: MADT: interrupt %u is overridden twice", o.irq);
			return;
		}
	}
	info->override[info->override_count++] = o;
}

static void add_nmi(const struct madt_entry *e, u32 uid, u16 flags, u8 lint)
{
	struct acpi_info *info = e->info;

	if (lint > 1)
		e->faults->malformed++;
	else if (info->nmi_count < ACPI_NMIS_MAX)
		info->nmi[info->nmi_count++] = (struct acpi_nmi){uid, flags, lint};
	else
		e->faults->surplus_nmis++;
}

static void on_lapic_nmi(const struct madt_entry *e)
{
	u32 uid = (u32)get(e, 2, 1);

	add_nmi(e, uid == LAPIC_NONE ? ACPI_UID_ALL : uid, (u16)get(e, 3, 2), (u8)get(e, 5, 1));
}

static void on_x2apic_nmi(const struct madt_entry *e)
{
	add_nmi(e, (u32)get(e, 4, 4), (u16)get(e, 2, 2), (u8)get(e, 8, 1));
}

static void on_lapic_address(const struct madt_entry *e)
{
	e->info->lapic_base = get(e, 4, 8);
}

/* ACPI, "Interrupt Controller Structure Types". Others do not concern us. */
static const struct {
	void (*fn)(const struct madt_entry *e);
	u8 len;
} entries[] = {
    [0] = {on_lapic, 8},        [1] = {on_ioapic, 12},        [2] = {on_override, 10},
    [4] = {on_lapic_nmi, 6},    [5] = {on_lapic_address, 12}, [9] = {on_x2apic, 16},
    [10] = {on_x2apic_nmi, 12},
};

static void report(const struct madt_faults *f)
{
	if (f->duplicate_cpus)
		log_warn("acpi: MADT: %u processors are listed twice", f->duplicate_cpus);
	if (f->surplus_cpus)
		log_warn("acpi: MADT: %u processors over %u stay unused", f->surplus_cpus,
			 ACPI_CPUS_MAX);
	if (f->surplus_ioapics)
		log_warn("acpi: MADT: %u IOAPICs over %u ignored", f->surplus_ioapics,
			 ACPI_IOAPICS_MAX);
	if (f->surplus_nmis)
		log_warn("acpi: MADT: %u NMI pins over %u ignored", f->surplus_nmis, ACPI_NMIS_MAX);
	if (f->malformed)
		log_warn("acpi: MADT: %u malformed entries ignored", f->malformed);
}

void acpi_read_madt(const struct acpi_table *t, struct acpi_info *info)
{
	struct madt_faults faults = {0};
	struct madt_entry e = {.t = t, .info = info, .faults = &faults};
	u32 len;

	info->lapic_base = acpi_field(t, MADT_LAPIC_BASE, 4);
	info->has_8259 = acpi_field(t, MADT_FLAGS, 4) & MADT_PCAT;
	for (e.at = MADT_ENTRIES; e.at < t->len; e.at += len) {
		u32 type = (u32)get(&e, 0, 1);

		len = (u32)get(&e, 1, 1);
		if (len < 2 || len > t->len - e.at) {
			log_warn("acpi: MADT: entry of length %u at offset %u, the rest ignored",
				 len, e.at);
			break;
		}
		if (type >= ARRAY_LEN(entries) || !entries[type].fn)
			continue;
		if (len >= entries[type].len)
			entries[type].fn(&e);
		else
			faults.malformed++;
	}
	report(&faults);
}

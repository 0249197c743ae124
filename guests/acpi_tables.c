// SPDX-License-Identifier: BSD-2-Clause
#include "acpi_tables.h"

#include "acpi_layout.h"
#include "board_layout.h"

#include <lib/bits.h>
#include <lib/string.h>

#include <dsdt.h>

/* Ids from here on do not fit into a LAPIC entry (FFh means all). */
#define X2APIC_FIRST 255u

#define FADT_REVISION 6
#define MADT_REVISION 3

/* Where each table goes: offsets from LAYOUT_ACPI_BASE. */
struct plan {
	u64 rsdp, rsdt, xsdt, facs, dsdt, fadt, madt, mcfg, hpet; /* hpet 0: left out */
	u64 madt_len;
	u64 end;
};

/* The tables that RSDT and XSDT name. */
enum listed {
	LISTED_FADT,
	LISTED_MADT,
	LISTED_MCFG,
	LISTED_HPET,
	LISTED_COUNT,
};

static u64 place(struct plan *p, u64 len, u64 align)
{
	u64 at = align_up(p->end, align);

	p->end = at + len;
	return at;
}

static u64 madt_len(u32 vcpus)
{
	u64 small = min_u64(vcpus, X2APIC_FIRST), large = vcpus - small;

	return sizeof(struct acpi_madt) + small * sizeof(struct madt_lapic) +
	       large * sizeof(struct madt_x2apic) + sizeof(struct madt_ioapic) +
	       2 * sizeof(struct madt_override) + sizeof(struct madt_lapic_nmi) +
	       (large ? sizeof(struct madt_x2apic_nmi) : 0);
}

static void plan_tables(const struct acpi_config *cfg, struct plan *p)
{
	*p = (struct plan){ .madt_len = madt_len(cfg->vcpus) };
	p->rsdp = place(p, sizeof(struct acpi_rsdp), 16);
	p->rsdt = place(p, sizeof(struct acpi_head) + LISTED_COUNT * sizeof(u32), 16);
	p->xsdt = place(p, sizeof(struct acpi_head) + LISTED_COUNT * sizeof(u64), 16);
	p->facs = place(p, sizeof(struct acpi_facs), 64);
	p->dsdt = place(p, sizeof(dsdt_aml), 16);
	p->fadt = place(p, sizeof(struct acpi_fadt), 16);
	p->mcfg = place(p, sizeof(struct acpi_mcfg_table), 16);
	p->madt = place(p, p->madt_len, 16);
	if (cfg->hpet)
		p->hpet = place(p, sizeof(struct acpi_hpet_table), 16);
}

/* The byte that makes the sum of `len` bytes 0, if its own place holds 0. */
static u8 checksum(const void *table, u64 len)
{
	const u8 *b = table;
	u8 sum = 0;

	for (u64 i = 0; i < len; i++)
		sum += b[i];
	return (u8)-sum;
}

static struct acpi_head head(const char *signature, u64 len, u8 revision)
{
	struct acpi_head h = {
		.length = (u32)len,
		.revision = revision,
		.oem_id = "PLINTH",
		.oem_table_id = "BOARD",
		.oem_revision = 1,
		.creator_id = "PLTH",
		.creator_revision = 1,
	};

	memcpy(h.signature, signature, sizeof(h.signature));
	return h;
}

static u32 gpa32(u64 offset)
{
	return (u32)(LAYOUT_ACPI_BASE + offset);
}

static void build_rsdp(const struct plan *p, u8 *mem)
{
	struct acpi_rsdp *t = (void *)(mem + p->rsdp);

	*t = (struct acpi_rsdp){
		.oem_id = "PLINTH",
		.revision = 2,
		.rsdt = gpa32(p->rsdt),
		.length = sizeof(*t),
		.xsdt = gpa32(p->xsdt),
	};
	memcpy(t->signature, "RSD PTR ", sizeof(t->signature));
	/* The first sum covers what ACPI 1.0 knew. */
	t->checksum = checksum(t, offsetof(struct acpi_rsdp, length));
	t->checksum_all = checksum(t, sizeof(*t));
}

static void build_lists(const struct plan *p, u8 *mem)
{
	const u64 listed[] = {
		[LISTED_FADT] = p->fadt,
		[LISTED_MADT] = p->madt,
		[LISTED_MCFG] = p->mcfg,
		[LISTED_HPET] = p->hpet,
	};
	struct acpi_head *rsdt = (void *)(mem + p->rsdt), *xsdt = (void *)(mem + p->xsdt);
	const u32 count = p->hpet ? LISTED_COUNT : LISTED_HPET;

	static_assert(ARRAY_LEN(listed) == LISTED_COUNT, "every table is listed");
	static_assert(LISTED_HPET == LISTED_COUNT - 1, "the last one may be left out");
	*rsdt = head("RSDT", sizeof(*rsdt) + count * sizeof(u32), 1);
	*xsdt = head("XSDT", sizeof(*xsdt) + count * sizeof(u64), 1);
	for (u32 i = 0; i < count; i++) {
		u32 addr32 = gpa32(listed[i]);
		u64 addr64 = addr32;

		memcpy((u8 *)(rsdt + 1) + i * sizeof(addr32), &addr32, sizeof(addr32));
		memcpy((u8 *)(xsdt + 1) + i * sizeof(addr64), &addr64, sizeof(addr64));
	}
	rsdt->checksum = checksum(rsdt, rsdt->length);
	xsdt->checksum = checksum(xsdt, xsdt->length);
}

static struct acpi_gas port(u64 addr, u8 bytes, u8 access)
{
	return (
	    struct acpi_gas){ .space = GAS_IO, .bits = bytes * 8, .access = access, .addr = addr };
}

static void build_fadt(const struct plan *p, u8 *mem)
{
	struct acpi_fadt *t = (void *)(mem + p->fadt);

	*t = (struct acpi_fadt){
		.head = head("FACP", sizeof(*t), FADT_REVISION),
		.facs = gpa32(p->facs),
		.dsdt = gpa32(p->dsdt),
		.pm_profile = FADT_DESKTOP,
		.sci_irq = ACPI_SCI_IRQ,
		.smi_port = ACPI_SMI_PORT,
		.acpi_enable = ACPI_ENABLE,
		.acpi_disable = ACPI_DISABLE,
		.pm1a_event = LAYOUT_PM_BASE + ACPI_PM1_EVENT,
		.pm1a_control = LAYOUT_PM_BASE + ACPI_PM1_CONTROL,
		.pm_timer = LAYOUT_PM_BASE + ACPI_PM_TIMER,
		.gpe0 = LAYOUT_PM_BASE + ACPI_GPE0,
		.pm1_event_len = 4,
		.pm1_control_len = 2,
		.pm_timer_len = 4,
		.gpe0_len = 4,
		/* Latencies above 100 and 1000 us: there is no C2 and no C3. */
		.c2_latency = 0xfff,
		.c3_latency = 0xfff,
		.century = ACPI_CENTURY,
		.boot_arch = FADT_BOOT_LEGACY | FADT_BOOT_8042 | FADT_BOOT_NO_VGA,
		/* The power button is a fixed one: its flag is clear. */
		.flags = FADT_WBINVD | FADT_PROC_C1 | FADT_NO_SLP_BUTTON | FADT_NO_FIXED_RTC |
			 FADT_TIMER_32BIT | FADT_RESET_SUPPORTED,
		.reset = port(ACPI_RESET_PORT, 1, GAS_BYTE),
		.reset_value = ACPI_RESET_VALUE,
		.x_facs = gpa32(p->facs),
		.x_dsdt = gpa32(p->dsdt),
		.x_pm1a_event = port(LAYOUT_PM_BASE + ACPI_PM1_EVENT, 4, GAS_WORD),
		.x_pm1a_control = port(LAYOUT_PM_BASE + ACPI_PM1_CONTROL, 2, GAS_WORD),
		.x_pm_timer = port(LAYOUT_PM_BASE + ACPI_PM_TIMER, 4, GAS_DWORD),
		.x_gpe0 = port(LAYOUT_PM_BASE + ACPI_GPE0, 4, GAS_BYTE),
		.hypervisor = "PLINTH",
	};
	t->head.checksum = checksum(t, sizeof(*t));
}

static void build_facs(const struct plan *p, u8 *mem)
{
	struct acpi_facs *t = (void *)(mem + p->facs);

	*t = (struct acpi_facs){ .length = sizeof(*t), .version = 2 };
	memcpy(t->signature, "FACS", sizeof(t->signature));
}

static void build_mcfg(const struct plan *p, u8 *mem)
{
	struct acpi_mcfg_table *t = (void *)(mem + p->mcfg);

	*t = (struct acpi_mcfg_table){
		.head = head("MCFG", sizeof(*t), 1),
		.base = LAYOUT_MMCONFIG_BASE,
		.last_bus = (u8)(LAYOUT_MMCONFIG_LEN / MIB - 1), /* 1 MiB a bus */
	};
	t->head.checksum = checksum(t, sizeof(*t));
}

static void build_hpet(const struct plan *p, u8 *mem)
{
	struct acpi_hpet_table *t = (void *)(mem + p->hpet);

	*t = (struct acpi_hpet_table){
		.head = head("HPET", sizeof(*t), 1),
		.id = ACPI_HPET_ID,
		.base = { .space = GAS_MEMORY, .bits = 64, .addr = LAYOUT_HPET_BASE },
		.min_tick = ACPI_HPET_MIN_TICK,
	};
	t->head.checksum = checksum(t, sizeof(*t));
}

/* Appends an entry and returns where the next one goes. */
static u8 *append(u8 *at, const void *entry, u64 len)
{
	memcpy(at, entry, len);
	return at + len;
}

#define ENTRY(name, kind) struct name e = { .type = (kind), .length = sizeof(struct name) }

static u8 *append_cpus(u8 *at, u32 vcpus)
{
	for (u32 id = 0; id < vcpus && id < X2APIC_FIRST; id++) {
		ENTRY(madt_lapic, MADT_LAPIC);

		e.uid = (u8)id;
		e.id = (u8)id;
		e.flags = MADT_CPU_ENABLED;
		at = append(at, &e, sizeof(e));
	}
	for (u32 id = X2APIC_FIRST; id < vcpus; id++) {
		ENTRY(madt_x2apic, MADT_X2APIC);

		e.uid = id;
		e.id = id;
		e.flags = MADT_CPU_ENABLED;
		at = append(at, &e, sizeof(e));
	}
	return at;
}

static u8 *append_override(u8 *at, u8 irq, u32 gsi, u16 flags)
{
	ENTRY(madt_override, MADT_OVERRIDE);

	e.irq = irq;
	e.gsi = gsi;
	e.flags = flags;
	return append(at, &e, sizeof(e));
}

static u8 *append_ioapic(u8 *at)
{
	ENTRY(madt_ioapic, MADT_IOAPIC);

	e.base = LAYOUT_IOAPIC_BASE;
	return append(at, &e, sizeof(e));
}

/* LINT1 of every processor is NMI. */
static u8 *append_nmi(u8 *at)
{
	ENTRY(madt_lapic_nmi, MADT_LAPIC_NMI);

	e.uid = 0xff;
	e.lint = 1;
	return append(at, &e, sizeof(e));
}

static u8 *append_x2apic_nmi(u8 *at)
{
	ENTRY(madt_x2apic_nmi, MADT_X2APIC_NMI);

	e.uid = ~0u;
	e.lint = 1;
	return append(at, &e, sizeof(e));
}

static void build_madt(const struct acpi_config *cfg, const struct plan *p, u8 *mem)
{
	struct acpi_madt *t = (void *)(mem + p->madt);
	u8 *at = (u8 *)(t + 1);

	*t = (struct acpi_madt){
		.head = head("APIC", p->madt_len, MADT_REVISION),
		.lapic_base = LAYOUT_LAPIC_BASE,
		.flags = MADT_HAS_8259,
	};
	at = append_cpus(at, cfg->vcpus);
	at = append_ioapic(at);
	/* The PIT's line is at pin 2, as the 8259's output has pin 0. */
	at = append_override(at, 0, 2, MADT_AS_BUS);
	at = append_override(at, ACPI_SCI_IRQ, ACPI_SCI_IRQ, MADT_HIGH_LEVEL);
	at = append_nmi(at);
	if (cfg->vcpus > X2APIC_FIRST)
		append_x2apic_nmi(at);
	t->head.checksum = checksum(t, p->madt_len);
}

enum status acpi_tables_build(const struct acpi_config *cfg, const struct gmem *g)
{
	struct plan plan;
	u8 *mem;

	if (!cfg->vcpus)
		return E_INVAL;
	plan_tables(cfg, &plan);
	mem = gmem_ptr(g, LAYOUT_ACPI_BASE, LAYOUT_ACPI_LEN);
	if (!mem || plan.end > LAYOUT_ACPI_LEN)
		return E_RANGE;

	memset(mem, 0, LAYOUT_ACPI_LEN);
	memcpy(mem + plan.dsdt, dsdt_aml, sizeof(dsdt_aml));
	build_facs(&plan, mem);
	build_fadt(&plan, mem);
	build_mcfg(&plan, mem);
	build_madt(cfg, &plan, mem);
	if (cfg->hpet)
		build_hpet(&plan, mem);
	build_lists(&plan, mem);
	build_rsdp(&plan, mem);
	return OK;
}

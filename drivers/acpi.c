// SPDX-License-Identifier: BSD-2-Clause
#include "acpi.h"

#include "acpi_parse.h"

#include <core/service/log.h>
#include <lib/bits.h>
#include <lib/string.h>

#define TABLE_MAX   (1 * MIB) /* real ones of those we read have some KiB */
#define ENTRIES_MAX 256

/* ACPI, "Root System Description Pointer (RSDP)". */
#define RSDP_LEN_1    20 /* revision 0: all that its checksum covers */
#define RSDP_REVISION 15
#define RSDP_RSDT     16
#define RSDP_LENGTH   20
#define RSDP_XSDT     24
#define RSDP_LEN_2    36

/* ACPI, "System Description Table Header". */
#define HEADER_LENGTH   4
#define HEADER_REVISION 8

/* ACPI, "Fixed ACPI Description Table (FADT)". */
#define FADT_PM1A_EVENT     56
#define FADT_PM1B_EVENT     60
#define FADT_PM1A_CONTROL   64
#define FADT_PM1B_CONTROL   68
#define FADT_PM_TIMER       76
#define FADT_CENTURY        108
#define FADT_BOOT_ARCH      109
#define FADT_FLAGS          112
#define FADT_RESET          116
#define FADT_RESET_VALUE    128
#define FADT_X_PM1A_EVENT   148
#define FADT_X_PM1B_EVENT   160
#define FADT_X_PM1A_CONTROL 172
#define FADT_X_PM1B_CONTROL 184
#define FADT_X_PM_TIMER     208
#define BOOT_ARCH_NO_RTC    BIT(5) /* of FADT_BOOT_ARCH, from table revision 5 on */
#define FLAGS_TIMER_32BIT   BIT(8) /* of FADT_FLAGS */
#define FLAGS_RESET         BIT(10)
#define FLAGS_HW_REDUCED    BIT(20) /* no fixed hardware: PM timer, PM1 */

/* IA-PC HPET specification, "The ACPI 2.0 HPET Description Table". */
#define HPET_ADDRESS 40

/* PCI Firmware specification, "MCFG Table Description". */
#define MCFG_ENTRIES   44
#define MCFG_ENTRY_LEN 16

/* Serial Port Console Redirection Table; the types are those of the Debug Port Table 2, "Serial".
 */
#define SPCR_TYPE      36
#define SPCR_ADDRESS   40
#define SPCR_BAUD      58
#define TYPE_16550     0x00
#define TYPE_16450     0x01
#define TYPE_16550_GAS 0x12

/* Where a BIOS puts the RSDP: ACPI, "Finding the RSDP on IA-PC Systems". */
#define BDA_EBDA_SEGMENT 0x40E
#define EBDA_SCANNED     1024
#define LOW_MEMORY_END   0xA0000
#define BIOS_AREA        0xE0000
#define BIOS_AREA_LEN    0x20000

static u8 sum(const u8 *data, u64 len)
{
	u8 s = 0;

	while (len--)
		s = (u8)(s + *data++);
	return s;
}

static struct acpi_address address(const struct acpi_table *t, u32 offset)
{
	return (struct acpi_address){
	    .space = (u8)acpi_field(t, offset, 1),
	    .bits = (u8)acpi_field(t, offset + 1, 1),
	    .addr = acpi_field(t, offset + 4, 8),
	};
}

/* --- The tables --- */

/* The I/O port in the wide field, else the one in the field of ACPI 1.0; 0 if there is none. */
static u16 port(const struct acpi_table *t, u32 wide, u32 narrow)
{
	struct acpi_address a = address(t, wide);
	u64 p = a.addr && a.space == ACPI_SPACE_IO ? a.addr : acpi_field(t, narrow, 4);

	if (p > 0xFFFF) {
		log_warn("acpi: FADT: port %lx in the field at %u is none, ignored", p, narrow);
		return 0;
	}
	return (u16)p;
}

static void read_fadt(const struct acpi_table *t, struct acpi_info *info)
{
	u64 flags = acpi_field(t, FADT_FLAGS, 4);

	info->has_fadt = true;
	info->century_reg = (u8)acpi_field(t, FADT_CENTURY, 1);
	if (acpi_field(t, HEADER_REVISION, 1) >= 5)
		info->no_cmos_rtc = acpi_field(t, FADT_BOOT_ARCH, 2) & BOOT_ARCH_NO_RTC;
	if (flags & FLAGS_RESET) {
		info->reset = address(t, FADT_RESET);
		info->reset_value = (u8)acpi_field(t, FADT_RESET_VALUE, 1);
		if (info->reset.space > ACPI_SPACE_PCI) {
			log_warn("acpi: FADT: reset register in address space %u, ignored",
				 info->reset.space);
			info->reset = (struct acpi_address){0};
		}
	}
	if (flags & FLAGS_HW_REDUCED)
		return;
	info->pm_timer_port = port(t, FADT_X_PM_TIMER, FADT_PM_TIMER);
	info->pm_timer_32bit = flags & FLAGS_TIMER_32BIT;
	info->pm1a_event_port = port(t, FADT_X_PM1A_EVENT, FADT_PM1A_EVENT);
	info->pm1b_event_port = port(t, FADT_X_PM1B_EVENT, FADT_PM1B_EVENT);
	info->pm1a_control_port = port(t, FADT_X_PM1A_CONTROL, FADT_PM1A_CONTROL);
	info->pm1b_control_port = port(t, FADT_X_PM1B_CONTROL, FADT_PM1B_CONTROL);
}

static void read_hpet(const struct acpi_table *t, struct acpi_info *info)
{
	struct acpi_address a = address(t, HPET_ADDRESS);

	if (a.space != ACPI_SPACE_MEMORY || !a.addr || !is_aligned(a.addr, 8))
		log_warn("acpi: HPET: address %lx in space %u, ignored", a.addr, a.space);
	else
		info->hpet_base = a.addr;
}

static void read_mcfg(const struct acpi_table *t, struct acpi_info *info)
{
	for (u32 at = MCFG_ENTRIES; at < t->len; at += MCFG_ENTRY_LEN) {
		struct acpi_mcfg m = {
		    .base = acpi_field(t, at, 8),
		    .segment = (u16)acpi_field(t, at + 8, 2),
		    .first_bus = (u8)acpi_field(t, at + 10, 1),
		    .last_bus = (u8)acpi_field(t, at + 11, 1),
		};

		if (t->len - at < MCFG_ENTRY_LEN || !m.base || !is_aligned(m.base, MIB) ||
		    m.first_bus > m.last_bus) {
			log_warn("acpi: MCFG: entry at %u: base %lx, buses %u to %u, ignored", at,
				 m.base, m.first_bus, m.last_bus);
			continue;
		}
		if (info->mcfg_count == ACPI_MCFG_MAX) {
			log_warn("acpi: MCFG: more than %u entries, the rest ignored",
				 ACPI_MCFG_MAX);
			return;
		}
		info->mcfg[info->mcfg_count++] = m;
	}
}

static void read_spcr(const struct acpi_table *t, struct acpi_info *info)
{
	static const u32 bauds[] = {[3] = 9600, [4] = 19200, [6] = 57600, [7] = 115200};
	u32 type = (u32)acpi_field(t, SPCR_TYPE, 1);
	u32 baud = (u32)acpi_field(t, SPCR_BAUD, 1);
	struct acpi_address a = address(t, SPCR_ADDRESS);

	if (!a.addr) /* the specification's way to say that redirection is off */
		return;
	if ((type != TYPE_16550 && type != TYPE_16450 && type != TYPE_16550_GAS) ||
	    a.space > ACPI_SPACE_IO) {
		log_warn("acpi: SPCR: serial port of type %u in space %u, ignored", type, a.space);
		return;
	}
	info->serial = a;
	info->serial_baud = baud < ARRAY_LEN(bauds) ? bauds[baud] : 0;
}

static const struct {
	char signature[5];
	void (*read)(const struct acpi_table *t, struct acpi_info *info);
} wanted[] = {
    {"APIC", acpi_read_madt}, {"FACP", read_fadt}, {"HPET", read_hpet},
    {"MCFG", read_mcfg},      {"SPCR", read_spcr},
};

/* --- Finding them --- */

/* Maps the table at `addr`, which is a `signature`, and checks it. */
static bool load(const struct acpi_memory *mem, hpa_t addr, const char *signature,
		 struct acpi_table *t)
{
	t->len = ACPI_HEADER_LEN;
	t->data = mem->map(mem->ctx, addr, ACPI_HEADER_LEN);
	if (!t->data) {
		log_warn("acpi: %s at %lx cannot be read", signature, addr);
		return false;
	}
	if (memcmp(t->data, signature, 4)) {
		log_warn("acpi: no %s at %lx, ignored", signature, addr);
		return false;
	}
	t->len = (u32)acpi_field(t, HEADER_LENGTH, 4);
	if (t->len < ACPI_HEADER_LEN || t->len > TABLE_MAX) {
		log_warn("acpi: %s at %lx has a length of %u, ignored", signature, addr, t->len);
		return false;
	}
	t->data = mem->map(mem->ctx, addr, t->len);
	if (!t->data) {
		log_warn("acpi: %s at %lx cannot be read", signature, addr);
		return false;
	}
	if (sum(t->data, t->len)) {
		log_warn("acpi: %s at %lx has a wrong checksum, ignored", signature, addr);
		return false;
	}
	return true;
}

/* Reads the table at `addr` if it is a wanted one; `seen` has a bit for each that was there
 * already. */
static void read_table(const struct acpi_memory *mem, hpa_t addr, u32 *seen, struct acpi_info *info)
{
	const u8 *header = addr ? mem->map(mem->ctx, addr, ACPI_HEADER_LEN) : NULL;
	struct acpi_table t;

	if (!header) {
		log_warn("acpi: the table at %lx cannot be read", addr);
		return;
	}
	for (u32 i = 0; i < ARRAY_LEN(wanted); i++) {
		if (memcmp(header, wanted[i].signature, 4))
			continue;
		if (*seen & 1u << i)
			log_warn("acpi: a second %s at %lx, ignored", wanted[i].signature, addr);
		else if (load(mem, addr, wanted[i].signature, &t)) {
			*seen |= 1u << i;
			wanted[i].read(&t, info);
		}
	}
}

/* Reads what the XSDT or RSDT at `addr` lists, as addresses of `width` bytes. False if it lists
 * nothing. */
static bool read_root(const struct acpi_memory *mem, hpa_t addr, u32 width, struct acpi_info *info)
{
	const char *name = width == 8 ? "XSDT" : "RSDT";
	struct acpi_table root;
	u32 count, seen = 0;

	if (!load(mem, addr, name, &root))
		return false;
	count = (root.len - ACPI_HEADER_LEN) / width;
	if ((root.len - ACPI_HEADER_LEN) % width)
		log_warn("acpi: %s: half an entry at its end, ignored", name);
	if (count > ENTRIES_MAX) {
		log_warn("acpi: %s: %u tables, only %u are looked at", name, count, ENTRIES_MAX);
		count = ENTRIES_MAX;
	}
	for (u32 i = 0; i < count; i++)
		read_table(mem, acpi_field(&root, ACPI_HEADER_LEN + i * width, width), &seen, info);
	return count;
}

static hpa_t scan(const struct acpi_memory *mem, hpa_t base, u64 len)
{
	const u8 *area = mem->map(mem->ctx, base, len);

	for (u64 at = 0; area && at + RSDP_LEN_1 <= len; at += 16)
		if (!memcmp(area + at, "RSD PTR ", 8) && !sum(area + at, RSDP_LEN_1))
			return base + at;
	return 0;
}

static hpa_t find_rsdp(const struct acpi_memory *mem)
{
	const u8 *segment = mem->map(mem->ctx, BDA_EBDA_SEGMENT, 2);
	hpa_t ebda = segment ? (hpa_t)(segment[0] | segment[1] << 8) << 4 : 0;
	hpa_t found = 0;

	if (ebda >= 0x500 && ebda <= LOW_MEMORY_END - EBDA_SCANNED)
		found = scan(mem, ebda, EBDA_SCANNED);
	return found ? found : scan(mem, BIOS_AREA, BIOS_AREA_LEN);
}

/* The XSDT's address if the RSDP at `rsdp` has one that can be trusted, else 0. */
static hpa_t find_xsdt(const struct acpi_memory *mem, hpa_t rsdp)
{
	struct acpi_table t = {mem->map(mem->ctx, rsdp, RSDP_LEN_2), RSDP_LEN_2};
	u64 len = t.data ? acpi_field(&t, RSDP_LENGTH, 4) : 0;

	if (len < RSDP_LEN_2 || len > PAGE_SIZE) {
		log_warn("acpi: RSDP at %lx has a length of %lu, its XSDT ignored", rsdp, len);
		return 0;
	}
	t = (struct acpi_table){mem->map(mem->ctx, rsdp, len), (u32)len};
	if (!t.data || sum(t.data, len)) {
		log_warn("acpi: RSDP at %lx has a wrong extended checksum, its XSDT ignored", rsdp);
		return 0;
	}
	return acpi_field(&t, RSDP_XSDT, 8);
}

void acpi_read(const struct acpi_memory *mem, hpa_t rsdp, struct acpi_info *info)
{
	struct acpi_table t = {.len = RSDP_LEN_1};
	hpa_t xsdt = 0, rsdt;

	memset(info, 0, sizeof(*info));
	if (!rsdp)
		rsdp = find_rsdp(mem);
	if (!rsdp)
		return;
	t.data = mem->map(mem->ctx, rsdp, RSDP_LEN_1);
	if (!t.data || memcmp(t.data, "RSD PTR ", 8) || sum(t.data, RSDP_LEN_1)) {
		log_warn("acpi: no RSDP at %lx, no tables", rsdp);
		return;
	}
	info->found = true;
	rsdt = acpi_field(&t, RSDP_RSDT, 4);
	if (acpi_field(&t, RSDP_REVISION, 1) >= 2)
		xsdt = find_xsdt(mem, rsdp);
	if (xsdt && read_root(mem, xsdt, 8, info))
		return;
	if (!rsdt || !read_root(mem, rsdt, 4, info))
		log_warn("acpi: RSDP at %lx leads to no table", rsdp);
}

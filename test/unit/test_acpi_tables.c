// SPDX-License-Identifier: BSD-2-Clause
/* The ACPI tables of a guest: walked as a kernel would, and read by the reader that the hypervisor
 * has for itself. */
#include "unit.h"

#include <drivers/acpi.h>
#include <guests/acpi_tables.h>
#include <guests/board_layout.h>
#include <lib/range.h>
#include <stdlib.h>
#include <string.h>

#define RAM (2 * MIB)

static u8 *ram;
static struct gmem g;

static int make_ram(void **state)
{
	ram = malloc(RAM);
	memset(ram, 0xa5, RAM);
	g = (struct gmem){ .ram = { { 0, RAM } }, .count = 1, .window = ram };
	return 0;
}

static int free_ram(void **state)
{
	free(ram);
	return 0;
}

static enum status build(u32 vcpus)
{
	const struct acpi_config cfg = { .vcpus = vcpus, .hpet = true };

	return acpi_tables_build(&cfg, &g);
}

static u64 le(gpa_t at, u32 bytes)
{
	u64 v = 0;

	for (u32 i = 0; i < bytes; i++)
		v |= (u64)ram[at + i] << 8 * i;
	return v;
}

static u8 sum(gpa_t at, u64 len)
{
	u8 s = 0;

	for (u64 i = 0; i < len; i++)
		s += ram[at + i];
	return s;
}

/* The table with this signature, by RSDT or XSDT, checked. */
static gpa_t find(const char *signature, bool xsdt)
{
	gpa_t list = le(LAYOUT_ACPI_BASE + (xsdt ? 24 : 16), xsdt ? 8 : 4);
	u32 size = xsdt ? 8 : 4, len = (u32)le(list + 4, 4);

	assert_memory_equal(&ram[list], xsdt ? "XSDT" : "RSDT", 4);
	assert_int_equal(sum(list, len), 0);
	for (u32 at = 36; at < len; at += size) {
		gpa_t t = le(list + at, size);

		assert_true(range_inside(t, le(t + 4, 4), LAYOUT_ACPI_BASE, LAYOUT_ACPI_LEN));
		assert_int_equal(sum(t, le(t + 4, 4)), 0);
		if (!memcmp(&ram[t], signature, 4))
			return t;
	}
	fail_msg("no %s", signature);
	return 0;
}

static void rsdp(void **state)
{
	assert_int_equal(build(2), OK);
	assert_memory_equal(&ram[LAYOUT_ACPI_BASE], "RSD PTR ", 8);
	assert_int_equal(sum(LAYOUT_ACPI_BASE, 20), 0);
	assert_int_equal(sum(LAYOUT_ACPI_BASE, 36), 0);
	assert_int_equal(ram[LAYOUT_ACPI_BASE + 15], 2);
	assert_int_equal(le(LAYOUT_ACPI_BASE + 20, 4), 36);
	for (u32 i = 0; i < 3; i++) {
		static const char *const names[] = { "FACP", "APIC", "MCFG" };

		assert_int_equal(find(names[i], true), find(names[i], false));
	}
}

static void fadt(void **state)
{
	gpa_t t, facs, dsdt;

	assert_int_equal(build(1), OK);
	t = find("FACP", true);
	assert_int_equal(le(t + 4, 4), 276);
	assert_int_equal(ram[t + 8], 6);
	facs = le(t + 36, 4);
	dsdt = le(t + 40, 4);
	assert_int_equal(le(t + 132, 8), facs);
	assert_int_equal(le(t + 140, 8), dsdt);
	assert_int_equal(facs % 64, 0);
	assert_memory_equal(&ram[facs], "FACS", 4);
	assert_int_equal(le(facs + 4, 4), 64);
	assert_memory_equal(&ram[dsdt], "DSDT", 4);
	assert_int_equal(sum(dsdt, le(dsdt + 4, 4)), 0);

	assert_int_equal(le(t + 46, 2), 9);
	assert_int_equal(le(t + 48, 4), 0xb2);
	assert_int_equal(ram[t + 52], 0xf1);
	assert_int_equal(ram[t + 53], 0xf0);
	assert_int_equal(ram[t + 108], 0x32);
	assert_int_equal(le(t + 109, 2) & 3, 3); /* legacy devices, 8042 */
	assert_int_equal(le(t + 112, 4),
			 0x565); /* not hardware-reduced (20), reset (10), 32-bit timer (8) */
	assert_int_equal(ram[t + 128], 6);
	/* 32-bit field, its length, GAS and what the GAS says: I/O, bits, offset, access, port. */
	static const struct {
		u32 port_at, len_at, gas_at;
		u8 gas[12];
		// clang-format off
	} rows[] = {
		{ 56, 88, 148, { 1, 32, 0, 2, 0x00, 0x06 } }, /* PM1a event */
		{ 64, 89, 172, { 1, 16, 0, 2, 0x04, 0x06 } }, /* PM1a control */
		{ 76, 91, 208, { 1, 32, 0, 3, 0x08, 0x06 } }, /* PM timer */
		{ 80, 92, 220, { 1, 32, 0, 1, 0x20, 0x06 } }, /* GPE0 */
	};
	// clang-format on
	for (u32 i = 0; i < 4; i++) {
		assert_int_equal(le(t + rows[i].port_at, 4), rows[i].gas[4] | rows[i].gas[5] << 8);
		assert_int_equal(ram[t + rows[i].len_at] * 8, rows[i].gas[1]);
		assert_memory_equal(&ram[t + rows[i].gas_at], rows[i].gas, 12);
	}
	assert_memory_equal(&ram[t + 116], ((u8[12]){ 1, 8, 0, 1, 0xf9, 0x0c }), 12);
	/* No second blocks. */
	assert_int_equal(le(t + 60, 4) | le(t + 68, 4) | le(t + 72, 4) | le(t + 84, 4), 0);
}

static void madt(void **state)
{
	// clang-format off
	static const u8 want[] = {
		0, 8, 0, 0, 1, 0, 0, 0,			     /* LAPIC: uid, id, enabled */
		0, 8, 1, 1, 1, 0, 0, 0,
		0, 8, 2, 2, 1, 0, 0, 0,
		1, 12, 0, 0, 0x00, 0x00, 0xc0, 0xfe, 0, 0, 0, 0, /* IOAPIC */
		2, 10, 0, 0, 2, 0, 0, 0, 0, 0,		     /* IRQ 0 at pin 2 */
		2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0,	     /* IRQ 9: level, active high */
		4, 6, 0xff, 0, 0, 1,			     /* all: LINT1 is NMI */
	};
	// clang-format on
	gpa_t t;

	assert_int_equal(build(3), OK);
	t = find("APIC", true);
	assert_int_equal(le(t + 36, 4), 0xfee00000);
	assert_int_equal(le(t + 40, 4), 1);
	assert_int_equal(le(t + 4, 4), 44 + sizeof(want));
	assert_memory_equal(&ram[t + 44], want, sizeof(want));
}

/* Ids up to 254 have LAPIC entries, the rest x2APIC entries; the NMI of those is said apart. */
static void madt_of_many(void **state)
{
	static const u32 counts[] = { 1, 254, 255, 256, 300, 4000 };

	for (u32 c = 0; c < 6; c++) {
		u32 next = 0, nmis = 0, x2nmis = 0;
		gpa_t t, end;

		assert_int_equal(build(counts[c]), OK);
		t = find("APIC", true);
		end = t + le(t + 4, 4);
		for (gpa_t e = t + 44; e < end; e += ram[e + 1]) {
			assert_true(ram[e + 1] >= 6 && ram[e + 1] <= end - e);
			if (ram[e] == 0)
				assert_int_equal(ram[e + 3], next++);
			else if (ram[e] == 9)
				assert_int_equal(le(e + 4, 4), next++);
			assert_true(ram[e] != 0 || next <= 255);
			assert_true(ram[e] != 9 || next > 255);
			nmis += ram[e] == 4;
			x2nmis += ram[e] == 10;
		}
		assert_int_equal(next, counts[c]);
		assert_int_equal(nmis, 1);
		assert_int_equal(x2nmis, counts[c] > 255);
	}
}

static void mcfg(void **state)
{
	gpa_t t;

	assert_int_equal(build(1), OK);
	t = find("MCFG", true);
	assert_int_equal(le(t + 4, 4), 60);
	assert_int_equal(le(t + 44, 8), LAYOUT_MMCONFIG_BASE);
	assert_int_equal(le(t + 52, 4), 0xff000000); /* segment 0, buses 0 to 255 */
}

static void hpet(void **state)
{
	gpa_t t;

	assert_int_equal(build(1), OK);
	t = find("HPET", true);
	assert_int_equal(find("HPET", false), t);
	assert_int_equal(le(t + 4, 4), 56);
	assert_int_equal(le(t + 36, 4), 0x8086a201); /* vendor, legacy, 64 bits, 3 timers */
	assert_memory_equal(&ram[t + 40], ((u8[12]){ 0, 64, 0, 0, 0, 0, 0xd0, 0xfe }), 12);
	assert_int_equal(ram[t + 52], 0);
}

/* Without one, nothing is listed that is not there. */
static void no_hpet(void **state)
{
	const struct acpi_config cfg = { .vcpus = 1 };
	gpa_t xsdt;

	assert_int_equal(acpi_tables_build(&cfg, &g), OK);
	xsdt = le(LAYOUT_ACPI_BASE + 24, 8);
	assert_int_equal(le(xsdt + 4, 4), 36 + 3 * 8);
	assert_int_equal(sum(xsdt, 60), 0);
	assert_int_equal(le(le(LAYOUT_ACPI_BASE + 16, 4) + 4, 4), 36 + 3 * 4);
	assert_true(find("MCFG", true) != 0);
}

static bool dsdt_has(gpa_t dsdt, const u8 *bytes, u32 len)
{
	for (u64 i = 36; i + len <= le(dsdt + 4, 4); i++)
		if (!memcmp(&ram[dsdt + i], bytes, len))
			return true;
	return false;
}

/* dsdt.asl cannot include board_layout.h: do they name the same places? */
static void dsdt_agrees_with_the_layout(void **state)
{
	static const struct {
		u32 base, len;
		// clang-format off
	} fixed[] = {
		{ LAYOUT_MMCONFIG_BASE, LAYOUT_MMCONFIG_LEN },
		{ LAYOUT_IOAPIC_BASE, 0x1000 },
		{ LAYOUT_LAPIC_BASE, 0x1000 },
		{ LAYOUT_HPET_BASE, 0x400 },
	};
	// clang-format on
	const u32 window[] = { LAYOUT_MMCONFIG_BASE + LAYOUT_MMCONFIG_LEN, LAYOUT_IOAPIC_BASE - 1,
			       0, LAYOUT_IOAPIC_BASE - LAYOUT_MMCONFIG_BASE - LAYOUT_MMCONFIG_LEN };
	const u8 pm[] = { 0x47, 1, LAYOUT_PM_BASE & 0xff, LAYOUT_PM_BASE >> 8 };
	/* Package of four: 5, 5, 0, 0. */
	const u8 s5[] = {
		'_', 'S', '5', '_', 0x12, 0x08, 0x04, 0x0a, ACPI_SLP_TYP_S5, 0x0a, ACPI_SLP_TYP_S5,
		0,   0
	};
	gpa_t dsdt;

	assert_int_equal(build(1), OK);
	dsdt = le(find("FACP", true) + 40, 4);
	for (u32 i = 0; i < 4; i++)
		assert_true(dsdt_has(dsdt, (const u8 *)&fixed[i], sizeof(fixed[i])));
	assert_true(dsdt_has(dsdt, (const u8 *)window, sizeof(window)));
	assert_true(dsdt_has(dsdt, pm, sizeof(pm)));
	assert_true(dsdt_has(dsdt, s5, sizeof(s5)));
}

static const void *map(void *ctx, hpa_t addr, u64 len)
{
	return gmem_ptr(&g, addr, len);
}

/* What the hypervisor reads on a real machine, it reads here too: so a Plinth guest could be a
 * host. */
static void our_own_reader_likes_it(void **state)
{
	const struct acpi_memory mem = { .map = map };
	struct acpi_info *info = calloc(1, sizeof(*info));

	assert_int_equal(build(4), OK);
	acpi_read(&mem, LAYOUT_ACPI_BASE, info);
	assert_true(info->found);
	assert_int_equal(info->cpu_count, 4);
	assert_int_equal(info->cpu_apic_id[3], 3);
	assert_true(info->has_8259);
	assert_int_equal(info->ioapic_count, 1);
	assert_int_equal(info->ioapic[0].base, LAYOUT_IOAPIC_BASE);
	assert_int_equal(info->override_count, 2);
	assert_true(info->has_fadt);
	assert_int_equal(info->pm_timer_port, 0x608);
	assert_true(info->pm_timer_32bit);
	assert_int_equal(info->pm1a_control_port, 0x604);
	assert_int_equal(info->reset.addr, 0xcf9);
	assert_int_equal(info->reset_value, 6);
	assert_int_equal(info->hpet_base, LAYOUT_HPET_BASE);
	assert_int_equal(info->mcfg_count, 1);
	assert_int_equal(info->mcfg[0].base, LAYOUT_MMCONFIG_BASE);
	free(info);
}

static void stays_inside_its_area(void **state)
{
	assert_int_equal(build(4), OK);
	for (u64 i = 0; i < RAM; i++)
		if (!range_inside(i, 1, LAYOUT_ACPI_BASE, LAYOUT_ACPI_LEN))
			assert_int_equal(ram[i], 0xa5);
}

static void refusals(void **state)
{
	assert_int_equal(build(0), E_INVAL);
	/* More processors than fit. */
	assert_int_equal(build(10000), E_RANGE);
	assert_int_equal(build(~0u), E_RANGE);
	/* No RAM there, or not all of it. */
	g.ram[0].len = LAYOUT_ACPI_BASE;
	assert_int_equal(build(1), E_RANGE);
	g.ram[0].len = LAYOUT_ACPI_BASE + LAYOUT_ACPI_LEN - PAGE_SIZE;
	assert_int_equal(build(1), E_RANGE);
	g.count = 0;
	assert_int_equal(build(1), E_RANGE);
	/* And nothing was written. */
	for (u64 i = 0; i < RAM; i++)
		assert_int_equal(ram[i], 0xa5);
}

#define WITH_RAM(test) cmocka_unit_test_setup_teardown(test, make_ram, free_ram)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RAM(rsdp),
		WITH_RAM(fadt),
		WITH_RAM(madt),
		WITH_RAM(madt_of_many),
		WITH_RAM(mcfg),
		WITH_RAM(hpet),
		WITH_RAM(no_hpet),
		WITH_RAM(dsdt_agrees_with_the_layout),
		WITH_RAM(our_own_reader_likes_it),
		WITH_RAM(stays_inside_its_area),
		WITH_RAM(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

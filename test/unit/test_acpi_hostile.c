// SPDX-License-Identifier: BSD-2-Clause
#include "acpi_machine.h"

static void test_nothing_there(void **state)
{
	memset(memory, 0, sizeof(memory));
	read_tables(0);
	assert_false(info.found);
	assert_int_equal(fake_log_count, 0);
	read_tables(0x1000);
	assert_false(info.found);
	assert_int_equal(fake_log_count, 1);
	read_tables(~0ull - 3);
	assert_false(info.found);
}

static void test_bad_xsdt_falls_back_to_rsdt(void **state)
{
	memory[XSDT + 40]++;
	read_tables(RSDP);
	assert_all_there();
	assert_int_equal(fake_log_count, 1);
	setup(state);
	memory[RSDP + 33]++; /* extended checksum */
	read_tables(RSDP);
	assert_all_there();
	assert_int_equal(fake_log_count, 1);
	setup(state);
	put(RSDP + 20, 0xFFFFFFFF, 4);
	fix_sum(RSDP, 36, 32);
	read_tables(RSDP);
	assert_all_there();
	setup(state);
	begin(XSDT, "XSDT", 36); /* lists nothing */
	seal(XSDT);
	read_tables(RSDP);
	assert_all_there();
}

static void test_each_table_may_be_spoiled_alone(void **state)
{
	static const hpa_t tables[] = {FADT, MADT, HPET, MCFG, SPCR};

	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		setup(state);
		memory[tables[i] + 9]++;
		read_tables(RSDP);
		assert_int_equal(fake_log_count, 1);
		assert_non_null(strstr(fake_log_last, "wrong checksum"));
		assert_int_equal(info.has_fadt, tables[i] != FADT);
		assert_int_equal(info.cpu_count, tables[i] != MADT ? 3 : 0);
		assert_int_equal(info.hpet_base, tables[i] != HPET ? 0xFED00000 : 0);
		assert_int_equal(info.mcfg_count, tables[i] != MCFG);
		assert_int_equal(info.serial.addr, tables[i] != SPCR ? 0x3F8 : 0);
	}
}

static void test_lengths_that_lie(void **state)
{
	static const u32 lens[] = {0, 8, 35, 0xFFFFFFFF, 0x00100001, 0x000F0000};

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		setup(state);
		put(MADT + 4, lens[i], 4);
		read_tables(RSDP);
		assert_int_equal(info.cpu_count, 0);
		assert_true(info.has_fadt);
		assert_int_equal(fake_log_count, 1);
	}
}

static void test_root_that_points_anywhere(void **state)
{
	static const u64 places[] = {0, XSDT, RSDP, FADT, 0xFFFFF, 0x100000, ~0ull, ~0ull - 35};

	append(XSDT, places, sizeof(places));
	APPEND(XSDT, 1, 2, 3);
	seal(XSDT);
	read_tables(RSDP);
	assert_all_there();
	/* Half an entry and six places; itself and the RSDP are just no wanted table. */
	assert_int_equal(fake_log_count, 7);
}

static void test_huge_root_is_bounded(void **state)
{
	static const u64 self = XSDT;

	begin(XSDT, "XSDT", 36);
	for (u32 i = 0; i < 1000; i++)
		append(XSDT, &self, 8);
	seal(XSDT);
	read_tables(RSDP);
	assert_int_equal(info.cpu_count, 0);
	assert_int_equal(fake_log_count, 1);
	assert_true(mapped < 300);
}

static void test_madt_entries_that_do_not_end(void **state)
{
	static const u8 lens[] = {0, 1, 13, 255};

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		setup(state);
		APPEND(MADT, 0, lens[i], 7, 7, 1, 0, 0, 0, 0, 8, 7, 7);
		seal(MADT);
		read_tables(RSDP);
		assert_int_equal(info.cpu_count, 3);
		assert_int_equal(fake_log_count, 1);
	}
	setup(state);
	APPEND(MADT, 0); /* a single byte */
	seal(MADT);
	read_tables(RSDP);
	assert_int_equal(info.cpu_count, 3);
	assert_int_equal(fake_log_count, 1);
}

static void test_madt_nonsense_is_told_once_a_kind(void **state)
{
	for (u32 i = 0; i < 5; i++) {
		APPEND(MADT, 0, 8, 0, 2, 1, 0, 0, 0); /* a processor twice */
		APPEND(MADT, 9, 8, 0, 0, 1, 2, 3, 4); /* too short for its type */
		APPEND(MADT, 4, 6, 0, 0, 0, 7);       /* no such pin */
	}
	seal(MADT);
	read_tables(RSDP);
	assert_int_equal(info.cpu_count, 3);
	assert_int_equal(info.nmi_count, 2);
	assert_int_equal(fake_log_count, 2);
	assert_string_equal(fake_log_last, "acpi: MADT: 10 malformed entries ignored");
}

static void test_madt_tables_fill_up(void **state)
{
	begin(MADT, "APIC", 44);
	for (u32 i = 0; i < 100; i++) {
		APPEND(MADT, 1, 12, (u8)i, 0, 0, (u8)i, 0xC0, 0xFE, (u8)i, 0, 0, 0);
		APPEND(MADT, 2, 10, 0, (u8)i, 2, 0, 0, 0, 0, 0);
		APPEND(MADT, 4, 6, (u8)i, 0, 0, 1);
	}
	seal(MADT);
	read_tables(RSDP);
	assert_int_equal(info.ioapic_count, ACPI_IOAPICS_MAX);
	assert_int_equal(info.override_count, ACPI_OVERRIDES_MAX);
	assert_int_equal(info.nmi_count, ACPI_NMIS_MAX);
}

static void test_values_that_make_no_sense(void **state)
{
	put(FADT + 76, 0x12345, 4);
	memory[FADT + 116] = 0x7F;
	seal(FADT);
	put(HPET + 44, 0xFED00004, 8);
	seal(HPET);
	put(MCFG + 44, 0xE0001000, 8);
	seal(MCFG);
	memory[SPCR + 36] = 3; /* ARM's */
	seal(SPCR);
	read_tables(RSDP);
	assert_int_equal(info.pm_timer_port, 0);
	assert_int_equal(info.reset.addr, 0);
	assert_int_equal(info.hpet_base, 0);
	assert_int_equal(info.mcfg_count, 0);
	assert_int_equal(info.serial.addr, 0);
	assert_int_equal(fake_log_count, 5);
}

/* Any damage, checksums put right: no bad access, no endless loop, all counts within their arrays.
 */
static void test_random_damage(void **state)
{
	static const hpa_t tables[] = {FADT, MADT, HPET, MCFG, SPCR, XSDT, RSDT};

	srand(1);
	for (u32 i = 0; i < 3000; i++) {
		hpa_t t = tables[rand() % ARRAY_LEN(tables)];
		u32 len;

		setup(state);
		len = (u32)get(t + 4, 4);
		for (int n = rand() % 8; n >= 0; n--)
			memory[t + 10 + rand() % (len - 10)] = (u8)rand();
		if (rand() % 4 == 0)
			put(t + 4, (u32)rand() % (len * 2), 4);
		if (get(t + 4, 4) > 9)
			seal(t);
		if (rand() % 8 == 0)
			memory[RSDP + rand() % 36] = (u8)rand();
		read_tables(rand() % 2 ? RSDP : 0);
		assert_true(info.cpu_count <= ACPI_CPUS_MAX &&
			    info.ioapic_count <= ACPI_IOAPICS_MAX);
		assert_true(info.override_count <= ACPI_OVERRIDES_MAX &&
			    info.nmi_count <= ACPI_NMIS_MAX);
		assert_true(info.mcfg_count <= ACPI_MCFG_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_nothing_there, setup),
	    cmocka_unit_test_setup(test_bad_xsdt_falls_back_to_rsdt, setup),
	    cmocka_unit_test_setup(test_each_table_may_be_spoiled_alone, setup),
	    cmocka_unit_test_setup(test_lengths_that_lie, setup),
	    cmocka_unit_test_setup(test_root_that_points_anywhere, setup),
	    cmocka_unit_test_setup(test_huge_root_is_bounded, setup),
	    cmocka_unit_test_setup(test_madt_entries_that_do_not_end, setup),
	    cmocka_unit_test_setup(test_madt_nonsense_is_told_once_a_kind, setup),
	    cmocka_unit_test_setup(test_madt_tables_fill_up, setup),
	    cmocka_unit_test_setup(test_values_that_make_no_sense, setup),
	    cmocka_unit_test_setup(test_random_damage, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause
#include "acpi_machine.h"

static void test_everything_is_read(void **state)
{
	read_tables(RSDP);
	assert_int_equal(fake_log_count, 0);
	assert_all_there();

	assert_int_equal(info.cpu_apic_id[0], 0);
	assert_int_equal(info.cpu_apic_id[1], 2);
	assert_int_equal(info.cpu_apic_id[2], 0x1234);
	assert_int_equal(info.cpu_uid[2], 9);
	assert_int_equal(info.cpu_offline, 1);
	assert_int_equal(info.lapic_base, 0xFEE00000);
	assert_true(info.has_8259);
	assert_int_equal(info.ioapic_count, 2);
	assert_int_equal(info.ioapic[1].base, 0xFEC01000);
	assert_int_equal(info.ioapic[1].id, 9);
	assert_int_equal(info.ioapic[1].gsi_base, 24);
	assert_int_equal(info.override_count, 2);
	assert_int_equal(info.override[0].irq, 0);
	assert_int_equal(info.override[0].gsi, 2);
	assert_int_equal(info.override[1].flags, 0xD);
	assert_int_equal(info.nmi_count, 2);
	assert_int_equal(info.nmi[0].uid, ACPI_UID_ALL);
	assert_int_equal(info.nmi[0].lint, 1);
	assert_int_equal(info.nmi[1].uid, 9);
	assert_int_equal(info.nmi[1].flags, 5);

	assert_int_equal(info.pm_timer_port, 0x608);
	assert_true(info.pm_timer_32bit);
	assert_int_equal(info.pm1a_event_port, 0x600);
	assert_int_equal(info.pm1b_event_port, 0);
	assert_int_equal(info.pm1a_control_port, 0x604);
	assert_int_equal(info.century_reg, 0x32);
	assert_false(info.no_cmos_rtc);
	assert_int_equal(info.reset.addr, 0xCF9);
	assert_int_equal(info.reset.space, ACPI_SPACE_IO);
	assert_int_equal(info.reset_value, 0x0F);

	assert_int_equal(info.mcfg[0].base, 0xE0000000);
	assert_int_equal(info.mcfg[0].first_bus, 0);
	assert_int_equal(info.mcfg[0].last_bus, 0xFF);
	assert_int_equal(info.serial.space, ACPI_SPACE_IO);
	assert_int_equal(info.serial_baud, 115200);
}

static void test_rsdp_is_found_as_a_bios_leaves_it(void **state)
{
	read_tables(0);
	assert_all_there();
	memset(memory + RSDP, 0, 36);
	make_rsdp(0xFFFE0, 0, RSDT, 0); /* the last place there is; 20 bytes fit, 36 would not */
	memory[0xFFFF4] = 0xFF;
	read_tables(0);
	assert_all_there();
	memset(memory + 0xFFFE0, 0, 32);
	put(0x40E, 0x9FC0, 2);
	make_rsdp(0x9FC20, 0, RSDT, 0);
	read_tables(0);
	assert_all_there();
	memory[0x9FC20 + 9]++;
	make_rsdp(0xE0000, 0, RSDT, 0); /* a wrong one before the right one */
	read_tables(0);
	assert_all_there();
}

static void test_revision_0_uses_the_rsdt(void **state)
{
	make_rsdp(RSDP, 0, RSDT, 0);
	memset(memory + XSDT, 0xFF, 64);
	read_tables(RSDP);
	assert_int_equal(fake_log_count, 0);
	assert_all_there();
}

static void test_short_fadt_of_acpi_1(void **state)
{
	put(FADT + 4, 116, 4);
	memory[FADT + 8] = 1;
	put(FADT + 109, 0xFFFF, 2); /* reserved then */
	put(FADT + 112, 0, 4);
	seal(FADT);
	read_tables(RSDP);
	assert_int_equal(info.pm_timer_port, 0x608);
	assert_false(info.pm_timer_32bit);
	assert_int_equal(info.reset.addr, 0);
	assert_false(info.no_cmos_rtc);
	put(FADT + 4, 60, 4);
	seal(FADT);
	read_tables(RSDP);
	assert_int_equal(info.pm1a_event_port, 0x600);
	assert_int_equal(info.pm_timer_port, 0);
}

static void test_wide_fadt_fields_win(void **state)
{
	put(FADT + 208, 0x2001, 2);
	put(FADT + 212, 0x1808, 8);
	seal(FADT);
	read_tables(RSDP);
	assert_int_equal(info.pm_timer_port, 0x1808);
	memory[FADT + 208] = ACPI_SPACE_MEMORY; /* of no use to us: the narrow one then */
	seal(FADT);
	read_tables(RSDP);
	assert_int_equal(info.pm_timer_port, 0x608);
	put(FADT + 112, 1u << 20, 4);
	seal(FADT);
	read_tables(RSDP);
	assert_int_equal(info.pm_timer_port, 0);
}

static void test_lapic_address_override(void **state)
{
	APPEND(MADT, 5, 12, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0);
	seal(MADT);
	read_tables(RSDP);
	assert_int_equal(info.lapic_base, 0x100000000);
}

static void test_256_processors_and_no_more(void **state)
{
	begin(MADT, "APIC", 44);
	for (u32 i = 0; i < 300; i++)
		APPEND(MADT, 9, 16, 0, 0, (u8)i, (u8)(i >> 8), 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
	seal(MADT);
	read_tables(RSDP);
	assert_int_equal(info.cpu_count, 256);
	assert_int_equal(info.cpu_apic_id[255], 255);
	assert_int_equal(fake_log_count, 1);
	assert_string_equal(fake_log_last, "acpi: MADT: 44 processors over 256 stay unused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_everything_is_read, setup),
	    cmocka_unit_test_setup(test_rsdp_is_found_as_a_bios_leaves_it, setup),
	    cmocka_unit_test_setup(test_revision_0_uses_the_rsdt, setup),
	    cmocka_unit_test_setup(test_short_fadt_of_acpi_1, setup),
	    cmocka_unit_test_setup(test_wide_fadt_fields_win, setup),
	    cmocka_unit_test_setup(test_lapic_address_override, setup),
	    cmocka_unit_test_setup(test_256_processors_and_no_more, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

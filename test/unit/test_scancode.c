// SPDX-License-Identifier: BSD-2-Clause
/* drivers/scancode.c: what is typed on a PC keyboard; and drivers/ioapic_isa.c. */
#include "unit.h"

#include <drivers/ioapic.h>
#include <drivers/scancode.h>
#include <stdlib.h>
#include <string.h>

static struct scancode s;

static int setup(void **state)
{
	memset(&s, 0, sizeof(s));
	return 0;
}

static void expect(const u8 *codes, size_t count, const char *text)
{
	char got[256] = "", part[SCANCODE_TEXT_MAX];

	for (size_t i = 0; i < count; i++) {
		scancode_next(&s, codes[i], part);
		strcat(got, part);
	}
	assert_string_equal(got, text);
}

#define EXPECT(text, ...) \
	expect((const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ }), text)

static void letters_and_digits(void **state)
{
	EXPECT("plinth 1\r", 0x19, 0x99, 0x26, 0xA6, 0x17, 0x97, 0x31, 0xB1, 0x14, 0x94, 0x23, 0xA3,
	       0x39, 0xB9, 0x02, 0x82, 0x1C, 0x9C);
	EXPECT("\t\b\033`\\,./;'[]-=", 0x0F, 0x0E, 0x01, 0x29, 0x2B, 0x33, 0x34, 0x35, 0x27, 0x28,
	       0x1A, 0x1B, 0x0C, 0x0D);
	EXPECT("789-456+1230.*", 0x47, 0x48, 0x49, 0x4A, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F, 0x50, 0x51,
	       0x52, 0x53, 0x37);
}

static void shift_and_caps(void **state)
{
	EXPECT("Aa", 0x2A, 0x1E, 0x9E, 0xAA, 0x1E);
	EXPECT("!:\"<>?|~{}_+", 0x36, 0x02, 0x27, 0x28, 0x33, 0x34, 0x35, 0x2B, 0x29, 0x1A, 0x1B,
	       0x0C, 0x0D);
	EXPECT("1", 0xB6, 0x02);
	EXPECT("A1a", 0x3A, 0xBA, 0x1E, 0x02, 0x2A, 0x1E, 0xAA);
	EXPECT("a", 0x3A, 0xBA, 0x1E);
}

static void ctrl_and_alt(void **state)
{
	EXPECT("\001m", 0x1D, 0x1E, 0x9E, 0x9D, 0x32); /* Ctrl-A m */
	EXPECT("\003", 0xE0, 0x1D, 0x2E, 0xE0, 0x9D);
	EXPECT("\033\035", 0x1D, 0x1A, 0x1B, 0x9D);
	EXPECT("\033x", 0x38, 0x2D, 0xB8);
	EXPECT("1", 0x1D, 0x02, 0x9D);
}

static void cursor_keys(void **state)
{
	EXPECT("\033[A\033[B\033[C\033[D", 0xE0, 0x48, 0xE0, 0xC8, 0xE0, 0x50, 0xE0, 0x4D, 0xE0,
	       0x4B);
	EXPECT("\033[H\033[F\033[5~\033[6~\033[2~\033[3~/\r", 0xE0, 0x47, 0xE0, 0x4F, 0xE0, 0x49,
	       0xE0, 0x51, 0xE0, 0x52, 0xE0, 0x53, 0xE0, 0x35, 0xE0, 0x1C);
	/* A fake shift around them changes nothing. */
	EXPECT("\033[Aa", 0xE0, 0x2A, 0xE0, 0x48, 0xE0, 0xC8, 0xE0, 0xAA, 0x1E);
}

static void what_types_nothing(void **state)
{
	EXPECT("", 0xFA, 0xAA, 0x3B, 0x58, 0x57, 0x46, 0x45, 0x7F, 0xFF, 0xEE, 0x00, 0x54);
	/* Pause is six bytes, of which two look like Num Lock. */
	EXPECT("a", 0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5, 0x1E);
	EXPECT("", 0xE0, 0x5B, 0xE0, 0x7F);
	EXPECT("a", 0x1E);
}

static void any_bytes(void **state)
{
	char text[SCANCODE_TEXT_MAX];

	srand(1);
	for (int i = 0; i < 200000; i++) {
		scancode_next(&s, (u8)rand(), text);
		assert_true(strlen(text) < SCANCODE_TEXT_MAX);
	}
}

static void isa_interrupts(void **state)
{
	static struct acpi_info acpi = {
		.override_count = 3,
		.override = { { .irq = 0, .gsi = 2 },
			      { .irq = 9, .gsi = 20, .flags = 0xF },
			      { .irq = 4, .gsi = 36, .flags = 0x5 } },
	};
	struct acpi_info none = { 0 };

	assert_int_equal(ioapic_isa(&none, 4).gsi, 4);
	assert_int_equal(ioapic_isa(&none, 4).low, 0);
	assert_int_equal(ioapic_isa(&acpi, 3).gsi, 3);
	assert_int_equal(ioapic_isa(&acpi, 0).gsi, 2);
	assert_int_equal(ioapic_isa(&acpi, 4).gsi, 36);
	assert_int_equal(ioapic_isa(&acpi, 4).low, 0);
	assert_int_equal(ioapic_isa(&acpi, 9).gsi, 20);
	assert_int_equal(ioapic_isa(&acpi, 9).low, 0xA000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(letters_and_digits, setup),
		cmocka_unit_test_setup(shift_and_caps, setup),
		cmocka_unit_test_setup(ctrl_and_alt, setup),
		cmocka_unit_test_setup(cursor_keys, setup),
		cmocka_unit_test_setup(what_types_nothing, setup),
		cmocka_unit_test_setup(any_bytes, setup),
		cmocka_unit_test(isa_interrupts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

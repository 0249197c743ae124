// SPDX-License-Identifier: BSD-2-Clause
/* drivers/pci_serial.c: machines with and without a card. */
#include "unit.h"

#include <drivers/pci_serial.h>
#include <string.h>

static struct card {
	u32 address;
	u32 reg[5]; /* id, command and status, class, header, BAR 0 */
} cards[8];
static u32 count, written_at, written;

static u32 config_read(void *ctx, u32 address)
{
	for (u32 i = 0; i < count; i++)
		if (cards[i].address == (address & ~0xffu)) {
			assert_true((address & 0xff) < sizeof(cards[i].reg));
			return cards[i].reg[(address & 0xff) / 4];
		}
	return ~0u;
}

static void config_write(void *ctx, u32 address, u32 v)
{
	written_at = address;
	written = v;
}

static const struct pci_config pci = { .read = config_read, .write = config_write };

static int setup(void **state)
{
	count = written_at = written = 0;
	return 0;
}

static struct card *add(u32 bus, u32 device, u32 function, u32 class, u32 bar)
{
	cards[count] = (struct card){
		.address = bus << 16 | device << 11 | function << 8,
		.reg = { 0x12345678, 0x02900001, class << 8 | 0x11, 0, bar },
	};
	return &cards[count++];
}

static struct pci_serial found;

static void no_card(void **state)
{
	assert_false(pci_serial_find(&pci, &found));
	add(0, 0, 0, 0x060000, 0);
	add(0, 31, 0, 0x020000, 0xc001);
	assert_false(pci_serial_find(&pci, &found));
}

static void a_card(void **state)
{
	add(0, 0, 0, 0x060000, 0);
	add(0, 3, 0, 0x070002, 0xc041);
	assert_true(pci_serial_find(&pci, &found));
	assert_int_equal(found.bus, 0);
	assert_int_equal(found.device, 3);
	assert_int_equal(found.function, 0);
	assert_int_equal(found.port, 0xc040);
	assert_int_equal(written_at, 0);
}

/* On the last function of the last device of the last bus. */
static void the_last_one(void **state)
{
	add(255, 31, 0, 0x070080, 0)->reg[3] = 0x800000;
	add(255, 31, 7, 0x070000, 0xf001);
	assert_true(pci_serial_find(&pci, &found));
	assert_int_equal(found.bus, 255);
	assert_int_equal(found.device, 31);
	assert_int_equal(found.function, 7);
}

/* Some answer for all functions with the first one's registers: it says that it has no others. */
static void functions_only_if_there_are_many(void **state)
{
	add(0, 4, 0, 0x010000, 0);
	add(0, 4, 1, 0x070002, 0xd001);
	assert_false(pci_serial_find(&pci, &found));
	cards[0].reg[3] = 0x800000;
	assert_true(pci_serial_find(&pci, &found));
	assert_int_equal(found.function, 1);
}

static void decoding_is_switched_on(void **state)
{
	add(1, 2, 0, 0x070002, 0xe001)->reg[1] = 0xf9000006;
	assert_true(pci_serial_find(&pci, &found));
	assert_int_equal(written_at, 1 << 16 | 2 << 11 | 4);
	assert_int_equal(written, 0x0007); /* and none of the status bits is cleared */
}

static void what_cannot_be_used(void **state)
{
	add(0, 1, 0, 0x070002, 0xfebf0000); /* in memory */
	add(0, 2, 0, 0x070002, 1);	    /* no port given */
	add(0, 3, 0, 0x070003, 0xc001);	    /* with more to it than a 16550 */
	add(0, 4, 0, 0x070300, 0xc001);	    /* a modem */
	add(0, 5, 0, 0x070002, 0xc001)->reg[3] = 0x010000; /* a bridge, or so it says */
	add(0, 6, 0, 0x070002, 0x10c001);   /* beyond the ports */
	assert_false(pci_serial_find(&pci, &found));
	assert_int_equal(written_at, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_card),
		TEST(a_card),
		TEST(the_last_one),
		TEST(functions_only_if_there_are_many),
		TEST(decoding_is_switched_on),
		TEST(what_cannot_be_used),
	};

	return cmocka_run_group_tests_name("pci_serial", tests, NULL, NULL);
}

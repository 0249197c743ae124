// SPDX-License-Identifier: BSD-2-Clause
#include "unit.h"

#include <devices/pci.h>
#include <devices/reset.h>
#include <vm/bus.h>

#include "device_rig.h"

#define ECAM 0xb0000000ull

static struct spinlock lock = SPINLOCK_INIT;
static struct pci p;
static struct reset cf9;
static struct bus ports, mmio;
static unsigned resets;

/* A function with a BAR-like register at 10h and extended space. */
static u8 card_config[PCIE_CONFIG_SIZE], card_mask[PCIE_CONFIG_SIZE];
static struct pci_function card;

static int power_on(void **state)
{
	(void)state;
	resets = 0;
	pci_init(&p, &lock);
	reset_init(&cf9, &lock, rig_count, &resets);
	p.cf9 = &cf9.dev;
	ports = mmio = (struct bus){ 0 };
	assert_int_equal(bus_add(&ports, 0xcf8, 8, 0xcf8, &p.ports), OK);
	assert_int_equal(bus_add(&mmio, ECAM, PCI_MMCONFIG_PER_BUS, ECAM, &p.mmconfig), OK);

	memset(card_config, 0, sizeof(card_config));
	memset(card_mask, 0, sizeof(card_mask));
	memcpy(card_config, "\xf4\x1a\x00\x10", 4);
	card_config[0x100] = 0x0b;
	memset(card_mask + 0x10, 0xff, 4);
	card_mask[0x10] = 0xf0;
	card_mask[0xfff] = 0x0f;
	card = (struct pci_function){ .config = card_config,
				      .mask = card_mask,
				      .size = sizeof(card_config) };
	assert_int_equal(pci_add(&p, PCI_BDF(0, 3, 1), &card), OK);
	return 0;
}

static u32 in(u64 port, unsigned width)
{
	return (u32)bus_read(&ports, port, width);
}

static void out(u64 port, unsigned width, u32 val)
{
	bus_write(&ports, port, width, val);
}

static u32 config(u16 bdf, u32 reg)
{
	out(0xcf8, 4, 1u << 31 | (u32)bdf << 8 | reg);
	return in(0xcfc, 4);
}

/* Linux pci_check_type1() and pci_sanity_check(). */
static void linux_probe(void **state)
{
	(void)state;
	out(0xcfb, 1, 0x01);
	out(0xcf8, 4, 0x80000000);
	assert_int_equal(in(0xcf8, 4), 0x80000000);
	assert_int_equal(config(PCI_BDF(0, 0, 0), 0x08) >> 16, 0x0600);
	/* pci_check_type2(): must not look like mechanism 2. */
	out(0xcfb, 1, 0x00);
	out(0xcf8, 1, 0x00);
	out(0xcfa, 1, 0x00);
	assert_int_not_equal(in(0xcf8, 1), 0x00);
}

static void host_bridge(void **state)
{
	(void)state;
	assert_int_equal(config(0, 0x00), 0x00081b36);
	assert_int_equal(config(0, 0x04), 0x00000006);
	assert_int_equal(config(0, 0x0c), 0); /* one function, header type 0 */
	assert_int_equal(config(0, 0xfc), 0);
	out(0xcf8, 4, 0x80000000);
	out(0xcfc, 4, 0xffffffff);
	assert_int_equal(config(0, 0x00), 0x00081b36); /* read only */
}

static void everything_else_is_absent(void **state)
{
	(void)state;
	for (u32 bdf = 1; bdf < 0x10000; bdf++)
		if (bdf != PCI_BDF(0, 3, 1))
			assert_int_equal(config((u16)bdf, 0), 0xffffffff);
}

static void address_register(void **state)
{
	(void)state;
	out(0xcf8, 4, 0xffffffff);
	assert_int_equal(in(0xcf8, 4), 0x80fffffc); /* reserved bits are 0 */
	out(0xcf8, 2, 0x1234);
	out(0xcf8, 1, 0x12);
	assert_int_equal(in(0xcf8, 4), 0x80fffffc);
	assert_int_equal(in(0xcf8, 2), 0xffff);
	p.ports.ops->reset(&p.ports);
	assert_int_equal(in(0xcf8, 4), 0);
	assert_int_equal(in(0xcfc, 4), 0xffffffff); /* not enabled */
}

static void data_port_widths(void **state)
{
	(void)state;
	config(PCI_BDF(0, 0, 0), 0x00);
	assert_int_equal(in(0xcfc, 1), 0x36);
	assert_int_equal(in(0xcfd, 1), 0x1b);
	assert_int_equal(in(0xcfe, 2), 0x0008);
	assert_int_equal(in(0xcfd, 2), 0x081b);
	assert_int_equal(in(0xcff, 2), 0xff00);     /* half outside */
	assert_int_equal(in(0xcfa, 4), 0x1b36ffff); /* half address port */
}

static void write_mask(void **state)
{
	(void)state;
	config(PCI_BDF(0, 3, 1), 0x10);
	out(0xcfc, 4, 0xffffffff);
	assert_int_equal(in(0xcfc, 4), 0xfffffff0); /* how a guest sizes a BAR */
	out(0xcfd, 1, 0x12);
	assert_int_equal(in(0xcfc, 4), 0xffff12f0);
	assert_int_equal(config(PCI_BDF(0, 3, 1), 0x00), 0x10001af4);
}

static void cf9_hides_behind_the_address(void **state)
{
	(void)state;
	out(0xcf8, 4, 0x80000604); /* a dword whose second byte would reset */
	out(0xcf9, 2, 0x0606);
	assert_int_equal(resets, 0);
	out(0xcf9, 1, 0x06);
	assert_int_equal(resets, 1);
	assert_int_equal(in(0xcf9, 1), 0x06);
	assert_int_equal(in(0xcf8, 4), 0x80000604);
	p.cf9 = NULL;
	out(0xcf9, 1, 0x00);
	assert_int_equal(in(0xcf9, 1), 0xff);
}

static void mmconfig(void **state)
{
	u64 at = ECAM + (PCI_BDF(0, 3, 1) << 12);

	(void)state;
	assert_int_equal(bus_read(&mmio, ECAM, 4), 0x00081b36);
	assert_int_equal(bus_read(&mmio, ECAM + 0x100, 4),
			 0xffffffff); /* a conventional function */
	assert_int_equal(bus_read(&mmio, at + 0x100, 4), 0x0b);
	assert_int_equal(bus_read(&mmio, at + 2, 2), 0x1000);
	bus_write(&mmio, at + 0xfff, 1, 0xff);
	assert_int_equal(bus_read(&mmio, at + 0xfff, 1), 0x0f);
	assert_int_equal(bus_read(&mmio, at + 0xffe, 4), 0xffff0f00); /* into the next function */
	assert_int_equal(bus_read(&mmio, ECAM + PCI_MMCONFIG_PER_BUS - 4, 4), 0xffffffff);
	p.mmconfig.ops->write(&p.mmconfig, 0x0fffffff, 8, 0); /* far outside: no harm */
	assert_int_equal(p.mmconfig.ops->read(&p.mmconfig, 0xffffffff000ull, 4), 0xffffffff);
}

static void adding(void **state)
{
	struct pci_function odd = { .config = card_config, .size = 1000 };

	(void)state;
	assert_int_equal(pci_add(&p, PCI_BDF(0, 3, 1), &card), E_EXISTS);
	assert_int_equal(pci_add(&p, PCI_BDF(0, 0, 0), &card), E_EXISTS);
	assert_int_equal(pci_add(&p, PCI_BDF(1, 0, 0), &card), E_RANGE);
	assert_int_equal(pci_add(&p, PCI_BDF(0, 4, 0), &odd), E_RANGE);
	assert_int_equal(pci_add(&p, PCI_BDF(0, 31, 7), &card), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(linux_probe, power_on),
		cmocka_unit_test_setup(host_bridge, power_on),
		cmocka_unit_test_setup(everything_else_is_absent, power_on),
		cmocka_unit_test_setup(address_register, power_on),
		cmocka_unit_test_setup(data_port_widths, power_on),
		cmocka_unit_test_setup(write_mask, power_on),
		cmocka_unit_test_setup(cf9_hides_behind_the_address, power_on),
		cmocka_unit_test_setup(mmconfig, power_on),
		cmocka_unit_test_setup(adding, power_on),
	};

	return cmocka_run_group_tests_name("pci", tests, NULL, NULL);
}

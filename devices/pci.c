// SPDX-License-Identifier: BSD-2-Clause
#include "pci.h"

#include <lib/bits.h>

#define OFF_ADDRESS 0
#define OFF_CF9     1
#define OFF_DATA    4
#define PORTS       8

#define ADDRESS_ENABLE BIT(31)
#define ADDRESS_BDF    BITS(23, 8)
#define ADDRESS_REG    BITS(7, 2)

#define MMCONFIG_BDF BITS(27, 12)
#define MMCONFIG_REG BITS(11, 0)

/* QEMU docs/specs/pci-ids: "PCIe Host bridge", a bridge without registers of its own. */
#define BRIDGE_VENDOR      0x1b36
#define BRIDGE_DEVICE      0x0008
#define BRIDGE_CLASS       0x0600
#define COMMAND_MEM_MASTER 0x06 /* memory and bus master, hard-wired */

/* The function at bus 0 whose configuration space has a byte at `reg`, or NULL. */
static struct pci_function *find(const struct pci *p, u16 bdf, u32 reg)
{
	struct pci_function *f = bdf < ARRAY_LEN(p->function) ? p->function[bdf] : NULL;

	return f && reg < f->size ? f : NULL;
}

static u8 config_read(const struct pci *p, u16 bdf, u32 reg)
{
	const struct pci_function *f = find(p, bdf, reg);

	return f ? f->config[reg] : 0xff;
}

static void config_write(struct pci *p, u16 bdf, u32 reg, u8 val)
{
	struct pci_function *f = find(p, bdf, reg);

	if (f && f->mask)
		f->config[reg] = (f->config[reg] & ~f->mask[reg]) | (val & f->mask[reg]);
}

static struct pci *ports_of(struct device *d)
{
	return container_of(d, struct pci, ports);
}

/* The register that the data port at `off` shows. */
static u32 data_reg(const struct pci *p, u64 off)
{
	return (p->address & ADDRESS_REG) + (u32)(off - OFF_DATA);
}

/* Byte by byte: the data port. CF8h is a register for whole doublewords only. */
static u8 ports_read8(struct device *d, u64 off)
{
	struct pci *p = ports_of(d);

	if (off < OFF_DATA || off >= PORTS || !(p->address & ADDRESS_ENABLE))
		return 0xff;
	return config_read(p, FIELD_GET(ADDRESS_BDF, p->address), data_reg(p, off));
}

static void ports_write8(struct device *d, u64 off, u8 val)
{
	struct pci *p = ports_of(d);

	if (off >= OFF_DATA && off < PORTS && (p->address & ADDRESS_ENABLE))
		config_write(p, FIELD_GET(ADDRESS_BDF, p->address), data_reg(p, off), val);
}

static u64 ports_read(struct device *d, u64 off, unsigned width)
{
	struct pci *p = ports_of(d);

	if (off == OFF_ADDRESS && width == 4)
		return p->address;
	if (off == OFF_CF9 && width == 1 && p->cf9)
		return p->cf9->ops->read(p->cf9, 0, 1);
	return device_read_bytes(d, off, width, ports_read8);
}

static void ports_write(struct device *d, u64 off, unsigned width, u64 val)
{
	struct pci *p = ports_of(d);

	if (off == OFF_ADDRESS && width == 4)
		p->address = (u32)val & (ADDRESS_ENABLE | ADDRESS_BDF | ADDRESS_REG);
	else if (off == OFF_CF9 && width == 1 && p->cf9)
		p->cf9->ops->write(p->cf9, 0, 1, val);
	else
		device_write_bytes(d, off, width, val, ports_write8);
}

static u8 mmconfig_read8(struct device *d, u64 off)
{
	const struct pci *p = container_of(d, struct pci, mmconfig);

	return config_read(p, FIELD_GET(MMCONFIG_BDF, off), FIELD_GET(MMCONFIG_REG, off));
}

static void mmconfig_write8(struct device *d, u64 off, u8 val)
{
	struct pci *p = container_of(d, struct pci, mmconfig);

	config_write(p, FIELD_GET(MMCONFIG_BDF, off), FIELD_GET(MMCONFIG_REG, off), val);
}

static u64 mmconfig_read(struct device *d, u64 off, unsigned width)
{
	return device_read_bytes(d, off, width, mmconfig_read8);
}

static void mmconfig_write(struct device *d, u64 off, unsigned width, u64 val)
{
	device_write_bytes(d, off, width, val, mmconfig_write8);
}

/* The functions' configuration spaces are their owners' to reset; the bridge's is constant. */
static void ports_reset(struct device *d)
{
	ports_of(d)->address = 0;
}

static void mmconfig_reset(struct device *d)
{
}

static const struct device_ops ports_ops = {
	.read = ports_read,
	.write = ports_write,
	.reset = ports_reset,
};

static const struct device_ops mmconfig_ops = {
	.read = mmconfig_read,
	.write = mmconfig_write,
	.reset = mmconfig_reset,
};

enum status pci_add(struct pci *p, u16 bdf, struct pci_function *f)
{
	if (bdf >= ARRAY_LEN(p->function))
		return E_RANGE;
	if (f->size != PCI_CONFIG_SIZE && f->size != PCIE_CONFIG_SIZE)
		return E_RANGE;
	if (p->function[bdf])
		return E_EXISTS;
	p->function[bdf] = f;
	return OK;
}

void pci_init(struct pci *p, struct spinlock *lock)
{
	*p = (struct pci){
		.ports	  = { .name = "pci", .ops = &ports_ops, .lock = lock },
		.mmconfig = { .name = "mmconfig", .ops = &mmconfig_ops, .lock = lock },
		.bridge	  = { .config = p->bridge_config, .size = PCI_CONFIG_SIZE },
		.bridge_config = {
			[0x00] = BRIDGE_VENDOR & 0xff, BRIDGE_VENDOR >> 8,
			[0x02] = BRIDGE_DEVICE & 0xff, BRIDGE_DEVICE >> 8,
			[0x04] = COMMAND_MEM_MASTER,
			[0x0a] = BRIDGE_CLASS & 0xff, BRIDGE_CLASS >> 8,
		},
	};
	p->function[PCI_BDF(0, 0, 0)] = &p->bridge;
}

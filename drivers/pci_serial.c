// SPDX-License-Identifier: BSD-2-Clause
#include "pci_serial.h"

#include <lib/bits.h>

/* PCI Local Bus Specification, "Configuration Space Organization" and "Class Codes". */
#define REG_ID	    0x00
#define REG_COMMAND 0x04
#define REG_CLASS   0x08 /* class, subclass, interface, revision */
#define REG_HEADER  0x0c
#define REG_BAR0    0x10

#define ID_NONE	       0xffffffffu
#define COMMAND_IO     BIT(0)
#define COMMAND_STATUS BITS(31, 16) /* cleared by writing ones */
#define CLASS_SERIAL   0x0700u	    /* of the upper two bytes */
#define INTERFACE_MAX  2	    /* 8250, 16450, 16550; later ones may be told from them by their clock */
#define HEADER_KIND    BITS(22, 16)
#define HEADER_MANY    BIT(23)
#define BAR_IO	       BIT(0)

static u32 address_of(u32 bus, u32 device, u32 function)
{
	return bus << 16 | device << 11 | function << 8;
}

/* The I/O port of the function's serial port, or 0. */
static u16 port_of(const struct pci_config *pci, u32 address)
{
	u32 class = pci->read(pci->ctx, address + REG_CLASS);
	u32 command, bar;

	if (class >> 16 != CLASS_SERIAL || (class >> 8 & 0xff) > INTERFACE_MAX)
		return 0;
	if (FIELD_GET(HEADER_KIND, pci->read(pci->ctx, address + REG_HEADER)))
		return 0;
	bar = pci->read(pci->ctx, address + REG_BAR0);
	if (!(bar & BAR_IO) || bar > 0xffff || bar < 0x100)
		return 0;
	command = pci->read(pci->ctx, address + REG_COMMAND);
	if (!(command & COMMAND_IO))
		pci->write(pci->ctx, address + REG_COMMAND, (u32)((command & ~COMMAND_STATUS) | COMMAND_IO));
	return (u16)(bar & ~7u);
}

static bool look_at(const struct pci_config *pci, u32 bus, u32 device, struct pci_serial *out)
{
	for (u32 function = 0; function < 8; function++) {
		u32 address = address_of(bus, device, function);
		bool there = pci->read(pci->ctx, address + REG_ID) != ID_NONE;

		if (there) {
			u16 port = port_of(pci, address);

			*out = (struct pci_serial){ (u8)bus, (u8)device, (u8)function, port };
			if (port)
				return true;
		}
		if (!function && (!there || !(pci->read(pci->ctx, address + REG_HEADER) & HEADER_MANY)))
			return false;
	}
	return false;
}

bool pci_serial_find(const struct pci_config *pci, struct pci_serial *out)
{
	for (u32 bus = 0; bus < 256; bus++)
		for (u32 device = 0; device < 32; device++)
			if (look_at(pci, bus, device, out))
				return true;
	return false;
}

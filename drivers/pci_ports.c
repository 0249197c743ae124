// SPDX-License-Identifier: BSD-2-Clause
/* PCI Local Bus Specification, "Software Generation of Configuration Transactions". */
#include "pci_serial.h"

#include <arch/x86_64/cpu.h>
#include <lib/bits.h>

#define PORT_ADDRESS 0xcf8
#define PORT_DATA    0xcfc
#define ENABLE	     0x80000000u

static u32 read(void *ctx, u32 address)
{
	outl(PORT_ADDRESS, ENABLE | address);
	return inl(PORT_DATA);
}

static void write(void *ctx, u32 address, u32 v)
{
	outl(PORT_ADDRESS, ENABLE | address);
	outl(PORT_DATA, v);
}

const struct pci_config pci_config_ports = { .read = read, .write = write };

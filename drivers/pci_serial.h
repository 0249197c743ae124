// SPDX-License-Identifier: BSD-2-Clause
/*
 * Where a serial port on a PCI card is: for machines without one on the board. Pure; boot only.
 */
#pragma once

#include <lib/types.h>

/* Configuration space. `address`: bus << 16 | device << 11 | function << 8 | offset, a multiple of 4. */
struct pci_config {
	u32 (*read)(void *ctx, u32 address);
	void (*write)(void *ctx, u32 address, u32 v);
	void *ctx;
};

/* The machine's, by ports CF8h and CFCh. */
extern const struct pci_config pci_config_ports;

struct pci_serial {
	u8 bus, device, function;
	u16 port;
};

/* The first 16550 or older at I/O ports; switches its decoding on if the firmware has not. False if there is none. */
must_check bool pci_serial_find(const struct pci_config *pci, struct pci_serial *out);

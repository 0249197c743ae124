// SPDX-License-Identifier: BSD-2-Clause
/*
 * The PCI host bridge: configuration mechanism 1 (PCI Local Bus specification, "Configuration
 * Mechanism #1") and MMCONFIG (PCI Express base specification, "PCI Express Enhanced Configuration
 * Access Mechanism") for bus 0. Where no function is, reads are all ones and writes vanish.
 *
 * `ports` has its origin at CF8h, 8 ports; `mmconfig` at the MMCONFIG base, PCI_MMCONFIG_PER_BUS
 * bytes a bus. A byte access to CF9h goes on to `cf9`, if set: that register hides inside the
 * address port.
 */
#pragma once

#include <lib/status.h>
#include <vm/device.h>

#define PCI_MMCONFIG_PER_BUS MIB
#define PCI_CONFIG_SIZE      256
#define PCIE_CONFIG_SIZE     4096

#define PCI_BDF(bus, dev, fn) ((u16)((bus) << 8 | (dev) << 3 | (fn)))

/* A function's configuration space. Belongs to whoever adds it. */
struct pci_function {
	u8 *config;     /* [v] `size` bytes */
	const u8 *mask; /* [b] `size` bytes: the bits that the guest may write; NULL: none */
	u32 size;       /* [b] PCI_CONFIG_SIZE or PCIE_CONFIG_SIZE */
};

struct pci {
	struct device ports;
	struct device mmconfig;
	struct device *cf9;                 /* [b] set by the board; may be NULL */
	struct pci_function *function[256]; /* [b] of bus 0, by device << 3 | function */
	struct pci_function bridge;         /* 00:00.0 */
	u8 bridge_config[PCI_CONFIG_SIZE];
	u32 address; /* [v] CF8h */
};

/* Adds the host bridge itself, too. */
void pci_init(struct pci *p, struct spinlock *lock);
/* While the board is built. E_RANGE: not on bus 0, or a bad `size`. E_EXISTS. */
enum status must_check pci_add(struct pci *p, u16 bdf, struct pci_function *f);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Setting up the consoles that plinth.conf asks for. Boot only.
 */
#pragma once

#include <core/service/boot_info.h>
#include <drivers/acpi.h>
#include <guests/config.h>

/* Serial lines: as early as possible. */
void screen_serial(const struct host_config *host);
/* If a serial line was asked for and none has answered: the one that the firmware names, or that of a PCI card. */
void screen_serial_elsewhere(const struct acpi_info *acpi);
/* The framebuffer and its keyboard, once memory can be mapped. */
void screen_framebuffer(const struct host_config *host, const struct boot_fb *fb);
/* Leads the serial ports' interrupts to this pCPU, where there is an IOAPIC; after
 * screen_poll_start(). */
void screen_interrupts(const struct acpi_info *acpi);
/* Starts the polling of keyboards; on the bootstrap processor, once timers run. */
void screen_poll_start(void);

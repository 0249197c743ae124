// SPDX-License-Identifier: BSD-2-Clause
#include "screen.h"

#include <arch/x86_64/defs/vectors.h>
#include <core/console.h>
#include <core/hostmap.h>
#include <core/log.h>
#include <core/pcpu.h>
#include <core/service/time.h>
#include <core/trap.h>
#include <drivers/framebuffer.h>
#include <drivers/i8042kbd.h>
#include <drivers/ioapic.h>
#include <drivers/pci_serial.h>
#include <drivers/serial.h>
#include <lib/fmt.h>

#define POLL_PERIOD (10 * NS_PER_MS) /* short enough for a person */
#define POLL_SOON   (1 * NS_PER_MS)  /* a 16-byte FIFO does not overrun at 115200 baud */
/* Of a card: what all of them are set to by default. */
#define SERIAL_BAUD 115200

static struct serial serials[CONFIG_CONSOLES_MAX];
static u32 serial_count;
static u64 poll_period = POLL_PERIOD;
static struct framebuffer framebuffer;
static struct i8042kbd keyboard;
static struct timer poll_timer;
static bool wants_serial; /* [b] */

static bool add_serial(u16 port, u32 baud)
{
	if (!serial_init(&serials[serial_count], port, baud))
		return false;
	log_add_console(&serials[serial_count++].sink);
	return true;
}

void screen_serial(const struct host_config *host)
{
	for (u32 i = 0; i < host->consoles.count; i++) {
		const struct config_console *c = &host->consoles.item[i];

		if (c->kind != CONSOLE_SERIAL)
			continue;
		wants_serial = true;
		if (!add_serial(c->port, c->baud))
			log_warn("no serial port at %xh", c->port);
	}
}

static bool try_port(u16 port, u32 baud, const char *where)
{
	if (!port || !add_serial(port, baud))
		return false;
	log_info("serial port at %xh, %s", port, where);
	return true;
}

void screen_serial_elsewhere(const struct acpi_info *acpi)
{
	const struct acpi_address *named = &acpi->serial;
	struct pci_serial card;
	char where[32];

	if (!wants_serial || serial_count)
		return;
	if (named->addr && named->space != ACPI_SPACE_IO)
		log_warn("the serial port that SPCR names is in memory, not supported");
	else if (named->addr <= 0xffff && try_port((u16)named->addr, acpi->serial_baud, "named by SPCR"))
		return;
	if (!pci_serial_find(&pci_config_ports, &card))
		return;
	fmt_print(where, sizeof(where), "PCI %02x:%02x.%x", card.bus, card.device, card.function);
	try_port(card.port, SERIAL_BAUD, where);
}

void screen_framebuffer(const struct host_config *host, const struct boot_fb *fb)
{
	for (u32 i = 0; i < host->consoles.count; i++) {
		void *pixels;

		if (host->consoles.item[i].kind != CONSOLE_FRAMEBUFFER)
			continue;
		if (!fb->width) {
			log_info("no framebuffer");
			return;
		}
		pixels =
		    hostmap_add(fb->base, (u64)fb->pitch * fb->height, PT_READ | PT_WRITE, PT_WC);
		if (!pixels || framebuffer_init(&framebuffer, pixels, fb)) {
			log_warn("framebuffer %ux%u cannot be used", fb->width, fb->height);
			return;
		}
		log_add_console(&framebuffer.sink);
		log_info("framebuffer %ux%u", fb->width, fb->height);
		if (i8042kbd_init(&keyboard))
			console_sink_add(&keyboard.sink);
		else
			log_info("no keyboard");
		return;
	}
}

/* Of the pCPU to which the interrupts were led, and on which the timer is. */
static void on_irq(void)
{
	timer_set(&poll_timer, time_now());
}

void screen_interrupts(const struct acpi_info *acpi)
{
	trap_on_console(on_irq);
	for (u32 i = 0; i < serial_count; i++) {
		struct serial *u = &serials[i];
		u8 irq = serial_isa_irq(u->port);

		if (irq && ioapic_route(acpi, irq, this_pcpu()->apic_id, VEC_CONSOLE)) {
			serial_irq_on(u);
			continue;
		}
		serial_polled(u);
		poll_period = POLL_SOON;
		log_info("serial port %xh: no interrupt, polled", u->port);
	}
}

static void poll(void *ctx)
{
	u64 period = console_poll() ? POLL_SOON : poll_period;

	timer_set(&poll_timer, time_now() + period);
}

void screen_poll_start(void)
{
	timer_init(&poll_timer, poll, NULL);
	timer_set(&poll_timer, time_now() + poll_period);
}

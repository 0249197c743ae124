// SPDX-License-Identifier: BSD-2-Clause
#include "screen.h"

#include <core/console.h>
#include <core/hostmap.h>
#include <core/log.h>
#include <core/service/time.h>
#include <drivers/framebuffer.h>
#include <drivers/serial.h>

/* Short enough that a 16-byte FIFO does not overrun at 9600 baud, and for a person at any speed. */
#define POLL_PERIOD (10 * NS_PER_MS)

static struct serial serials[CONFIG_CONSOLES_MAX];
static struct framebuffer framebuffer;
static struct timer poll_timer;

void screen_serial(const struct host_config *host)
{
	for (u32 i = 0; i < host->consoles.count; i++) {
		const struct config_console *c = &host->consoles.item[i];

		if (c->kind != CONSOLE_SERIAL)
			continue;
		if (serial_init(&serials[i], c->port, c->baud))
			log_add_console(&serials[i].sink);
		else
			log_warn("no serial port at %xh", c->port);
	}
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
		pixels = hostmap_add(fb->base, (u64)fb->pitch * fb->height, PT_READ | PT_WRITE, PT_WC);
		if (!pixels || framebuffer_init(&framebuffer, pixels, fb)) {
			log_warn("framebuffer %ux%u cannot be used", fb->width, fb->height);
			return;
		}
		log_add_console(&framebuffer.sink);
		log_info("framebuffer %ux%u", fb->width, fb->height);
		return;
	}
}

static void poll(void *ctx)
{
	console_poll();
	timer_set(&poll_timer, time_now() + POLL_PERIOD);
}

void screen_poll_start(void)
{
	timer_init(&poll_timer, poll, NULL);
	timer_set(&poll_timer, time_now() + POLL_PERIOD);
}

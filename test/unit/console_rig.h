// SPDX-License-Identifier: BSD-2-Clause
/*
 * For the tests of the console: two guests, and a screen of 128 KiB with a keyboard.
 */
#pragma once

#include "unit.h"

#include "../host/fake_time.h"

#include <core/ansi.h>
#include <core/console.h>
#include <lib/string.h>
#include <lib/types.h>
#include <stdio.h>
#include <stdlib.h>

struct screen {
	struct console_sink sink;
	char text[128 * KIB];
	size_t len;
	const char *typed;
};

static struct screen screen;
static struct console_port *web, *db;

static inline void screen_put(struct console_sink *s, char c)
{
	struct screen *sc = container_of(s, struct screen, sink);

	assert_true(sc->len < sizeof(sc->text) - 1);
	sc->text[sc->len++] = c;
	sc->text[sc->len] = '\0';
}

static inline int screen_get(struct console_sink *s)
{
	struct screen *sc = container_of(s, struct screen, sink);

	return sc->typed && *sc->typed ? (u8)*sc->typed++ : -1;
}

static inline int setup(void **state)
{
	(void)state;
	console_reset();
	fake_time_reset();
	fake_time_advance(NS_PER_S);
	memset(&screen, 0, sizeof(screen));
	screen.sink = (struct console_sink){ .put = screen_put, .get = screen_get };
	assert_true(console_sink_add(&screen.sink));
	web = console_port_open("web");
	db = console_port_open("db");
	return 0;
}

static inline void clear(void)
{
	screen.len = 0;
	screen.text[0] = '\0';
}

static inline void put(struct console_port *p, const char *text)
{
	while (*text)
		console_port_put(p, (u8)*text++);
}

static inline void type(const char *keys)
{
	while (*keys)
		assert_true(console_input((u8)*keys++));
}

static inline void wait_ms(u64 ms)
{
	fake_time_advance(ms * NS_PER_MS);
	console_poll();
}

static inline void assert_screen(const char *text)
{
	assert_string_equal(screen.text, text);
	clear();
}

#define FRONT_WEB "--- web has the screen and the keyboard (Ctrl-A 0: all guests)\r\n"
#define FRONT_DB  "--- db has the screen and the keyboard (Ctrl-A 0: all guests)\r\n"
#define ALL       "--- all guests (Ctrl-A and a digit: one guest and the keyboard)\r\n"

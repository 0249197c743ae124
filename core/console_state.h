// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the files of the console share: console.c (what is shown), console_port.c (guests'
 * places), console_input.c (keys). Nobody else includes it. Everything needs the console lock,
 * except after a panic.
 */
#pragma once

#include "ansi.h"
#include "console.h"

#include <lib/lock.h>
#include <lib/ring.h>

#define CONSOLE_LINE_MAX 200
#define INPUT_SIZE       (4 * KIB)
#define HISTORY_SIZE     (64 * KIB)

struct console_port {
	char name[CONSOLE_NAME_MAX]; /* [b] */
	u32 index;                   /* [b] in con.ports; CONSOLE_PORTS_MAX: the monitor's */
	void (*on_input)(void *ctx); /* this and all below: [console lock] */
	void *ctx;
	u32 calls; /* of on_input, now */
	struct ring input, history;
	u32 shown; /* how much of history.head the operator has seen, modulo 2^32 */
	struct ansi ansi;
	u64 full_since; /* since when a key waits for room; TIME_NEVER: none does */
	u64 since;      /* when line[0] came */
	u32 len;
	bool begun; /* this line's beginning was shown (or dropped) before line[0] */
	u8 line[CONSOLE_LINE_MAX];
	u8 input_data[INPUT_SIZE];
	u8 history_data[HISTORY_SIZE];
};

struct console_state {
	struct spinlock lock;
	struct console_sink *sinks[CONSOLE_SINKS_MAX];
	u32 sink_count, port_count;
	struct console_port *front; /* who has screen and keyboard; NULL: all guests are shown */
	struct console_port *open;  /* whose unfinished line the cursor stands in; NULL: nobody's */
	struct console_port *before; /* who was in front before the monitor */
	bool mid_line;               /* the cursor is not at a line's beginning */
	bool mid_log;                /* the same in the panels' log */
	bool key;                    /* Ctrl-A was typed, what follows is for us */
	bool helped;
	struct ansi replay; /* of what the guest in front printed before */
	u64 woken;          /* ports whose on_input is due once the lock is free, one bit each */
	struct console_port *ports[CONSOLE_PORTS_MAX];
	struct console_port *monitor; /* NULL: there is none */
};

extern struct console_state con;

static_assert(CONSOLE_PORTS_MAX < 64, "con.woken has a bit for each port and the monitor");

/* console.c */
void console_emit(char c);
void console_end_line(void);
void console_show_line(const char *text);
void console_gather(struct console_port *p, u8 byte);
void console_show_waiting(void);
void console_panel_put(u32 panel, char c);
void console_panel_front(void);
/* Tells screens with panels whose they are. */
void console_panels(void);

/* console_port.c */
/* Shows up to `max` bytes that p, in front, has printed and the operator has not seen. */
void console_catch_up(struct console_port *p, u32 max);
/* Begins with the newest lines of p, and all that was not seen; `all`: with the oldest byte. */
void console_rewind(struct console_port *p, bool all);

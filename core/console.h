// SPDX-License-Identifier: BSD-2-Clause
/*
 * The operator's console: the hypervisor's own lines and all guests' output on the same few
 * screens, and one keyboard.
 *
 * All guests (at first, and with Ctrl-A 0): each guest's output line by line, `[name] ` before it,
 * without control sequences. An unfinished line is shown when it is 200 bytes long or waits for 100
 * ms, and goes on where it stopped unless another line came between. The keyboard reaches nobody.
 * One guest (Ctrl-A 1 to 9, in the order of console_port_open(), or n and p): first its newest
 * lines and all that was not seen of the 64 KiB that are kept, then its bytes as they are, and the
 * keyboard is its own. The others' output is kept. Of the hypervisor's lines only urgent ones are
 * shown. The monitor (Ctrl-A m): as if it were a guest. A screen with panels shows all of this at
 * once, each guest in a panel of its own.
 *
 * It does not know what a serial line or a framebuffer is: those are sinks. It never logs.
 */
#pragma once

#include <core/service/console.h>

#define CONSOLE_SINKS_MAX 6
#define CONSOLE_KEY       0x01 /* Ctrl-A */
#define CONSOLE_ALL_TEXT  "--- all guests (Ctrl-A and a digit: one guest and the keyboard)"

/* Panels: the hypervisor's log and monitor, then the guests in the order of their digits. */
#define CONSOLE_PANEL_LOG  0u
#define CONSOLE_PANEL_NONE ~0u

struct console_panel {
	const char *name;
};

/* A screen, perhaps with a keyboard, or a keyboard alone. Embedded in its driver; lives for ever
 * once added. */
struct console_sink {
	/* Shows a character; a new line is CR LF. Must not block for long. NULL: a keyboard alone.
	 */
	void (*put)(struct console_sink *s, char c);
	/* A byte typed, or -1. NULL: there is no keyboard. */
	int (*get)(struct console_sink *s);
	/* All that was put is on its way when it returns. NULL: put() does so. */
	void (*flush)(struct console_sink *s);
	/* Screens with panels have all four, others none. put() then means the log's panel. */
	void (*panel_put)(struct console_sink *s, u32 panel, char c);
	/* Panels for so many guests. The names live as long. */
	void (*panel_layout)(struct console_sink *s, const struct console_panel *guests, u32 count);
	/* Whose the keyboard is. */
	void (*panel_front)(struct console_sink *s, u32 panel);
	/* An empty screen for a last report, whose beginning stays when there is no room for its
	 * end. */
	void (*panel_panic)(struct console_sink *s);
	/* For the console: a byte read that found no room yet. */
	bool holding;
	u8 held;
};

/* False if there are too many. What was shown before is not repeated: log_add_console() does that
 * for the log. */
bool console_sink_add(struct console_sink *sink);
/* Shows a line of the hypervisor's own. `urgent`: also while one guest has the screen. */
void console_write_line(const char *text, bool urgent);
/* The monitor's port, made by the first call, at boot; NULL: no memory. */
struct console_port *console_monitor_open(void);
/* Who was in front before the monitor is it again. */
void console_monitor_leave(void);
/* A byte typed. False: no room, nothing done, offer it again later. */
bool console_input(u8 byte);
/* Reads the sinks' keyboards, shows unfinished lines and what is still to be shown of the guest in
 * front. To be called every few ms, by one pCPU at a time; sooner if true. */
bool console_poll(void);
/* For panic(), when nobody else will write again: all screens are the report's; text with '\n' for
 * new lines. Both take no lock. */
void console_panic_begin(void);
void console_panic_write(const char *text);
/* Back to the state at power-on: no sinks, no ports. For unit tests. */
void console_reset(void);

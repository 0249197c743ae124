// SPDX-License-Identifier: BSD-2-Clause
/*
 * The operator's console: the hypervisor's own lines and all guests' output on the same few
 * screens, and one keyboard.
 *
 * All guests (at first, and with Ctrl-A 0): each guest's output line by line, `[name] ` before it,
 * without control sequences. An unfinished line is shown when it is 200 bytes long or waits for 100
 * ms, and goes on where it stopped unless another line came between. The keyboard reaches nobody.
 * One guest (Ctrl-A 1 to 9, in the order of console_port_open()): its bytes as they are, and the
 * keyboard is its own. The others' output is kept. Of the hypervisor's lines only urgent ones are
 * shown. Ctrl-A Ctrl-A is Ctrl-A for the guest.
 *
 * It does not know what a serial line or a framebuffer is: those are sinks. It never logs.
 */
#pragma once

#include <core/service/console.h>

#define CONSOLE_SINKS_MAX 4
#define CONSOLE_KEY       0x01 /* Ctrl-A */

/* A screen, perhaps with a keyboard. Embedded in its driver; lives for ever once added. */
struct console_sink {
	/* Shows a character; a new line is CR LF. Must not block for long. */
	void (*put)(struct console_sink *s, char c);
	/* A byte typed, or -1. NULL: there is no keyboard. */
	int (*get)(struct console_sink *s);
	/* For the console: a byte read that found no room yet. */
	bool holding;
	u8 held;
};

/* False if there are too many. What was shown before is not repeated: log_add_console() does that
 * for the log. */
bool console_sink_add(struct console_sink *sink);
/* Shows a line of the hypervisor's own. `urgent`: also while one guest has the screen. */
void console_write_line(const char *text, bool urgent);
/* A byte typed. False: no room, nothing done, offer it again later. */
bool console_input(u8 byte);
/* Reads the sinks' keyboards and shows unfinished lines. To be called every few ms, by one pCPU at
 * a time. */
void console_poll(void);
/* Writes text with '\n' for new lines, without the lock: for panic(), when nobody else will write
 * again. */
void console_panic_write(const char *text);
/* Back to the state at power-on: no sinks, no ports. For unit tests. */
void console_reset(void);

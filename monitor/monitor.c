// SPDX-License-Identifier: BSD-2-Clause
#include "monitor.h"

#include "top.h"

#include <core/ansi.h>
#include <core/console.h>
#include <lib/fmt.h>
#include <lib/string.h>
#include <stdarg.h>

#define LINE_MAX 100
#define PROMPT   "plinth> "

enum key {
	CTRL_C = 0x03,
	CTRL_D = 0x04,
	CTRL_U = 0x15,
	BACKSPACE = 0x08,
	DELETE = 0x7F,
};

/* Nobody but the pCPU that polls the console comes here. */
static struct {
	struct console_port *port;
	struct ansi ansi;
	char line[LINE_MAX];
	u32 len;
	bool after_cr; /* the line feed of CR LF is no second line */
} mon;

const struct monitor_host *monitor_host;

static void put(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			console_port_put(mon.port, '\r');
		console_port_put(mon.port, (u8)*text);
	}
}

void monitor_print(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	fmt_vprint(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(text);
}

static const struct monitor_command *find(struct slice name)
{
	for (const struct monitor_command *c = monitor_commands; c->name; c++)
		if (slice_equal(name, c->name))
			return c;
	return NULL;
}

void monitor_execute(struct slice line)
{
	struct slice name = slice_word(&line), word;
	const struct monitor_command *c;
	struct monitor_args args = { 0 };
	bool surplus = false;

	if (!name.len)
		return;
	c = find(name);
	if (!c) {
		monitor_print("there is no command \"%.*s\"; `help` lists them\n", (int)name.len,
			      name.at);
		return;
	}
	while ((word = slice_word(&line)).len) {
		surplus = args.count == c->max;
		if (surplus)
			break;
		args.word[args.count++] = word;
	}
	if (surplus || args.count < c->min)
		monitor_print("%s: usage: %s%s%s\n", c->name, c->name, c->args[0] ? " " : "",
			      c->args);
	else
		c->fn(&args);
}

static void enter(void)
{
	struct slice line = { mon.line, mon.len };

	put("\n");
	mon.len = 0;
	monitor_execute(line);
	if (!monitor_top_is_on())
		put(PROMPT);
}

static void erase(u32 count)
{
	for (; count && mon.len; count--) {
		mon.len--;
		put("\b \b");
	}
}

static void control(u8 key)
{
	switch (key) {
	case '\n':
		if (mon.after_cr)
			return;
		enter();
		return;
	case '\r':
		enter();
		return;
	case BACKSPACE:
		erase(1);
		return;
	case CTRL_C:
	case CTRL_U:
		erase(LINE_MAX);
		return;
	case CTRL_D:
		console_monitor_leave();
		return;
	}
}

static void take(u8 key)
{
	char text[2] = { (char)key };

	if (monitor_top_is_on()) {
		monitor_top_end();
		put(PROMPT);
		return;
	}
	if (key == DELETE)
		key = BACKSPACE;
	switch (ansi_next(&mon.ansi, key)) {
	case ANSI_CONTROL:
		control(key);
		break;
	case ANSI_TEXT:
		if (key >= 0x80 || mon.len == LINE_MAX)
			break;
		mon.line[mon.len++] = (char)key;
		put(text);
		break;
	case ANSI_NOTHING:
		break;
	}
	mon.after_cr = key == '\r';
}

static void on_input(void *ctx)
{
	int key;

	while ((key = console_port_get(mon.port)) >= 0)
		take((u8)key);
}

enum status monitor_init(const struct monitor_host *host)
{
	memset(&mon, 0, sizeof(mon));
	monitor_host = host;
	mon.port = console_monitor_open();
	if (!mon.port)
		return E_NOMEM;
	console_port_on_input(mon.port, on_input, NULL);
	return OK;
}

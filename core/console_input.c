// SPDX-License-Identifier: BSD-2-Clause
/* Keys: for the guest in front, for the monitor, or after Ctrl-A for the console itself. */
#include "console.h"

#include "console_state.h"

#include <core/service/time.h>
#include <lib/fmt.h>

#define INPUT_STALL (5 * NS_PER_S) /* a guest may leave its full input unread so long */
#define POLL_BYTES  256            /* at most so many keys a poll and sink: others want the lock */
#define SHOW_FIRST \
	512 /* bytes of what a guest printed before, at once; about 40 ms at 115200 baud */
#define SHOW_BYTES 128 /* and with each poll */

static void show_help(void)
{
	static const char *const lines[] = {
		"--- Ctrl-A 0: all guests, the keyboard rests; n, p: next guest, previous one",
		"--- Ctrl-A m: the monitor; h: all that is kept of what the guest in front printed",
		"--- Ctrl-A Ctrl-A: Ctrl-A for the guest in front; ?: this",
	};
	char text[CONSOLE_LINE_MAX];
	size_t len = fmt_print(text, sizeof(text), "--- Ctrl-A");

	for (u32 i = 0; i < con.port_count && i < 9; i++)
		len += fmt_print(text + len, sizeof(text) - len, "%s %u: %s", i ? ";" : "", i + 1,
				 con.ports[i]->name);
	if (con.port_count)
		console_show_line(text);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		console_show_line(lines[i]);
}

static void set_front(struct console_port *p)
{
	con.front = p;
	console_panel_front();
}

static void show_all(void)
{
	set_front(NULL);
	console_show_line(CONSOLE_ALL_TEXT);
}

static void bring_front(struct console_port *p)
{
	char text[CONSOLE_LINE_MAX];

	fmt_print(text, sizeof(text),
		  "--- %s has the screen and the keyboard (Ctrl-A 0: all guests)", p->name);
	console_show_line(text);
	set_front(p);
	console_rewind(p, false);
	console_catch_up(p, SHOW_FIRST);
}

static void bring_number(u32 index)
{
	char text[CONSOLE_LINE_MAX];

	if (index < con.port_count) {
		bring_front(con.ports[index]);
		return;
	}
	fmt_print(text, sizeof(text), "--- there is no guest %u", index + 1);
	console_show_line(text);
}

/* In the order of their digits, round and round. */
static void bring_neighbour(bool next)
{
	u32 count = con.port_count, at;

	if (!count) {
		console_show_line("--- there are no guests");
		return;
	}
	if (!con.front || con.front == con.monitor)
		at = next ? 0 : count - 1;
	else
		at = (con.front->index + (next ? 1 : count - 1)) % count;
	bring_front(con.ports[at]);
}

/* An empty line makes it show its prompt. */
static void bring_monitor(void)
{
	if (!con.monitor) {
		console_show_line("--- there is no monitor");
		return;
	}
	if (con.front != con.monitor)
		con.before = con.front;
	console_show_line("--- monitor (`help` lists the commands, `quit` leaves)");
	set_front(con.monitor);
	con.monitor->shown = con.monitor->history.head;
	if (ring_put(&con.monitor->input, '\r'))
		con.woken |= 1ull << con.monitor->index;
}

static void show_everything(void)
{
	if (!con.front) {
		console_show_line("--- no guest has the screen");
		return;
	}
	console_end_line();
	console_rewind(con.front, true);
}

static void command(u8 byte)
{
	if (byte == '0')
		show_all();
	else if (byte >= '1' && byte <= '9')
		bring_number(byte - '1');
	else if (byte == 'n' || byte == 'p')
		bring_neighbour(byte == 'n');
	else if (byte == 'm')
		bring_monitor();
	else if (byte == 'h')
		show_everything();
	else
		show_help();
}

void console_monitor_leave(void)
{
	spin_lock(&con.lock);
	if (con.front == con.monitor) {
		if (con.before)
			bring_front(con.before);
		else
			show_all();
	}
	spin_unlock(&con.lock);
}

static bool give(struct console_port *p, u8 byte)
{
	char text[CONSOLE_LINE_MAX];

	if (ring_put(&p->input, byte)) {
		p->full_since = TIME_NEVER;
		con.woken |= 1ull << p->index;
		return true;
	}
	if (p->full_since == TIME_NEVER) {
		p->full_since = time_now();
		return false;
	}
	if (time_now() - p->full_since < INPUT_STALL)
		return false;
	/* It may be dead: the operator must get at Ctrl-A again, which stands behind this byte.
	 * Said once a stall. */
	if (p->full_since) {
		fmt_print(text, sizeof(text), "--- %s reads no input: keys are lost", p->name);
		console_show_line(text);
	}
	p->full_since = 0;
	return true;
}

static bool input(u8 byte)
{
	if (!con.key && byte == CONSOLE_KEY) {
		con.key = true;
		return true;
	}
	if (con.key && !(byte == CONSOLE_KEY && con.front)) {
		con.key = false;
		command(byte);
		return true;
	}
	if (con.front) {
		if (!give(con.front, byte))
			return false;
		con.key = false;
		return true;
	}
	if (!con.helped)
		show_help();
	con.helped = true;
	return true;
}

/* Releases the lock, then tells those who got input. */
static void unlock_and_wake(void)
{
	while (con.woken) {
		u32 bit = (u32)__builtin_ctzll(con.woken);
		struct console_port *p = bit == CONSOLE_PORTS_MAX ? con.monitor : con.ports[bit];
		void (*fn)(void *ctx) = p->on_input;
		void *ctx = p->ctx;

		con.woken &= con.woken - 1;
		if (!fn)
			continue;
		p->calls++;
		spin_unlock(&con.lock);
		fn(ctx);
		spin_lock(&con.lock);
		p->calls--;
	}
	spin_unlock(&con.lock);
}

bool console_input(u8 byte)
{
	bool taken;

	spin_lock(&con.lock);
	taken = input(byte);
	unlock_and_wake();
	return taken;
}

/* True if something was typed. */
static bool read_sink(struct console_sink *s)
{
	for (u32 i = 0; i < POLL_BYTES; i++) {
		if (!s->holding) {
			int byte = s->get(s);

			if (byte < 0)
				return i;
			s->held = (u8)byte;
		}
		s->holding = !input(s->held);
		if (s->holding)
			return true;
	}
	return true;
}

bool console_poll(void)
{
	bool busy = false;

	spin_lock(&con.lock);
	console_show_waiting();
	for (u32 i = 0; i < con.sink_count; i++)
		if (con.sinks[i]->get)
			busy |= read_sink(con.sinks[i]);
	if (con.front && con.front->shown != con.front->history.head) {
		console_catch_up(con.front, SHOW_BYTES);
		busy = true;
	}
	unlock_and_wake();
	return busy;
}

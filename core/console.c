// SPDX-License-Identifier: BSD-2-Clause
#include "console.h"

#include "ansi.h"

#include <core/service/time.h>
#include <lib/fmt.h>
#include <lib/lock.h>
#include <lib/ring.h>
#include <lib/string.h>
#include <lib/types.h>

#define LINE_MAX      200
#define LINE_WAIT     (100 * NS_PER_MS)
#define INPUT_SIZE    (4 * KIB)
#define HISTORY_SIZE  (16 * KIB)
#define HISTORY_SHOWN (4 * KIB)
#define INPUT_STALL   (5 * NS_PER_S) /* a guest may leave its full input unread so long */
#define POLL_BYTES    256 /* at most so many keys a poll and sink: others want the lock */

struct console_port {
	char name[CONSOLE_NAME_MAX]; /* [b] */
	void (*on_input)(void *ctx); /* this and all below: [console lock] */
	void *ctx;
	u32 calls; /* of on_input, now */
	struct ring input, history;
	struct ansi ansi;
	u64 full_since; /* since when a key waits for room; TIME_NEVER: none does */
	u64 since;      /* when line[0] came */
	u32 len;
	bool begun; /* this line's beginning was shown (or dropped) before line[0] */
	u8 line[LINE_MAX];
	u8 input_data[INPUT_SIZE];
	u8 history_data[HISTORY_SIZE];
};

static struct {
	struct spinlock lock;
	struct console_sink *sinks[CONSOLE_SINKS_MAX];
	u32 sink_count, port_count;
	struct console_port *front; /* who has screen and keyboard; NULL: all guests are shown */
	struct console_port *open;  /* whose unfinished line the cursor stands in; NULL: nobody's */
	bool mid_line;              /* the cursor is not at a line's beginning */
	bool key;                   /* Ctrl-A was typed, what follows is for us */
	bool helped;
	u32 woken; /* ports whose on_input is due once the lock is free, one bit each */
	struct console_port ports[CONSOLE_PORTS_MAX];
} con;

static_assert(CONSOLE_PORTS_MAX <= 32, "con.woken has a bit for each port");

/* --- Output; everything here needs the lock, except after a panic --- */

static void emit(char c)
{
	for (u32 i = 0; i < con.sink_count; i++)
		con.sinks[i]->put(con.sinks[i], c);
	con.mid_line = c != '\n';
}

static void emit_text(const char *s)
{
	while (*s)
		emit(*s++);
}

static void end_line(void)
{
	if (con.mid_line)
		emit_text("\r\n");
	con.open = NULL;
}

static void show_line(const char *text)
{
	end_line();
	emit_text(text);
	emit_text("\r\n");
}

/* Shows what p's line has gathered; `ended`: that is all of it. */
static void show_gathered(struct console_port *p, bool ended)
{
	bool only_end = p->begun && !p->len && con.open != p;

	if (!con.front && !only_end) {
		if (con.open != p) {
			end_line();
			emit('[');
			emit_text(p->name);
			emit_text("] ");
		}
		for (u32 i = 0; i < p->len; i++)
			emit((char)p->line[i]);
		if (ended)
			emit_text("\r\n");
		con.open = ended ? NULL : p;
	}
	p->begun = !ended;
	p->len = 0;
}

static void gather(struct console_port *p, u8 byte)
{
	enum ansi_kind kind = ansi_next(&p->ansi, byte);

	if (byte == '\n') {
		show_gathered(p, true);
		return;
	}
	if (kind != ANSI_TEXT && !(kind == ANSI_CONTROL && byte == '\t'))
		return;
	if (!p->len)
		p->since = time_now();
	p->line[p->len++] = byte;
	if (p->len == LINE_MAX)
		show_gathered(p, false);
}

static void show_waiting(void)
{
	u64 now = time_now();

	for (u32 i = 0; i < con.port_count; i++) {
		struct console_port *p = &con.ports[i];

		if (p->len && now - p->since >= LINE_WAIT)
			show_gathered(p, false);
	}
}

/*
 * The newest whole lines of p's history. Without control sequences: a replayed question to the
 * terminal would be answered a second time, into the guest's input.
 */
static void show_history(struct console_port *p)
{
	struct ring copy = p->history; /* reading the copy leaves the bytes in the ring */
	struct ansi ansi = {0};
	int byte;

	if (ring_used(&copy) > HISTORY_SHOWN) {
		copy.tail = copy.head - HISTORY_SHOWN;
		do
			byte = ring_get(&copy);
		while (byte >= 0 && byte != '\n');
		if (byte < 0)
			copy.tail = copy.head - HISTORY_SHOWN;
	}
	while ((byte = ring_get(&copy)) >= 0) {
		if (ansi_next(&ansi, (u8)byte) == ANSI_NOTHING)
			continue;
		if (byte == '\n')
			emit('\r');
		emit((char)byte);
	}
}

bool console_sink_add(struct console_sink *sink)
{
	bool room;

	spin_lock(&con.lock);
	room = con.sink_count < CONSOLE_SINKS_MAX;
	if (room)
		con.sinks[con.sink_count++] = sink;
	spin_unlock(&con.lock);
	return room;
}

void console_write_line(const char *text, bool urgent)
{
	spin_lock(&con.lock);
	if (urgent || !con.front)
		show_line(text);
	spin_unlock(&con.lock);
}

void console_panic_write(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			emit('\r');
		emit(*text);
	}
}

/* --- Input; everything here needs the lock --- */

static void show_help(void)
{
	char text[LINE_MAX];
	size_t len =
	    fmt_print(text, sizeof(text), "--- Ctrl-A 0: all guests are shown, the keyboard rests");

	for (u32 i = 0; i < con.port_count && i < 9; i++)
		len +=
		    fmt_print(text + len, sizeof(text) - len, "; %u: %s", i + 1, con.ports[i].name);
	show_line(text);
}

static void show_all(void)
{
	con.front = NULL;
	show_line("--- all guests (Ctrl-A and a digit: one guest and the keyboard)");
}

static void bring_front(u32 index)
{
	struct console_port *p = &con.ports[index];
	char text[LINE_MAX];

	if (index >= con.port_count) {
		fmt_print(text, sizeof(text), "--- there is no guest %u", index + 1);
		show_line(text);
		return;
	}
	fmt_print(text, sizeof(text),
		  "--- %s has the screen and the keyboard (Ctrl-A 0: all guests)", p->name);
	show_line(text);
	show_history(p);
	con.front = p;
}

static bool give(struct console_port *p, u8 byte)
{
	char text[LINE_MAX];

	if (ring_put(&p->input, byte)) {
		p->full_since = TIME_NEVER;
		con.woken |= 1u << (p - con.ports);
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
		show_line(text);
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
		if (byte == '0')
			show_all();
		else if (byte >= '1' && byte <= '9')
			bring_front(byte - '1');
		else
			show_help();
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

/* Releases the lock, then tells the guests that got input. */
static void unlock_and_wake(void)
{
	while (con.woken) {
		struct console_port *p = &con.ports[__builtin_ctz(con.woken)];
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

static void read_sink(struct console_sink *s)
{
	for (u32 i = 0; i < POLL_BYTES; i++) {
		if (!s->holding) {
			int byte = s->get(s);

			if (byte < 0)
				return;
			s->held = (u8)byte;
		}
		s->holding = !input(s->held);
		if (s->holding)
			return;
	}
}

void console_poll(void)
{
	spin_lock(&con.lock);
	show_waiting();
	for (u32 i = 0; i < con.sink_count; i++)
		if (con.sinks[i]->get)
			read_sink(con.sinks[i]);
	unlock_and_wake();
}

/* --- Ports
 * --------------------------------------------------------------------------------------------------
 */

static void port_init(struct console_port *p, const char *name)
{
	memset(p, 0, sizeof(*p));
	p->full_since = TIME_NEVER;
	str_copy(p->name, sizeof(p->name), name);
	ring_init(&p->input, p->input_data, sizeof(p->input_data));
	ring_init(&p->history, p->history_data, sizeof(p->history_data));
}

struct console_port *console_port_open(const char *name)
{
	struct console_port *p = NULL;
	char cut[CONSOLE_NAME_MAX];

	str_copy(cut, sizeof(cut), name);
	for (char *c = cut; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	spin_lock(&con.lock);
	for (u32 i = 0; i < con.port_count && !p; i++)
		if (!strcmp(con.ports[i].name, cut))
			p = &con.ports[i];
	if (!p && con.port_count < CONSOLE_PORTS_MAX) {
		p = &con.ports[con.port_count++];
		port_init(p, cut);
	}
	spin_unlock(&con.lock);
	return p;
}

void console_port_on_input(struct console_port *p, void (*fn)(void *ctx), void *ctx)
{
	spin_lock(&con.lock);
	p->on_input = fn;
	p->ctx = ctx;
	while (!fn && p->calls) {
		spin_unlock(&con.lock);
		__builtin_ia32_pause();
		spin_lock(&con.lock);
	}
	spin_unlock(&con.lock);
}

void console_port_put(struct console_port *p, u8 byte)
{
	spin_lock(&con.lock);
	ring_push(&p->history, byte);
	gather(p, byte);
	if (con.front == p)
		emit((char)byte);
	spin_unlock(&con.lock);
}

int console_port_get(struct console_port *p)
{
	int byte;

	spin_lock(&con.lock);
	byte = ring_get(&p->input);
	if (byte >= 0)
		p->full_since = TIME_NEVER;
	spin_unlock(&con.lock);
	return byte;
}

void console_reset(void)
{
	memset(&con, 0, sizeof(con));
}

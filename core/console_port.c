// SPDX-License-Identifier: BSD-2-Clause
/* Guests' places on the console: what they print is kept, what is typed waits for them. */
#include "console.h"

#include "console_state.h"

#include <core/service/mem.h>
#include <core/service/time.h>
#include <lib/string.h>

#define HISTORY_SHOWN (4 * KIB)

static struct console_port *port_create(const char *name)
{
	struct console_port *p = mem_alloc(sizeof(*p));

	if (!p)
		return NULL;
	p->index = CONSOLE_PORTS_MAX;
	p->full_since = TIME_NEVER;
	str_copy(p->name, sizeof(p->name), name);
	ring_init(&p->input, p->input_data, sizeof(p->input_data));
	ring_init(&p->history, p->history_data, sizeof(p->history_data));
	return p;
}

static struct console_port *find(const char *name)
{
	for (u32 i = 0; i < con.port_count; i++)
		if (!strcmp(con.ports[i]->name, name))
			return con.ports[i];
	return NULL;
}

struct console_port *console_port_open(const char *name)
{
	struct console_port *p, *fresh;
	char cut[CONSOLE_NAME_MAX];

	str_copy(cut, sizeof(cut), name);
	for (char *c = cut; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	spin_lock(&con.lock);
	p = find(cut);
	spin_unlock(&con.lock);
	if (p)
		return p;
	fresh = port_create(cut);
	if (!fresh)
		return NULL;
	/* Without the lock it may have been made meanwhile. */
	spin_lock(&con.lock);
	p = find(cut);
	if (!p && con.port_count < CONSOLE_PORTS_MAX) {
		p = fresh;
		fresh = NULL;
		p->index = con.port_count;
		con.ports[con.port_count++] = p;
		console_panels();
	}
	spin_unlock(&con.lock);
	mem_free(fresh, sizeof(*fresh));
	return p;
}

struct console_port *console_monitor_open(void)
{
	if (!con.monitor)
		con.monitor = port_create("the monitor");
	return con.monitor;
}

void console_rewind(struct console_port *p, bool all)
{
	const struct ring *r = &p->history;
	u32 back = r->head - p->shown; /* not seen yet */

	if (back < HISTORY_SHOWN)
		back = HISTORY_SHOWN;
	if (all || back > ring_used(r))
		back = ring_used(r);
	p->shown = r->head - back;
	con.replay = (struct ansi){ 0 };
	if (back == ring_used(r) && back < HISTORY_SIZE)
		return;
	/* In the middle: from a line's beginning, if there is one. */
	for (u32 at = p->shown; at != r->head; at++)
		if (r->data[at & (r->size - 1)] == '\n') {
			p->shown = at + 1;
			return;
		}
}

/*
 * Without control sequences: a replayed question to the terminal would be answered a second time,
 * into the guest's input.
 */
void console_catch_up(struct console_port *p, u32 max)
{
	const struct ring *r = &p->history;

	if (r->head - p->shown > ring_used(r))
		p->shown = r->tail;
	for (; max && p->shown != r->head; max--) {
		u8 byte = r->data[p->shown++ & (r->size - 1)];

		if (ansi_next(&con.replay, byte) == ANSI_NOTHING)
			continue;
		if (byte == '\n')
			console_emit('\r');
		console_emit((char)byte);
	}
}

void console_port_on_input(struct console_port *p, void (*fn)(void *ctx), void *ctx)
{
	spin_lock(&con.lock);
	p->on_input = fn;
	p->ctx = ctx;
	if (!fn && con.before == p)
		con.before = NULL;
	if (!fn && con.front == p) {
		con.front = NULL;
		console_panel_front();
		console_show_line(CONSOLE_ALL_TEXT);
	}
	while (!fn && p->calls) {
		spin_unlock(&con.lock);
		__builtin_ia32_pause();
		spin_lock(&con.lock);
	}
	spin_unlock(&con.lock);
}

void console_port_put(struct console_port *p, u8 byte)
{
	bool live;

	spin_lock(&con.lock);
	live = p->shown == p->history.head;
	ring_push(&p->history, byte);
	if (con.front == p && live) {
		console_emit((char)byte);
		p->shown = p->history.head;
	}
	if (p != con.monitor) {
		console_gather(p, byte);
		if (!con.front)
			p->shown = p->history.head;
	}
	console_panel_put(p == con.monitor ? CONSOLE_PANEL_LOG : p->index + 1, (char)byte);
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
	for (u32 i = 0; i < con.port_count; i++)
		mem_free(con.ports[i], sizeof(*con.ports[i]));
	mem_free(con.monitor, sizeof(*con.monitor));
	memset(&con, 0, sizeof(con));
}

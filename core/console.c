// SPDX-License-Identifier: BSD-2-Clause
/* What is shown. */
#include "console.h"

#include "console_state.h"

#include <core/service/time.h>
#include <lib/string.h>
#include <lib/types.h>

#define LINE_WAIT (100 * NS_PER_MS)

struct console_state con;

/* To the screens that show one thing at a time. */
void console_emit(char c)
{
	for (u32 i = 0; i < con.sink_count; i++)
		if (!con.sinks[i]->panel_put && con.sinks[i]->put)
			con.sinks[i]->put(con.sinks[i], c);
	con.mid_line = c != '\n';
}

static void emit_text(const char *s)
{
	while (*s)
		console_emit(*s++);
}

void console_end_line(void)
{
	if (con.mid_line)
		emit_text("\r\n");
	con.open = NULL;
}

void console_panel_put(u32 panel, char c)
{
	for (u32 i = 0; i < con.sink_count; i++)
		if (con.sinks[i]->panel_put)
			con.sinks[i]->panel_put(con.sinks[i], panel, c);
	if (panel == CONSOLE_PANEL_LOG)
		con.mid_log = c != '\n';
}

static void panel_text(const char *text)
{
	while (*text)
		console_panel_put(CONSOLE_PANEL_LOG, *text++);
}

static void panel_line(const char *text)
{
	if (con.mid_log)
		panel_text("\r\n");
	panel_text(text);
	panel_text("\r\n");
}

void console_panels(void)
{
	struct console_panel panels[CONSOLE_PORTS_MAX];

	for (u32 i = 0; i < con.port_count; i++)
		panels[i] = (struct console_panel){ con.ports[i]->name };
	for (u32 i = 0; i < con.sink_count; i++)
		if (con.sinks[i]->panel_put)
			con.sinks[i]->panel_layout(con.sinks[i], panels, con.port_count);
	console_panel_front();
}

/* The log's panel is the monitor's too. */
void console_panel_front(void)
{
	u32 panel = CONSOLE_PANEL_NONE;

	if (con.front)
		panel = con.front == con.monitor ? CONSOLE_PANEL_LOG : con.front->index + 1;
	for (u32 i = 0; i < con.sink_count; i++)
		if (con.sinks[i]->panel_put)
			con.sinks[i]->panel_front(con.sinks[i], panel);
}

static void stream_line(const char *text)
{
	console_end_line();
	emit_text(text);
	emit_text("\r\n");
}

void console_show_line(const char *text)
{
	stream_line(text);
	panel_line(text);
}

/* Shows what p's line has gathered; `ended`: that is all of it. */
static void show_gathered(struct console_port *p, bool ended)
{
	bool only_end = p->begun && !p->len && con.open != p;

	if (!con.front && !only_end) {
		if (con.open != p) {
			console_end_line();
			console_emit('[');
			emit_text(p->name);
			emit_text("] ");
		}
		for (u32 i = 0; i < p->len; i++)
			console_emit((char)p->line[i]);
		if (ended)
			emit_text("\r\n");
		con.open = ended ? NULL : p;
	}
	p->begun = !ended;
	p->len = 0;
}

void console_gather(struct console_port *p, u8 byte)
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
	if (p->len == CONSOLE_LINE_MAX)
		show_gathered(p, false);
}

void console_show_waiting(void)
{
	u64 now = time_now();

	for (u32 i = 0; i < con.port_count; i++) {
		struct console_port *p = con.ports[i];

		if (p->len && now - p->since >= LINE_WAIT)
			show_gathered(p, false);
	}
}

bool console_sink_add(struct console_sink *sink)
{
	bool room;

	spin_lock(&con.lock);
	room = con.sink_count < CONSOLE_SINKS_MAX;
	if (room)
		con.sinks[con.sink_count++] = sink;
	if (room && sink->panel_put && con.port_count)
		console_panels();
	spin_unlock(&con.lock);
	return room;
}

void console_write_line(const char *text, bool urgent)
{
	spin_lock(&con.lock);
	if (urgent || !con.front)
		stream_line(text);
	panel_line(text);
	spin_unlock(&con.lock);
}

void console_panic_begin(void)
{
	for (u32 i = 0; i < con.sink_count; i++)
		if (con.sinks[i]->panel_put)
			con.sinks[i]->panel_panic(con.sinks[i]);
}

void console_panic_write(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			console_emit('\r');
		console_emit(*text);
		if (*text == '\n')
			console_panel_put(CONSOLE_PANEL_LOG, '\r');
		console_panel_put(CONSOLE_PANEL_LOG, *text);
	}
	for (u32 i = 0; i < con.sink_count; i++)
		if (con.sinks[i]->flush)
			con.sinks[i]->flush(con.sinks[i]);
}

// SPDX-License-Identifier: BSD-2-Clause
#include "fake_console.h"

#include <lib/assert.h>
#include <lib/ring.h>
#include <lib/string.h>

struct console_port {
	char name[CONSOLE_NAME_MAX];
	char out[4096];
	u32 len;
	struct ring in;
	u8 in_bytes[256];
	void (*fn)(void *ctx);
	void *ctx;
};

static struct console_port ports[CONSOLE_PORTS_MAX];
static u32 count;

u32 fake_console_ports = CONSOLE_PORTS_MAX;

void fake_console_reset(void)
{
	memset(ports, 0, sizeof(ports));
	count = 0;
	fake_console_ports = CONSOLE_PORTS_MAX;
}

static struct console_port *find(const char *name)
{
	for (u32 i = 0; i < count; i++)
		if (!strncmp(ports[i].name, name, CONSOLE_NAME_MAX - 1))
			return &ports[i];
	return NULL;
}

struct console_port *console_port_open(const char *name)
{
	struct console_port *p = find(name);

	if (p || count == fake_console_ports)
		return p;
	p = &ports[count++];
	str_copy(p->name, sizeof(p->name), name);
	ring_init(&p->in, p->in_bytes, sizeof(p->in_bytes));
	return p;
}

void console_port_on_input(struct console_port *p, void (*fn)(void *ctx), void *ctx)
{
	p->fn = fn;
	p->ctx = ctx;
}

void console_port_put(struct console_port *p, u8 byte)
{
	check(p->len + 1 < sizeof(p->out));
	p->out[p->len++] = (char)byte;
}

int console_port_get(struct console_port *p)
{
	return ring_get(&p->in);
}

const char *fake_console_output(const char *name)
{
	struct console_port *p = find(name);

	return p ? p->out : "";
}

void fake_console_type(const char *name, const char *text)
{
	struct console_port *p = find(name);

	check(p);
	for (; *text; text++)
		check(ring_put(&p->in, (u8)*text));
	if (p->fn)
		p->fn(p->ctx);
}

bool fake_console_listens(const char *name)
{
	struct console_port *p = find(name);

	return p && p->fn;
}

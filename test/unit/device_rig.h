// SPDX-License-Identifier: BSD-2-Clause
/* What device tests share: a recording interrupt line, a character stream in two buffers, port
 * accesses. */
#pragma once

#include <string.h>
#include <vm/backend.h>
#include <vm/device.h>

struct rig_line {
	bool level;
	unsigned rises, falls;
};

static inline void rig_line_set(void *ctx, unsigned pin, bool level)
{
	struct rig_line *l = ctx;

	(void)pin;
	l->rises += level && !l->level;
	l->falls += !level && l->level;
	l->level = level;
}

static inline struct irq_line rig_line_to(struct rig_line *l)
{
	*l = (struct rig_line){ 0 };
	return (struct irq_line){ .set = rig_line_set, .ctx = l };
}

struct rig_chars {
	struct char_backend backend;
	char in[256], out[256];
	unsigned in_next, in_len, out_len;
};

static inline void rig_chars_put(struct char_backend *b, u8 byte)
{
	struct rig_chars *c = container_of(b, struct rig_chars, backend);

	c->out[c->out_len++ % sizeof(c->out)] = (char)byte;
}

static inline int rig_chars_get(struct char_backend *b)
{
	struct rig_chars *c = container_of(b, struct rig_chars, backend);

	return c->in_next < c->in_len ? (u8)c->in[c->in_next++] : -1;
}

static inline struct char_backend *rig_chars_init(struct rig_chars *c)
{
	*c = (struct rig_chars){ .backend = { .put = rig_chars_put, .get = rig_chars_get } };
	return &c->backend;
}

/* Input arrives and the backend says so. */
static inline void rig_chars_type(struct rig_chars *c, const char *text)
{
	memcpy(c->in + c->in_len, text, strlen(text));
	c->in_len += (unsigned)strlen(text);
	c->backend.on_input(c->backend.on_input_ctx);
}

static inline u8 rig_in(struct device *d, u64 off)
{
	return (u8)d->ops->read(d, off, 1);
}

static inline void rig_out(struct device *d, u64 off, u8 val)
{
	d->ops->write(d, off, 1, val);
}

/* A callback that counts. */
static inline void rig_count(void *ctx)
{
	++*(unsigned *)ctx;
}

/* A small generator of hostile accesses: the same sequence for the same seed. */
static inline u32 rig_random(u32 *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

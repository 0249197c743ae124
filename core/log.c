// SPDX-License-Identifier: BSD-2-Clause
#include "log.h"

#include <core/service/time.h>
#include <lib/fmt.h>
#include <lib/lock.h>
#include <lib/ring.h>
#include <lib/string.h>

#define LOG_SIZE     (64 * KIB)
#define LOG_LINE_MAX 256

/* A record in the ring: a byte '0' + level, the text, '\n'. The text holds no control characters.
 */
static u8 storage[LOG_SIZE];
static struct {
	struct spinlock lock;
	struct ring ring;   /* [lock] */
	atomic_uint hidden; /* [a] relaxed: the first level that the consoles do not show */
	atomic_bool panic;  /* [a] relaxed: lines go to the consoles at once, without locks */
} logs = {.ring = {.data = storage, .size = LOG_SIZE}, .hidden = LOG_INFO + 1};

/* The record at r's tail, which moves on, as a string; its level. */
static enum log_level take(struct ring *r, char line[LOG_LINE_MAX])
{
	enum log_level level = (enum log_level)(ring_get(r) - '0');
	size_t len = 0;
	int byte;

	while ((byte = ring_get(r)) >= 0 && byte != '\n')
		if (len < LOG_LINE_MAX - 1)
			line[len++] = (char)byte;
	line[len] = '\0';
	return level;
}

static void keep(enum log_level level, const char *line)
{
	struct ring *r = &logs.ring;
	char forgotten[LOG_LINE_MAX];
	size_t need = strlen(line) + 2;

	while (ring_free(r) < need)
		take(r, forgotten);
	ring_put(r, (u8)('0' + level));
	while (*line)
		ring_put(r, (u8)*line++);
	ring_put(r, '\n');
}

void log_line(enum log_level level, const char *fmt, ...)
{
	u64 us = time_now() / NS_PER_US;
	char line[LOG_LINE_MAX];
	va_list ap;
	size_t len;

	len = fmt_print(line, sizeof(line), "[%5lu.%06lu] ", us / 1000000, us % 1000000);
	va_start(ap, fmt);
	fmt_vprint(line + len, sizeof(line) - len, fmt, ap);
	va_end(ap);
	for (char *c = line; *c; c++)
		if ((u8)*c < ' ' || *c == 0x7F)
			*c = '?';

	if (atomic_load_explicit(&logs.panic, memory_order_relaxed)) {
		console_panic_write(line + len);
		console_panic_write("\n");
		return;
	}
	spin_lock(&logs.lock);
	keep(level, line);
	spin_unlock(&logs.lock);
	if (level < atomic_load_explicit(&logs.hidden, memory_order_relaxed))
		console_write_line(line, level <= LOG_WARN);
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&logs.hidden, level + 1, memory_order_relaxed);
}

bool log_add_console(struct console_sink *sink)
{
	struct ring copy;
	char line[LOG_LINE_MAX];

	spin_lock(&logs.lock);
	copy = logs.ring;
	while (ring_used(&copy)) {
		if (take(&copy, line) >= atomic_load_explicit(&logs.hidden, memory_order_relaxed))
			continue;
		for (const char *c = line; *c; c++)
			sink->put(sink, *c);
		sink->put(sink, '\r');
		sink->put(sink, '\n');
	}
	spin_unlock(&logs.lock);
	return console_sink_add(sink);
}

void log_panic_tail(unsigned count)
{
	struct ring copy = logs.ring;
	u32 lines = 0;
	char line[LOG_LINE_MAX];

	for (u32 i = copy.tail; i != copy.head; i++)
		lines += copy.data[i & (LOG_SIZE - 1)] == '\n';
	for (; ring_used(&copy) && lines; lines--) {
		take(&copy, line);
		if (lines > count)
			continue;
		console_panic_write(line);
		console_panic_write("\n");
	}
}

void log_panic_begin(void)
{
	atomic_store_explicit(&logs.panic, true, memory_order_relaxed);
}

void log_each(void (*fn)(void *ctx, enum log_level level, const char *line), void *ctx, u32 newest)
{
	struct ring copy;
	u32 lines = 0, begin;
	enum log_level level;
	char line[LOG_LINE_MAX];

	spin_lock(&logs.lock);
	copy = logs.ring;
	for (u32 i = copy.tail; i != copy.head; i++)
		lines += copy.data[i & (LOG_SIZE - 1)] == '\n';
	for (; lines > newest; lines--)
		take(&copy, line);
	for (; lines; lines--) {
		/* What was written meanwhile has perhaps pushed the next record out. */
		begin = logs.ring.tail;
		if ((s32)(begin - copy.tail) > 0)
			copy.tail = begin;
		if (copy.tail == logs.ring.head)
			break;
		copy.head = logs.ring.head;
		level = take(&copy, line);
		spin_unlock(&logs.lock);
		fn(ctx, level, line);
		spin_lock(&logs.lock);
	}
	spin_unlock(&logs.lock);
}

void log_reset(void)
{
	atomic_store_explicit(&logs.panic, false, memory_order_relaxed);
	ring_init(&logs.ring, storage, LOG_SIZE);
	log_set_level(LOG_INFO);
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The monitor on the host: a VM "guest" of two vCPUs, and a screen on which its answers are read. Through the real console.
 */
#pragma once

#include "vm_rig.h"

#include <core/console.h>
#include <monitor/monitor.h>
#include <stdlib.h>
#include <string.h>
#include <vm/roster.h>

static char screen[64 * KIB];
static size_t screen_len;
static enum status start_answer;
static char started[VM_NAME_MAX];

static inline void screen_put(struct console_sink *s, char c)
{
	assert_true(screen_len < sizeof(screen) - 1);
	screen[screen_len++] = c;
	screen[screen_len] = '\0';
}

static inline void clear(void)
{
	screen_len = 0;
	screen[0] = '\0';
}

static inline enum status start(const char *name, char *why, size_t size)
{
	str_copy(started, sizeof(started), name);
	str_copy(why, size, "the reason");
	return start_answer;
}

static struct console_sink sink = { .put = screen_put };

static inline int setup(void **state)
{
	static const struct monitor_host host = { .start = start };

	rig_reset();
	console_reset();
	assert_true(console_sink_add(&sink));
	assert_int_equal(monitor_init(&host), OK);
	start_answer = OK;
	started[0] = '\0';
	rig_vm(2);
	rig_leave();
	clear();
	return 0;
}

static inline int teardown(void **state)
{
	console_reset();
	if (vm_count())
		return rig_teardown(state);
	assert_int_equal(fake_mem_blocks, 0);
	return 0;
}

static inline void type(const char *keys)
{
	while (*keys)
		assert_true(console_input((u8)*keys++));
}

/* A line typed at the prompt, and what comes before the next one. */
static inline const char *answer(const char *line)
{
	static char text[8192];
	char *end;

	type("\001m");
	clear();
	type(line);
	type("\r");
	assert_memory_equal(screen, line, strlen(line));
	str_copy(text, sizeof(text), screen + strlen(line) + 2);
	end = strstr(text, "plinth> ");
	assert_non_null(end);
	*end = '\0';
	return text;
}

static inline void expect(const char *line, const char *text)
{
	assert_string_equal(answer(line), text);
}

static inline void expect_has(const char *line, const char *text)
{
	const char *got = answer(line);

	if (!strstr(got, text))
		fail_msg("%s: \"%s\" is not in: %s", line, text, got);
}

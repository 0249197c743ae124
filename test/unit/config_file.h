// SPDX-License-Identifier: BSD-2-Clause
/* Parsing of plinth.conf for its tests: the result and what was reported. */
#pragma once

#include <guests/config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct config c;
static char messages[80][320];
static u32 message_count;

static inline void keep(void *ctx, const char *message)
{
	assert_ptr_equal(ctx, messages);
	assert_true(message_count < ARRAY_LEN(messages));
	snprintf(messages[message_count++], sizeof(messages[0]), "%s", message);
}

/* From a heap block of exactly this length, so that ASan sees a read beyond it. */
static inline u32 parse_bytes(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);
	u32 errors;

	memcpy(copy, text, len);
	message_count = 0;
	memset(&c, 0xa5, sizeof(c));
	errors = config_parse(copy, len, &c, keep, messages);
	free(copy);
	return errors;
}

static inline u32 parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static inline void host_is_default(void)
{
	assert_int_equal(c.host.consoles.count, 2);
	assert_int_equal(c.host.consoles.item[0].kind, CONSOLE_SERIAL);
	assert_int_equal(c.host.consoles.item[0].port, 0x3f8);
	assert_int_equal(c.host.consoles.item[0].baud, 115200);
	assert_int_equal(c.host.consoles.item[1].kind, CONSOLE_FRAMEBUFFER);
	assert_int_equal(c.host.loglevel, LOG_INFO);
	assert_int_equal(c.host.features.count, 0);
	assert_string_equal(c.host.scheduler, "fair");
	assert_int_equal(c.host.slice, 2 * NS_PER_MS);
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * log and panic for unit tests: log lines are kept for the test to look at, panic aborts with its text.
 */
#include "fake_log.h"

#include <core/log.h>
#include <lib/assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

char fake_log_last[512];
unsigned fake_log_count;

void log_line(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	vsnprintf(fake_log_last, sizeof(fake_log_last), fmt, ap);
	va_end(ap);
	fake_log_count++;
}

/* The newest line is all that there is. */
void log_each(void (*fn)(void *ctx, enum log_level level, const char *line), void *ctx, u32 newest)
{
	if (fake_log_count && newest)
		fn(ctx, LOG_WARN, fake_log_last);
}

_Noreturn void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("panic: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}

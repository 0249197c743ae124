// SPDX-License-Identifier: BSD-2-Clause
/*
 * The log's other side: where its lines go. Every line is kept in a ring of 64 KiB, whatever its
 * level.
 */
#pragma once

#include <core/console.h>
#include <core/service/log.h>

/* Lines up to `level` are shown on the consoles (LOG_INFO at first); all are kept. */
void log_set_level(enum log_level level);
/* Adds a console that first shows the lines it missed. False if there are too many consoles. Boot
 * only. */
bool log_add_console(struct console_sink *sink);
/* Writes the newest `count` lines, of every level, by console_panic_write(): without any lock. */
void log_panic_tail(unsigned count);
/* From now on log_line() does without locks, and shows every line: what the reports of a panic are
 * written with. */
void log_panic_begin(void);
/* Calls fn for the newest `newest` lines of every level, the oldest first, without a lock. */
void log_each(void (*fn)(void *ctx, enum log_level level, const char *line), void *ctx, u32 newest);
/* Back to the state at power-on: no lines. For unit tests. */
void log_reset(void);

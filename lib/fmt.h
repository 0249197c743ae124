// SPDX-License-Identifier: BSD-2-Clause
/*
 * Formatted text into a buffer. Supports %d %i %u %x %X %c %s %p %% with flags 0 and -, width, precision for
 * %s (a number or *), and the lengths hh h l ll z. Anything else prints itself.
 */
#pragma once

#include <lib/types.h>
#include <stdarg.h>

/* Writes at most size-1 bytes and a NUL (size > 0). Returns the length of the text written, without the NUL. */
size_t fmt_print(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
size_t fmt_vprint(char *buf, size_t size, const char *fmt, va_list ap) __attribute__((format(printf, 3, 0)));

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The hypervisor's log: to the RAM ring always, to the consoles from the configured level on. One call is one line;
 * no newline in the format. Never call it for a guest's mistake above debug level.
 */
#pragma once

enum log_level {
	LOG_ERROR, /* something the operator asked for does not work */
	LOG_WARN,  /* degraded, goes on */
	LOG_INFO,  /* the story of the boot and of VMs */
	LOG_DEBUG, /* for us */
};

void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

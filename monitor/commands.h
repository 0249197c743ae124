// SPDX-License-Identifier: BSD-2-Clause
/*
 * The functions behind the rows of commands.c, by file.
 */
#pragma once

#include "monitor.h"

typedef void monitor_fn(const struct monitor_args *a);

/* host.c */
monitor_fn monitor_help, monitor_log, monitor_quit, monitor_crash;
/* vms.c */
monitor_fn monitor_list, monitor_info, monitor_exits, monitor_reset, monitor_stop, monitor_start;

/* Rows that only debug builds have. */
#ifdef PLINTH_DEBUG
#define MONITOR_DEBUG_ROWS \
	{ "crash", "panic|fault", "ends everything with a crash report", 1, 1, monitor_crash },
#else
#define MONITOR_DEBUG_ROWS
#endif

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The functions behind the rows of commands.c, by file.
 */
#pragma once

#include "monitor.h"

typedef void monitor_fn(const struct monitor_args *a);

struct roster_vm;

/* vms.c: the VM that the first word names. False, after an answer: there is none. */
bool monitor_find(const struct monitor_args *a, u32 *number, struct roster_vm *vm);

/* host.c */
monitor_fn monitor_help, monitor_check, monitor_log, monitor_quit, monitor_crash;
/* pcpus.c */
monitor_fn monitor_pcpus;
/* sched.c */
monitor_fn monitor_sched;
/* top.c */
monitor_fn monitor_top;
/* vms.c */
monitor_fn monitor_list, monitor_info, monitor_exits, monitor_reset, monitor_stop, monitor_start, monitor_spoil;

/* Rows that only debug builds have. */
#ifdef PLINTH_DEBUG
#define MONITOR_DEBUG_ROWS \
	{ "crash", "panic|fault", "ends everything with a crash report", 1, 1, monitor_crash }, \
	{ "spoil", "VM", "gives it a state that the CPU refuses to enter", 1, 1, monitor_spoil },
#else
#define MONITOR_DEBUG_ROWS
#endif

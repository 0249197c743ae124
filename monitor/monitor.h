// SPDX-License-Identifier: BSD-2-Clause
/*
 * The operator's monitor (docs/CONSOLE.md): lines typed at the console are commands. It stands
 * behind the console's monitor port and runs where the console is polled: on the bootstrap
 * processor, between two runs of vCPUs or within run_wanted(), with no lock held and interrupts
 * off. So a command must be short, may not sleep, and reaches VMs through vm/roster.h only
 * (docs/LOCKS.md).
 */
#pragma once

#include <lib/parse.h>
#include <lib/status.h>

#define MONITOR_WORDS_MAX 6

struct monitor_args {
	u32 count; /* words after the command's name, as many as its row allows */
	struct slice word[MONITOR_WORDS_MAX];
};

struct monitor_command {
	const char *name;
	const char *args; /* for people */
	const char *help;
	u32 min, max; /* words after the name */
	void (*fn)(const struct monitor_args *a);
};

/* What boot/ does for the monitor. */
struct monitor_host {
	/* Makes and starts the VM of that name in plinth.conf, which does not exist now. `why`:
	 * what went wrong. */
	enum status (*start)(const char *name, char *why, size_t size);
};

/* All commands, one row each; ends with a row without a name. */
extern const struct monitor_command monitor_commands[];
extern const struct monitor_host *monitor_host; /* [b] */

/* Opens the monitor's port at the console. E_NOMEM. Boot only. */
enum status must_check monitor_init(const struct monitor_host *host);
/* Executes a line. */
void monitor_execute(struct slice line);
/* To the operator; '\n' for new lines. At most 256 characters a call. */
void monitor_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

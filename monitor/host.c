// SPDX-License-Identifier: BSD-2-Clause
/* Commands about Plinth itself. */
#include "commands.h"

#include <core/console.h>
#include <core/log.h>
#include <lib/assert.h>
#include <vm/isolation.h>

#define LOG_LINES 40

void monitor_help(const struct monitor_args *a)
{
	for (const struct monitor_command *c = monitor_commands; c->name; c++)
		monitor_print("  %-6s %-12s %s\n", c->name, c->args, c->help);
}

/* Under the VMs lock. */
static void show_fault(void *ctx, const char *fault)
{
	monitor_print("isolation: %s\n", fault);
}

void monitor_check(const struct monitor_args *a)
{
	enum status st;

	if (!slice_equal(a->word[0], "isolation")) {
		monitor_print("check: `isolation`, not \"%.*s\"\n", (int)a->word[0].len, a->word[0].at);
		return;
	}
	st = vm_check_isolation(show_fault, NULL);
	if (!st)
		monitor_print("isolation: nothing found\n");
	else if (st != E_INVAL)
		monitor_print("isolation: %s\n", status_text(st));
}

static void show(void *ctx, enum log_level level, const char *line)
{
	static const char *const marks[] = { "error: ", "warning: ", "", "" };

	monitor_print("%s%s\n", marks[level], line);
}

void monitor_log(const struct monitor_args *a)
{
	u64 lines = LOG_LINES;

	if (a->count && slice_u64(a->word[0], &lines)) {
		monitor_print("log: \"%.*s\" is no number of lines\n", (int)a->word[0].len,
			      a->word[0].at);
		return;
	}
	log_each(show, NULL, lines > ~0u ? ~0u : (u32)lines);
}

void monitor_quit(const struct monitor_args *a)
{
	console_monitor_leave();
}

/* An address in the first page, which is never mapped. */
static void fault(void)
{
	volatile u32 *volatile nowhere = (volatile u32 *)0x10;

	*nowhere = 0;
}

void monitor_crash(const struct monitor_args *a)
{
	if (slice_equal(a->word[0], "panic"))
		panic("the operator asked for it");
	if (slice_equal(a->word[0], "fault"))
		fault();
	else
		monitor_print("crash: `panic` or `fault`, not \"%.*s\"\n", (int)a->word[0].len,
			      a->word[0].at);
}

// SPDX-License-Identifier: BSD-2-Clause
#include "commands.h"

const struct monitor_command monitor_commands[] = {
	// clang-format off
	{ "help",  "",        "this", 0, 0, monitor_help },
	{ "list",  "",        "all VMs: state, vCPUs, memory, CPU time, how they ended", 0, 0, monitor_list },
	{ "info",  "VM",      "a VM and its vCPUs", 1, 1, monitor_info },
	{ "exits", "VM",      "how often its vCPUs have left the guest, by reason", 1, 1, monitor_exits },
	{ "check", "isolation", "walks all page tables: is each VM kept to its own RAM?", 1, 1, monitor_check },
	{ "log",   "[LINES]", "the newest lines of Plinth's log, 40 without a number", 0, 1, monitor_log },
	{ "reset", "VM",      "starts the guest anew, as its reset button would", 1, 1, monitor_reset },
	{ "stop",  "VM",      "ends it and frees its memory; the guest is not asked", 1, 1, monitor_stop },
	{ "start", "VM",      "makes a VM that has ended again, as plinth.conf says", 1, 1, monitor_start },
	{ "sched", "[VM [KEY=VALUE ...]]", "what VMs are promised; shares= reservation= limit= cpus= priority= change it", 0, 6, monitor_sched },
	{ "top",   "[VM]",    "what they get, each second, until a key is pressed", 0, 1, monitor_top },
	{ "pcpus", "",        "the real processors: idle time, timer interrupts", 0, 0, monitor_pcpus },
	{ "quit",  "",        "back to the guest that was in front, or to all", 0, 0, monitor_quit },
	MONITOR_DEBUG_ROWS
	{ NULL,    NULL,      NULL, 0, 0, NULL },
	// clang-format on
};

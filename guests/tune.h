// SPDX-License-Identifier: BSD-2-Clause
/*
 * What may be changed of a VM while it runs, in the words of plinth.conf.
 */
#pragma once

#include "config.h"

#include <lib/parse.h>
#include <vm/vm.h>

/*
 * One of `shares reservation limit cpus priority` as in plinth.conf, for a VM of so many vCPUs, into `out`; `limit = none` takes the
 * limit off. False, after a report without file and line: an unknown key or a value that it cannot have, and `out` is untouched.
 */
bool must_check config_tune(struct slice key, struct slice value, u32 vcpus, struct sched_params *out, config_report report, void *ctx);

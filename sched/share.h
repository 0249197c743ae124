// SPDX-License-Identifier: BSD-2-Clause
/*
 * How the machine divides among the lines of a struct fluid: water-filling over nested sets of pCPUs, and in pools.
 */
#pragma once

#include <sched/fluid.h>

/* Sets every line's level, and which are full; all clocks are up to date. */
void share_lines(struct fluid *f);
/* May another group of this line without a pool, or one that is in it, reserve so much more? */
bool share_admits(const struct fluid *f, const struct sched_line *l, u64 reservation);

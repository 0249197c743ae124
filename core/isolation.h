// SPDX-License-Identifier: BSD-2-Clause
/*
 * The check behind core/service/isolation.h, over whatever machine it is told of; core/mem.c tells it of ours. Pure.
 */
#pragma once

#include <core/frame.h>
#include <core/service/isolation.h>

struct isolation_machine {
	struct mem_range own;	/* the hypervisor's memory, in which all page tables must lie ... */
	u64 own_fixed;		/* ... bytes at its start that were never given to `pool` */
	struct frames *pool;	/* ... and allocated from there, if not in that part */
	struct frames *ram;	/* guest RAM */
	u64 *seen;		/* a zeroed bit for every page of `own` */
};

enum status must_check isolation_check_machine(const struct isolation_machine *m, const struct isolation_guest *guest,
					       u32 count, bool all, isolation_report *report, void *ctx);

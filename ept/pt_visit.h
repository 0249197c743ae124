// SPDX-License-Identifier: BSD-2-Clause
/*
 * Looking at all that a table maps: for checks and dumps, not for hot paths. Believes nothing: where an entry leads is asked
 * about before it is followed.
 */
#pragma once

#include "pt.h"

struct pt_visitor {
	/* A table, the root first and each before what is in it. False: it is left out. */
	bool (*table)(void *ctx, hpa_t table);
	void (*leaf)(void *ctx, u64 va, const struct pt_leaf *leaf);
	void *ctx;
};

/* All of the table's own part, in order of addresses; not what it borrows. Serialised with changes by the caller. */
void pt_visit(const struct pt *pt, const struct pt_visitor *v);
/* Does `pt` borrow from `owner` what pt_borrow_top() lent it, unchanged? */
bool pt_borrows(const struct pt *pt, const struct pt *owner, unsigned first);

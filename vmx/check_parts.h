// SPDX-License-Identifier: BSD-2-Clause
/*
 * Between check.c, check_control.c and check_segment.c only.
 */
#pragma once

#include "check.h"

struct check {
	const struct vmx_limits *limits;
	vmcs_reader *read;
	struct vmx_fault *fault;
	u64 cr0, rflags, event;
	bool long_mode, v86;
};

/* Notes the broken rule; answers true. */
bool check_broken(struct check *c, enum vmcs_field field, const char *rule);
bool check_canonical(u64 address);
bool check_segments(struct check *c);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The debug port E9h: what is written goes to a character stream, reads answer E9h ("I am here").
 * Origin E9h, 1 port.
 */
#pragma once

#include <vm/backend.h>
#include <vm/device.h>

#define DEBUGPORT 0xe9

struct debugport {
	struct device dev;
	struct char_backend *backend; /* [b] NULL: output vanishes */
};

void debugport_init(struct debugport *p, struct spinlock *lock, struct char_backend *backend);

// SPDX-License-Identifier: BSD-2-Clause
#include "debugport.h"

static u64 debugport_read(struct device *d, u64 off, unsigned width)
{
	return off || width != 1 ? ~0ull : DEBUGPORT;
}

static void debugport_write(struct device *d, u64 off, unsigned width, u64 val)
{
	struct char_backend *b = container_of(d, struct debugport, dev)->backend;

	if (!off && b)
		b->put(b, (u8)val);
}

static void debugport_reset(struct device *d)
{
}

static const struct device_ops ops = {
	.read = debugport_read,
	.write = debugport_write,
	.reset = debugport_reset,
};

void debugport_init(struct debugport *p, struct spinlock *lock, struct char_backend *backend)
{
	*p = (struct debugport){
		.dev = { .name = "debugport", .ops = &ops, .lock = lock },
		.backend = backend,
	};
}

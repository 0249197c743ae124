// SPDX-License-Identifier: BSD-2-Clause
#include "testdev.h"

#include <lib/bits.h>
#include <lib/range.h>
#include <lib/string.h>

#define LOOP_LEN 4
#define EXIT_LEN 4

static unsigned loop_shift(u64 off)
{
	return (unsigned)(off - TESTDEV_LOOP) * 8;
}

static u64 ports_read(struct device *d, u64 off, unsigned width)
{
	struct testdev *t = container_of(d, struct testdev, ports);

	if (range_inside(off, width, TESTDEV_LOOP, LOOP_LEN))
		return (t->loop >> loop_shift(off)) & width_mask(width);
	return range_inside(off, 1, TESTDEV_EXIT, EXIT_LEN) ? 0 : ~0ull;
}

static void set_line(struct testdev *t, unsigned n, bool level)
{
	t->raised = (t->raised & ~(u32)BIT(n)) | (u32)level << n;
	if (t->line.set)
		t->line.set(t->line.ctx, n, level);
}

static void ports_write(struct device *d, u64 off, unsigned width, u64 val)
{
	struct testdev *t = container_of(d, struct testdev, ports);

	if (range_inside(off, width, TESTDEV_LOOP, LOOP_LEN)) {
		u64 mask = width_mask(width) << loop_shift(off);

		t->loop = (u32)((t->loop & ~mask) | (val << loop_shift(off) & mask));
	} else if (range_inside(off, 1, TESTDEV_EXIT, EXIT_LEN)) {
		t->exit(t->ctx, (u32)val);
	} else if (width == 1 && range_inside(off, 1, TESTDEV_LINES, TESTDEV_LINE_COUNT)) {
		set_line(t, (unsigned)(off - TESTDEV_LINES), val);
	}
}

static void ports_reset(struct device *d)
{
	struct testdev *t = container_of(d, struct testdev, ports);

	for (unsigned n = 0; n < TESTDEV_LINE_COUNT; n++)
		if (t->raised & BIT(n))
			set_line(t, n, false);
	t->loop = 0;
}

static const struct device_ops ports_ops = {
	.read = ports_read,
	.write = ports_write,
	.reset = ports_reset,
};

static u64 memory_read(struct device *d, u64 off, unsigned width)
{
	struct testdev *t = container_of(d, struct testdev, memory);
	u64 val = 0;

	if (range_inside(off, width, 0, sizeof(t->bytes)))
		memcpy(&val, t->bytes + off, width);
	return val;
}

static void memory_write(struct device *d, u64 off, unsigned width, u64 val)
{
	struct testdev *t = container_of(d, struct testdev, memory);

	if (range_inside(off, width, 0, sizeof(t->bytes)))
		memcpy(t->bytes + off, &val, width);
}

static void memory_reset(struct device *d)
{
	struct testdev *t = container_of(d, struct testdev, memory);

	memset(t->bytes, 0, sizeof(t->bytes));
}

static const struct device_ops memory_ops = {
	.read = memory_read,
	.write = memory_write,
	.reset = memory_reset,
};

void testdev_init(struct testdev *t, struct spinlock *lock, struct irq_line line,
		  void (*exit)(void *ctx, u32 code), void *ctx)
{
	t->ports = (struct device){ .name = "testdev", .ops = &ports_ops, .lock = lock };
	t->memory = (struct device){ .name = "testdev memory", .ops = &memory_ops, .lock = lock };
	t->line = line;
	t->exit = exit;
	t->ctx = ctx;
	t->loop = 0;
	t->raised = 0;
	memset(t->bytes, 0, sizeof(t->bytes));
}

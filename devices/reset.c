// SPDX-License-Identifier: BSD-2-Clause
#include "reset.h"

#include <lib/bits.h>

#define RST_CPU  0x04u /* 0 to 1: reset */
#define RST_KEPT 0x0eu /* bits 1 and 3 choose the kind of reset */

#define A_INIT 0x01u /* 0 to 1: reset */
#define A_A20  0x02u

static struct reset *reset_of(struct device *d)
{
	return container_of(d, struct reset, dev);
}

static u64 reset_read(struct device *d, u64 off, unsigned width)
{
	return off || width != 1 ? ~0ull : reset_of(d)->val;
}

static void reset_write(struct device *d, u64 off, unsigned width, u64 val)
{
	struct reset *r = reset_of(d);
	bool rises = (val & RST_CPU) && !(r->val & RST_CPU);

	if (off || width != 1)
		return;
	r->val = val & RST_KEPT;
	if (rises)
		r->fire(r->ctx);
}

static void reset_reset(struct device *d)
{
	reset_of(d)->val = 0;
}

static u64 port92_read(struct device *d, u64 off, unsigned width)
{
	return container_of(d, struct reset, port92)->control_a | (width_mask(width) & ~0xffull);
}

static void port92_write(struct device *d, u64 off, unsigned width, u64 val)
{
	struct reset *r = container_of(d, struct reset, port92);
	bool rises = (val & A_INIT) && !(r->control_a & A_INIT);

	r->control_a = val & (A_INIT | A_A20);
	if (rises)
		r->fire(r->ctx);
}

static void port92_reset(struct device *d)
{
	container_of(d, struct reset, port92)->control_a = A_A20;
}

static const struct device_ops ops = {
	.read = reset_read,
	.write = reset_write,
	.reset = reset_reset,
};

static const struct device_ops port92_ops = {
	.read = port92_read,
	.write = port92_write,
	.reset = port92_reset,
};

void reset_init(struct reset *r, struct spinlock *lock, void (*fire)(void *ctx), void *ctx)
{
	*r = (struct reset){
		.dev = { .name = "reset", .ops = &ops, .lock = lock },
		.port92 = { .name = "port92", .ops = &port92_ops, .lock = lock },
		.fire = fire,
		.ctx = ctx,
		.control_a = A_A20,
	};
}

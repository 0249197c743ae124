// SPDX-License-Identifier: BSD-2-Clause
#include <vm/device.h>

#include <lib/lock.h>

static void expired(void *ctx)
{
	struct dev_timer *t = ctx;

	spin_lock(t->dev->lock);
	t->fn(t->dev);
	spin_unlock(t->dev->lock);
}

void dev_timer_init(struct dev_timer *t, struct device *dev, void (*fn)(struct device *dev))
{
	t->dev = dev;
	t->fn = fn;
	timer_init(&t->timer, expired, t);
}

u64 device_read_bytes(struct device *d, u64 off, unsigned width, u8 (*read8)(struct device *d, u64 off))
{
	u64 val = read8(d, off);

	for (unsigned i = 1; i < width; i++)
		val |= (u64)read8(d, off + i) << (8 * i);
	return val;
}

void device_write_bytes(struct device *d, u64 off, unsigned width, u64 val,
			void (*write8)(struct device *d, u64 off, u8 val))
{
	write8(d, off, (u8)val);
	for (unsigned i = 1; i < width; i++)
		write8(d, off + i, (u8)(val >> (8 * i)));
}

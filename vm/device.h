// SPDX-License-Identifier: BSD-2-Clause
/*
 * What an emulated device is. A device sees offsets inside its windows, irq_lines, timers, gmem and backends, and
 * nothing else; so it runs unchanged in a unit test. The board (devices/pc.c) decides which device sits where.
 *
 * Every call into a device is made with its VM's device lock held (struct vm's `lock`): register accesses by the
 * bus, expired timers by dev_timer, backend input by the device itself (it takes `lock`).
 */
#pragma once

#include <core/service/time.h>
#include <lib/lock.h>
#include <lib/types.h>

/* An output pin: where it leads is the board's business. Levels, not edges; setting the same level twice is harmless. */
struct irq_line {
	void (*set)(void *ctx, unsigned pin, bool level);
	void *ctx;
	unsigned pin;
};

static inline void irq_set(const struct irq_line *line, bool level)
{
	if (line->set)
		line->set(line->ctx, line->pin, level);
}

struct device;

struct device_ops {
	/*
	 * `off` is relative to the device's origin (the board may map several windows of one device, see bus_add()).
	 * `width` is 1, 2, 4 or 8 bytes and may be larger than the register: the device decides, as real hardware
	 * would. Undefined bits read as ones on ports, as the data sheet says elsewhere. The value is already masked.
	 */
	u64 (*read)(struct device *d, u64 off, unsigned width);
	void (*write)(struct device *d, u64 off, unsigned width, u64 val);
	/* To the state after power-on; cancels timers, lowers lines. */
	void (*reset)(struct device *d);
};

/* First member of every device's structure. */
struct device {
	const char *name;	      /* [b] */
	const struct device_ops *ops; /* [b] */
	struct spinlock *lock;	      /* [b] the VM's device lock */
};

/* A timer whose callback runs with the device's lock held. */
struct dev_timer {
	struct timer timer;
	struct device *dev;
	void (*fn)(struct device *dev);
};

void dev_timer_init(struct dev_timer *t, struct device *dev, void (*fn)(struct device *dev));

static inline void dev_timer_set(struct dev_timer *t, u64 due)
{
	timer_set(&t->timer, due);
}

static inline void dev_timer_cancel(struct dev_timer *t)
{
	timer_cancel(&t->timer);
}

/*
 * For one-byte registers accessed with wider instructions: the PC's 8-bit devices see one access per byte on
 * consecutive ports. Helpers that split an access so and combine the result.
 */
u64 device_read_bytes(struct device *d, u64 off, unsigned width, u8 (*read8)(struct device *d, u64 off));
void device_write_bytes(struct device *d, u64 off, unsigned width, u64 val,
			void (*write8)(struct device *d, u64 off, u8 val));

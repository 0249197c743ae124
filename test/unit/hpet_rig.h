// SPDX-License-Identifier: BSD-2-Clause
/* For test_hpet*.c: the timer block and its pins. */
#pragma once

#include "unit.h"

#include <devices/hpet.h>
#include <lib/bits.h>
#include <test/host/fake_time.h>

#include "device_rig.h"

enum { CAPS = 0x000, CONFIG = 0x010, STATUS = 0x020, COUNTER = 0x0f0 };
enum { ENABLE = 1, LEGACY = 2 };
enum { LEVEL = 0x02, INT = 0x04, PERIODIC = 0x08, SET = 0x40, BITS32 = 0x100 };

#define TCONFIG(n) (0x100 + 0x20 * (n))
#define TCMP(n)    (0x108 + 0x20 * (n))
#define PIN(n)     ((n) << 9)
#define T_CAPS     0x00f0000000000030ull
#define US         100ull /* ticks */

static struct spinlock lock = SPINLOCK_INIT;
static struct hpet h;
static struct rig_line pins[24];

static inline void set_pin(void *ctx, unsigned pin, bool level)
{
	assert_true(pin < ARRAY_LEN(pins));
	rig_line_set(&pins[pin], pin, level);
}

static inline int power_on(void **state)
{
	fake_time_reset();
	memset(pins, 0, sizeof(pins));
	hpet_init(&h, &lock, (struct irq_line){ .set = set_pin });
	return 0;
}

static inline u64 get(u64 off)
{
	return h.dev.ops->read(&h.dev, off, 8);
}

static inline void put(u64 off, u64 val)
{
	h.dev.ops->write(&h.dev, off, 8, val);
}

static inline void put32(u64 off, u32 val)
{
	h.dev.ops->write(&h.dev, off, 4, val);
}

static inline u32 get32(u64 off)
{
	return (u32)h.dev.ops->read(&h.dev, off, 4);
}

static inline void wait(u64 ticks)
{
	fake_time_advance(ticks * HPET_TICK_NS);
}

// SPDX-License-Identifier: BSD-2-Clause
/* A PIT by itself, driven in its own ticks, for its unit tests. */
#pragma once

#include "unit.h"

#include <devices/pit.h>
#include <devices/ticks.h>
#include <test/host/fake_time.h>

#include "device_rig.h"

enum { C0, C1, C2, CONTROL, PORT61 = 0x21 };

/* Control words: counter, low then high byte, mode. */
#define CW(counter, mode) (u8)((counter) << 6 | 0x30 | (mode) << 1)

static struct spinlock lock = SPINLOCK_INIT;
static struct pit p;
static struct rig_line irq;

static inline u8 in(u64 off)
{
	return rig_in(&p.dev, off);
}

static inline void out(u64 off, u8 val)
{
	rig_out(&p.dev, off, val);
}

static inline int power_on(void **state)
{
	(void)state;
	fake_time_reset();
	pit_init(&p, &lock, rig_line_to(&irq));
	return 0;
}

static inline u64 tick(void)
{
	return ticks_from_ns(time_now(), PIT_HZ);
}

static inline void wait(u64 ticks)
{
	fake_time_advance(ticks_to_ns(tick() + ticks, PIT_HZ) - time_now());
}

static inline void put(unsigned counter, u16 count)
{
	out(counter, (u8)count);
	out(counter, (u8)(count >> 8));
}

static inline u16 get(unsigned counter)
{
	u8 low = in(counter);

	return (u16)(low | in(counter) << 8);
}

static inline u16 latched(unsigned counter)
{
	out(CONTROL, (u8)(counter << 6));
	return get(counter);
}

static inline u8 status(unsigned counter)
{
	out(CONTROL, (u8)(0xe0 | 2 << counter));
	return in(counter);
}

static inline bool out2(void)
{
	return (in(PORT61) & 0x20) != 0;
}

// SPDX-License-Identifier: BSD-2-Clause
/* For test_i8042*.c: the controller, and what its two ports answer. */
#pragma once

#include "unit.h"

#include <devices/i8042.h>
#include <stdio.h>

#include "device_rig.h"

enum { DATA = 0, CONTROL = 4 };
enum { OBF = 0x01, SYS = 0x04, COMMAND = 0x08, UNLOCK = 0x10, AUX = 0x20 };

static struct spinlock lock = SPINLOCK_INIT;
static struct i8042 k;
static struct rig_line irq, irq12;
static unsigned resets;

static inline int power_on(void **state)
{
	(void)state;
	resets = 0;
	i8042_init(&k, &lock, (struct irq_line[2]){ rig_line_to(&irq), rig_line_to(&irq12) },
		   rig_count, &resets);
	return 0;
}

static inline u8 status(void)
{
	return rig_in(&k.dev, CONTROL);
}

static inline u8 data(void)
{
	return rig_in(&k.dev, DATA);
}

static inline void command(u8 val)
{
	rig_out(&k.dev, CONTROL, val);
}

static inline void argument(u8 val)
{
	rig_out(&k.dev, DATA, val);
}

/* One byte from the keyboard, with its interrupt. */
static inline u8 scan(void)
{
	u8 val;

	assert_int_equal(status() & (OBF | AUX), OBF);
	assert_true(irq.level);
	val = data();
	return val;
}

static inline void expect_scan(const char *hex)
{
	char got[128] = "";
	size_t len = 0;

	while (status() & OBF)
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%02x", len ? " " : "",
					scan());
	assert_string_equal(got, hex);
}

static inline void to_keyboard(u8 byte, const char *answer)
{
	argument(byte);
	expect_scan(answer);
}

static inline void press(u16 key)
{
	i8042_key(&k, key, true);
	i8042_key(&k, key, false);
}

static inline void after_reset(void **state)
{
	(void)state;
	assert_int_equal(status(), UNLOCK | SYS);
	command(0x20);
	assert_int_equal(status(), UNLOCK | SYS | COMMAND | OBF);
	assert_int_equal(data(), 0x65); /* keyboard with interrupt, translated; no mouse */
	assert_int_equal(status(), UNLOCK | SYS | COMMAND);
}

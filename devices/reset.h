// SPDX-License-Identifier: BSD-2-Clause
/*
 * Two ways to reset. `dev`, origin CF9h: the reset control register (Intel ICH data sheets, "RST_CNT
 * - Reset Control Register"); only byte accesses are its own: wider ones at CF8h are PCI's. `port92`,
 * origin 92h: system control port A ("PORT92 - Fast A20 and Init Register"), whose gate A20 is
 * remembered and without effect. A reset of the processor alone resets the VM too.
 */
#pragma once

#include <vm/device.h>

struct reset {
	struct device dev;
	struct device port92;
	void (*fire)(void *ctx); /* [b] called with the device lock held */
	void *ctx;               /* [b] */
	u8 val;
	u8 control_a;
};

void reset_init(struct reset *r, struct spinlock *lock, void (*fire)(void *ctx), void *ctx);

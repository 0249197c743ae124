// SPDX-License-Identifier: BSD-2-Clause
/*
 * The reset control register, port CF9h (Intel ICH data sheets, "RST_CNT - Reset Control
 * Register"). Origin CF9h. Only byte accesses are its own: wider ones at CF8h are PCI's. A reset of
 * the processor alone (bit 1 clear) resets the VM too.
 */
#pragma once

#include <vm/device.h>

struct reset {
	struct device dev;
	void (*fire)(void *ctx); /* [b] called with the device lock held */
	void *ctx;               /* [b] */
	u8 val;
};

void reset_init(struct reset *r, struct spinlock *lock, void (*fire)(void *ctx), void *ctx);

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The part of the board that only QEMU's PC has: fw_cfg in every VM, the test devices in those
 * whose recipe asks for them. Used by pc.c alone.
 */
#pragma once

#include <devices/fwcfg.h>
#include <devices/testdev.h>

struct vm;

struct pc_qemu {
	struct fwcfg fwcfg;
	struct testdev *testdev; /* NULL: not wanted */
};

/* Places the devices on the VM's buses; `irq` takes a line's number as pin. On failure nothing is
 * left to free. */
enum status must_check pc_qemu_build(struct pc_qemu *q, struct vm *vm, struct irq_line irq);
/* Device lock held. */
void pc_qemu_reset(struct pc_qemu *q);
void pc_qemu_fini(struct pc_qemu *q);

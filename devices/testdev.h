// SPDX-License-Identifier: BSD-2-Clause
/*
 * What test suites for QEMU's PC find there if it is started with -device
 * isa-debug-exit,iobase=0xf4 and -device pc-testdev (QEMU, hw/misc/debugexit.c,
 * hw/misc/pc-testdev.c):
 *
 *   ports E0h to E3h     a register of 32 bits that gives back what was written, in any width
 *   port E4h             "flush": a page's address; nothing to do where there is one walker
 *   ports F4h to F7h     ends the VM; the value is its exit code
 *   ports 2000h to 2017h the level of interrupt line 0 to 23
 *   FF000000h, 64 KiB    memory that no instruction reaches without an exit
 *
 * A guest with it may end its VM and raise any line; so it is there only if plinth.conf says so.
 */
#pragma once

#include <vm/device.h>

#define TESTDEV_LOOP       0xe0 /* and flush: 8 ports */
#define TESTDEV_EXIT       0xf4
#define TESTDEV_LINES      0x2000
#define TESTDEV_LINE_COUNT 24
#define TESTDEV_MEMORY     0xff000000ull
#define TESTDEV_MEMORY_LEN 0x10000

struct testdev {
	struct device ports;               /* origin 0: offsets are port numbers */
	struct device memory;              /* origin TESTDEV_MEMORY */
	struct irq_line line;              /* [b] called with pin 0 to 23, whatever its own says */
	void (*exit)(void *ctx, u32 code); /* [b] device lock held */
	void *ctx;                         /* [b] */
	u32 loop, raised;                  /* bit n of raised: line n */
	u8 bytes[TESTDEV_MEMORY_LEN];
};

void testdev_init(struct testdev *t, struct spinlock *lock, struct irq_line line,
		  void (*exit)(void *ctx, u32 code), void *ctx);

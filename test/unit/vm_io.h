// SPDX-License-Identifier: BSD-2-Clause
/*
 * Two devices for vm_rig.h's VM that remember what is done to them: `io` at the ports 100h to 10Fh,
 * `mmio` at the page RIG_IO + 1000h. A byte at offset n reads as n + 10h until it is written.
 */
#pragma once

#include "vm_rig.h"

#include <lib/bits.h>

#define IO_PORT    0x100
#define MMIO_BASE  (RIG_IO + 0x1000)
#define ACCESS_MAX 128

struct access {
	bool write;
	u64 off;
	unsigned width;
	u64 val;
};

static struct recorder {
	struct device dev;
	struct access log[ACCESS_MAX];
	unsigned count;
	u8 bytes[PAGE_SIZE];
} io, mmio;

static void note(struct recorder *r, bool write, u64 off, unsigned width, u64 val)
{
	assert_true(spin_held(r->dev.lock));
	assert_true(r->count < ACCESS_MAX);
	r->log[r->count++] = (struct access){ write, off, width, val };
}

static u64 recorder_read(struct device *d, u64 off, unsigned width)
{
	struct recorder *r = container_of(d, struct recorder, dev);
	u64 val = 0;

	memcpy(&val, r->bytes + off, width);
	note(r, false, off, width, val);
	return val;
}

static void recorder_write(struct device *d, u64 off, unsigned width, u64 val)
{
	struct recorder *r = container_of(d, struct recorder, dev);

	memcpy(r->bytes + off, &val, width);
	note(r, true, off, width, val);
}

static const struct device_ops recorder_ops = { .read = recorder_read, .write = recorder_write };

static enum status add_recorders(struct vm *m)
{
	enum status st;

	io = mmio = (struct recorder){ .dev = { .name = "rec", .ops = &recorder_ops } };
	io.dev.lock = mmio.dev.lock = &m->lock;
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		io.bytes[i] = mmio.bytes[i] = (u8)(i + 0x10);
	st = bus_add(&m->ports, IO_PORT, 0x10, IO_PORT, &io.dev);
	return st ? st : bus_add(&m->mmio, MMIO_BASE, PAGE_SIZE, MMIO_BASE, &mmio.dev);
}

static inline int io_setup(void **state)
{
	rig_reset();
	fake_board_devices = add_recorders;
	rig_vm(1);
	return 0;
}

/* Access number `at` to the device was this. */
static inline void expect_access(struct recorder *r, unsigned at, bool write, u64 off,
				 unsigned width, u64 val)
{
	assert_true(at < r->count);
	assert_int_equal(r->log[at].write, write);
	assert_int_equal(r->log[at].off, off);
	assert_int_equal(r->log[at].width, width);
	assert_int_equal(r->log[at].val, val);
}

/* ... with 64-bit code on page tables. */
static inline int io_setup_64(void **state)
{
	io_setup(state);
	rig_mode(64);
	return 0;
}

/* A second-stage fault at the instruction at RIP. */
static inline enum exit_action fault(gpa_t gpa, bool write)
{
	struct vm_exit x = { .kind = EXIT_FAULT, .fault = { .gpa = gpa, .write = write } };

	return rig_dispatch(&x);
}

/* The instruction was executed and RIP is `len` further. */
static inline void finished(u64 from, unsigned len)
{
	expect_no_event();
	assert_int_equal(v->regs.rip, from + len);
	v->regs.rip = from;
}

/* Nothing happened at all. */
static inline void untouched(void)
{
	expect_no_event();
	assert_int_equal(v->regs.rip, RIG_CODE);
	assert_int_equal(io.count, 0);
	assert_int_equal(mmio.count, 0);
}

static inline void set_pte(gva_t gva, u64 pte)
{
	rig_put64((gva >= RIG_IO ? RIG_PT_IO : RIG_PT) + (gva >> 12 & 511) * 8, pte);
}

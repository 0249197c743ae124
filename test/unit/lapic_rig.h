// SPDX-License-Identifier: BSD-2-Clause
/*
 * LAPICs on a bus, for their unit tests: who was kicked, which EOIs were broadcast. The guest's TSC
 * counts 1 a ns and is `rig.tsc_offset` ahead of the clock.
 */
#pragma once

#include "unit.h"

#include <arch/x86_64/defs/msr.h>
#include <devices/lapic.h>
#include <lib/bits.h>
#include <test/host/fake_time.h>

#define RIG_CPUS LAPIC_BUS_MAX

static struct rig {
	struct lapic_bus bus;
	struct lapic cpu[RIG_CPUS];
	struct apic_page page[RIG_CPUS];
	bool x2apic[RIG_CPUS]; /* as last told */
	bool by_cpu;	       /* the test plays a CPU that serves x2APICs */
	unsigned kicks[RIG_CPUS];
	unsigned eois;
	u8 eoi_vector;
	u64 tsc_offset;
} rig;

/* Registers by MMIO offset. */
// clang-format off
enum {
	ID = 0x20, VERSION = 0x30, TPR = 0x80, APR = 0x90, PPR = 0xa0, EOI = 0xb0,
	LDR = 0xd0, DFR = 0xe0, SVR = 0xf0, ISR = 0x100, TMR = 0x180, IRR = 0x200, ESR = 0x280,
	ICR = 0x300, ICR_HI = 0x310, TIMER = 0x320, PERF = 0x340,
	LINT0 = 0x350, LINT1 = 0x360, ERROR = 0x370, INITIAL = 0x380, COUNT = 0x390, DIVIDE = 0x3e0,
};
// clang-format on

#define MASKED      0x10000u
#define PERIODIC    0x20000u
#define DEADLINE    0x40000u
#define DIVIDE_BY_1 0xbu

static inline void rig_kick(void *ctx, bool signal)
{
	rig.kicks[(struct lapic *)ctx - rig.cpu]++;
}

static inline u64 rig_tsc_to_time(void *ctx, u64 tsc)
{
	return tsc < rig.tsc_offset ? 0 : tsc - rig.tsc_offset;
}

static inline void rig_eoi(void *ctx, u8 vector)
{
	rig.eois++;
	rig.eoi_vector = vector;
}

static inline bool rig_x2apic(void *ctx, bool on)
{
	rig.x2apic[(struct lapic *)ctx - rig.cpu] = on;
	return on && rig.by_cpu;
}

static const struct lapic_client rig_client = {
	.kick = rig_kick,
	.tsc_to_time = rig_tsc_to_time,
	.x2apic = rig_x2apic,
};

/* CPU `i` of the rig, with an id of its own. */
static inline void rig_add(u32 i, u32 id)
{
	const struct lapic_setup setup = {
		.id = id,
		.bus = &rig.bus,
		.page = &rig.page[i],
		.client = &rig_client,
		.ctx = &rig.cpu[i],
	};

	lapic_init(&rig.cpu[i], &setup);
}

static inline u32 rd(struct lapic *l, u32 off)
{
	return (u32)lapic_mmio_read(l, off, 4);
}

static inline void wr(struct lapic *l, u32 off, u32 val)
{
	lapic_mmio_write(l, off, 4, val);
}

/* `count` CPUs with ids 0, 1, ... as after power-on. */
static inline void rig_power_on(u32 count)
{
	fake_time_reset();
	rig = (struct rig){ .bus = { .eoi = rig_eoi } };
	for (u32 i = 0; i < count; i++)
		rig_add(i, i);
}

/* The same, software-enabled. */
static inline void rig_start(u32 count)
{
	rig_power_on(count);
	for (u32 i = 0; i < count; i++)
		wr(&rig.cpu[i], SVR, 0x1ff);
}

static inline void to_x2apic(struct lapic *l)
{
	u64 base;

	assert_true(lapic_msr_read(l, MSR_APIC_BASE, &base));
	assert_true(lapic_msr_write(l, MSR_APIC_BASE, base | APIC_BASE_X2APIC));
}

/* A fixed interrupt from the IOAPIC to APIC id 0. */
static inline void interrupt(u8 vector, bool level)
{
	const struct apic_msg msg = { .vector = vector, .level = level };

	lapic_bus_send(&rig.bus, &msg);
}

static inline bool requested(struct lapic *l, u8 vector)
{
	return rd(l, IRR + vector / 32 * 16) >> vector % 32 & 1;
}

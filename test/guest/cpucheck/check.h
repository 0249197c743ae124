// SPDX-License-Identifier: BSD-2-Clause
/*
 * cpucheck: what an architecture-minded guest may expect of its machine, one function for each
 * expectation.
 */
#pragma once

#include "acpi.h"
#include "apic.h"
#include "cpu.h"
#include "rt.h"
#include "trap.h"
#include <lib/string.h>

/* NULL if all is well, else what is wrong (see wrong()). May leave the machine as check_reset() can
 * mend it. */
typedef const char *check_fn(void);

enum check_where {
	ANYWHERE,
	UNDER_PLINTH, /* bare QEMU is laxer than a CPU here */
	ON_SILICON,   /* the processor's own business, also under Plinth, and QEMU's is laxer */
};

struct check {
	const char *name;
	check_fn *fn;
	enum check_where where;
	u32 tries; /* more than one: what a busy host may spoil, who holds up a guest for any time */
};

// clang-format off
#define CHECK(n, f, w) { .name = (n), .fn = (f), .where = (w), .tries = 1 }
/* Compares times, so a failure counts if it comes each time; what came before is told as "again". */
#define TIMED(n, f, w) { .name = (n), .fn = (f), .where = (w), .tries = 5 }
#define CHECKS_END     { .name = NULL }
// clang-format on

extern const struct check cpu_checks[], trap_checks[], mode_checks[], mmio_checks[], io_checks[],
    irq_checks[], x2apic_checks[], timer_checks[], time_checks[], corner_checks[];

/* What a guest checks: groups, and what else must be put right before each check (may be NULL). */
struct check_plan {
	const char *guest;
	const struct check *const *groups;
	u32 count;
	void (*reset)(void);
};
/* All of them, or the one that "only=" on the command line names; prints the results and the sum. */
void checks_run(const struct check_plan *p, const struct hvm_start_info *si);

/* The reason for a failure, in a static buffer. */
const char *wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Vectors for the checks' interrupts; count_irq counts them, and does the EOI to the LAPIC. */
#define VEC_FIRST 0x50
#define VEC_COUNT 4
extern volatile u32 irq_count[VEC_COUNT];
extern volatile u64 irq_rip; /* where the last one interrupted */
void count_irq(struct trap_frame *f);
/* Lets interrupts in for `ns`, sleeping in HLT if `halt` (something periodic must wake it). */
void take_interrupts(u64 ns, bool halt);

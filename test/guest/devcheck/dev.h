// SPDX-License-Identifier: BSD-2-Clause
/*
 * devcheck: the PC's interrupt controllers and timers as an operating system on bare metal programs
 * them, one function for each expectation. The frame is cpucheck's.
 */
#pragma once

#include "../cpucheck/check.h"

extern const struct check pic_checks[], pit_checks[], rtc_checks[], hpet_checks[], ioapic_checks[],
    lapic_checks[];

/* Lets interrupts in until *count is `want` or `ns` are over: is it `want`? */
bool came(volatile u32 *count, u32 want, u64 ns);

u8 rtc_read(u8 reg);
void rtc_write(u8 reg, u8 val);

/* The HPET by its ACPI table; 0: none. Its registers are 64 bits wide. */
u64 hpet_base(void);
u64 hpet_read(u32 reg);
void hpet_write(u32 reg, u64 val);
#define HPET_CAPS     0x00
#define HPET_CONFIG   0x10
#define HPET_STATUS   0x20
#define HPET_COUNTER  0xf0
#define HPET_TIMER(n) (0x100 + 0x20 * (n))
#define HPET_CMP(n)   (HPET_TIMER(n) + 8)
#define HPET_ENABLE   1u
#define HPET_LEGACY   2u
#define HPET_LEVEL    0x02u
#define HPET_INT      0x04u
#define HPET_PERIODIC 0x08u
#define HPET_SET      0x40u
#define HPET_PIN(n)   ((u64)(n) << 9)
/* Counter ticks in `ns`. */
u64 hpet_ticks(u64 ns);
/* A pin from 16 on that timer `n` may interrupt at, 0 if there is none. */
u32 hpet_pin(unsigned n);
/* Timer `n` interrupts once, in `ns`, as its configuration `config` says. */
void hpet_one_shot(unsigned n, u64 config, u64 ns);

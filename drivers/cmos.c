// SPDX-License-Identifier: BSD-2-Clause
#include "cmos.h"

#include <arch/x86_64/cpu.h>
#include <lib/bits.h>
#include <lib/string.h>

#define PORT_INDEX 0x70 /* bit 7 off: NMI stays on */
#define PORT_DATA  0x71

/* MC146818 data sheet, "Address Map". */
#define REG_SECOND   0x00
#define REG_MINUTE   0x02
#define REG_HOUR     0x04
#define REG_DAY      0x07
#define REG_MONTH    0x08
#define REG_YEAR     0x09
#define REG_STATUS_A 0x0A
#define REG_STATUS_B 0x0B
#define REGS         128
#define A_UPDATING   BIT(7)

#define UPDATE_READS 10000 /* an update takes 2 ms, a read about 2 us */
#define TRIES        5

static u8 get(u8 reg)
{
	outb(PORT_INDEX, reg);
	return inb(PORT_DATA);
}

static struct cmos_time get_all(u8 century_reg)
{
	for (u32 i = 0; i < UPDATE_READS && get(REG_STATUS_A) & A_UPDATING; i++)
		;
	return (struct cmos_time){
	    .second = get(REG_SECOND),
	    .minute = get(REG_MINUTE),
	    .hour = get(REG_HOUR),
	    .day = get(REG_DAY),
	    .month = get(REG_MONTH),
	    .year = get(REG_YEAR),
	    .century = century_reg && century_reg < REGS ? get(century_reg) : 0,
	    .status_b = get(REG_STATUS_B),
	};
}

/* An update may begin between two registers: only what was read twice alike counts. */
u64 cmos_read_wall(u8 century_reg)
{
	struct cmos_time t = get_all(century_reg), again;

	for (u32 i = 0; i < TRIES; i++) {
		again = get_all(century_reg);
		if (!memcmp(&t, &again, sizeof(t)))
			return cmos_decode(&t);
		t = again;
	}
	return 0;
}

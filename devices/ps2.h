// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a PS/2 device sends (IBM PS/2 Hardware Interface Technical Reference, "Keyboard", "Mouse"):
 * answers to commands, which go first, and a buffer of what it reports by itself. The controller
 * (i8042.c) takes byte after byte. Used by keyboard and mouse; with the device lock held.
 */
#pragma once

#include <lib/types.h>

#define PS2_ACK     0xfau
#define PS2_RESEND  0xfeu /* answer: not understood; command: send the last byte again */
#define PS2_RESET   0xffu
#define PS2_TEST_OK 0xaau
#define PS2_ANSWERS 8
#define PS2_REPORTS 16

struct ps2_out {
	u8 answer[PS2_ANSWERS];
	u8 answers, answer_next;
	u8 report[PS2_REPORTS]; /* a ring */
	u8 reports, report_next;
	u8 last; /* the byte sent last */
};

/* A new command drops what is left of the answer before. */
void ps2_begin_answer(struct ps2_out *o);
void ps2_answer(struct ps2_out *o, u8 byte);
/* Forgets all reports. */
void ps2_flush(struct ps2_out *o);
/* All of it or, if there is no room, nothing: false. */
bool ps2_report(struct ps2_out *o, const u8 *bytes, unsigned count);
/* The next byte, -1 if none. */
int ps2_take(struct ps2_out *o);

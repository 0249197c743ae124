// SPDX-License-Identifier: BSD-2-Clause
#include "ansi.h"

#define ESC 0x1B
#define CAN 0x18
#define SUB 0x1A
#define BEL 0x07
#define DEL 0x7F

enum {
	GROUND,
	ESCAPE, /* after ESC, and after its intermediate bytes */
	CSI,    /* after ESC [ */
	STRING, /* OSC, DCS, SOS, PM, APC: until BEL or ESC \ */
	STRING_ESCAPE,
};

static bool begins_string(u8 byte)
{
	return byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_';
}

static enum ansi_kind in_sequence(struct ansi *a, u8 byte)
{
	switch (a->state) {
	case ESCAPE:
		if (byte == '[')
			a->state = CSI;
		else if (begins_string(byte))
			a->state = STRING;
		else if (byte < 0x20 || byte > 0x2F)
			a->state = GROUND;
		break;
	case CSI:
		if (byte >= 0x40 && byte <= 0x7E)
			a->state = GROUND;
		break;
	case STRING:
		if (byte == BEL)
			a->state = GROUND;
		break;
	default: /* STRING_ESCAPE */
		a->state = byte == '\\' ? GROUND : STRING;
	}
	return ANSI_NOTHING;
}

/* Bytes from 0x80: text only as part of a UTF-8 character that is no C1 control. */
static enum ansi_kind high(struct ansi *a, u8 byte)
{
	bool after_c2 = a->after_c2;

	a->after_c2 = false;
	if (byte >= 0xC2 && byte <= 0xF4) {
		a->utf8_left = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
		a->after_c2 = byte == 0xC2;
		return ANSI_TEXT;
	}
	if (byte >= 0xC0 || !a->utf8_left)
		return ANSI_NOTHING;
	a->utf8_left--;
	return after_c2 && byte < 0xA0 ? ANSI_NOTHING : ANSI_TEXT;
}

enum ansi_kind ansi_next(struct ansi *a, u8 byte)
{
	if (byte == '\n' || byte == CAN || byte == SUB) {
		*a = (struct ansi){.state = GROUND};
		return byte == '\n' ? ANSI_CONTROL : ANSI_NOTHING;
	}
	if (byte == ESC) {
		a->state = a->state == STRING || a->state == STRING_ESCAPE ? STRING_ESCAPE : ESCAPE;
		return ANSI_NOTHING;
	}
	if (a->state != GROUND)
		return in_sequence(a, byte);
	if (byte >= 0x80)
		return high(a, byte);
	a->utf8_left = 0;
	a->after_c2 = false;
	if (byte == DEL)
		return ANSI_NOTHING;
	return byte < 0x20 ? ANSI_CONTROL : ANSI_TEXT;
}

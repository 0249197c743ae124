// SPDX-License-Identifier: BSD-2-Clause
#include "ps2_mouse.h"

/* Commands. */
#define SCALING_OFF    0xe6
#define SCALING_ON     0xe7
#define SET_RESOLUTION 0xe8
#define STATUS         0xe9
#define STREAM         0xea
#define READ           0xeb
#define WRAP_OFF       0xec
#define WRAP_ON        0xee
#define REMOTE         0xf0
#define IDENTIFY       0xf2
#define SET_RATE       0xf3
#define ENABLE         0xf4
#define DISABLE        0xf5
#define SET_DEFAULTS   0xf6

#define ID 0x00 /* three buttons, no wheel */

#define STATUS_SCALED    0x10u
#define STATUS_REPORTING 0x20u
#define STATUS_REMOTE    0x40u

/* First byte of a packet; the buttons are bits 2:0. */
#define PACKET_ONE 0x08u
#define PACKET_XS  0x10u
#define PACKET_YS  0x20u

#define STEP_MAX 255
#define FAR      100000 /* what nobody fetches does not add up for ever */

static void set_defaults(struct ps2_mouse *m)
{
	m->resolution = 2; /* 4 counts a millimetre */
	m->rate = 100;
	m->reporting = m->remote = m->scaled = false;
	m->dx = m->dy = 0;
	ps2_flush(&m->out);
}

void ps2_mouse_reset(struct ps2_mouse *m)
{
	*m = (struct ps2_mouse){ .buttons = 0 };
	set_defaults(m);
}

static s32 clamp(s32 val, s32 max)
{
	return val > max ? max : val < -max ? -max : val;
}

/* Of a motion too large for one packet the rest stays. */
static void packet(struct ps2_mouse *m, u8 bytes[3])
{
	s32 x = clamp(m->dx, STEP_MAX), y = clamp(m->dy, STEP_MAX);

	bytes[0] = m->buttons | PACKET_ONE | (x < 0 ? PACKET_XS : 0) | (y < 0 ? PACKET_YS : 0);
	bytes[1] = (u8)x;
	bytes[2] = (u8)y;
	m->dx -= x;
	m->dy -= y;
}

void ps2_mouse_move(struct ps2_mouse *m, s32 dx, s32 dy, u8 buttons)
{
	u8 bytes[3];

	m->dx = clamp(m->dx + clamp(dx, FAR), FAR);
	m->dy = clamp(m->dy + clamp(dy, FAR), FAR);
	m->buttons = buttons & (PS2_LEFT | PS2_RIGHT | PS2_MIDDLE);
	if (!m->reporting || m->remote || m->wrap)
		return;
	do {
		if (PS2_REPORTS - m->out.reports < (int)sizeof(bytes))
			return;
		packet(m, bytes);
		(void)ps2_report(&m->out, bytes, sizeof(bytes)); /* there is room */
	} while (m->dx || m->dy);
}

static void argument(struct ps2_mouse *m, u8 val)
{
	if (m->argument_of == SET_RATE)
		m->rate = val;
	else
		m->resolution = val & 3;
	m->argument_of = 0;
	ps2_answer(&m->out, PS2_ACK);
}

static void answer_more(struct ps2_mouse *m, u8 of)
{
	u8 status = (m->scaled ? STATUS_SCALED : 0) | (m->reporting ? STATUS_REPORTING : 0) |
		    (m->remote ? STATUS_REMOTE : 0);
	u8 bytes[3] = { status | (m->buttons & PS2_LEFT) << 2 | (m->buttons & PS2_RIGHT) >> 1 |
			    (m->buttons & PS2_MIDDLE) >> 1,
			m->resolution, m->rate };

	switch (of) {
	case READ:
		packet(m, bytes);
		break;
	case STATUS:
		break;
	case IDENTIFY:
		ps2_answer(&m->out, ID);
		return;
	case PS2_RESET:
		ps2_answer(&m->out, PS2_TEST_OK);
		ps2_answer(&m->out, ID);
		return;
	default:
		return;
	}
	for (unsigned i = 0; i < sizeof(bytes); i++)
		ps2_answer(&m->out, bytes[i]);
}

static void command(struct ps2_mouse *m, u8 val)
{
	switch (val) {
	case SCALING_OFF:
	case SCALING_ON:
		m->scaled = val == SCALING_ON;
		break;
	case SET_RESOLUTION:
	case SET_RATE:
		m->argument_of = val;
		break;
	case STREAM:
	case REMOTE:
		m->remote = val == REMOTE;
		break;
	case WRAP_OFF:
	case WRAP_ON:
		m->wrap = val == WRAP_ON;
		break;
	case ENABLE:
	case DISABLE:
		m->reporting = val == ENABLE;
		break;
	case SET_DEFAULTS:
		set_defaults(m);
		break;
	case PS2_RESET:
		ps2_mouse_reset(m);
		break;
	case STATUS:
	case READ:
	case IDENTIFY:
		break;
	case PS2_RESEND:
		ps2_answer(&m->out, m->out.last);
		return;
	default:
		ps2_answer(&m->out, PS2_RESEND);
		return;
	}
	ps2_answer(&m->out, PS2_ACK);
	answer_more(m, val);
}

void ps2_mouse_write(struct ps2_mouse *m, u8 byte)
{
	ps2_begin_answer(&m->out);
	if (m->wrap && byte != WRAP_OFF && byte != PS2_RESET) {
		ps2_answer(&m->out, byte);
	} else if (m->argument_of) {
		argument(m, byte);
	} else {
		/* "Mouse": any command ends what is being sent. */
		ps2_flush(&m->out);
		command(m, byte);
	}
}

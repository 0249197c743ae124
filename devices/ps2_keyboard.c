// SPDX-License-Identifier: BSD-2-Clause
#include "ps2_keyboard.h"

/* Commands. */
#define SET_LEDS      0xed
#define ECHO          0xee
#define SELECT_SET    0xf0
#define IDENTIFY      0xf2
#define SET_TYPEMATIC 0xf3
#define ENABLE        0xf4
#define DISABLE       0xf5
#define SET_DEFAULTS  0xf6
#define COMMANDS      0xed /* the first: arguments are below */

#define TYPEMATIC_DEFAULT 0x2b /* 10.9 a second after 500 ms */
#define ID_FIRST          0xab
#define ID_SECOND         0x83

#define PREFIX       0xe0
#define BREAK_SET1   0x80 /* bit */
#define BREAK_SET2   0xf0 /* prefix */
#define OVERRUN      0x00 /* set 2 */
#define OVERRUN_SET1 0xff

#define TRANSLATED 0x85
#define KEYS       0x80 /* codes of set 1 are below */

/* IBM, "Keyboard Controller", the scan code translation: by code of set 2. */
// clang-format off
static const u8 translation[TRANSLATED] = {
	0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59,
	0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b,
	0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d,
	0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f,
	0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61,
	0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76,
	0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f,
	0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
	0x80, 0x81, 0x82, 0x41, 0x54,
};
// clang-format on

u8 ps2_translate(u8 set2)
{
	return set2 < TRANSLATED ? translation[set2] : set2;
}

/* The code of set 2 for one of set 1, 0 if there is none. From above: F7 and SysRq are 83h and 84h,
 * of which 02h and 7Fh are ghosts. */
static u8 set2_code(u8 set1)
{
	for (unsigned code = TRANSLATED - 1; code; code--)
		if (translation[code] == set1)
			return (u8)code;
	return 0;
}

static void set_defaults(struct ps2_keyboard *k)
{
	k->set = 2;
	k->typematic = TYPEMATIC_DEFAULT;
	k->lost = false;
	ps2_flush(&k->out);
}

void ps2_keyboard_reset(struct ps2_keyboard *k)
{
	*k = (struct ps2_keyboard){ .scanning = true };
	set_defaults(k);
}

static void report(struct ps2_keyboard *k, const u8 *bytes, unsigned count)
{
	const u8 overrun = k->set == 1 ? OVERRUN_SET1 : OVERRUN;

	/* One place is left for saying that something is lost. */
	if (k->out.reports + count < PS2_REPORTS && ps2_report(&k->out, bytes, count))
		k->lost = false;
	else if (!k->lost)
		k->lost = ps2_report(&k->out, &overrun, 1);
}

static void pause_key(struct ps2_keyboard *k)
{
	static const u8 set1[] = { 0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5 };
	static const u8 set2[] = { 0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77 };

	if (k->set == 1)
		report(k, set1, sizeof(set1));
	else
		report(k, set2, sizeof(set2));
}

void ps2_keyboard_key(struct ps2_keyboard *k, u16 key, bool down)
{
	u8 prefix = key >> 8, code = (u8)key, bytes[3], count = 0;

	if (!k->scanning)
		return;
	if (key == PS2_KEY_PAUSE) {
		if (down)
			pause_key(k);
		return;
	}
	if (!code || code >= KEYS || !set2_code(code) || (prefix && prefix != PREFIX))
		return;
	if (prefix)
		bytes[count++] = prefix;
	if (k->set == 1) {
		bytes[count++] = down ? code : code | BREAK_SET1;
	} else {
		if (!down)
			bytes[count++] = BREAK_SET2;
		bytes[count++] = set2_code(code);
	}
	report(k, bytes, count);
}

static void argument(struct ps2_keyboard *k, u8 val)
{
	u8 of = k->argument_of;

	k->argument_of = 0;
	switch (of) {
	case SET_LEDS:
		k->leds = val;
		break;
	case SET_TYPEMATIC:
		k->typematic = val;
		break;
	case SELECT_SET:
		if (val > 2) {
			ps2_answer(&k->out, PS2_RESEND);
			return;
		}
		if (val) {
			k->set = val;
			ps2_flush(&k->out);
		}
		break;
	}
	ps2_answer(&k->out, PS2_ACK);
	if (of == SELECT_SET && !val)
		ps2_answer(&k->out, k->set);
}

static void command(struct ps2_keyboard *k, u8 val)
{
	k->argument_of = 0;
	switch (val) {
	case SET_LEDS:
	case SELECT_SET:
	case SET_TYPEMATIC:
		k->argument_of = val;
		break;
	case ECHO:
		ps2_answer(&k->out, ECHO);
		return;
	case PS2_RESEND:
		ps2_answer(&k->out, k->out.last);
		return;
	case ENABLE:
		k->scanning = true;
		ps2_flush(&k->out);
		break;
	case DISABLE:
	case SET_DEFAULTS:
		set_defaults(k);
		k->scanning = val == SET_DEFAULTS && k->scanning;
		break;
	case PS2_RESET:
		ps2_keyboard_reset(k);
		break;
	case IDENTIFY:
	case 0xf7 ... 0xfa: /* all keys in set 3: typematic, make and break, ... */
		break;
	default:
		ps2_answer(&k->out, PS2_RESEND);
		return;
	}
	ps2_answer(&k->out, PS2_ACK);
	if (val == IDENTIFY) {
		ps2_answer(&k->out, ID_FIRST);
		ps2_answer(&k->out, ID_SECOND);
	} else if (val == PS2_RESET) {
		ps2_answer(&k->out, PS2_TEST_OK);
	}
}

void ps2_keyboard_write(struct ps2_keyboard *k, u8 byte)
{
	ps2_begin_answer(&k->out);
	if (k->argument_of && byte < COMMANDS)
		argument(k, byte);
	else
		command(k, byte);
}

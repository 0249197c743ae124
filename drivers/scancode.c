// SPDX-License-Identifier: BSD-2-Clause
#include "scancode.h"

#include <lib/types.h>

#define RELEASED 0x80
#define EXTENDED 0xE0
#define PAUSE    0xE1 /* and five more bytes */
#define ESC      0x1B

enum {
	CTRL = 0x1D,
	SHIFT_LEFT = 0x2A,
	SHIFT_RIGHT = 0x36,
	ALT = 0x38,
	CAPS = 0x3A,
};

/* By scan code; 0: no character. The keypad stands for its digits. */
static const char plain[] = "\0\0331234567890-=\b\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 "
			    "\0\0\0\0\0\0\0\0\0\0\0\0\0"
			    "789-456+1230.";
static const char shifted[] = "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*"
			      "\0 \0\0\0\0\0\0\0\0\0\0\0\0\0"
			      "789-456+1230.";
static_assert(sizeof(plain) == 0x55 && sizeof(shifted) == sizeof(plain), "up to 53h, and the NUL");

static const struct {
	u8 code;
	const char *text;
} extended[] = {
	{ 0x1C, "\r" },      { 0x35, "/" },       { 0x48, "\033[A" },  { 0x50, "\033[B" },
	{ 0x4D, "\033[C" },  { 0x4B, "\033[D" },  { 0x47, "\033[H" },  { 0x4F, "\033[F" },
	{ 0x49, "\033[5~" }, { 0x51, "\033[6~" }, { 0x52, "\033[2~" }, { 0x53, "\033[3~" },
};

/* True: it was one of those that change what others mean. */
static bool modifier(struct scancode *s, u8 key, bool down, bool is_extended)
{
	switch (key) {
	case CTRL:
		*(is_extended ? &s->ctrl_right : &s->ctrl_left) = down;
		return true;
	case ALT:
		s->alt = down;
		return true;
	case SHIFT_LEFT:
	case SHIFT_RIGHT:
		/* With E0h they only frame a key of the cursor block. */
		if (!is_extended)
			*(key == SHIFT_LEFT ? &s->shift_left : &s->shift_right) = down;
		return true;
	case CAPS:
		s->caps ^= down;
		return true;
	}
	return false;
}

static void type_extended(u8 key, char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(extended); i++)
		if (extended[i].code == key)
			for (const char *c = extended[i].text; *c; c++)
				*text++ = *c;
	*text = '\0';
}

static char character(const struct scancode *s, u8 key)
{
	bool shift = s->shift_left || s->shift_right;
	char c = plain[key];

	if (s->caps && c >= 'a' && c <= 'z')
		shift = !shift;
	if (shift)
		c = shifted[key];
	if (s->ctrl_left || s->ctrl_right) {
		/* ASCII: @ to _, and the small letters, less 40h or 60h. */
		if (c >= '@' && c <= '~')
			c &= 0x1F;
		else if (c == '?')
			c = 0x7F;
	}
	return c;
}

void scancode_next(struct scancode *s, u8 code, char text[SCANCODE_TEXT_MAX])
{
	u8 key = code & (u8)~RELEASED;
	bool is_extended = s->extended, down = !(code & RELEASED);

	text[0] = '\0';
	if (s->ignore) {
		s->ignore--;
		return;
	}
	if (code == PAUSE) {
		s->ignore = 5;
		return;
	}
	s->extended = code == EXTENDED;
	if (s->extended || modifier(s, key, down, is_extended) || !down)
		return;
	if (is_extended) {
		type_extended(key, text);
		return;
	}
	if (key >= sizeof(plain) - 1 || !plain[key])
		return;
	if (s->alt)
		*text++ = ESC;
	*text++ = character(s, key);
	*text = '\0';
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tells text from terminal control in a stream of bytes (ECMA-48: escape sequences, CSI, control
 * strings), so that what a guest prints cannot move the cursor or rename the window. A new line
 * ends every sequence: none swallows more than its line. UTF-8 passes, C1 controls do not, in
 * neither of their two spellings.
 */
#pragma once

#include <lib/types.h>

enum ansi_kind {
	ANSI_TEXT,    /* printable: ASCII or a byte of a UTF-8 character */
	ANSI_CONTROL, /* a C0 control character on its own: LF, CR, TAB, BS, ... */
	ANSI_NOTHING, /* belongs to a control sequence */
};

struct ansi {
	u8 state;     /* enum in ansi.c; 0 at the beginning */
	u8 utf8_left; /* continuation bytes still expected */
	bool after_c2;
};

enum ansi_kind ansi_next(struct ansi *a, u8 byte);

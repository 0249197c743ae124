// SPDX-License-Identifier: BSD-2-Clause
/*
 * What stands behind an emulated device: here a character stream (a guest's COM1 and the operator's console).
 */
#pragma once

#include <lib/types.h>

struct char_backend {
	/* Takes a byte of guest output. Never blocks for the guest's reader. Called under the device lock. */
	void (*put)(struct char_backend *b, u8 byte);
	/* The next byte of input, or -1. Called under the device lock. */
	int (*get)(struct char_backend *b);
	/* Set by the device: the backend calls it, holding no lock, when input has arrived. May be NULL. */
	void (*on_input)(void *ctx);
	void *on_input_ctx;
};
